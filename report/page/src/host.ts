import type { App } from "./core";
import type { Clock, Host } from "./data";
import { h, type Child } from "./dom";
import { containerColumns } from "./container";
import { isParty, type Index } from "./index";
import { chip, facts, findingList, hostLink, networkLink, section, tunnel, unknown } from "./parts";
import { calls, stat } from "./service";
import { table } from "./table";
import { count, thousands, utc } from "./words";

// hosts shows one host: what it is, what was captured of it, what is on it and what is wrong there.
export function hosts(app: App): void {
  app.drawn("host", (ix, p) => {
    const host = ix.hosts.get(p.args[0] ?? "");
    return host && one(ix, host);
  });
}

function one(ix: Index, x: Host): HTMLElement {
  const found = ix.findings.filter((f) => f.host === x.name);
  if (!x.bundle) {
    return h("article", { class: "thing" }, h("h2", {}, "Host ", x.name, " ", chip("open", "not captured")), h("p", {}, "The swarm names it, and nobody captured it: nothing is known of it but what other hosts tell."), facts(["role", x.role ?? ""], ["node", x.node ?? ""]), section("Findings on other hosts that name it", findingList(ix.naming([x.name]), "None.")));
  }
  const containers = ix.containersOf("host", x.name);
  const networks = (ix.data.networks ?? []).filter((n) => (n.hosts ?? []).includes(x.name));
  const tunnels = (ix.data.tunnels ?? []).filter((t) => t.from === x.name || t.to === x.name);
  const clock = (ix.data.clocks ?? []).find((c) => c.host === x.name);
  const edges = ix.edges((e) => isParty(e.client, "host", x.name) || isParty(e.server, "host", x.name));
  const running = containers.filter((c) => c.state === "running").length;
  return h(
    "article",
    { class: "thing" },
    h("h2", {}, "Host ", x.name, " ", x.found > 0 ? chip(["clean", "low", "medium", "high", "critical"][x.worst] ?? "open", count(x.findings, "finding")) : x.unjudged > 0 ? chip("open", "no findings, not all judged") : chip("clean", "no findings")),
    h(
      "div",
      { class: "three" },
      stat("containers running", ix.data.containers === null ? unknown() : `${running} of ${containers.length}`),
      stat("checks clean", `${x.clean} of ${x.clean + x.found + x.unjudged}`, x.unjudged > 0 ? `${x.unjudged} not judged` : ""),
      stat("items captured whole", `${thousands(x.items - x.gaps)} of ${thousands(x.items)}`, x.gaps > 0 ? count(x.gaps, "gap") : ""),
    ),
    section("Findings here", findingList(found, x.unjudged > 0 ? `None; ${x.unjudged} checks could not be judged here.` : "None.", x.findings)),
    facts(
      ["role", x.role ?? ""],
      ["engine", x.engine ?? ""],
      ["kernel", x.kernel ?? ""],
      ["captured", utc(x.captured)],
      ["clock", clock ? clockWords(clock) : ""],
      ["bundle", h("code", {}, x.bundle)],
      ["ends early", x.interrupted ?? "no"],
      ["rows", thousands(x.rows)],
      ["node", x.node ? h("code", {}, x.node) : ""],
    ),
    x.gaps > 0 ? section("What is missing of it", h("ul", { class: "plainlist" }, ...(x.reasons ?? []).map((r) => h("li", {}, r)), x.gaps > (x.reasons ?? []).length ? h("li", {}, h("a", { href: "#/coverage" }, `all ${x.gaps} in the coverage`)) : null)) : null,
    section("Networks", networks.length === 0 ? h("p", { class: "calm" }, ix.data.networks === null ? "Not known." : "None.") : h("ul", { class: "flow" }, ...networks.map((n) => h("li", {}, networkLink(ix, n.id), ` ${n.driver}`, n.vni ? ` VNI ${n.vni}` : "")))),
    tunnels.length > 0
      ? section(
          "Tunnels that are not whole",
          h("ul", { class: "plainlist" }, ...tunnels.map((t) => h("li", {}, tunnel(t), " ", hostLink(t.from), " → ", ix.hosts.has(t.to) ? hostLink(t.to) : t.to, " on ", networkLink(ix, t.network), t.missing?.length ? h("span", { class: "sub" }, `lacks ${t.missing.join(", ")}`) : null, t.wrong?.length ? h("span", { class: "sub" }, `leads elsewhere: ${t.wrong.join(", ")}`) : null))),
        )
      : null,
    edges.length > 0 ? section("Processes of the host that talk", calls(ix, edges, (e) => (isParty(e.client, "host", x.name) ? e.server : e.client), "")) : null,
    containers.length > 0 ? table("Containers here", containerColumns(ix).filter((c) => c.name !== "Host"), [...containers].sort((a, b) => weight(a.tone) - weight(b.tone))) : null,
  );
}

// weight puts what failed first.
export function weight(tone: string): number {
  return { critical: 0, high: 1, medium: 2, low: 3, open: 4, clean: 5 }[tone] ?? 4;
}

// clockWords says how far the clock may be off. Nothing in the page is corrected by it.
export function clockWords(c: Clock): Child {
  const parts: string[] = [];
  if (c.low_s !== undefined && c.high_s !== undefined) {
    parts.push(`between ${c.low_s.toFixed(3)} and ${c.high_s.toFixed(3)} s ahead of ${c.leader ?? "the leader"}`);
  } else if (c.leader === c.host) {
    parts.push("the leader's, which the others are compared with");
  } else {
    parts.push("how far it is off is not known");
  }
  if (c.synced !== undefined) {
    parts.push(c.synced ? "held for synchronised by the kernel" : "not held for synchronised by the kernel");
  }
  if (c.why) {
    parts.push(c.why);
  }
  return parts.join("; ");
}
