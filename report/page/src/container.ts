import type { App } from "./core";
import { h } from "./dom";
import { isParty, type Container, type Index } from "./index";
import { chip, containerLink, facts, findingList, hostLink, join, section, serviceLink } from "./parts";
import { calls } from "./service";
import { table } from "./table";
import { short, utc } from "./words";

// containers shows the list of containers, and one.
export function containers(app: App): void {
  app.drawn("ctr", (ix, p) => {
    const id = p.args[0] ?? "";
    if (id === "") {
      return list(ix, p.query.get("q") ?? "");
    }
    const c = ix.byID(id);
    return c && one(ix, c);
  });
}

// state is what Docker says of a container, in a word with what makes it worse.
export function state(c: Container): string {
  const words = [c.state];
  if (c.state === "exited" || c.state === "dead") {
    words.push(`with ${c.exit}`);
  }
  if (c.oom) {
    words.push("out of memory");
  }
  if (c.health && c.health !== "none" && c.health !== "healthy") {
    words.push(c.health);
  }
  return words.join(" ");
}

// containerColumns are those of every list of containers.
export function containerColumns(ix: Index) {
  return [
    { name: "Container", text: (c: Container) => c.name, node: containerLink, wide: 1.6 },
    { name: "Host", text: (c: Container) => c.host, node: (c: Container) => hostLink(c.host) },
    { name: "Service", text: (c: Container) => c.service, node: (c: Container) => serviceLink(ix, c.service) },
    { name: "State", text: state, node: (c: Container) => chip(c.tone, state(c)), wide: 1.3 },
    { name: "Restarts", text: (c: Container) => String(c.restarts), value: (c: Container) => c.restarts, wide: 0.6 },
    { name: "Started", text: (c: Container) => utc(c.started), value: (c: Container) => c.started, wide: 1.2 },
    { name: "Addresses", text: (c: Container) => c.ips.join(" ") },
    { name: "Id", text: (c: Container) => short(c.id), wide: 0.9 },
  ];
}

function list(ix: Index, filter: string): HTMLElement {
  if (ix.data.containers === null) {
    return h("div", {}, h("h2", {}, "Containers"), h("p", { class: "calm" }, "Not known: no container was captured."));
  }
  return h("div", {}, h("h2", {}, "Containers"), table("All containers of the captured hosts", containerColumns(ix), ix.containersWhere(() => true), { filter }));
}

function one(ix: Index, c: Container): HTMLElement {
  const names = [c.name, short(c.id), ...c.ips];
  const label = /^(.+\.\d+)\.[0-9a-z]{25}$/.exec(c.name)?.[1];
  if (label) {
    names.push(label);
  }
  return h(
    "article",
    { class: "thing" },
    h("h2", {}, "Container ", c.name || short(c.id), " ", chip(c.tone, state(c))),
    facts(
      ["host", hostLink(c.host)],
      ["service", c.service ? serviceLink(ix, c.service) : "none"],
      ["image", c.image ? h("code", {}, c.image) : ""],
      ["started", utc(c.started)],
      ["ended", c.finished ? utc(c.finished) : c.state === "running" ? "runs" : ""],
      ["exit code", c.state === "running" ? "runs" : String(c.exit)],
      ["restarts", String(c.restarts)],
      ["addresses", ...join(c.ips.map((ip) => h("code", {}, ip)))],
      ["namespace", c.netns ? h("code", {}, c.netns) : ""],
      ["log on its host", c.log ? h("code", {}, c.log) : ""],
      ["id", h("code", {}, c.id)],
      ["address", c.ref ? h("code", {}, c.ref) : ""],
    ),
    h(
      "div",
      { class: "two" },
      section("Who calls it", calls(ix, ix.edges((e) => isParty(e.server, "container", c.name)), (e) => e.client, c.service ? "See its service." : "Nobody is known to.")),
      section("Whom it calls", calls(ix, ix.edges((e) => isParty(e.client, "container", c.name)), (e) => e.server, c.service ? "See its service." : "Nobody is known to be called.")),
    ),
    section("Findings that name it", findingList(ix.naming(names), "None.")),
  );
}
