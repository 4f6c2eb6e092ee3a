import type { App } from "./core";

// map makes the map move.
export function map(app: App): void {
  app.route("map", { page: "map" });
}
