import type { App } from "./core";
import type { Edge, Port, Service } from "./data";
import { h, s, type Child } from "./dom";
import { isParty, stateTone, type Index, type Task } from "./index";
import { chip, containerLink, edgeState, facts, findingList, flow, hostLink, join, networkLink, partyLink, section, unknown } from "./parts";
import { table } from "./table";
import { short, utc } from "./words";

// services shows the list of services, and one: what is wanted, what runs, what is reached, and who talks to whom.
export function services(app: App): void {
  app.drawn("svc", (ix, p) => {
    const name = p.args.join("/");
    if (name === "") {
      return list(ix);
    }
    const service = ix.services.get(name);
    return service && one(ix, service);
  });
}

// reached is how many of the pairs that have it as server are served, in a word.
function reached(x: Service): HTMLElement {
  const t = x.to;
  if (!t || t.pairs === 0) {
    return chip("open", "no path walked");
  }
  if (t.dropped + t.partly > 0) {
    return chip(t.dropped > 0 ? "critical" : "high", `${t.dropped + t.partly} of ${t.pairs} broken`);
  }
  if (t.unknown > 0 || t.at_least) {
    return chip("open", t.at_least ? `${t.delivered} delivered, not all counted` : `${t.unknown} of ${t.pairs} cannot be told`);
  }
  return chip("clean", `all ${t.pairs} delivered`);
}

function running(x: Service): string {
  return x.wanted === undefined ? "not known" : `${x.running ?? "?"} of ${x.wanted}`;
}

function list(ix: Index): HTMLElement {
  const all = ix.data.services;
  if (all === null) {
    return h("div", {}, h("h2", {}, "Services"), h("p", { class: "calm" }, "No manager was captured, and no container tells of a service: nothing is known of services."));
  }
  const bad = (x: Service) => (x.to ? 1000 * (x.to.dropped + x.to.partly) + x.to.unknown : 0) + (x.wanted !== undefined && x.running !== x.wanted ? 1 : 0);
  return h(
    "div",
    {},
    h("h2", {}, "Services"),
    table(
      "Services, the least reached first",
      [
        { name: "Service", text: (x) => x.name, node: (x) => partyLink(ix, { kind: "service", name: x.name }), wide: 1.6 },
        { name: "Running", text: running },
        { name: "Reached", text: (x) => reached(x).textContent ?? "", node: reached, value: (x) => -bad(x), wide: 1.4 },
        { name: "Mode", text: (x) => [x.mode, x.endpoint_mode].filter(Boolean).join(", ") },
        { name: "Networks", text: (x) => (x.networks ?? []).join(", "), wide: 1.4 },
        { name: "Image", text: (x) => x.image ?? "", wide: 2 },
      ],
      [...all].sort((a, b) => bad(b) - bad(a)),
    ),
  );
}

function one(ix: Index, x: Service): HTMLElement {
  const tasks = ix.tasks(x);
  const callers = ix.edges((e) => isParty(e.server, "service", x.name));
  const called = ix.edges((e) => isParty(e.client, "service", x.name));
  const ports = (ix.data.ports ?? []).filter((p) => p.service === x.name);
  const queues = (ix.data.queues ?? []).filter((q) => isParty(q.party, "service", x.name));
  const causes = ix.data.causes.filter((c) => (c.services ?? []).includes(x.name));
  return h(
    "article",
    { class: "thing" },
    h("h2", {}, "Service ", x.name, " ", reached(x)),
    h(
      "div",
      { class: "three" },
      stat("wanted", x.wanted === undefined ? unknown() : String(x.wanted), x.by === "managers" ? "by the managers" : `told by ${x.by}: no manager was captured`),
      stat("running", x.running === undefined ? unknown() : String(x.running), "by the managers' word"),
      stat("reached", x.to ? `${x.to.delivered} of ${x.to.pairs}` : unknown("not walked"), x.to ? "client–service pairs whose packets arrive" : "no path to it was walked"),
    ),
    causes.length > 0 ? section(causes.some((c) => c.broken > 0) ? "Causes that break it" : "Causes that name it", h("ul", { class: "plainlist" }, ...causes.map((c) => h("li", {}, h("a", { href: `#/c/${c.rank}` }, c.summary), h("span", { class: "sub" }, `${c.name} · on ${c.host}`))))) : null,
    h(
      "div",
      { class: "two" },
      section("Who calls it", calls(ix, callers, (e) => e.client, "Nobody is known to.")),
      section("Whom it calls", calls(ix, called, (e) => e.server, "Nobody is known to be called.")),
    ),
    section("Tasks by host", byHost(tasks), table("Tasks", taskColumns(), tasks), x.ended ? h("p", { class: "calm" }, `${x.ended} further tasks ended; the database has them.`) : null),
    facts(
      ["virtual addresses", ...join((x.vips ?? []).map((v) => h("span", {}, h("code", {}, v.ip), " on ", networkLink(ix, v.network))))],
      ["published ports", ...join(ports.map((p) => h("span", {}, h("code", {}, `${p.published}→${p.target}/${p.proto}`), ` ${p.mode} `, portState(p))), ", ")],
      ["networks", ...join((x.networks ?? []).map((n) => networkLink(ix, n)))],
      ["mode", [x.mode, x.endpoint_mode].filter(Boolean).join(", ")],
      ["stack", x.stack ?? "none"],
      ["image", x.image ? h("code", {}, x.image) : ""],
      ["last update", x.updated ? `${utc(x.updated)}${x.update ? ", " + x.update : ""}` : ""],
      ["id", h("code", {}, short(x.id))],
      ["address", x.ref ? h("code", {}, x.ref) : ""],
    ),
    queues.length > 0 ? section("Listening sockets", h("ul", { class: "plainlist" }, ...queues.map((q) => h("li", {}, chip(q.verdict === "ok" ? "clean" : "high", q.verdict), ` ${q.proto}/${q.port} on `, hostLink(q.host), `: ${q.why}`)))) : null,
    section("Findings that name it", findingList(ix.naming([x.name]), "None.")),
  );
}

