// print opens for paper what it shows, and folds it again after it; print.css says what that is.
export function print(): void {
  let folded: HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll<HTMLDetailsElement>("details.finding:not([open]), details.cause:not([open]), #coverage > details:not([open])")];
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
