import type { Data, Network, Tunnel } from "./data";
import { h, s, type Child } from "./dom";
import { href } from "./route";

// The states of the map: who holds all, who lacks something, who lacks all, and of whom that is not known.
type State = "ok" | "part" | "bad" | "open";

const ringMost = 16; // hosts that a ring shows
const most = 60; // hosts that a matrix shows

const shapes: Record<State, string> = {
  ok: "M0-4.4A4.4 4.4 0 1 1-.01-4.4Z",
  part: "M0-5.2L5.4 4.4H-5.4Z",
  bad: "M0-5.6L5.6 0 0 5.6-5.6 0Z",
  open: "M0-4.2A4.2 4.2 0 1 1-.01-4.2Z",
};

function stateOf(t: Tunnel): State {
  const ill = (t.lacks ?? 0) + (t.strays ?? 0);
  if (t.expected > 0 && (t.lacks ?? 0) >= t.expected) {
    return "bad";
  }
  return ill > 0 ? "part" : t.expected === 0 || t.held < t.expected ? "open" : "ok";
}

function sign(state: State): SVGSVGElement {
  const p = s("path", { d: shapes[state], class: state === "open" ? "hollow" : null });
  return s("svg", { class: "mark m-mark", "data-state": state, viewBox: "-6 -6 12 12", width: 12, height: 12, "aria-hidden": "true" }, p);
}

function words(t: Tunnel): string {
  const out = [`${t.from} holds ${t.held} of ${t.expected} entries towards ${t.to}`];
  for (const [n, word] of [[t.lacks, "lacks"], [t.strays, "has elsewhere"], [t.untold, "is not known to have"]] as const) {
    if (n) {
      out.push(`${word} ${n}`);
    }
  }
  return out.join(", ");
}

// mesh draws who holds what of whom on a network: a matrix of hosts by hosts, for few of them a ring, and what is missing where one asks.
// Undefined when the network has no tunnels to speak of.
export function mesh(data: Data, n: Network): HTMLElement | undefined {
  const tunnels = (data.tunnels ?? []).filter((t) => t.network === n.name);
  const all = [...new Set([...(n.hosts ?? []), ...tunnels.flatMap((t) => [t.from, t.to])])].sort();
  if (n.driver !== "overlay" || data.tunnels === null || all.length < 2) {
    return undefined;
  }
  // Many hosts: those first that something is wrong with.
  const wrong = (name: string): number => tunnels.filter((t) => t.from === name || t.to === name).reduce((sum, t) => sum + (t.lacks ?? 0) + (t.strays ?? 0), 0);
  const hosts = all.length > most ? all.map((x) => [wrong(x), x] as const).sort((a, b) => b[0] - a[0]).slice(0, most).map((x) => x[1]).sort() : all;
  const at = new Map(tunnels.map((t) => [t.from + "\n" + t.to, t]));
  const detail = h("div", { class: "lacks", role: "status" });

  function tell(t: Tunnel): void {
    const list = (title: string, names: string[] | undefined, count: number | undefined): Child =>
      names?.length ? h("div", {}, h("b", {}, title), h("ul", {}, ...names.map((x) => h("li", {}, x)), (count ?? 0) > names.length ? h("li", {}, `and ${(count ?? 0) - names.length} more`) : null)) : null;
    detail.replaceChildren(h("p", {}, sign(stateOf(t)), words(t) + "."));
    for (const part of [list("It lacks", t.missing, t.lacks), list("It leads elsewhere for", t.wrong, t.strays)]) {
      if (part instanceof Node) {
        detail.append(part);
      }
    }
  }

  const cell = (from: string, to: string): HTMLElement => {
    if (from === to) {
      return h("td", {}, h("span", { class: "self" }, h("span", { class: "away" }, "itself")));
    }
    const t = at.get(from + "\n" + to);
    if (!t) {
      // Not listed: no endpoints there, or all of them are held, and it was left out.
      const word = data.healthy ? "nothing to hold, or all is held" : "nothing to hold";
      return h("td", {}, h("span", { class: "none", title: word }, "–", h("span", { class: "away" }, word)));
    }
    const b = h("button", { type: "button", "data-state": stateOf(t), "aria-label": `${t.held}/${t.expected}: ${words(t)}`, click: () => tell(t) }, sign(stateOf(t)), `${t.held}/${t.expected}`);
    return h("td", {}, b);
  };
  const matrix = h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "vtep" },
      h("caption", { class: "away" }, `Who holds what of whom on ${n.name}: rows hold, columns are held`),
      h("thead", {}, h("tr", {}, h("th", {}, "holds ↓ of →"), ...hosts.map((x) => h("th", { scope: "col" }, h("a", { href: href("host", x) }, x))))),
      h("tbody", {}, ...hosts.map((from) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: href("host", from) }, from)), ...hosts.map((to) => cell(from, to))))),
    ),
  );
  const worst = [...tunnels].sort((a, b) => (b.lacks ?? 0) + (b.strays ?? 0) - (a.lacks ?? 0) - (a.strays ?? 0))[0];
  if (worst && (worst.lacks ?? 0) + (worst.strays ?? 0) > 0) {
    tell(worst);
  } else {
    detail.append(h("p", { class: "calm" }, "Nothing is known to be missing between its hosts."));
  }
  const left = all.length > hosts.length ? h("p", { class: "calm" }, `${all.length - hosts.length} further hosts are left out, with which less is wrong.`) : null;
  return h(
    "section",
    { class: "vtep-mesh", "aria-label": "Tunnel ends" },
    h("h3", {}, "Who lacks whom ", h("small", {}, "forwarding entries of each host for the endpoints on each other host")),
    h("div", { class: "mesh-both" }, h("div", {}, matrix, left, detail), hosts.length <= ringMost ? ring(hosts, tunnels) : null),
  );
}

