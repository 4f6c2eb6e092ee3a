import type { App } from "./core";
import type { Place } from "./route";
import { href } from "./route";
import { button, h, mark } from "./dom";

// The columns of report/paths.go: one place a path; numbers of texts are places in the block's list.
interface PathColumns {
  key: number[];
  kind: number[];
  host: number[];
  client: number[];
  from: number[];
  to: number[];
  network: number[];
  via: number[];
  target: number[];
  verdict: number[];
  reached: number[];
  backends: number[];
  segment: number[];
  alike: number[];
  cause: number[];
  left: number;
}

// A path as the list shows it.
interface Path {
  key: number;
  who: string;
  from: string;
  to: string;
  network: string;
  via: string;
  target: string;
  verdict: string;
  reached: number;
  backends: number;
  segment: number;
  alike: number;
  cause: number;
  text: string; // what the filter looks through
}

const tones: Record<string, string> = { dropped: "critical", partly: "high", delivered: "clean" };

// shownAtOnce is how many rows the list draws before somebody asks for more.
const shownAtOnce = 100;

function unpack(s: string[], c: PathColumns): Path[] {
  const t = (n: number | undefined) => s[n ?? 0] ?? "";
  return c.key.map((key, i) => {
    const client = t(c.client[i]);
    const host = t(c.host[i]);
    const who = t(c.kind[i]) === "outside" ? "the outside, at " + host : host && host !== client ? client + " on " + host : client;
    const p = {
      key,
      who,
      from: t(c.from[i]),
      to: t(c.via[i]) === "egress" ? "the outside" : t(c.to[i]),
      network: t(c.network[i]),
      via: t(c.via[i]),
      target: t(c.target[i]),
      verdict: t(c.verdict[i]),
      reached: c.reached[i] ?? 0,
      backends: c.backends[i] ?? 0,
      segment: c.segment[i] ?? 0,
      alike: c.alike[i] ?? 0,
      cause: c.cause[i] ?? 0,
    };
    return { ...p, text: [p.who, p.from, p.to, p.network, p.via, p.target, p.verdict].join(" ").toLowerCase() };
  });
}

// paths lists paths with a filter, and shows one of them.
export function paths(app: App): void {
  let list: Promise<Path[]> | undefined;
  const all = () =>
    (list ??= app.data().then((d) => {
      const c = d.paths as PathColumns | undefined;
      return c ? unpack(d.s, c) : [];
    }));
  app.route("paths", { page: "paths", enter: async (p) => drawList(await all(), p, app) });
  app.route("path", { page: "path", enter: async (p) => drawOne(await all(), p) });
}

// drawList draws the table below the steps at which paths end. The query of the hash narrows it: segment, cause, from, to, q.
function drawList(list: Path[], place: Place, app: App): void {
  const box = document.getElementById("path-list");
  if (!box || list.length === 0) {
    return;
  }
  const given = (p: Path) =>
    ["segment", "cause"].every((k) => !place.query.has(k) || String(p[k as "segment" | "cause"]) === place.query.get(k)) &&
    ["from", "to", "network", "via", "verdict"].every((k) => !place.query.has(k) || p[k as "from" | "to"] === place.query.get(k));
  const narrowed = list.filter(given);
  const filter = h("input", { type: "search", placeholder: "filter: client, service, network, dropped …", "aria-label": "Filter the paths" });
  filter.value = place.query.get("q") ?? "";
  const shown = h("span", { class: "sub", role: "status" });
  const body = h("tbody");
  const more = h("p", { class: "more" });
  let most = shownAtOnce;
  const draw = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = narrowed.filter((p) => words.every((w) => p.text.includes(w)));
    shown.textContent = hits.length === list.length ? `${list.length} paths` : `${hits.length} of ${list.length} paths`;
    body.replaceChildren(...hits.slice(0, most).map(row));
    more.replaceChildren(
      ...(hits.length > most
        ? [
            button(`show ${Math.min(hits.length - most, 1000)} more`, () => {
              most += 1000;
              draw();
            }),
          ]
        : []),
    );
  };
  filter.addEventListener("input", () => {
    most = shownAtOnce;
    draw();
  });
  const head = ["Verdict", "Client", "Asks", "How", "Network", "Ends with"].map((name) => h("th", { scope: "col" }, name));
  const narrow = narrowed.length < list.length && h("a", { href: href("paths") }, "all paths");
  box.replaceChildren(
    h("h3", {}, "All that are listed"),
    h("p", { class: "filter" }, filter, shown, narrow),
    h("div", { class: "scroll" }, h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ...head)), body)),
    more,
  );
  draw();
  for (const end of document.querySelectorAll<HTMLElement>("#ends > li")) {
    end.hidden = !narrowed.some((p) => String(p.segment) === end.dataset.segment);
  }
  if (place.query.size > 0) {
    box.scrollIntoView();
  }
  void app;
}

function row(p: Path): HTMLTableRowElement {
  const tone = tones[p.verdict] ?? "open";
  const reached = p.verdict === "dropped" || p.backends < 2 ? "" : `${p.reached} of ${p.backends} surely reached`;
  return h(
    "tr",
    {},
    h("td", {}, h("a", { class: "sev", "data-tone": tone, href: href("path", p.key) }, mark(tone), p.verdict), reached && h("span", { class: "sub" }, reached)),
    h("td", {}, h("b", {}, p.who), p.from && p.from !== p.who ? h("span", { class: "sub" }, p.from) : null),
    h("td", {}, h("b", {}, p.to), p.target ? h("span", { class: "sub" }, p.target) : null),
    h("td", {}, p.via),
    h("td", {}, p.network),
    h("td", {}, p.cause ? h("a", { href: href("c", p.cause) }, `cause ${p.cause}`) : "", p.alike ? h("span", { class: "sub" }, `and ${p.alike} alike`) : null),
  );
}

// drawOne shows the path of a key, #/path/3, or of a client and a service, #/path/vote.1/rr. One that is not walked hop by hop itself is
// shown by the one that ends in the same step.
function drawOne(list: Path[], place: Place): boolean {
  const [a = "", b] = place.args;
  const wanted =
    b === undefined
      ? list.find((p) => String(p.key) === a)
      : list.find((p) => (p.who === a || p.from === a || p.who.startsWith(a + " on ")) && p.to === b);
  const cards = [...document.querySelectorAll<HTMLElement>("#path article.path")];
  const card = cards.find((c) => c.dataset.path === String(wanted?.key)) ?? cards.find((c) => wanted?.segment && c.dataset.segment === String(wanted.segment));
  for (const c of cards) {
    c.classList.toggle("on", c === card);
  }
  const none = document.getElementById("path-none");
  if (none) {
    none.hidden = card !== undefined;
  }
  const same = card?.querySelector<HTMLElement>(".path-same");
  if (card && same && wanted) {
    const own = card.dataset.path === String(wanted.key);
    same.hidden = own;
    same.textContent = own ? "" : `${wanted.who} → ${wanted.to} (${wanted.via}) is ${wanted.verdict}, and ends in the same step as this path, which is shown for it.`;
  }
  card?.querySelector<HTMLElement>(".path-title")?.focus({ preventScroll: true });
  return card !== undefined;
}
