import type { App } from "./core";

// paths shows one path.
export function paths(app: App): void {
  app.route("paths", { page: "paths" });
  app.route("path", { page: "paths" });
}