// ring sets hosts on a circle; an arrow leads from who should hold to whose endpoints they are. What is whole is drawn thin.
function ring(hosts: string[], tunnels: Tunnel[]): HTMLElement {
  const w = 560;
  const height = hosts.length === 2 ? 190 : 420;
  const place = new Map(
    hosts.map((name, i) => {
      const a = (2 * Math.PI * i) / hosts.length - (hosts.length === 2 ? Math.PI : Math.PI / 2);
      return [name, { x: Math.round(w / 2 + 195 * Math.cos(a)), y: Math.round(height / 2 + (height / 2 - 44) * Math.sin(a)) }];
    }),
  );
  const svg = s("svg", { class: "chart", viewBox: `0 0 ${w} ${height}`, role: "img", "aria-label": "Hosts in a ring, with arrows where something is missing; the matrix beside it has the figures" });
  const known = new Map(tunnels.map((t) => [t.from + "\n" + t.to, t]));
  for (const from of hosts) {
    for (const to of hosts) {
      const a = place.get(from);
      const b = place.get(to);
      if (from === to || !a || !b) {
        continue;
      }
      const t = known.get(from + "\n" + to);
      if (!t) {
        continue;
      }
      const state = stateOf(t);
      // Both directions bow to their right, and end outside the names.
      const dx = b.x - a.x;
      const dy = b.y - a.y;
      const far = Math.hypot(dx, dy);
      const gap = Math.min(46, far / 4);
      const p = { x: a.x + (dx / far) * gap - (dy / far) * 7, y: a.y + (dy / far) * gap + (dx / far) * 7 };
      const q = { x: b.x - (dx / far) * gap - (dy / far) * 7, y: b.y - (dy / far) * gap + (dx / far) * 7 };
      const c = { x: (p.x + q.x) / 2 - (dy / far) * far * 0.08, y: (p.y + q.y) / 2 + (dx / far) * far * 0.08 };
      const d = `M${p.x} ${p.y}Q${c.x} ${c.y} ${q.x} ${q.y}`;
      const group = s("g", { class: "m-edge", "data-state": state }, s("path", { class: "m-way", d, "stroke-width": state === "ok" ? 1 : 3 }));
      if (state !== "ok") {
        const m = { x: (p.x + 2 * c.x + q.x) / 4, y: (p.y + 2 * c.y + q.y) / 4 };
        const turn = (Math.atan2(q.y - c.y, q.x - c.x) * 180) / Math.PI;
        group.append(
          s("path", { class: "m-head", d: "M0 0L-9-5V5Z", transform: `translate(${q.x} ${q.y}) rotate(${turn})` }),
          s("g", { class: "m-sign", "data-state": state, transform: `translate(${m.x} ${m.y})` }, s("path", { d: shapes[state], class: state === "open" ? "hollow" : null })),
        );
      }
      svg.append(group);
    }
  }
  for (const [name, p] of place) {
    const shown = name.length > 12 ? name.slice(0, 7) + "…" + name.slice(-4) : name;
    const half = Math.max(30, shown.length * 4.4 + 12);
    svg.append(s("g", { class: "m-node" }, s("rect", { class: "m-card", x: p.x - half, y: p.y - 15, width: 2 * half, height: 30, rx: 15 }), s("text", { class: "m-name middle", x: p.x, y: p.y + 5 }, shown)));
  }
  return h("div", { class: "stage mesh-ring" }, svg);
}
