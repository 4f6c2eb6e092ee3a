import type { App } from "./core";
import { h, mark } from "./dom";
import { hasWord, type Index } from "./index";
import { href } from "./route";
import { short } from "./words";

// A Hit is something that a search found.
interface Hit {
  kind: string;
  title: string;
  sub: string;
  tone: string;
  href: string;
}

// A Query is words that all must occur, and tokens such as host:node1 that say where.
export interface Query {
  words: string[];
  tokens: [string, string][];
}

export const tokenNames = ["host", "svc", "net", "sev", "rule", "ctr", "kind"];

export function parseQuery(text: string): Query {
  const q: Query = { words: [], tokens: [] };
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const colon = word.indexOf(":");
    const name = word.slice(0, colon);
    if (colon > 0 && tokenNames.includes(name) && word.length > colon + 1) {
      q.tokens.push([name, word.slice(colon + 1)]);
    } else {
      q.words.push(word);
    }
  }
  return q;
}

const most = 60;

// find searches findings, causes, services, hosts, networks and containers, in this order.
export function find(ix: Index, text: string): { hits: Hit[]; more: number } {
  const q = parseQuery(text);
  const hits: Hit[] = [];
  let more = 0;
  // A thing is judged by the texts that each token is about; a token that is about none of its texts excludes it.
  const add = (hit: () => Hit, all: string, about: Record<string, string>) => {
    const low = all.toLowerCase();
    for (const [name, value] of q.tokens) {
      const field = about[name];
      if (field === undefined) {
        return;
      }
      const have = field.toLowerCase();
      if (name === "sev" || name === "kind" ? have !== value : !have.includes(value)) {
        return;
      }
    }
    if (!q.words.every((w) => low.includes(w))) {
      return;
    }
    if (hits.length < most) {
      hits.push(hit());
    } else {
      more++;
    }
  };
  const names = { svc: [...(ix.data.services ?? [])].map((s) => s.name), net: [...(ix.data.networks ?? [])].map((n) => n.name) };
  const wanted = (token: string) => q.tokens.filter(([n]) => n === token).map(([, v]) => v);
  for (const f of ix.findings) {
    const body = `${f.summary}\n${f.subject}\n${f.facts}`;
    // A finding is about the services and networks that it names.
    const low = body.toLowerCase();
    const about = (token: "svc" | "net") => names[token].filter((n) => wanted(token).some((w) => n.toLowerCase().includes(w)) && hasWord(low, n.toLowerCase())).join("\n");
    add(() => ({ kind: "finding", title: f.summary, sub: `${f.rule} · on ${f.host}`, tone: f.severity, href: href("f", f.id) }), `${body}\n${f.rule}\n${f.host}\n${f.id}`, {
      host: f.host,
      sev: f.severity,
      rule: f.rule,
      svc: wanted("svc").length ? about("svc") : "",
      net: wanted("net").length ? about("net") : "",
      kind: "finding",
    });
  }
  for (const c of ix.data.causes) {
    add(() => ({ kind: "cause", title: c.summary, sub: `${c.name} · on ${c.host}`, tone: c.severity, href: href("c", c.rank) }), `${c.summary}\n${c.name}\n${c.host}`, { host: [c.host, ...(c.hosts ?? [])].join("\n"), sev: c.severity, rule: c.name, svc: (c.services ?? []).join("\n"), kind: "cause" });
  }
  for (const s of ix.data.services ?? []) {
    add(() => ({ kind: "service", title: s.name, sub: s.image ?? "", tone: "none", href: href("svc", s.name) }), `${s.name}\n${s.image ?? ""}\n${s.id}\n${(s.vips ?? []).map((v) => v.ip).join("\n")}`, { svc: s.name, net: (s.networks ?? []).join("\n"), kind: "service" });
  }
  for (const x of ix.data.hosts) {
    add(() => ({ kind: "host", title: x.name, sub: [x.role, x.engine, x.bundle ? "" : "not captured"].filter(Boolean).join(" · "), tone: "none", href: href("host", x.name) }), `${x.name}\n${x.node ?? ""}\n${x.engine ?? ""}\n${x.kernel ?? ""}`, { host: x.name, kind: "host" });
  }
  for (const n of ix.data.networks ?? []) {
    add(() => ({ kind: "network", title: n.name, sub: [n.driver, ...(n.subnets ?? [])].join(" "), tone: "none", href: href("net", n.id) }), `${n.name}\n${n.id}\n${(n.subnets ?? []).join("\n")}\n${n.vni ?? ""}`, { net: n.name, svc: (n.services ?? []).join("\n"), host: (n.hosts ?? []).join("\n"), kind: "network" });
  }
  for (let i = 0; i < ix.containers; i++) {
    const c = ix.container(i);
    add(() => ({ kind: "container", title: c.name || short(c.id), sub: `${c.state} on ${c.host} · ${short(c.id)} ${c.ips.join(" ")}`, tone: c.tone, href: href("ctr", c.id) }), `${c.name}\n${c.id}\n${c.image}\n${c.ips.join("\n")}\n${c.state}`, { host: c.host, svc: c.service, ctr: `${c.name}\n${c.id}`, kind: "container" });
  }
  return { hits, more };
}

