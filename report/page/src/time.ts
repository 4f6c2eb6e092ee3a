import type { App } from "./core";

// time draws the timeline.
export function time(app: App): void {
  app.route("time", { page: "time" });
}
