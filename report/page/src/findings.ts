import type { App } from "./core";
import { h } from "./dom";
import { facts, severity } from "./parts";
import { href } from "./route";
import { count } from "./words";

// findings shows all findings, or one of them with what it rests on; and causes likewise.
export function findings(app: App): void {
  const root = document.documentElement;
  const page = document.getElementById("findings");
  const cards = new Map([...document.querySelectorAll<HTMLDetailsElement>("details.finding")].map((c) => [c.dataset.finding ?? "", c]));
  const all = [...cards.keys()];
  const bar = h("p", { class: "onebar" });
  const extra = h("div", {});
  page?.prepend(bar, extra);
  let at = -1;

  const leave = () => {
    root.classList.remove("one", "onecause");
    for (const e of document.querySelectorAll(".chosen")) {
      e.classList.remove("chosen");
    }
    at = -1;
  };
  const link = (i: number, word: string) => (all[i] === undefined ? h("span", {}, word) : h("a", { href: href("f", all[i]) }, word));

  app.route("findings", { page: "findings", enter: leave });
  app.route("f", {
    page: "findings",
    leave,
    async enter(p) {
      leave();
      const id = p.args[0] ?? "";
      const card = cards.get(id);
      at = all.indexOf(id);
      root.classList.add("one");
      extra.replaceChildren();
      if (!card) {
        return beyond(id);
      }
      card.classList.add("chosen");
      card.open = true;
      bar.replaceChildren(h("a", { href: "#/findings" }, "all findings"), h("span", {}, `${at + 1} of ${all.length}`), link(at - 1, "previous (k)"), link(at + 1, "next (j)"));
      const piece = p.args[1] === "e" ? card.querySelectorAll<HTMLElement>("figure")[Number(p.args[2] ?? 1) - 1] : undefined;
      if (piece) {
        piece.tabIndex = -1;
        piece.scrollIntoView({ block: "center" });
        piece.focus({ preventScroll: true });
      } else {
        card.querySelector("summary")?.focus({ preventScroll: true });
      }
    },
  });
  app.route("c", {
    page: "findings",
    leave,
    enter(p) {
      leave();
      const card = document.getElementById(`cause-${p.args[0] ?? ""}`);
      if (!(card instanceof HTMLDetailsElement)) {
        return false;
      }
      root.classList.add("onecause");
      card.classList.add("chosen");
      card.open = true;
      bar.replaceChildren(h("a", { href: "#/findings" }, "all causes and findings"));
      card.querySelector("summary")?.focus({ preventScroll: true });
    },
  });

  // beyond shows a finding that markup does not hold: what is known of it without its evidence.
  async function beyond(id: string): Promise<void> {
    const ix = await app.index();
    const f = ix.findings.find((x) => x.id === id);
    bar.replaceChildren(h("a", { href: "#/findings" }, "all findings"));
    extra.replaceChildren(
      f
        ? h("article", { class: "thing" }, h("h2", {}, severity(f.severity), " ", f.summary), facts(["rule", f.rule], ["host", h("a", { href: href("host", f.host) }, f.host)], ["subject", h("code", {}, f.subject)], ["what is known", h("pre", {}, f.facts)], ["id", h("code", {}, f.id)]), h("p", { class: "calm" }, "There are too many findings for this page to hold the evidence of all; the JSON has it."))
        : h("p", { class: "calm" }, ix.data.findings_left ? `${id} is not among the findings that this report holds; ${count(ix.data.findings_left, "finding")} more are in the JSON and the database.` : `There is no finding ${id} in this report.`),
    );
  }

  // From anywhere j and k lead through the findings; in a list of links on the overview, through the links.
  const step = (by: number) => () => {
    const place = app.place;
    if (place.name === "f" || place.name === "c") {
      if (place.name === "c") {
        // Findings first: they have the evidence.
        const links = [...document.querySelectorAll<HTMLAnchorElement>(".cause.chosen .links a")];
        const first = (a: HTMLAnchorElement) => (a.getAttribute("href")?.startsWith("#/f/") ? 0 : 1);
        return focusNext(links.sort((a, b) => first(a) - first(b)), by);
      }
      const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
      if (next !== undefined && next !== place.args[0]) {
        app.go(href("f", next));
      }
      return;
    }
    if (place.name === "findings") {
      return focusNext([...document.querySelectorAll<HTMLElement>(".cause > summary, .finding > summary")], by);
    }
    if (place.name !== "") {
      app.go("#/findings");
      return;
    }
    focusNext([...document.querySelectorAll<HTMLAnchorElement>("#overview .ranked .row")], by);
  };
  app.keys.on("j", "next finding", step(1));
  app.keys.on("k", "previous finding", step(-1));
  app.keys.on("Enter", "open what is chosen", () => {
    const d = document.activeElement?.closest("details.finding, details.cause");
    const chosen = d?.classList.contains("chosen");
    if (document.activeElement?.tagName !== "SUMMARY" || !(d instanceof HTMLElement) || chosen) {
      return false; // a link or a button does what it does
    }
    app.go(d.dataset.finding === undefined ? href("c", d.id.replace("cause-", "")) : href("f", d.dataset.finding));
  });
  app.keys.on("e", "evidence of the finding, piece by piece", () => {
    const place = app.place;
    const card = place.name === "f" ? cards.get(place.args[0] ?? "") : undefined;
    if (!card) {
      const first = document.activeElement?.closest<HTMLElement>("[data-finding]")?.dataset.finding ?? all[0];
      if (first === undefined) {
        return false;
      }
      app.go(href("f", first, "e", 1));
      return;
    }
    const pieces = card.querySelectorAll("figure").length;
    const n = place.args[1] === "e" ? Number(place.args[2]) : 0;
    app.go(href("f", place.args[0]!, "e", (n % Math.max(1, pieces)) + 1));
  });
}

// focusNext moves the focus along a list, from its end to its beginning.
export function focusNext(list: HTMLElement[], by: number): void | false {
  const seen = list.filter((e) => e.checkVisibility());
  if (seen.length === 0) {
    return false;
  }
  const now = seen.findIndex((e) => e === document.activeElement);
  const next = seen[now < 0 ? (by > 0 ? 0 : seen.length - 1) : (now + by + seen.length) % seen.length];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}