// search is the box in the head: results below it, walked with the arrows.
export function search(app: App): void {
  const box = h("input", { type: "search", id: "search", placeholder: "search (/)", "aria-label": "Search findings, services, hosts, networks, containers", role: "combobox", "aria-expanded": "false", "aria-controls": "hits", autocomplete: "off", spellcheck: "false" });
  const list = h("ul", { class: "hits", id: "hits", role: "listbox", "aria-label": "Results" });
  const wrap = h("div", { class: "search" }, box, list);
  list.hidden = true;
  let at = -1;
  let turn = 0;

  const options = () => [...list.querySelectorAll<HTMLElement>("[role=option]")];
  const close = () => {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    at = -1;
  };
  const choose = (n: number) => {
    const all = options();
    at = all.length === 0 ? -1 : (n + all.length) % all.length;
    all.forEach((o, i) => o.setAttribute("aria-selected", String(i === at)));
    const o = all[at];
    box.setAttribute("aria-activedescendant", o?.id ?? "");
    o?.scrollIntoView({ block: "nearest" });
  };
  const show = async () => {
    const mine = ++turn;
    if (box.value.trim() === "") {
      close();
      return;
    }
    const { hits, more } = find(await app.index(), box.value);
    if (mine !== turn) {
      return;
    }
    list.replaceChildren(
      ...hits.map((x, i) => h("li", { role: "option", id: `hit-${i}`, "aria-selected": "false" }, h("a", { href: x.href, tabindex: -1, click: close }, h("span", { class: "kind" }, x.kind), h("span", { class: "what", "data-tone": x.tone }, x.tone === "none" ? null : mark(x.tone), x.title, h("span", { class: "sub" }, x.sub))))),
      h("li", { class: "calm", role: "presentation" }, hits.length === 0 ? "Nothing." : more > 0 ? `and ${more} more: add a word or a token` : "", ` Tokens: ${tokenNames.map((t) => t + ":").join(" ")}`),
    );
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    choose(0);
  };
  box.addEventListener("input", () => void show());
  box.addEventListener("focus", () => void show());
  box.addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) {
      e.preventDefault();
      choose(at + step);
    } else if (e.key === "Enter") {
      const a = options()[at]?.querySelector("a");
      if (a) {
        close();
        box.blur();
        app.go(a.getAttribute("href") ?? "#/");
      }
    }
  });
  document.addEventListener("click", (e) => {
    if (e.target instanceof Node && !wrap.contains(e.target)) {
      close();
    }
  });
  app.keys.on("/", "search: words, and tokens such as host:node1 sev:high svc:vote net:back rule:…", () => {
    box.focus();
    box.select();
  });
  app.keys.on("Escape", "close, or go back to the overview", () => {
    if (document.querySelector("dialog[open]")) {
      return false;
    }
    if (!list.hidden || document.activeElement === box) {
      close();
      box.blur();
      return;
    }
    app.go("#/");
  });
  app.route("search", {
    page: "overview",
    enter(p) {
      box.value = p.query.get("q") ?? "";
      box.focus();
    },
  });
  app.tools.append(wrap);
}
