// Elements are made by calls. Captured text goes in as text, never as markup: nothing in these sources parses markup.

export type Child = Node | string | number | null | undefined | false;
export type Props = Record<string, string | number | boolean | null | undefined | ((e: Event) => void)>;

function fill(e: Element, props: Props, children: Child[]): void {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") {
      e.addEventListener(name, value);
    } else if (value === true) {
      e.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      e.setAttribute(name, String(value));
    }
  }
  for (const c of children) {
    if (c instanceof Node) {
      e.append(c);
    } else if (c !== null && c !== undefined && c !== false) {
      e.append(document.createTextNode(String(c)));
    }
  }
}

// h makes an HTML element. A prop that is a function listens to the event of its name.
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  fill(e, props, children);
  return e;
}

// s makes an SVG element.
export function s<K extends keyof SVGElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(e, props, children);
  return e;
}

// button makes a button that acts when it is pressed.
export function button(label: string, act: (b: HTMLButtonElement) => void, props: Props = {}): HTMLButtonElement {
  const b = h("button", { type: "button", ...props }, label);
  b.addEventListener("click", () => act(b));
  return b;
}

// shapes are the marks of page/marks.html: each tone has a shape, so that colour is never alone.
const shapes: Record<string, string> = {
  critical: "M6 0l6 6-6 6-6-6z",
  high: "M6 .6l6 10.8H0z",
  medium: "M1 1h10v10H1z",
  low: "M6 1a5 5 0 1 0 .01 0z",
  clean: "M1.2 6.4l3.3 3.4 6.4-7.4",
  open: "M6 1.4a4.6 4.6 0 1 0 .01 0z",
};

// mark is the sign of a tone: critical, high, medium, low, clean or open.
export function mark(tone: string): SVGSVGElement {
  const drawn = tone in shapes ? tone : "open";
  const p = s("path", { d: shapes[drawn], class: drawn === "clean" || drawn === "open" ? "stroke" : null });
  return s("svg", { class: "mark", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, p);
}
