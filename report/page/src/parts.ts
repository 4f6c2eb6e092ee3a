import { h, mark, type Child } from "./dom";
import type { Edge, Flow, Party, Tunnel } from "./data";
import { stateTone, type Container, type Finding, type Index } from "./index";
import { href } from "./route";
import { count, rate, short } from "./words";

// The parts that pages of things share: links between them, chips, lists.

export function hostLink(name: string): Child {
  return name === "" ? "–" : h("a", { href: href("host", name) }, name);
}

export function serviceLink(ix: Index, name: string): Child {
  return ix.services.has(name) ? h("a", { href: href("svc", name) }, name) : name || "–";
}

export function containerLink(c: Container): Child {
  return h("a", { href: href("ctr", c.id) }, c.name || short(c.id));
}

export function networkLink(ix: Index, name: string): Child {
  return ix.networks.has(name) ? h("a", { href: href("net", name) }, ix.networks.get(name)?.name ?? name) : name;
}

export function partyLink(ix: Index, p: Party): Child {
  switch (p.kind) {
    case "service":
      return serviceLink(ix, p.name);
    case "host":
      return ix.hosts.has(p.name) ? h("span", {}, "host ", hostLink(p.name)) : `host ${p.name}`;
    case "ingress":
      return p.name || "routing mesh";
    case "container": {
      const found = ix.containersWhere((i) => ix.data.containers!.name[i] === p.name);
      return found[0] ? containerLink(found[0]) : p.name;
    }
  }
  return p.kind === "unknown" ? `${p.name} (nobody is known to have it)` : p.name || p.kind;
}

// chip is a word with the mark and the colour of a tone.
export function chip(tone: string, word: string): HTMLElement {
  const kind = tone === "clean" || tone === "open" ? tone : "found";
  return h("span", { class: "cell", "data-kind": kind, "data-tone": tone }, mark(tone), word);
}

export function severity(word: string): HTMLElement {
  return h("span", { class: "sev", "data-tone": word }, mark(word), word);
}

// join puts a separator between children.
export function join(list: Child[], sep = ", "): Child[] {
  return list.flatMap((c, i) => (i === 0 ? [c] : [sep, c]));
}

// facts is a list of names and what is known; what is not known says so.
export function facts(...list: [string, ...Child[]][]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...list.flatMap(([name, ...value]) => {
      const empty = value.every((v) => v === "" || v === undefined || v === null || v === false);
      return [h("dt", {}, name), h("dd", {}, ...(empty ? [unknown()] : value))];
    }),
  );
}

// unknown is what stands where nothing was captured: never nothing, never a zero.
export function unknown(word = "not known"): HTMLElement {
  return h("span", { class: "unknown" }, word);
}

export function section(title: Child, ...body: Child[]): HTMLElement {
  return h("section", {}, h("h3", {}, title), ...body);
}

// findingList are findings as links, worst first as everywhere. There may be more of them than the list has.
export function findingList(list: Finding[], none: string, all = list.length): HTMLElement {
  if (list.length === 0) {
    return h("p", { class: "calm" }, none);
  }
  const most = 40;
  return h(
    "ul",
    { class: "plainlist" },
    ...list.slice(0, most).map((f) => h("li", {}, severity(f.severity), " ", h("a", { href: href("f", f.id) }, f.summary), h("span", { class: "sub" }, `${f.rule} · on ${f.host}`))),
    all > most ? h("li", { class: "calm" }, h("a", { href: href("search") + "?q=" + encodeURIComponent("host:" + (list[0]?.host ?? "")) }, `and ${count(all - most, "finding")} more`)) : null,
  );
}

// edgeState is what becomes of the packets of an edge, in a word.
export function edgeState(e: Edge): HTMLElement {
  const t = e.pairs;
  const how = t && t.pairs > 0 ? ` ${t.delivered} of ${t.pairs} ${t.pairs === 1 ? "pair" : "pairs"}` : "";
  switch (e.state) {
    case "delivered":
      return chip("clean", "delivered" + how);
    case "partly":
      return chip("high", "in part" + how);
    case "dropped":
      return chip("critical", "dropped" + (e.hop ? ` at ${e.hop}` : ""));
    case "cannot tell":
      return chip("open", "cannot tell");
  }
  return chip("open", "not walked");
}

export { stateTone };

// tunnel is what a tunnel holds of what it should.
export function tunnel(t: Tunnel): HTMLElement {
  const words = `${t.held} of ${t.expected} held`;
  if (t.lacks) {
    return chip("critical", `${words}, ${t.lacks} lacking`);
  }
  if (t.strays) {
    return chip("high", `${words}, ${t.strays} lead elsewhere`);
  }
  return t.held < t.expected ? chip("open", `${words}, the rest not known`) : chip("clean", words);
}

// flow is one line of traffic, as it was seen at capture.
export function flow(f: Flow): string {
  const parts = [`${f.proto}/${f.port}`, f.quality];
  if (f.connections !== undefined) {
    parts.push(count(f.connections, "connection"));
  }
  parts.push(rate(f.rate));
  if (f.segs && f.again) {
    parts.push(`${((100 * f.again) / f.segs).toFixed(1)}% sent again`);
  }
  if (f.refused) {
    parts.push(`${f.refused} refused`);
  }
  if (f.unanswered) {
    parts.push(`${f.unanswered} unanswered`);
  }
  if (f.rtt_us !== undefined) {
    parts.push(`${(f.rtt_us / 1000).toFixed(1)} ms there and back`);
  }
  return parts.join(", ");
}
