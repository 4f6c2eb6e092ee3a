import { h, mark } from "./dom";
import { table, type Column } from "./table";
import { toneNames, type Events } from "./timedata";
import { clock, span, stamp } from "./timescale";

interface Row {
  i: number;
  order: string;
}

// listing is the table of the events that are drawn: the same in words.
export function listing(e: Events, list: number[], local: boolean, filter: string): HTMLElement {
  const first = list[0] ?? 0;
  const rows: Row[] = list.map((i, k) => ({ i, order: k === 0 ? "" : e.order(list[k - 1] ?? i, i) }));
  // The day is said once, above, unless there are several.
  const days = new Set([list[0], list.at(-1)].map((i) => stamp(e.start(i ?? 0), local).slice(0, 10)));
  const time = (i: number) => (days.size > 1 ? stamp(e.start(i), local) : clock(e.start(i), local));
  const columns: Column<Row>[] = [
    { name: local ? "Time (local)" : "Time (UTC)", wide: days.size > 1 ? 2.4 : 1.6, text: (r) => stamp(e.start(r.i), local), value: (r) => e.start(r.i), node: (r) => h("time", { title: stamp(e.start(r.i), local) }, time(r.i)) },
    { name: "After first", wide: 1.1, text: (r) => "+" + (r.i === first ? "0 s" : span(e.start(r.i) - e.start(first))), value: (r) => e.start(r.i) },
    { name: "Order", wide: 1.5, text: (r) => r.order, node: (r) => h("span", { class: "soft", title: r.order }, r.order) },
    { name: "Host", wide: 1, text: (r) => e.host(r.i) },
    { name: "Lane", wide: 0.9, text: (r) => e.lane(r.i) },
    {
      name: "What",
      wide: 6,
      text: (r) => words(e, r.i),
      node: (r) => {
        const tone = toneNames[e.tone(r.i)] ?? "";
        const what = words(e, r.i);
        return h("span", { title: what, class: "evwhat" }, tone ? h("span", { class: "evtone " + tone }, mark(tone === "bad" ? "critical" : "high"), h("span", { class: "away" }, tone + ": ")) : null, what);
      },
    },
    { name: "Address", wide: 2.8, text: (r) => e.ref(r.i), node: (r) => h("code", { title: e.ref(r.i) }, e.ref(r.i)) },
  ];
  return table("The same as a table", columns, rows, { filter });
}

function words(e: Events, i: number): string {
  const long = e.end(i) - e.start(i);
  return e.text(i) + (e.count(i) > 1 ? ` ×${e.count(i)}` : "") + (long > 0 ? ` for ${span(long)}` : "");
}
