import { button, h } from "./dom";

// say shows a word on a button for a moment.
export function say(b: HTMLButtonElement, word: string): void {
  const was = (b.dataset.was ??= b.textContent ?? "");
  b.textContent = word;
  setTimeout(() => {
    b.textContent = was;
  }, 1600);
}

// copyText puts text on the clipboard; without leave to do so it lets the reader copy the text from a field.
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h("textarea", { class: "away", "aria-label": "text to copy" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

// copies gives each pre of class copy a button that copies it.
export function copies(root: ParentNode = document): void {
  for (const pre of root.querySelectorAll<HTMLPreElement>("pre.copy")) {
    if (pre.parentElement?.classList.contains("copybox")) {
      continue;
    }
    const box = h("div", { class: "copybox" });
    pre.replaceWith(box);
    box.append(
      pre,
      button("copy", async (b) => {
        if (await copyText(pre.textContent ?? "")) {
          say(b, "copied");
        } else {
          getSelection()?.selectAllChildren(pre);
          say(b, "selected: copy it with the keyboard");
        }
      }),
    );
  }
}
