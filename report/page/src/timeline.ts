import type { App } from "./core";
import { button, h } from "./dom";
import { Details } from "./timedetail";
import { Events, type TimeData } from "./timedata";
import { drawn, left, right, wide, type Drawing } from "./timedraw";
import { Filter } from "./timefilter";
import { offset, stamp } from "./timescale";
import { listing } from "./timelist";

const least = 10; // milliseconds: closer than that, clocks say nothing

// A Timeline draws what happened between two times, and follows keys, wheel and drag.
export class Timeline {
  private from: number;
  private to: number;
  private local = false;
  private list: number[] = [];
  private drawing: Drawing | undefined;
  private due = 0;
  private listDue = 0;
  private chosen = -1; // place in drawing.marks
  private readonly filter: Filter;
  private readonly details: Details;
  private readonly zone: HTMLButtonElement;
  private readonly title = h("p", { class: "time-span", "aria-live": "polite" });

  private constructor(
    private readonly app: App,
    private readonly e: Events,
    private readonly chart: HTMLElement,
    private readonly table: HTMLElement,
  ) {
    this.from = e.d.from;
    this.to = e.d.to;
    this.details = new Details(e, document.getElementById("time-detail") ?? document.body);
    this.filter = new Filter(e, () => this.changed());
    this.zone = button("local time", () => {
      this.local = !this.local;
      this.changed();
    });
    document.getElementById("time-filter")?.replaceChildren(this.filter.element, this.title);
    document
      .getElementById("time-tools")
      ?.replaceChildren(
        button("incident", () => this.incident(), { title: "i" }),
        button("everything", () => this.everything(), { title: "0" }),
        button("−", () => this.zoom(2), { "aria-label": "farther", title: "-" }),
        button("+", () => this.zoom(0.5), { "aria-label": "closer", title: "+" }),
        this.zone,
      );
    chart.tabIndex = 0;
    chart.setAttribute("role", "group");
    chart.setAttribute("aria-label", "Timeline: arrow keys move, plus and minus zoom, [ and ] go from event to event");
    this.listen();
  }

  // make reads the events; undefined when there are none.
  static async make(app: App): Promise<Timeline | undefined> {
    const data = await app.data();
    const chart = document.getElementById("time-chart");
    const table = document.getElementById("time-table");
    return data.time && chart && table ? new Timeline(app, new Events(data.time as TimeData, data.s), chart, table) : undefined;
  }

  // enter follows what a link says.
  enter(q: URLSearchParams): void {
    const from = Date.parse(q.get("from") ?? "");
    const to = Date.parse(q.get("to") ?? "");
    if (to > from) {
      [this.from, this.to] = [from, to];
    } else if (!q.has("from")) {
      [this.from, this.to] = [this.e.d.from, this.e.d.to];
    }
    this.filter.set(q);
    this.draw();
  }

  zoom(by: number, around = (this.from + this.to) / 2): void {
    const [first, last] = this.e.bounds();
    const long = Math.min(Math.max((this.to - this.from) * by, least), Math.max((last - first) * 1.1, least));
    const share = (around - this.from) / (this.to - this.from);
    this.window(around - share * long, around + (1 - share) * long);
  }

  pan(by: number): void {
    const d = (this.to - this.from) * by;
    this.window(this.from + d, this.to + d);
  }

  incident(): void {
    this.window(this.e.d.from, this.e.d.to);
  }

  everything(): void {
    const [from, to] = this.e.bounds();
    const edge = Math.max((to - from) / 50, least);
    this.window(from - edge, to + edge);
  }

  // step chooses the next mark, or the one before.
  step(by: number): void {
    const marks = this.drawing?.marks ?? [];
    if (marks.length === 0) {
      return;
    }
    const order = marks.map((_, i) => i).sort((a, b) => marks[a]!.x - marks[b]!.x);
    const at = order.indexOf(this.chosen);
    this.choose(order[(at + by + order.length) % order.length] ?? -1);
  }

  private choose(k: number): void {
    this.drawing?.marks[this.chosen]?.element?.classList.remove("chosen");
    this.chosen = k;
    const m = this.drawing?.marks[k];
    m?.element?.classList.add("chosen");
    this.details.show(m, this.local);
  }

  // window moves to another time, and into the link.
  private window(from: number, to: number): void {
    const [first, last] = this.e.bounds();
    const long = to - from;
    if (to < first) {
      [from, to] = [first, first + long];
    } else if (from > last) {
      [from, to] = [last - long, last];
    }
    [this.from, this.to] = [from, to];
    this.changed();
  }

