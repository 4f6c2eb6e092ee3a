import { button, h } from "./dom";

const many = 20; // rules beyond which those that are not clean come first

// checks lets the reader see all rules, or those alone that are not clean everywhere. What could not be seen stands above them.
export function checks(): void {
  const section = document.getElementById("checks");
  const coverage = document.getElementById("coverage");
  if (!section) {
    return;
  }
  if (coverage) {
    section.before(coverage);
  }
  const rows = [...section.querySelectorAll<HTMLElement>(".matrix tbody tr")];
  const dull = rows.filter((r) => !r.querySelector("[data-kind=found], [data-kind=open]") && r.querySelector("[data-kind=clean]"));
  if (rows.length <= many || dull.length === 0 || dull.length === rows.length) {
    return;
  }
  let all = true;
  const b = button("", () => {
    all = !all;
    for (const r of dull) {
      r.hidden = !all;
    }
    b.textContent = all ? `only the ${rows.length - dull.length} that are not clean` : `all ${rows.length} rules`;
  });
  section.querySelector(".legend")?.append(h("li", {}, b));
  b.click();
}
