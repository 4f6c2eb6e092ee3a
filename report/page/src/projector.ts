import type { App } from "./core";
import { href } from "./route";
import { toast } from "./share";

// projector is for a room: larger, and one finding at a time.
export function projector(app: App): void {
  const root = document.documentElement;
  const on = () => root.classList.contains("projector");
  const tour = ["#/", "#/map", ...[...document.querySelectorAll<HTMLElement>("details.cause")].slice(0, 3).map((c) => href("c", c.id.replace("cause-", ""))), ...[...document.querySelectorAll<HTMLElement>("details.finding")].map((f) => href("f", f.dataset.finding ?? "")), "#/coverage"];
  app.keys.on("P", "projector: larger, one thing at a time; space goes on", () => {
    root.classList.toggle("projector");
    if (on()) {
      toast("projector: space goes on, P ends");
    }
    dispatchEvent(new Event("resize"));
  });
  app.keys.on(" ", "", () => {
    if (!on()) {
      return false;
    }
    const at = tour.findIndex((t) => t === (location.hash || "#/"));
    app.go(tour[(at + 1) % tour.length] ?? "#/");
  });
}
