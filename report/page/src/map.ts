import type { App } from "./core";
import { button, h } from "./dom";
import { Dots } from "./dots";
import { peek } from "./mappeek";
import { zoom } from "./mapzoom";
import type { Place } from "./route";

// map shows one view of the map at a time, makes its marks move, and tells about what is under the pointer or has the focus.
export function map(app: App): void {
  const views = [...document.querySelectorAll<HTMLElement>("#map .view")];
  const stages = [...document.querySelectorAll<HTMLElement>(".stage")].flatMap((stage) => {
    const svg = stage.querySelector<SVGSVGElement>(".chart");
    if (!svg) {
      return [];
    }
    peek(stage, svg);
    if (!stage.classList.contains("small")) {
      zoom(stage, svg);
    }
    return [{ stage, dots: new Dots(stage, svg) }];
  });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let paused = false;
  let printing = false;

  // motion lets marks move where they are seen, unless somebody or something asks for stillness.
  function motion(): void {
    const still = paused || printing || calm.matches || document.hidden;
    for (const { stage, dots } of stages) {
      dots.run(!still && stage.checkVisibility());
    }
    pause.textContent = calm.matches ? "still: reduced motion" : paused ? "move" : "hold still";
    pause.disabled = calm.matches;
    pause.setAttribute("aria-pressed", String(paused));
  }
  function again(): void {
    for (const { dots } of stages) {
      dots.run(false);
    }
    motion();
  }

  const pause = button("hold still", () => {
    paused = !paused;
    motion();
  });
  document.addEventListener("nm:pause", () => {
    paused = !paused;
    motion();
  });
  document.addEventListener("nm:theme", again);

  const tools = document.getElementById("map-tools");
  const buttons = new Map<string, HTMLElement>();
  const list = h("select", { "aria-label": "Services of one stack" }, h("option", { value: "" }, "one stack …"));
  for (const v of views) {
    const key = v.dataset.view ?? "";
    if (v.dataset.chosen !== undefined) {
      const b = button(v.dataset.name ?? key, () => app.go("#/map?" + new URLSearchParams({ lens: key }).toString()), { "aria-pressed": "false" });
      buttons.set(key, b);
    } else {
      list.append(h("option", { value: key.slice("stack/".length), "data-key": key }, v.dataset.name ?? key));
    }
  }
  list.addEventListener("change", () => app.go("#/map?" + new URLSearchParams({ stack: list.value }).toString()));
  if (views.length > 1) {
    tools?.append(...buttons.values());
  }
  if (list.options.length > 1) {
    tools?.append(list);
  }
  if (views.length > 0) {
    tools?.append(pause);
    document.querySelector(".map-legend")?.append(h("li", { class: "wide-note" }, "Ctrl and the wheel look closer, as do + and -; p holds still"));
  }

  function show(key: string): boolean {
    const chosen = views.find((v) => v.dataset.view === key) ?? views[0];
    for (const v of views) {
      v.classList.toggle("on", v === chosen);
    }
    const shown = chosen?.dataset.view ?? "";
    for (const [k, b] of buttons) {
      b.setAttribute("aria-pressed", String(k === shown));
    }
    list.value = shown.startsWith("stack/") ? shown.slice("stack/".length) : "";
    motion();
    return shown === key;
  }

  app.route("map", {
    page: "map",
    enter(p: Place) {
      const stack = p.query.get("stack");
      const key = stack !== null ? "stack/" + stack : (p.query.get("lens") ?? views[0]?.dataset.view ?? "");
      show(key);
      const focus = p.query.get("focus");
      if (focus !== null) {
        const nodes = views.find((v) => v.classList.contains("on"))?.querySelectorAll<SVGAElement>(".m-node") ?? [];
        [...nodes].find((n) => n.dataset.name === focus)?.focus();
      }
    },
  });
  show(views[0]?.dataset.view ?? "");
  document.addEventListener("nm:shown", motion);
  document.addEventListener("visibilitychange", motion);
  calm.addEventListener("change", motion);
  dark.addEventListener("change", again);
  addEventListener("beforeprint", () => {
    printing = true;
    motion();
  });
  addEventListener("afterprint", () => {
    printing = false;
    motion();
  });
}