  private changed(): void {
    cancelAnimationFrame(this.due);
    this.due = requestAnimationFrame(() => {
      this.draw();
      const q = new URLSearchParams({ from: new Date(this.from).toISOString(), to: new Date(this.to).toISOString() });
      this.filter.say(q);
      if (this.app.place.name === "time") {
        history.replaceState(null, "", "#/time?" + q.toString().replaceAll("%3A", ":"));
      }
    });
  }

  private draw(): void {
    this.list = [];
    for (let i = 0; i < this.e.n; i++) {
      if (this.e.start(i) <= this.to && this.e.end(i) >= this.from && this.filter.has(i)) {
        this.list.push(i);
      }
    }
    this.chosen = -1;
    this.drawing = drawn(this.e, this.list, this.e.d.blind.filter((u) => this.filter.asks(u.host, u.lane)), this.from, this.to, this.local);
    this.chart.replaceChildren(this.drawing.svg);
    this.details.show(undefined, this.local);
    this.zone.textContent = this.local ? "show UTC" : "show local time";
    this.title.textContent = `${stamp(this.from, this.local)} to ${stamp(this.to, this.local)}, ${this.local ? `local time, UTC${offset(this.from)}` : "UTC+00:00"}: ${this.list.length} of ${this.e.n} events`;
    clearTimeout(this.listDue);
    this.listDue = window.setTimeout(() => this.fill(), this.table.querySelector(".listing") ? 250 : 0);
  }

  private fill(): void {
    const words = this.table.querySelector("input")?.value ?? "";
    this.table.replaceChildren(listing(this.e, this.list, this.local, words));
  }

  // listen follows wheel, drag and pointer. The wheel is the page's until the timeline has the focus, or with the control key.
  private listen(): void {
    const at = (x: number) => {
      const box = this.chart.getBoundingClientRect();
      const unit = ((x - box.left) / box.width) * wide;
      return this.drawing?.scale.t(Math.min(Math.max(unit, left), wide - right)) ?? this.from;
    };
    this.chart.addEventListener(
      "wheel",
      (ev) => {
        if (!ev.ctrlKey && document.activeElement !== this.chart) {
          return;
        }
        ev.preventDefault();
        if (Math.abs(ev.deltaX) > Math.abs(ev.deltaY) || ev.shiftKey) {
          this.pan(Math.sign(ev.deltaX || ev.deltaY) * 0.1);
        } else {
          this.zoom(ev.deltaY > 0 ? 1.25 : 0.8, at(ev.clientX));
        }
      },
      { passive: false },
    );
    let drag: { x: number; from: number; to: number; moved: boolean } | undefined;
    this.chart.addEventListener("pointerdown", (ev) => {
      if (ev.button === 0) {
        drag = { x: ev.clientX, from: this.from, to: this.to, moved: false };
      }
    });
    this.chart.addEventListener("pointermove", (ev) => {
      if (drag) {
        const box = this.chart.getBoundingClientRect();
        const by = ((drag.x - ev.clientX) / ((box.width * (wide - left - right)) / wide)) * (drag.to - drag.from);
        if (drag.moved || Math.abs(drag.x - ev.clientX) > 4) {
          if (!drag.moved) {
            drag.moved = true;
            this.chart.setPointerCapture(ev.pointerId);
          }
          this.window(drag.from + by, drag.to + by);
        }
        return;
      }
      const k = this.near(ev);
      if (k >= 0 && k !== this.chosen) {
        this.choose(k);
      }
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      this.chart.addEventListener(end, () => {
        drag = undefined;
      });
    }
    this.chart.addEventListener("dblclick", (ev) => this.zoom(0.25, at(ev.clientX)));
  }

  // near is the mark that the pointer is at, -1 for none.
  private near(ev: PointerEvent): number {
    const box = this.chart.getBoundingClientRect();
    const x = ((ev.clientX - box.left) / box.width) * wide;
    const y = ((ev.clientY - box.top) / box.width) * wide;
    let best = -1;
    let far = 9;
    (this.drawing?.marks ?? []).forEach((m, k) => {
      const dx = x < m.x ? m.x - x : x > m.x + m.w ? x - m.x - m.w : 0;
      const d = Math.hypot(dx, y - m.y);
      if (d < far) {
        [best, far] = [k, d];
      }
    });
    return best;
  }
}
