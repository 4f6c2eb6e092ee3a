// print opens all folds for paper, which has none, and folds them again after it.
export function print(): void {
  let folded: HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
    for (const d of folded) {
      d.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const d of folded) {
      d.open = false;
    }
  });
}
