import type { App } from "./core";

// findings steps through the findings.
export function findings(app: App): void {
  const cards = [...document.querySelectorAll<HTMLDetailsElement>("details.finding")];
  app.route("findings", { page: "findings" });
  app.route("f", {
    page: "findings",
    enter(p) {
      const card = document.querySelector<HTMLElement>(`[data-finding="${CSS.escape(p.args[0] ?? "")}"]`);
      if (card instanceof HTMLDetailsElement) {
        card.open = true;
        card.querySelector("summary")?.focus({ preventScroll: true });
      }
      card?.scrollIntoView();
    },
  });
  const step = (by: number) => () => {
    const visible = cards.filter((c) => c.checkVisibility());
    const at = visible.findIndex((c) => c.contains(document.activeElement));
    const next = visible[at < 0 ? 0 : at + by];
    next?.querySelector("summary")?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  };
  app.keys.on("j", "next finding", step(1));
  app.keys.on("k", "previous finding", step(-1));
}
