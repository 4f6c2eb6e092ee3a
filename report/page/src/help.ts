import type { App } from "./core";
import { button, h } from "./dom";

const names: Record<string, string> = { " ": "space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

// help shows the keys.
export function help(app: App): void {
  const dialog = h("dialog", { class: "help", "aria-label": "Keys" });
  const open = () => {
    if (dialog.open) {
      dialog.close();
      return;
    }
    dialog.replaceChildren(
      h("h2", {}, "Keys"),
      h("dl", {}, ...app.keys.list.filter((k) => k.help !== "").flatMap((k) => [h("dt", {}, h("kbd", {}, names[k.key] ?? k.key)), h("dd", {}, k.help)])),
      h("p", { class: "calm" }, "Links of this page survive mail: each view has its own, which y copies."),
      button("close", () => dialog.close()),
    );
    dialog.showModal();
  };
  document.body.append(dialog);
  app.keys.on("?", "these keys", open);
  app.tools.append(button("? keys", open));
}
