import { h } from "./dom";
import type { Events } from "./timedata";

// A Filter says which events are shown: those of some lanes, of a host, of a tone, about a thing.
export class Filter {
  readonly element: HTMLElement;
  private readonly lanes: HTMLInputElement[];
  private readonly host: HTMLSelectElement;
  private readonly tone: HTMLSelectElement;
  private readonly words: HTMLInputElement;
  private off = new Set<number>();

  constructor(
    private readonly e: Events,
    changed: () => void,
  ) {
    const there = new Set([...e.d.lane, ...e.d.blind.map((u) => u.lane)]);
    this.lanes = e.d.lanes.map((lane, k) => {
      const box = h("input", { type: "checkbox", value: lane, checked: true });
      box.disabled = !there.has(k);
      return box;
    });
    const count = new Map<number, number>();
    for (let i = 0; i < e.n; i++) {
      count.set(e.d.host[i] ?? -1, (count.get(e.d.host[i] ?? -1) ?? 0) + 1);
    }
    this.host = h("select", { "aria-label": "host" }, h("option", { value: "" }, "all hosts"), ...e.d.hosts.map((name, k) => h("option", { value: name }, `${name} (${count.get(k) ?? 0})`)));
    this.tone = h(
      "select",
      { "aria-label": "which events" },
      h("option", { value: "" }, "all events"),
      h("option", { value: "odd" }, "bad and odd ones"),
      h("option", { value: "bad" }, "bad ones only"),
    );
    this.words = h("input", { type: "search", placeholder: "about: service, container, word", "aria-label": "words that the event has" });
    this.element = h(
      "div",
      { class: "filters", role: "group", "aria-label": "Which events are drawn" },
      ...this.lanes.map((box) => h("label", { class: box.disabled ? "none" : null, title: box.disabled ? "nothing of it happened" : null }, box, box.value)),
      this.host,
      this.tone,
      this.words,
    );
    const read = () => {
      this.off = new Set(this.lanes.flatMap((box, k) => (box.checked ? [] : [k])));
      changed();
    };
    for (const box of [...this.lanes, this.host, this.tone]) {
      box.addEventListener("change", read);
    }
    this.words.addEventListener("input", read);
  }

  has(i: number): boolean {
    const e = this.e;
    if (this.off.has(e.d.lane[i] ?? -1) || (this.host.value !== "" && e.host(i) !== this.host.value)) {
      return false;
    }
    if (e.tone(i) < ["", "odd", "bad"].indexOf(this.tone.value)) {
      return false;
    }
    const words = this.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) {
      return true;
    }
    const text = `${e.text(i)} ${e.subject(i)} ${e.service(i)} ${e.host(i)}`.toLowerCase();
    return words.every((w) => text.includes(w));
  }

  // asks reports whether a lane of a host is asked for, by nothing but its name.
  asks(host: number, lane: number): boolean {
    return !this.off.has(lane) && (this.host.value === "" || this.e.d.hosts[host] === this.host.value);
  }

  // set reads a link; say writes one.
  set(q: URLSearchParams): void {
    const off = (q.get("without") ?? "").split(",");
    for (const box of this.lanes) {
      box.checked = !off.includes(box.value);
    }
    this.off = new Set(this.lanes.flatMap((box, k) => (box.checked ? [] : [k])));
    this.host.value = q.get("host") ?? "";
    this.tone.value = q.get("tone") ?? "";
    this.words.value = q.get("about") ?? "";
    if (this.host.selectedIndex < 0) {
      this.host.value = "";
    }
    if (this.tone.selectedIndex < 0) {
      this.tone.value = "";
    }
  }

  say(q: URLSearchParams): void {
    const put = (name: string, value: string) => value !== "" && q.set(name, value);
    put("without", this.lanes.filter((box) => !box.checked).map((box) => box.value).join(","));
    put("host", this.host.value);
    put("tone", this.tone.value);
    put("about", this.words.value);
  }
}
