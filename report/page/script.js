"use strict";
// The page is complete without this script: it copies, folds and filters what is already there, as text.
const findings = [...document.querySelectorAll("details.finding")];

function button(label, act) {
  const b = document.createElement("button");
  b.type = "button";
  b.textContent = label;
  b.addEventListener("click", () => act(b));
  return b;
}

function say(b, word) {
  const was = b.dataset.was || (b.dataset.was = b.textContent);
  b.textContent = word;
  setTimeout(() => { b.textContent = was; }, 1600);
}

async function copy(b, pre) {
  try {
    await navigator.clipboard.writeText(pre.textContent);
    say(b, "copied");
  } catch {
    getSelection().selectAllChildren(pre);
    say(b, "selected: copy it with the keyboard");
  }
}

for (const pre of document.querySelectorAll("pre.copy")) {
  const box = document.createElement("div");
  box.className = "copybox";
  pre.replaceWith(box);
  box.append(pre, button("copy", (b) => copy(b, pre)));
}

// A link to a folded finding opens it.
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView();
  }
}
addEventListener("hashchange", unfold);
addEventListener("load", unfold);

const tools = document.getElementById("tools");
const filter = document.createElement("input");
if (findings.length > 1) {
  const shown = document.createElement("span");
  shown.setAttribute("role", "status");
  filter.type = "search";
  filter.placeholder = "filter (press /)";
  filter.setAttribute("aria-label", "Filter the findings");
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const f of findings) {
      const text = f.textContent.toLowerCase();
      f.hidden = !words.every((w) => text.includes(w));
      n += f.hidden ? 0 : 1;
    }
    shown.textContent = words.length ? n + " of " + findings.length + " shown" : "";
  });
  const fold = (open) => () => { for (const f of findings) { f.open = open; } };
  tools.append(shown, filter, button("open all", fold(true)), button("fold all", fold(false)));
}

// j and k step through the findings, / filters; not while somebody types.
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLInputElement) { return; }
  if (e.key === "/" && filter.isConnected) {
    e.preventDefault();
    filter.focus();
    return;
  }
  const step = { j: 1, k: -1 }[e.key];
  if (!step) { return; }
  const visible = findings.filter((f) => !f.hidden);
  const at = visible.findIndex((f) => f.contains(document.activeElement));
  const next = visible[at < 0 ? 0 : at + step];
  if (next) {
    next.querySelector("summary").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
});

// Paper has no folds.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const d of folded) { d.open = true; }
});
addEventListener("afterprint", () => {
  for (const d of folded) { d.open = false; }
});
