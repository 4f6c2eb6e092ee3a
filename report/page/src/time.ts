import type { App } from "./core";
import { Timeline } from "./timeline";

// time installs the timeline, and the page of failures beside it.
export function time(app: App): void {
  let line: Promise<Timeline | undefined> | undefined;
  app.route("time", {
    page: "time",
    enter: async (p) => {
      line ??= Timeline.make(app);
      const t = await line;
      if (t && app.place.name === "time") {
        t.enter(p.query);
      }
    },
  });
  app.route("failures", { page: "failures" });
  app.keys.on("x", "failures of processes", () => app.go("#/failures"));

  // act does something to the timeline, if it is what is shown.
  const act = (f: (t: Timeline) => void) => () => {
    if (!document.getElementById("time")?.classList.contains("here") || !line) {
      return false;
    }
    void line.then((t) => t && f(t));
    return true;
  };
  app.keys.on("+", "time: closer", act((t) => t.zoom(0.5)));
  app.keys.on("-", "time: farther", act((t) => t.zoom(2)));
  app.keys.on("ArrowLeft", "time: earlier", act((t) => t.pan(-0.2)));
  app.keys.on("ArrowRight", "time: later", act((t) => t.pan(0.2)));
  app.keys.on("0", "time: everything", act((t) => t.everything()));
  app.keys.on("i", "time: the incident", act((t) => t.incident()));
  app.keys.on("]", "time: the next event", act((t) => t.step(1)));
  app.keys.on("[", "time: the event before", act((t) => t.step(-1)));
}
