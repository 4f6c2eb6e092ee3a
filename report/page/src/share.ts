import type { App } from "./core";
import { copyText } from "./copy";
import { h } from "./dom";

// share copies the link of what is shown.
export function share(app: App): void {
  app.keys.on("y", "copy the link of this view", () => {
    void copyText(location.href).then((done) => toast(done ? "link copied" : "the link could not be copied; it is in the address bar"));
  });
}

// toast says something for a moment, also to who hears the page.
export function toast(words: string): void {
  const t = h("div", { class: "toast", role: "status" }, words);
  document.body.append(t);
  setTimeout(() => t.remove(), 2200);
}
