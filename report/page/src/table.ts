import { copyText, say } from "./copy";
import { button, h, type Child } from "./dom";
import { cell as csvCell } from "./csv";

// A Column of a table. text is what is sorted, filtered and copied; node is what is shown, when that is more than the text.
export interface Column<R> {
  name: string;
  text(r: R): string;
  node?(r: R): Child;
  value?(r: R): number; // sorts by number
  wide?: number; // share of the width; 1 when absent
}

const rowHeight = 34; // pixels; base.css says the same
const fewRows = 60; // up to here all rows are made at once, and print shows them

// table is a list of things with sort, filter and copy. Of a long one only the rows that are seen exist.
export function table<R>(caption: string, columns: Column<R>[], rows: R[], opts: { filter?: string; sort?: string } = {}): HTMLElement {
  let shown = rows;
  let by: Column<R> | undefined = columns.find((c) => c.name === opts.sort);
  let down = false;

  const status = h("span", { role: "status" });
  const filter = h("input", { type: "search", placeholder: "filter", "aria-label": `Filter: ${caption}`, value: opts.filter ?? "" });
  const heads = columns.map((c) => {
    const b = button(c.name, () => {
      down = by === c && !down;
      by = c;
      arrange();
    });
    return h("div", { role: "columnheader" }, b);
  });
  const head = h("div", { role: "row", class: "vhead" }, ...heads);
  const spacer = h("div", { class: "vspace", role: "presentation" });
  const view = h("div", { class: "vview", tabindex: 0, role: "rowgroup", "aria-label": caption }, spacer);
  const grid = h("div", { class: "vtable", role: "table", "aria-label": caption, "aria-rowcount": rows.length + 1 }, h("div", { role: "rowgroup" }, head), view);
  // The class of a share is in the style sheet: an element has no style of its own in the markup, but the script may set it.
  const shares = columns.map((c) => `minmax(0, ${c.wide ?? 1}fr)`).join(" ");
  grid.style.setProperty("--columns", shares);

  function draw(): void {
    const few = shown.length <= fewRows;
    view.classList.toggle("few", few);
    spacer.style.height = few ? "" : `${shown.length * rowHeight}px`;
    const first = few ? 0 : Math.max(0, Math.floor(view.scrollTop / rowHeight) - 8);
    const last = few ? shown.length : Math.min(shown.length, first + Math.ceil(view.clientHeight / rowHeight) + 16);
    const made: HTMLElement[] = [];
    for (let i = first; i < last; i++) {
      const r = shown[i]!;
      const row = h("div", { role: "row", class: "vrow", "aria-rowindex": i + 2 }, ...columns.map((c) => h("div", { role: "cell", title: c.node ? null : c.text(r) }, c.node ? c.node(r) : c.text(r))));
      if (!few) {
        row.style.transform = `translateY(${i * rowHeight}px)`;
      }
      made.push(row);
    }
    spacer.replaceChildren(...made);
  }

  function arrange(): void {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = words.length === 0 ? rows.slice() : rows.filter((r) => {
      const text = columns.map((c) => c.text(r)).join("\n").toLowerCase();
      return words.every((w) => text.includes(w));
    });
    if (by) {
      const c = by;
      const sign = down ? -1 : 1;
      shown.sort((a, b) => sign * (c.value ? c.value(a) - c.value(b) : c.text(a).localeCompare(c.text(b), "en", { numeric: true })));
    }
    heads.forEach((e, i) => e.setAttribute("aria-sort", columns[i] === by ? (down ? "descending" : "ascending") : "none"));
    status.textContent = shown.length === rows.length ? `${rows.length} rows` : `${shown.length} of ${rows.length} rows`;
    view.scrollTop = 0;
    draw();
  }

  const copyAs = (label: string, make: () => string) =>
    button(label, async (b) => say(b, (await copyText(make())) ? "copied" : "could not be copied"));
  const tools = h(
    "div",
    { class: "tools" },
    status,
    rows.length > 8 ? filter : null,
    copyAs("copy as Markdown", () => markdown(columns, shown)),
    copyAs("copy as CSV", () => csv(columns, shown)),
  );
  filter.addEventListener("input", arrange);
  let due = false;
  view.addEventListener("scroll", () => {
    if (!due) {
      due = true;
      requestAnimationFrame(() => {
        due = false;
        draw();
      });
    }
  });
  new ResizeObserver(() => {
    if (shown.length > fewRows) {
      draw();
    }
  }).observe(view);
  arrange();
  return h("section", { class: "listing" }, h("div", { class: "bar-title" }, h("h3", {}, caption), tools), grid);
}

function csv<R>(columns: Column<R>[], rows: R[]): string {
  const lines = [columns.map((c) => csvCell(c.name)), ...rows.map((r) => columns.map((c) => csvCell(c.text(r))))];
  return lines.map((l) => l.join(",") + "\r\n").join("");
}

// markdown escapes what a cell of GitHub's tables acts upon. Text of a cell is code, so that no name becomes a mention or a link.
function markdown<R>(columns: Column<R>[], rows: R[]): string {
  const cell = (s: string) => (s === "" ? "" : "`" + s.replace(/\s+/g, " ").replaceAll("`", "ˋ").replaceAll("|", "\\|") + "`");
  const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;
  return line(columns.map((c) => c.name)) + line(columns.map(() => "---")) + rows.map((r) => line(columns.map((c) => cell(c.text(r))))).join("");
}