// stat is a large figure with its name.
export function stat(name: string, figure: Child, note = ""): HTMLElement {
  return h("div", { class: "stat" }, h("b", {}, figure), h("span", {}, name), h("small", {}, note));
}

// calls lists edges by what becomes of their packets, the worst first.
export function calls(ix: Index, edges: Edge[], other: (e: Edge) => Edge["client"], none: string): HTMLElement {
  if (edges.length === 0) {
    return h("p", { class: "calm" }, ix.data.edges === null ? "Not known: nothing captured tells who talks to whom." : none);
  }
  const weight: Record<string, number> = { critical: 0, high: 1, open: 2, clean: 3 };
  const sorted = [...edges].sort((a, b) => (weight[stateTone(a.state)] ?? 2) - (weight[stateTone(b.state)] ?? 2));
  return h(
    "ul",
    { class: "plainlist" },
    ...sorted.map((e) =>
      h("li", {}, partyLink(ix, other(e)), " ", edgeState(e), e.cause ? h("a", { class: "ref", href: `#/c/${e.cause}` }, `cause ${e.cause}`) : null, ...(e.flows ?? []).slice(0, 4).map((f) => h("span", { class: "sub" }, flow(f)))),
    ),
  );
}

function portState(p: Port): HTMLElement {
  const at = p.at ?? [];
  const whole = p.whole ?? 0;
  const hosts = at.length + whole + (p.at_left ?? 0);
  const works = whole + at.filter((a) => a.verdict === "delivered").length;
  const bad = at.filter((a) => a.verdict === "dropped" || a.verdict === "partly");
  if (hosts === 0 || (works === 0 && bad.length === 0)) {
    return chip("open", "not walked");
  }
  if (bad.length === 0) {
    return chip(works === hosts ? "clean" : "open", `works on ${works} of ${hosts} hosts`);
  }
  return chip(bad.some((a) => a.verdict === "dropped") ? "critical" : "high", `broken on ${bad.length} of ${hosts} hosts`);
}

// byHost draws a square for each task, hosts beside each other: a small multiple of where the service lives.
function byHost(tasks: Task[]): HTMLElement {
  const hosts = new Map<string, Task[]>();
  for (const t of tasks) {
    hosts.set(t.host || "no host", [...(hosts.get(t.host || "no host") ?? []), t]);
  }
  const most = 200;
  return h(
    "div",
    { class: "byhost" },
    ...[...hosts].slice(0, most).map(([name, list]) => {
      const size = 12;
      const across = Math.min(10, list.length);
      const squares = list.slice(0, 100).map((t, i) => {
        const to = taskTone(t);
        const q = s("rect", { x: (i % across) * (size + 3), y: Math.floor(i / across) * (size + 3), width: size, height: size, rx: to === "clean" ? 2 : 0, "data-tone": to }, s("title", {}, `${t.label}: ${t.state}`));
        return q;
      });
      const rows = Math.ceil(Math.min(list.length, 100) / across);
      return h("div", {}, hostLink(name === "no host" ? "" : name), s("svg", { width: across * (size + 3), height: rows * (size + 3), role: "img", "aria-label": `${list.length} tasks on ${name}` }, ...squares));
    }),
  );
}

function taskTone(t: Task): string {
  const c = t.container?.tone;
  if (c === "critical" || c === "high") {
    return c;
  }
  if (t.state === "running") {
    return "clean";
  }
  return t.state === "failed" || t.state === "rejected" || t.state === "orphaned" ? "critical" : "open";
}

function taskColumns() {
  return [
    { name: "Task", text: (t: Task) => t.label },
    { name: "Host", text: (t: Task) => t.host, node: (t: Task) => hostLink(t.host) },
    { name: "State", text: (t: Task) => t.state, node: (t: Task) => chip(taskTone(t), t.container?.health === "unhealthy" ? `${t.state}, unhealthy` : t.state) },
    { name: "Wanted", text: (t: Task) => t.desired },
    { name: "Addresses", text: (t: Task) => t.ips.join(" ") },
    { name: "Container", text: (t: Task) => t.container?.id ?? "", node: (t: Task) => (t.container ? containerLink(t.container) : unknown("not captured")) },
    { name: "Error", text: (t: Task) => t.err, wide: 1.5 },
  ];
}
