import { h } from "./dom";

// peek tells about the node or edge under the pointer or with the focus, in a small panel beside it: what the table below says of it.
export function peek(stage: HTMLElement, svg: SVGSVGElement): void {
  const panel = h("div", { class: "peek", hidden: true, role: "status" });
  stage.append(panel);
  const nodes = [...svg.querySelectorAll<SVGAElement>(".m-node")];
  const edges = [...svg.querySelectorAll<SVGAElement>(".m-edge")];
  let shown: Element | undefined;

  function show(e: Element): void {
    if (e === shown) {
      return;
    }
    shown = e;
    near(e);
    const isNode = e.classList.contains("m-node");
    const list: Element[] = isNode ? nodes : edges;
    const row = stage.parentElement?.querySelectorAll(`[data-twin=${isNode ? "nodes" : "edges"}] tbody tr`)[list.indexOf(e)];
    panel.replaceChildren(...(row ? told(row, !isNode) : [h("p", {}, e.getAttribute("aria-label"))]));
    panel.append(h("p", {}, e.hasAttribute("href") ? "Enter or a click opens it." : ""));
    panel.hidden = false;
    beside(e);
  }

  // near marks what belongs to a node or an edge, so that the rest can stand back.
  function near(e: Element): void {
    const mine = new Set<Element>([e]);
    const i = String(nodes.indexOf(e as SVGAElement));
    for (const x of edges) {
      if (x === e || x.dataset.from === i || x.dataset.to === i) {
        mine.add(x);
        for (const end of [x.dataset.from, x.dataset.to]) {
          const n = nodes[Number(end)];
          if (n) {
            mine.add(n);
          }
        }
      }
    }
    for (const x of [...nodes, ...edges]) {
      x.classList.toggle("near", mine.has(x));
    }
    svg.classList.add("focus");
  }

  // beside sets the panel where it hides neither the thing nor leaves the stage.
  function beside(e: Element): void {
    const box = stage.getBoundingClientRect();
    const own = (e.querySelector(".m-card") ?? e.querySelector(".m-sign") ?? e).getBoundingClientRect();
    const size = panel.getBoundingClientRect();
    const right = own.right - box.left + 14;
    const left = own.left - box.left - size.width - 14;
    const x = right + size.width < box.width ? right : left > 0 ? left : Math.max(0, box.width - size.width - 8);
    const y = Math.min(Math.max(own.top - box.top, 8), Math.max(box.height - size.height - 8, 8));
    panel.style.left = x + "px";
    panel.style.top = y + "px";
  }

  function hide(): void {
    shown = undefined;
    panel.hidden = true;
    svg.classList.remove("focus");
  }

  for (const e of [...nodes, ...edges]) {
    e.addEventListener("pointerenter", () => show(e));
    e.addEventListener("pointerleave", hide);
    e.addEventListener("focus", () => show(e));
    e.addEventListener("blur", hide);
    e.addEventListener("keydown", (k) => {
      if (k.key === "Escape" && !panel.hidden) {
        k.stopPropagation();
        hide();
      }
    });
  }
}

// told is a row of the table as a list of its headings and what stands below them.
function told(row: Element, edge: boolean): Node[] {
  const heads = [...(row.closest("table")?.querySelectorAll("thead th") ?? [])].map((x) => x.textContent ?? "");
  const cells = [...row.children];
  const mark = row.querySelector(".m-mark")?.cloneNode(true);
  const name = edge ? `${cells[0]?.textContent ?? ""} → ${cells[1]?.textContent ?? ""}` : (cells[0]?.textContent ?? "");
  const title = h("h4", {}, name);
  if (mark) {
    title.prepend(mark);
  }
  const list = h("dl");
  cells.forEach((c, i) => {
    const text = [...c.childNodes].filter((x) => !(x instanceof SVGElement)).map((x) => x.textContent).join("\n").trim();
    if (i >= (edge ? 2 : 1) && text !== "" && text !== "0") {
      list.append(h("dt", {}, heads[i] ?? ""), h("dd", {}, text));
    }
  });
  return [title, list];
}
