import { h, mark } from "./dom";
import { toneNames, type Events } from "./timedata";
import type { Mark } from "./timedraw";
import { span, stamp } from "./timescale";

const most = 5; // lines

// Details say what is in the mark that is pointed at, or chosen by keys.
export class Details {
  constructor(
    private readonly e: Events,
    private readonly place: HTMLElement,
  ) {
    place.setAttribute("aria-live", "polite");
  }

  show(m: Mark | undefined, local: boolean): void {
    if (!m) {
      this.place.replaceChildren(
        h("p", { class: "calm" }, "Point at a mark, or go from one to the next with ] and [. The wheel zooms when the picture has the focus, a drag moves it; ? has all keys."),
      );
      return;
    }
    const list = [...m.events].sort((a, b) => this.e.tone(b) - this.e.tone(a) || a - b).slice(0, most);
    this.place.replaceChildren(
      h(
        "ul",
        { class: "plainlist" },
        ...list.map((i) => this.line(i, local)),
        m.all > list.length ? h("li", { class: "calm" }, `and ${m.all - list.length} more at this place: zoom in`) : null,
      ),
    );
  }

  private line(i: number, local: boolean): HTMLElement {
    const e = this.e;
    const tone = toneNames[e.tone(i)] ?? "";
    const reach = e.reach(i);
    const long = e.end(i) - e.start(i);
    const about: string[] = [e.host(i), e.lane(i)];
    if (long > 0) {
      about.push("lasting " + span(long));
    }
    about.push(reach ? (reach[0] === 0 && reach[1] === 0 ? "the yardstick's clock" : `${off(reach[0])} to ${off(reach[1])} by the leader's clock`) : "clock offset not known");
    const first = e.start(i) - e.start(0);
    return h(
      "li",
      {},
      tone ? h("span", { class: "evtone " + tone }, mark(tone === "bad" ? "critical" : "high"), h("span", { class: "away" }, tone + ": ")) : null,
      h("b", {}, e.text(i)),
      e.count(i) > 1 ? ` ×${e.count(i)}` : "",
      h("span", { class: "sub" }, `${stamp(e.start(i), local)}${local ? "" : ` (UTC+00:00)`} +${span(Math.max(first, 0))} since the first · ${about.join(" · ")} · `, h("code", {}, e.ref(i))),
    );
  }
}

// off is how much earlier or later.
function off(ms: number): string {
  return ms === 0 ? "±0" : (ms < 0 ? "−" : "+") + span(Math.abs(ms));
}
