// zoom lets a drawing be looked at from near: the wheel with Ctrl, or + and - while it has the focus; dragging moves it, 0 shows all of it.
export function zoom(stage: HTMLElement, svg: SVGSVGElement): void {
  const whole = { x: 0, y: 0, w: svg.viewBox.baseVal.width, h: svg.viewBox.baseVal.height };
  let seen = { ...whole };

  function set(): void {
    seen.w = Math.min(Math.max(seen.w, whole.w / 8), whole.w);
    seen.h = (seen.w * whole.h) / whole.w;
    seen.x = Math.min(Math.max(seen.x, 0), whole.w - seen.w);
    seen.y = Math.min(Math.max(seen.y, 0), whole.h - seen.h);
    svg.setAttribute("viewBox", [seen.x, seen.y, seen.w, seen.h].map((n) => n.toFixed(1)).join(" "));
    stage.classList.toggle("near", seen.w < whole.w);
  }
  // by zooms so that what is at x and y, in units of the drawing, stays where it is.
  function by(factor: number, x: number, y: number): void {
    const w = Math.min(Math.max(seen.w * factor, whole.w / 8), whole.w);
    seen.x = x - ((x - seen.x) * w) / seen.w;
    seen.y = y - ((y - seen.y) * w) / seen.w;
    seen.w = w;
    set();
  }
  function point(e: MouseEvent): DOMPoint {
    return new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
  }

  stage.addEventListener("wheel", (e) => {
    if (!e.ctrlKey) {
      return;
    }
    e.preventDefault();
    const p = point(e);
    by(Math.exp(Math.min(Math.max(e.deltaY, -120), 120) / 400), p.x, p.y);
  }, { passive: false });
  svg.addEventListener("keydown", (e) => {
    const factor = { "+": 0.8, "=": 0.8, "-": 1.25 }[e.key];
    if (factor !== undefined) {
      e.preventDefault();
      by(factor, seen.x + seen.w / 2, seen.y + seen.h / 2);
    } else if (e.key === "0") {
      seen = { ...whole };
      set();
    }
  });
  let from: DOMPoint | undefined;
  svg.addEventListener("pointerdown", (e) => {
    if (seen.w < whole.w && e.button === 0 && !(e.target as Element).closest("a")) {
      from = point(e);
      svg.setPointerCapture(e.pointerId);
    }
  });
  svg.addEventListener("pointermove", (e) => {
    if (from) {
      const p = point(e);
      seen.x -= p.x - from.x;
      seen.y -= p.y - from.y;
      set();
    }
  });
  svg.addEventListener("pointerup", () => (from = undefined));
}
