import type { App } from "./core";
import type { Network, Tunnel } from "./data";
import { h } from "./dom";
import type { Index } from "./index";
import { mesh } from "./mesh";
import { chip, facts, findingList, hostLink, join, networkLink, section, serviceLink, tunnel } from "./parts";
import { table } from "./table";
import { count, short } from "./words";

// networks shows the list of networks, and one with the tunnels that carry it.
export function networks(app: App): void {
  app.drawn("net", (ix, p) => {
    const name = p.args.join("/");
    if (name === "") {
      return list(ix);
    }
    const n = ix.networks.get(name);
    return n && one(ix, n);
  });
}

function kind(n: Network): string {
  return [n.driver, n.scope, n.ingress ? "ingress" : "", n.encrypted ? "encrypted" : ""].filter(Boolean).join(", ");
}

function use(n: Network): string {
  return n.size ? `${n.used ?? "?"} of ${n.size}` : "not known";
}

// lacking are the tunnels of a network that do not hold what they should.
function lacking(ix: Index, n: Network): Tunnel[] {
  return (ix.data.tunnels ?? []).filter((t) => t.network === n.name && ((t.lacks ?? 0) > 0 || (t.strays ?? 0) > 0));
}

function list(ix: Index): HTMLElement {
  if (ix.data.networks === null) {
    return h("div", {}, h("h2", {}, "Networks"), h("p", { class: "calm" }, "Not known: no network was captured."));
  }
  return h(
    "div",
    {},
    h("h2", {}, "Networks"),
    table(
      "Networks",
      [
        { name: "Network", text: (n) => n.name, node: (n) => networkLink(ix, n.id) },
        { name: "Kind", text: kind, wide: 1.2 },
        { name: "VNI", text: (n) => String(n.vni ?? ""), value: (n) => n.vni ?? 0, wide: 0.5 },
        { name: "Subnets", text: (n) => (n.subnets ?? []).join(" ") },
        { name: "Addresses used", text: use, value: (n) => (n.size ? (n.used ?? 0) / n.size : -1) },
        { name: "Hosts", text: (n) => String(n.hosts?.length ?? 0), value: (n) => n.hosts?.length ?? 0, wide: 0.5 },
        { name: "Services", text: (n) => String(n.services?.length ?? 0), value: (n) => n.services?.length ?? 0, wide: 0.6 },
        { name: "Tunnels with gaps", text: (n) => String(lacking(ix, n).length), value: (n) => lacking(ix, n).length },
      ],
      ix.data.networks,
    ),
  );
}

function one(ix: Index, n: Network): HTMLElement {
  const tunnels = (ix.data.tunnels ?? []).filter((t) => t.network === n.name);
  const bad = lacking(ix, n);
  return h(
    "article",
    { class: "thing" },
    h("h2", {}, "Network ", n.name, " ", bad.length > 0 ? chip("critical", `${count(bad.length, "tunnel")} lack something`) : n.driver === "overlay" && ix.data.tunnels === null ? chip("open", "tunnels not known") : null),
    facts(
      ["kind", kind(n)],
      ["VNI", n.vni ? String(n.vni) : n.driver === "overlay" ? "" : "none"],
      ["subnets", ...join((n.subnets ?? []).map((x) => h("code", {}, x)))],
      ["addresses used", use(n)],
      ["services", ...(n.services?.length ? join(n.services.map((x) => serviceLink(ix, x))) : ["none known"])],
      ["hosts that have it", ...(n.hosts?.length ? join(n.hosts.slice(0, 60).map(hostLink)) : ["none captured"]), (n.hosts?.length ?? 0) > 60 ? ` and ${n.hosts!.length - 60} more` : ""],
      ["tunnels", n.tunnels ? `${n.whole ?? 0} of ${n.tunnels} hold all that they should` : n.driver === "overlay" ? "" : "none"],
      ["id", h("code", {}, short(n.id))],
      ["address", n.ref ? h("code", {}, n.ref) : ""],
    ),
    mesh(ix.data, n) ?? null,
    tunnels.length > 0
      ? table(
          "Tunnels, host to host: what one holds of the endpoints on the other",
          [
            { name: "From", text: (t) => t.from, node: (t) => hostLink(t.from) },
            { name: "To", text: (t) => t.to, node: (t) => (ix.hosts.has(t.to) ? hostLink(t.to) : t.to) },
            { name: "Holds", text: (t) => `${t.held} of ${t.expected}`, node: (t) => tunnel(t), value: (t) => -10 * (t.lacks ?? 0) - (t.strays ?? 0), wide: 1.6 },
            { name: "Lacks", text: (t) => (t.missing ?? []).join(", "), wide: 2 },
            { name: "Leads elsewhere", text: (t) => (t.wrong ?? []).join(", "), wide: 1.4 },
          ],
          tunnels,
        )
      : n.driver === "overlay"
        ? h("p", { class: "calm" }, ix.data.tunnels === null ? "Not known: what the kernels hold of each other's endpoints was not captured." : "No tunnel of it is known to lack anything.")
        : null,
    section("Findings that name it", findingList(ix.naming([n.name, short(n.id)]), "None.")),
  );
}
