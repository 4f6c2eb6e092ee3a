import type { App } from "./core";
import { button } from "./dom";

const key = "netmortem-theme";
const words = ["auto", "light", "dark"] as const;
type Theme = (typeof words)[number];

// theme lets the reader choose the colours. The style sheet has the dark ones below one condition, which is what changes.
export function theme(app: App): void {
  let now: Theme = "auto";
  try {
    const kept = localStorage.getItem(key);
    now = words.find((w) => w === kept) ?? "auto";
  } catch {
    // A page from a file may not be allowed to keep anything.
  }
  const rules: CSSMediaRule[] = [];
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule instanceof CSSMediaRule && rule.media.mediaText.includes("prefers-color-scheme: dark")) {
        rules.push(rule);
      }
    }
  }
  const apply = () => {
    for (const r of rules) {
      r.media.mediaText = { auto: "(prefers-color-scheme: dark)", light: "not all", dark: "screen" }[now];
    }
    document.querySelector("meta[name=color-scheme]")?.setAttribute("content", now === "auto" ? "light dark" : now);
    document.dispatchEvent(new CustomEvent("nm:theme"));
  };
  const b = button(`theme: ${now}`, () => {
    now = words[(words.indexOf(now) + 1) % words.length] ?? "auto";
    b.textContent = `theme: ${now}`;
    try {
      localStorage.setItem(key, now);
    } catch {
      // Then it holds until the page is closed.
    }
    apply();
  });
  apply();
  app.tools.append(b);
}
