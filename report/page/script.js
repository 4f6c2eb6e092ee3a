(() => {
  // data.ts
  var severities = ["none", "low", "medium", "high", "critical"];
  async function read() {
    if (document.readyState === "loading") {
      await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    }
    const block = document.getElementById("data");
    const packed = Uint8Array.from(atob((block?.textContent ?? "").trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  // index.ts
  var Index = class {
    constructor(data) {
      this.data = data;
      this.hosts = new Map(data.hosts.map((h2) => [h2.name, h2]));
      this.services = new Map((data.services ?? []).map((s2) => [s2.name, s2]));
      this.networks = /* @__PURE__ */ new Map();
      for (const n of data.networks ?? []) {
        this.networks.set(n.id, n);
        if (!this.networks.has(n.name)) {
          this.networks.set(n.name, n);
        }
      }
      this.oom = new Set(data.containers?.oom ?? []);
      this.failed = new Set(data.containers?.failed ?? []);
      data.containers?.id.forEach((id, i) => this.ids.set(id, i));
      const f = data.findings;
      this.findings = (f.id ?? []).map((id, at) => ({
        no: f.no[at] ?? 0,
        id: this.text(id),
        rule: this.text(f.rule[at]),
        severity: severities[f.severity[at] ?? 0] ?? "none",
        host: this.text(f.host[at]),
        summary: this.text(f.summary[at]),
        subject: this.text(f.subject[at]),
        facts: this.text(f.facts[at]),
        anchor: this.text(f.anchor[at])
      }));
    }
    data;
    hosts;
    services;
    networks;
    findings;
    oom;
    failed;
    ids = /* @__PURE__ */ new Map();
    text(t) {
      return this.data.s[t ?? 0] ?? "";
    }
    get containers() {
      return this.data.containers?.id.length ?? 0;
    }
    container(at) {
      const c = this.data.containers;
      const line2 = c.line[at] ?? 0;
      const file = this.text(c.ref[at]);
      const row2 = {
        at,
        id: c.id[at] ?? "",
        name: c.name[at] ?? "",
        host: this.text(c.host[at]),
        service: this.text(c.service[at]),
        image: this.text(c.image[at]),
        state: this.text(c.state[at]),
        health: this.text(c.health[at]),
        exit: c.exit[at] ?? 0,
        oom: this.oom.has(at),
        restarts: c.restarts[at] ?? 0,
        started: c.started[at] ?? 0,
        finished: c.finished[at] ?? 0,
        ips: (c.ips[at] ?? "").split(" ").filter(Boolean),
        netns: this.text(c.netns[at]),
        log: this.text(c.log[at]).replaceAll("*", (c.id[at] ?? "") + (c.dense ? "*" : "")),
        ref: line2 > 0 ? `${file}:${line2}` : file,
        tone: this.tone(at)
      };
      return row2;
    }
    // tone is how a container looks: what failed is critical, what is unwell high, what runs clean, what only stands open.
    tone(at) {
      const c = this.data.containers;
      if (this.failed.has(at)) {
        return "critical";
      }
      switch (this.text(c.state[at])) {
        case "running":
          return this.text(c.health[at]) === "unhealthy" ? "high" : "clean";
        case "restarting":
        case "dead":
          return "critical";
      }
      return "open";
    }
    // byID is a container by its id or by the beginning of it, as docker takes it.
    byID(id) {
      const at = this.ids.get(id) ?? this.ids.get(id.slice(0, 12));
      if (at !== void 0) {
        return this.container(at);
      }
      if (id.length >= 6) {
        for (const [full, i] of this.ids) {
          if (full.startsWith(id)) {
            return this.container(i);
          }
        }
      }
      return void 0;
    }
    containersWhere(is) {
      const out = [];
      for (let i = 0; i < this.containers; i++) {
        if (is(i)) {
          out.push(this.container(i));
        }
      }
      return out;
    }
    containersOf(column, name) {
      const c = this.data.containers;
      const t = this.data.s.indexOf(name);
      return c && t > 0 ? this.containersWhere((i) => c[column][i] === t) : [];
    }
    tasks(service) {
      const t = this.data.tasks;
      const at = this.data.services?.indexOf(service) ?? -1;
      const out = [];
      const told2 = /* @__PURE__ */ new Set();
      t?.service.forEach((s2, i) => {
        if (s2 !== at) {
          return;
        }
        const c = t.container[i] ?? -1;
        const container = c >= 0 ? this.container(c) : void 0;
        told2.add(c);
        out.push({
          service,
          label: this.text(t.label[i]),
          host: this.text(t.host[i]),
          container,
          desired: this.text(t.desired[i]),
          state: this.text(t.state[i]),
          err: this.text(t.err[i]),
          ips: container ? container.ips : (t.ips[i] ?? []).map((x) => this.text(x))
        });
      });
      if (this.data.containers?.dense) {
        for (const c of this.containersOf("service", service.name)) {
          if (!told2.has(c.at) && c.state === "running") {
            out.push({ service, label: c.name, host: c.host, container: c, desired: "running", state: "running", err: "", ips: c.ips });
          }
        }
      }
      return out;
    }
    edges(is) {
      return (this.data.edges ?? []).filter(is);
    }
    // naming are the findings whose sentence, subject or facts name one of these as a whole word. It is a search, not a judgement.
    naming(names2) {
      const words4 = names2.filter((n) => n.length > 1).map((n) => n.toLowerCase());
      if (words4.length === 0) {
        return [];
      }
      return this.findings.filter((f) => {
        const text = `${f.summary}
${f.subject}
${f.facts}`.toLowerCase();
        return words4.some((w) => hasWord(text, w));
      });
    }
  };
  function hasWord(text, w) {
    const inner = /[\p{L}\p{N}_-]/u;
    for (let i = text.indexOf(w); i >= 0; i = text.indexOf(w, i + 1)) {
      const before = text[i - 1] ?? " ";
      const after = text[i + w.length] ?? " ";
      if (!inner.test(before) && before !== "." && !inner.test(after)) {
        return true;
      }
    }
    return false;
  }
  function stateTone(state2) {
    switch (state2) {
      case "delivered":
        return "clean";
      case "partly":
        return "high";
      case "dropped":
        return "critical";
    }
    return "open";
  }
  function isParty(p, kind2, name) {
    return p.kind === kind2 && p.name === name;
  }

  // keys.ts
  var Keys = class {
    list = [];
    constructor() {
      addEventListener("keydown", (e) => this.press(e));
    }
    on(key2, help2, act) {
      this.list.push({ key: key2, help: help2, act });
    }
    press(e) {
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) {
        return;
      }
      const t = e.target;
      const typing = t instanceof HTMLInputElement || t instanceof HTMLTextAreaElement || t instanceof HTMLSelectElement;
      if (typing && e.key !== "Escape") {
        return;
      }
      for (const k of this.list) {
        if (k.key === e.key && k.act(e) !== false) {
          e.preventDefault();
          return;
        }
      }
    }
  };

  // dom.ts
  function fill(e, props, children) {
    for (const [name, value] of Object.entries(props)) {
      if (typeof value === "function") {
        e.addEventListener(name, value);
      } else if (value === true) {
        e.setAttribute(name, "");
      } else if (value !== false && value !== null && value !== void 0) {
        e.setAttribute(name, String(value));
      }
    }
    for (const c of children) {
      if (c instanceof Node) {
        e.append(c);
      } else if (c !== null && c !== void 0 && c !== false) {
        e.append(document.createTextNode(String(c)));
      }
    }
  }
  function h(tag, props = {}, ...children) {
    const e = document.createElement(tag);
    fill(e, props, children);
    return e;
  }
  function s(tag, props = {}, ...children) {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    fill(e, props, children);
    return e;
  }
  function button(label, act, props = {}) {
    const b = h("button", { type: "button", ...props }, label);
    b.addEventListener("click", () => act(b));
    return b;
  }
  var shapes = {
    critical: "M6 0l6 6-6 6-6-6z",
    high: "M6 .6l6 10.8H0z",
    medium: "M1 1h10v10H1z",
    low: "M6 1a5 5 0 1 0 .01 0z",
    clean: "M1.2 6.4l3.3 3.4 6.4-7.4",
    open: "M6 1.4a4.6 4.6 0 1 0 .01 0z"
  };
  function mark(tone) {
    const drawn2 = tone in shapes ? tone : "open";
    const p = s("path", { d: shapes[drawn2], class: drawn2 === "clean" || drawn2 === "open" ? "stroke" : null });
    return s("svg", { class: "mark", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, p);
  }

  // route.ts
  function href(name, ...args) {
    return "#/" + [name, ...args.map((a) => encodeURIComponent(String(a)))].join("/");
  }
  function parse(hash) {
    if (!hash.startsWith("#/")) {
      return void 0;
    }
    const [path = "", query = ""] = hash.slice(2).split(/\?(.*)/s, 2);
    const [name = "", ...args] = path.split("/").map(decode);
    return { name, args, query: new URLSearchParams(query) };
  }
  function decode(s2) {
    try {
      return decodeURIComponent(s2);
    } catch {
      return s2;
    }
  }

  // visible.ts
  function visible(s2) {
    return s2.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => "\\u{" + (c.codePointAt(0) ?? 0).toString(16) + "}");
  }

  // core.ts
  var App = class {
    keys = new Keys();
    // tools is the place for buttons in the head of the page.
    tools = document.getElementById("tools") ?? document.body;
    routes = /* @__PURE__ */ new Map();
    title = document.title;
    here;
    unpacked;
    indexed;
    // data is the data block, unpacked when somebody asks for the first time.
    data() {
      return this.unpacked ??= read();
    }
    // index finds things in the data by name.
    index() {
      return this.indexed ??= this.data().then((d) => new Index(d));
    }
    route(name, r) {
      this.routes.set(name, r);
    }
    // drawn is a route whose page the script draws from the data: what draw makes is shown, and its first heading becomes the page's
    // title. undefined says that there is no such thing.
    drawn(name, draw) {
      this.routes.set(name, {
        page: "thing",
        enter: async (p) => {
          const stage = this.stage();
          try {
            const ix = await this.index();
            if (this.place.name !== p.name || this.place.args.join("/") !== p.args.join("/")) {
              return;
            }
            const made = draw(ix, p);
            stage.replaceChildren(made ?? h("p", { class: "calm" }, `There is no such ${name} in what was captured: ${visible(p.args.join(" "))}`));
          } catch (e) {
            stage.replaceChildren(h("p", { class: "calm" }, `The page's data cannot be read: ${String(e)}. The database and the JSON have everything.`));
          }
        }
      });
    }
    // stage is the section that holds what the script draws.
    stage() {
      let e = document.getElementById("thing");
      if (!e) {
        e = h("section", { class: "page here", id: "thing", "data-page": "thing" });
        document.getElementById("main")?.append(e);
      }
      return e;
    }
    // go follows a hash, also when it is the present one.
    go(hash) {
      if (location.hash === hash) {
        void this.follow();
      } else {
        location.hash = hash;
      }
    }
    // place is where the page is; the overview when the hash says nothing.
    get place() {
      return parse(location.hash) ?? { name: "", args: [], query: new URLSearchParams() };
    }
    start() {
      document.documentElement.classList.add("app");
      addEventListener("hashchange", () => void this.follow());
      void this.follow();
      addEventListener("load", () => {
        if (!parse(location.hash)) {
          void this.follow();
        }
      });
    }
    async follow() {
      const place2 = parse(location.hash);
      const target = place2 ? null : document.getElementById(decode(location.hash.slice(1)));
      const page = target?.closest("[data-page]")?.dataset.page;
      const route = place2 ? this.routes.get(place2.name) : page ? { page } : void 0;
      const next = route ?? this.routes.get("");
      if (this.here && this.here !== next) {
        this.here.leave?.();
      }
      this.here = next;
      if (next?.page === "thing") {
        this.stage();
      }
      this.show(next?.page ?? "overview", place2?.name ?? "");
      if (target) {
        for (let d = target.closest("details"); d; d = d.parentElement?.closest("details") ?? null) {
          d.open = true;
        }
        target.scrollIntoView();
        const focus = target instanceof HTMLDetailsElement ? target.querySelector("summary") : target;
        focus?.focus({ preventScroll: true });
      } else {
        scrollTo(0, 0);
        await next?.enter?.(place2 ?? this.place);
      }
      this.entitle();
      document.dispatchEvent(new CustomEvent("nm:shown"));
    }
    // entitle makes the first heading that is seen the page's, for the window's title and for who hears the page.
    entitle() {
      for (const e of document.querySelectorAll("h2[aria-level]")) {
        e.removeAttribute("aria-level");
      }
      const heading = [...document.querySelectorAll("main h1, main h2")].find((e) => e.checkVisibility());
      const one5 = document.querySelector(".one .chosen .what b, .onecause .chosen .what b");
      document.title = heading?.tagName === "H2" ? `${(one5 ?? heading).textContent?.trim() ?? ""} – ${this.title}` : this.title;
      if (heading?.tagName === "H2") {
        heading.setAttribute("aria-level", "1");
      }
    }
    // show makes the sections of a page the visible ones. Paper shows them all the same: what is hidden is hidden on a screen only.
    show(page, name) {
      for (const section2 of document.querySelectorAll("[data-page]")) {
        section2.classList.toggle("here", section2.dataset.page === page);
      }
      const under = { host: "hosts", svc: "map", net: "map", ctr: "hosts", list: "data", path: "paths" }[name] ?? page;
      for (const a of document.querySelectorAll("header.top nav a")) {
        if (a.dataset.for === under) {
          a.setAttribute("aria-current", "page");
        } else {
          a.removeAttribute("aria-current");
        }
      }
    }
  };

  // checks.ts
  var many = 20;
  function checks() {
    const section2 = document.getElementById("checks");
    const coverage = document.getElementById("coverage");
    if (!section2) {
      return;
    }
    if (coverage) {
      section2.before(coverage);
    }
    const rows = [...section2.querySelectorAll(".matrix tbody tr")];
    const dull = rows.filter((r) => !r.querySelector("[data-kind=found], [data-kind=open]") && r.querySelector("[data-kind=clean]"));
    if (rows.length <= many || dull.length === 0 || dull.length === rows.length) {
      return;
    }
    let all = true;
    const b = button("", () => {
      all = !all;
      for (const r of dull) {
        r.hidden = !all;
      }
      b.textContent = all ? `only the ${rows.length - dull.length} that are not clean` : `all ${rows.length} rules`;
    });
    section2.querySelector(".legend")?.append(h("li", {}, b));
    b.click();
  }

  // words.ts
  function count(n, thing, many2 = thing + "s") {
    return `${thousands(n)} ${n === 1 ? thing : many2}`;
  }
  function thousands(n) {
    return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  }
  function utc(seconds) {
    if (!seconds) {
      return "–";
    }
    return new Date(seconds * 1e3).toISOString().replace("T", " ").replace(/\.\d+Z/, "Z");
  }
  function rate(n) {
    if (n === void 0) {
      return "rate unknown";
    }
    const units = ["B/s", "kB/s", "MB/s", "GB/s"];
    let i = 0;
    while (n >= 1e3 && i < units.length - 1) {
      n /= 1e3;
      i++;
    }
    return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
  }
  function short(id) {
    return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
  }

  // parts.ts
  function hostLink(name) {
    return name === "" ? "–" : h("a", { href: href("host", name) }, name);
  }
  function serviceLink(ix, name) {
    return ix.services.has(name) ? h("a", { href: href("svc", name) }, name) : name || "–";
  }
  function containerLink(c) {
    return h("a", { href: href("ctr", c.id) }, c.name || short(c.id));
  }
  function networkLink(ix, name) {
    return ix.networks.has(name) ? h("a", { href: href("net", name) }, ix.networks.get(name)?.name ?? name) : name;
  }
  function partyLink(ix, p) {
    switch (p.kind) {
      case "service":
        return serviceLink(ix, p.name);
      case "host":
        return ix.hosts.has(p.name) ? h("span", {}, "host ", hostLink(p.name)) : `host ${p.name}`;
      case "ingress":
        return p.name || "routing mesh";
      case "container": {
        const found = ix.containersWhere((i) => ix.data.containers.name[i] === p.name);
        return found[0] ? containerLink(found[0]) : p.name;
      }
    }
    return p.kind === "unknown" ? `${p.name} (nobody is known to have it)` : p.name || p.kind;
  }
  function chip(tone, word) {
    const kind2 = tone === "clean" || tone === "open" ? tone : "found";
    return h("span", { class: "cell", "data-kind": kind2, "data-tone": tone }, mark(tone), word);
  }
  function severity(word) {
    return h("span", { class: "sev", "data-tone": word }, mark(word), word);
  }
  function join(list4, sep = ", ") {
    return list4.flatMap((c, i) => i === 0 ? [c] : [sep, c]);
  }
  function facts(...list4) {
    return h(
      "dl",
      { class: "facts" },
      ...list4.flatMap(([name, ...value]) => {
        const empty = value.every((v) => v === "" || v === void 0 || v === null || v === false);
        return [h("dt", {}, name), h("dd", {}, ...empty ? [unknown()] : value)];
      })
    );
  }
  function unknown(word = "not known") {
    return h("span", { class: "unknown" }, word);
  }
  function section(title, ...body) {
    return h("section", {}, h("h3", {}, title), ...body);
  }
  function findingList(list4, none, all = list4.length) {
    if (list4.length === 0) {
      return h("p", { class: "calm" }, none);
    }
    const most4 = 40;
    return h(
      "ul",
      { class: "plainlist" },
      ...list4.slice(0, most4).map((f) => h("li", {}, severity(f.severity), " ", h("a", { href: href("f", f.id) }, f.summary), h("span", { class: "sub" }, `${f.rule} · on ${f.host}`))),
      all > most4 ? h("li", { class: "calm" }, h("a", { href: href("search") + "?q=" + encodeURIComponent("host:" + (list4[0]?.host ?? "")) }, `and ${count(all - most4, "finding")} more`)) : null
    );
  }
  function edgeState(e) {
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
  function tunnel(t) {
    const words4 = `${t.held} of ${t.expected} held`;
    if (t.lacks) {
      return chip("critical", `${words4}, ${t.lacks} lacking`);
    }
    if (t.strays) {
      return chip("high", `${words4}, ${t.strays} lead elsewhere`);
    }
    return t.held < t.expected ? chip("open", `${words4}, the rest not known`) : chip("clean", words4);
  }
  function flow(f) {
    const parts = [`${f.proto}/${f.port}`, f.quality];
    if (f.connections !== void 0) {
      parts.push(count(f.connections, "connection"));
    }
    parts.push(rate(f.rate));
    if (f.segs && f.again) {
      parts.push(`${(100 * f.again / f.segs).toFixed(1)}% sent again`);
    }
    if (f.refused) {
      parts.push(`${f.refused} refused`);
    }
    if (f.unanswered) {
      parts.push(`${f.unanswered} unanswered`);
    }
    if (f.rtt_us !== void 0) {
      parts.push(`${(f.rtt_us / 1e3).toFixed(1)} ms there and back`);
    }
    return parts.join(", ");
  }

  // copy.ts
  function say(b, word) {
    const was = b.dataset.was ??= b.textContent ?? "";
    b.textContent = word;
    setTimeout(() => {
      b.textContent = was;
    }, 1600);
  }
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = h("textarea", { class: "away", "aria-label": "text to copy" });
      field.value = text;
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  }
  function copies(root = document) {
    for (const pre of root.querySelectorAll("pre.copy")) {
      if (pre.parentElement?.classList.contains("copybox")) {
        continue;
      }
      const box = h("div", { class: "copybox" });
      pre.replaceWith(box);
      box.append(
        pre,
        button("copy", async (b) => {
          if (await copyText(pre.textContent ?? "")) {
            say(b, "copied");
          } else {
            getSelection()?.selectAllChildren(pre);
            say(b, "selected: copy it with the keyboard");
          }
        })
      );
    }
  }

  // csv.ts
  function cell(s2) {
    const safe = /^[=+\-@\t\r]/.test(s2) ? "'" + s2 : s2;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  // table.ts
  var rowHeight = 34;
  var fewRows = 60;
  function table(caption, columns, rows, opts = {}) {
    let shown2 = rows;
    let by = columns.find((c) => c.name === opts.sort);
    let down = false;
    const status = h("span", { role: "status" });
    const filter = h("input", { type: "search", placeholder: "filter", "aria-label": `Filter: ${caption}`, value: opts.filter ?? "" });
    const heads = columns.map((c) => {
      const b = button(c.name, () => {
        down = by === c && !down;
        by = c;
        arrange();
      });
      return h("div", { role: "columnheader" }, b);
    });
    const head2 = h("div", { role: "row", class: "vhead" }, ...heads);
    const spacer = h("div", { class: "vspace", role: "presentation" });
    const view = h("div", { class: "vview", tabindex: 0, role: "rowgroup", "aria-label": caption }, spacer);
    const grid2 = h("div", { class: "vtable", role: "table", "aria-label": caption, "aria-rowcount": rows.length + 1 }, h("div", { role: "rowgroup" }, head2), view);
    const shares = columns.map((c) => `minmax(0, ${c.wide ?? 1}fr)`).join(" ");
    grid2.style.setProperty("--columns", shares);
    function draw() {
      const few = shown2.length <= fewRows;
      view.classList.toggle("few", few);
      spacer.style.height = few ? "" : `${shown2.length * rowHeight}px`;
      const first = few ? 0 : Math.max(0, Math.floor(view.scrollTop / rowHeight) - 8);
      const last = few ? shown2.length : Math.min(shown2.length, first + Math.ceil(view.clientHeight / rowHeight) + 16);
      const made = [];
      for (let i = first; i < last; i++) {
        const r = shown2[i];
        const row2 = h("div", { role: "row", class: "vrow", "aria-rowindex": i + 2 }, ...columns.map((c) => h("div", { role: "cell", title: c.node ? null : c.text(r) }, c.node ? c.node(r) : c.text(r))));
        if (!few) {
          row2.style.transform = `translateY(${i * rowHeight}px)`;
        }
        made.push(row2);
      }
      spacer.replaceChildren(...made);
    }
    function arrange() {
      const words4 = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown2 = words4.length === 0 ? rows.slice() : rows.filter((r) => {
        const text = columns.map((c) => c.text(r)).join("\n").toLowerCase();
        return words4.every((w) => text.includes(w));
      });
      if (by) {
        const c = by;
        const sign2 = down ? -1 : 1;
        shown2.sort((a, b) => sign2 * (c.value ? c.value(a) - c.value(b) : c.text(a).localeCompare(c.text(b), "en", { numeric: true })));
      }
      heads.forEach((e, i) => e.setAttribute("aria-sort", columns[i] === by ? down ? "descending" : "ascending" : "none"));
      status.textContent = shown2.length === rows.length ? `${rows.length} rows` : `${shown2.length} of ${rows.length} rows`;
      view.scrollTop = 0;
      draw();
    }
    const copyAs = (label, make) => button(label, async (b) => say(b, await copyText(make()) ? "copied" : "could not be copied"));
    const tools = h(
      "div",
      { class: "tools" },
      status,
      rows.length > 8 ? filter : null,
      copyAs("copy as Markdown", () => markdown(columns, shown2)),
      copyAs("copy as CSV", () => csv(columns, shown2))
    );
    filter.addEventListener("input", arrange);
    let due = false;
    view.addEventListener("scroll", () => {
      if (!due) {
        due = true;
        requestAnimationFrame(() => {
          due = false;
          draw();
        });
      }
    });
    new ResizeObserver(() => {
      if (shown2.length > fewRows) {
        draw();
      }
    }).observe(view);
    arrange();
    return h("section", { class: "listing" }, h("div", { class: "bar-title" }, h("h3", {}, caption), tools), grid2);
  }
  function csv(columns, rows) {
    const lines = [columns.map((c) => cell(c.name)), ...rows.map((r) => columns.map((c) => cell(c.text(r))))];
    return lines.map((l) => l.join(",") + "\r\n").join("");
  }
  function markdown(columns, rows) {
    const cell2 = (s2) => s2 === "" ? "" : "`" + s2.replace(/\s+/g, " ").replaceAll("`", "ˋ").replaceAll("|", "\\|") + "`";
    const line2 = (cells) => `| ${cells.join(" | ")} |
`;
    return line2(columns.map((c) => c.name)) + line2(columns.map(() => "---")) + rows.map((r) => line2(columns.map((c) => cell2(c.text(r))))).join("");
  }

  // service.ts
  function services(app2) {
    app2.drawn("svc", (ix, p) => {
      const name = p.args.join("/");
      if (name === "") {
        return list(ix);
      }
      const service = ix.services.get(name);
      return service && one(ix, service);
    });
  }
  function reached(x) {
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
  function running(x) {
    return x.wanted === void 0 ? "not known" : `${x.running ?? "?"} of ${x.wanted}`;
  }
  function list(ix) {
    const all = ix.data.services;
    if (all === null) {
      return h("div", {}, h("h2", {}, "Services"), h("p", { class: "calm" }, "No manager was captured, and no container tells of a service: nothing is known of services."));
    }
    const bad = (x) => (x.to ? 1e3 * (x.to.dropped + x.to.partly) + x.to.unknown : 0) + (x.wanted !== void 0 && x.running !== x.wanted ? 1 : 0);
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
          { name: "Image", text: (x) => x.image ?? "", wide: 2 }
        ],
        [...all].sort((a, b) => bad(b) - bad(a))
      )
    );
  }
  function one(ix, x) {
    const tasks = ix.tasks(x);
    const callers = ix.edges((e) => isParty(e.server, "service", x.name));
    const called = ix.edges((e) => isParty(e.client, "service", x.name));
    const ports = (ix.data.ports ?? []).filter((p) => p.service === x.name);
    const queues = (ix.data.queues ?? []).filter((q) => isParty(q.party, "service", x.name));
    const causes2 = ix.data.causes.filter((c) => (c.services ?? []).includes(x.name));
    return h(
      "article",
      { class: "thing" },
      h("h2", {}, "Service ", x.name, " ", reached(x)),
      h(
        "div",
        { class: "three" },
        stat("wanted", x.wanted === void 0 ? unknown() : String(x.wanted), x.by === "managers" ? "by the managers" : `told by ${x.by}: no manager was captured`),
        stat("running", x.running === void 0 ? unknown() : String(x.running), "by the managers' word"),
        stat("reached", x.to ? `${x.to.delivered} of ${x.to.pairs}` : unknown("not walked"), x.to ? "client–service pairs whose packets arrive" : "no path to it was walked")
      ),
      causes2.length > 0 ? section(causes2.some((c) => c.broken > 0) ? "Causes that break it" : "Causes that name it", h("ul", { class: "plainlist" }, ...causes2.map((c) => h("li", {}, h("a", { href: `#/c/${c.rank}` }, c.summary), h("span", { class: "sub" }, `${c.name} · on ${c.host}`))))) : null,
      h(
        "div",
        { class: "two" },
        section("Who calls it", calls(ix, callers, (e) => e.client, "Nobody is known to.")),
        section("Whom it calls", calls(ix, called, (e) => e.server, "Nobody is known to be called."))
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
        ["address", x.ref ? h("code", {}, x.ref) : ""]
      ),
      queues.length > 0 ? section("Listening sockets", h("ul", { class: "plainlist" }, ...queues.map((q) => h("li", {}, chip(q.verdict === "ok" ? "clean" : "high", q.verdict), ` ${q.proto}/${q.port} on `, hostLink(q.host), `: ${q.why}`)))) : null,
      section("Findings that name it", findingList(ix.naming([x.name]), "None."))
    );
  }
  function stat(name, figure, note = "") {
    return h("div", { class: "stat" }, h("b", {}, figure), h("span", {}, name), h("small", {}, note));
  }
  function calls(ix, edges, other, none) {
    if (edges.length === 0) {
      return h("p", { class: "calm" }, ix.data.edges === null ? "Not known: nothing captured tells who talks to whom." : none);
    }
    const weight2 = { critical: 0, high: 1, open: 2, clean: 3 };
    const sorted = [...edges].sort((a, b) => (weight2[stateTone(a.state)] ?? 2) - (weight2[stateTone(b.state)] ?? 2));
    return h(
      "ul",
      { class: "plainlist" },
      ...sorted.map(
        (e) => h("li", {}, partyLink(ix, other(e)), " ", edgeState(e), e.cause ? h("a", { class: "ref", href: `#/c/${e.cause}` }, `cause ${e.cause}`) : null, ...(e.flows ?? []).slice(0, 4).map((f) => h("span", { class: "sub" }, flow(f))))
      )
    );
  }
  function portState(p) {
    const at = p.at ?? [];
    const whole = p.whole ?? 0;
    const hosts2 = at.length + whole + (p.at_left ?? 0);
    const works = whole + at.filter((a) => a.verdict === "delivered").length;
    const bad = at.filter((a) => a.verdict === "dropped" || a.verdict === "partly");
    if (hosts2 === 0 || works === 0 && bad.length === 0) {
      return chip("open", "not walked");
    }
    if (bad.length === 0) {
      return chip(works === hosts2 ? "clean" : "open", `works on ${works} of ${hosts2} hosts`);
    }
    return chip(bad.some((a) => a.verdict === "dropped") ? "critical" : "high", `broken on ${bad.length} of ${hosts2} hosts`);
  }
  function byHost(tasks) {
    const hosts2 = /* @__PURE__ */ new Map();
    for (const t of tasks) {
      hosts2.set(t.host || "no host", [...hosts2.get(t.host || "no host") ?? [], t]);
    }
    const most4 = 200;
    return h(
      "div",
      { class: "byhost" },
      ...[...hosts2].slice(0, most4).map(([name, list4]) => {
        const size = 12;
        const across = Math.min(10, list4.length);
        const squares = list4.slice(0, 100).map((t, i) => {
          const to = taskTone(t);
          const q = s("rect", { x: i % across * (size + 3), y: Math.floor(i / across) * (size + 3), width: size, height: size, rx: to === "clean" ? 2 : 0, "data-tone": to }, s("title", {}, `${t.label}: ${t.state}`));
          return q;
        });
        const rows = Math.ceil(Math.min(list4.length, 100) / across);
        return h("div", {}, hostLink(name === "no host" ? "" : name), s("svg", { width: across * (size + 3), height: rows * (size + 3), role: "img", "aria-label": `${list4.length} tasks on ${name}` }, ...squares));
      })
    );
  }
  function taskTone(t) {
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
      { name: "Task", text: (t) => t.label },
      { name: "Host", text: (t) => t.host, node: (t) => hostLink(t.host) },
      { name: "State", text: (t) => t.state, node: (t) => chip(taskTone(t), t.container?.health === "unhealthy" ? `${t.state}, unhealthy` : t.state) },
      { name: "Wanted", text: (t) => t.desired },
      { name: "Addresses", text: (t) => t.ips.join(" ") },
      { name: "Container", text: (t) => t.container?.id ?? "", node: (t) => t.container ? containerLink(t.container) : unknown("not captured") },
      { name: "Error", text: (t) => t.err, wide: 1.5 }
    ];
  }

  // container.ts
  function containers(app2) {
    app2.drawn("ctr", (ix, p) => {
      const id = p.args[0] ?? "";
      if (id === "") {
        return list2(ix, p.query.get("q") ?? "");
      }
      const c = ix.byID(id);
      return c && one2(ix, c);
    });
  }
  function state(c) {
    const words4 = [c.state];
    if (c.state === "exited" || c.state === "dead") {
      words4.push(`with ${c.exit}`);
    }
    if (c.oom) {
      words4.push("out of memory");
    }
    if (c.health && c.health !== "none" && c.health !== "healthy") {
      words4.push(c.health);
    }
    return words4.join(" ");
  }
  function containerColumns(ix) {
    return [
      { name: "Container", text: (c) => c.name, node: containerLink, wide: 1.6 },
      { name: "Host", text: (c) => c.host, node: (c) => hostLink(c.host) },
      { name: "Service", text: (c) => c.service, node: (c) => serviceLink(ix, c.service) },
      { name: "State", text: state, node: (c) => chip(c.tone, state(c)), wide: 1.3 },
      { name: "Restarts", text: (c) => String(c.restarts), value: (c) => c.restarts, wide: 0.6 },
      { name: "Started", text: (c) => utc(c.started), value: (c) => c.started, wide: 1.2 },
      { name: "Addresses", text: (c) => c.ips.join(" ") },
      { name: "Id", text: (c) => short(c.id), wide: 0.9 }
    ];
  }
  function list2(ix, filter) {
    if (ix.data.containers === null) {
      return h("div", {}, h("h2", {}, "Containers"), h("p", { class: "calm" }, "Not known: no container was captured."));
    }
    return h("div", {}, h("h2", {}, "Containers"), table("All containers of the captured hosts", containerColumns(ix), ix.containersWhere(() => true), { filter }));
  }
  function one2(ix, c) {
    const names2 = [c.name, short(c.id), ...c.ips];
    const label = /^(.+\.\d+)\.[0-9a-z]{25}$/.exec(c.name)?.[1];
    if (label) {
      names2.push(label);
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
        ["address", c.ref ? h("code", {}, c.ref) : ""]
      ),
      h(
        "div",
        { class: "two" },
        section("Who calls it", calls(ix, ix.edges((e) => isParty(e.server, "container", c.name)), (e) => e.client, c.service ? "See its service." : "Nobody is known to.")),
        section("Whom it calls", calls(ix, ix.edges((e) => isParty(e.client, "container", c.name)), (e) => e.server, c.service ? "See its service." : "Nobody is known to be called."))
      ),
      section("Findings that name it", findingList(ix.naming(names2), "None."))
    );
  }

  // findingmd.ts
  function fence(text) {
    const most4 = Math.max(2, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
    const f = "`".repeat(most4 + 1);
    return `${f}
${text.replace(/\n+$/, "")}
${f}
`;
  }
  function code(text) {
    const most4 = Math.max(0, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
    const f = "`".repeat(most4 + 1);
    const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
    return f + pad + text + pad + f;
  }
  var special = /[`*_[\]{}<>&|~$^\\@#]|^gh-|:\/\/|^www\.|:[0-9_+-]*[a-z][a-z0-9_+-]*:|:100:|:1234:|:[+-]1:/i;
  function plain(text) {
    return text.split(/\s+/).filter(Boolean).map((w) => {
      if (!special.test(w)) {
        return w;
      }
      const [, before = "", middle = "", after = ""] = /^([("]*)(.*?)([)",.;:?!]*)$/s.exec(w) ?? [];
      return middle === "" ? code(w) : before + code(middle) + after;
    }).join(" ");
  }
  function line(e) {
    let out = "";
    for (const n of e.childNodes) {
      if (n instanceof Text) {
        out += (/^\s/.test(n.data) ? " " : "") + plain(n.data) + (/\s$/.test(n.data) ? " " : "");
      } else if (n instanceof HTMLElement && !n.hidden && n.tagName !== "BUTTON" && n.getAttribute("aria-hidden") !== "true") {
        const inner = n.tagName === "CODE" || n.tagName === "PRE" ? code((n.textContent ?? "").replace(/\s+/g, " ")) : n.tagName === "B" ? `**${line(n)}**` : line(n);
        out += (n.classList.contains("sub") || n.tagName === "SPAN" ? " " : "") + inner;
      }
    }
    return out.replace(/ +/g, " ").trim();
  }
  function markdown2(e) {
    let out = "";
    for (const c of e.children) {
      if (c.tagName === "BUTTON" || c.getAttribute("aria-hidden") === "true" || c.hidden || c.classList.contains("again")) {
        continue;
      }
      switch (c.tagName) {
        case "H2":
        case "H3":
          out += `
#### ${line(c)}

`;
          break;
        case "H4":
          out += `
##### ${line(c)}

`;
          break;
        case "P":
        case "FIGCAPTION":
        case "SUMMARY":
          out += line(c) && line(c) + "\n\n";
          break;
        case "PRE":
          out += fence(c.textContent ?? "") + "\n";
          break;
        case "DL": {
          let name = "";
          for (const x of c.children) {
            if (x.tagName === "DT") {
              name = line(x);
            } else {
              out += `- ${name}: ${line(x)}
`;
            }
          }
          out += "\n";
          break;
        }
        case "UL":
        case "OL":
          if (c.querySelector("pre, .hop")) {
            out += markdown2(c);
          } else {
            out += [...c.children].map((x) => `- ${line(x)}
`).join("") + "\n";
          }
          break;
        default:
          if (c.classList.contains("hop")) {
            const part = (name) => line(c.querySelector("." + name) ?? c);
            const sign2 = { clean: "✔", drop: "✖", open: "?", off: "–" };
            out += `- ${sign2[c.dataset.state ?? ""] ?? "?"} ${part("step")}: should be ${plainly(c, "should")}; is ${plainly(c, "is")} ${part("row")}
`;
            const proof = c.querySelector(".proof");
            out += proof ? "\n" + markdown2(proof) : "";
          } else {
            out += markdown2(c);
          }
      }
    }
    return out;
  }
  function plainly(hop, name) {
    return line(hop.querySelector("." + name) ?? hop).replace(/^(should be|is): ?/, "");
  }
  function markdownCopies() {
    const give = (body, title, whole) => {
      const b = button("copy as Markdown", async (x) => {
        const text = (title() + markdown2(whole)).replace(/\n{3,}/g, "\n\n").trim() + "\n";
        say(x, await copyText(text) ? "copied" : "it could not be copied");
      });
      b.className = "asmd";
      body.prepend(b);
      return b;
    };
    for (const d of document.querySelectorAll("details.finding, details.cause")) {
      const body = d.querySelector(":scope > .body");
      const head2 = d.querySelector(":scope > summary .what");
      if (body && head2) {
        give(body, () => `### ${line(head2.querySelector("b") ?? head2)}

${line(head2.querySelector(".sub") ?? head2)}

`, body);
      }
    }
    for (const a of document.querySelectorAll("#path article.path")) {
      const header = a.querySelector("header");
      if (header) {
        give(header, () => "", a);
      }
    }
  }

  // findings.ts
  function findings(app2) {
    const root = document.documentElement;
    const page = document.getElementById("findings");
    const cards = new Map([...document.querySelectorAll("details.finding")].map((c) => [c.dataset.finding ?? "", c]));
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
    const link = (i, word) => all[i] === void 0 ? h("span", {}, word) : h("a", { href: href("f", all[i]) }, word);
    app2.route("findings", { page: "findings", enter: leave });
    app2.route("f", {
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
        const piece = p.args[1] === "e" ? card.querySelectorAll("figure")[Number(p.args[2] ?? 1) - 1] : void 0;
        if (piece) {
          piece.tabIndex = -1;
          piece.scrollIntoView({ block: "center" });
          piece.focus({ preventScroll: true });
        } else {
          card.querySelector("summary")?.focus({ preventScroll: true });
        }
      }
    });
    app2.route("c", {
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
      }
    });
    async function beyond(id) {
      const ix = await app2.index();
      const f = ix.findings.find((x) => x.id === id);
      bar.replaceChildren(h("a", { href: "#/findings" }, "all findings"));
      extra.replaceChildren(
        f ? h("article", { class: "thing" }, h("h2", {}, severity(f.severity), " ", f.summary), facts(["rule", f.rule], ["host", h("a", { href: href("host", f.host) }, f.host)], ["subject", h("code", {}, f.subject)], ["what is known", h("pre", {}, f.facts)], ["id", h("code", {}, f.id)]), h("p", { class: "calm" }, "There are too many findings for this page to hold the evidence of all; the JSON has it.")) : h("p", { class: "calm" }, ix.data.findings_left ? `${id} is not among the findings that this report holds; ${count(ix.data.findings_left, "finding")} more are in the JSON and the database.` : `There is no finding ${id} in this report.`)
      );
    }
    const step2 = (by) => () => {
      const place2 = app2.place;
      if (place2.name === "f" || place2.name === "c") {
        if (place2.name === "c") {
          const links = [...document.querySelectorAll(".cause.chosen .links a")];
          const first = (a) => a.getAttribute("href")?.startsWith("#/f/") ? 0 : 1;
          return focusNext(links.sort((a, b) => first(a) - first(b)), by);
        }
        const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
        if (next !== void 0 && next !== place2.args[0]) {
          app2.go(href("f", next));
        }
        return;
      }
      if (place2.name === "findings") {
        return focusNext([...document.querySelectorAll(".cause > summary, .finding > summary")], by);
      }
      if (place2.name !== "") {
        app2.go("#/findings");
        return;
      }
      focusNext([...document.querySelectorAll("#overview .ranked .row")], by);
    };
    app2.keys.on("j", "next finding", step2(1));
    app2.keys.on("k", "previous finding", step2(-1));
    app2.keys.on("Enter", "open what is chosen", () => {
      const d = document.activeElement?.closest("details.finding, details.cause");
      const chosen = d?.classList.contains("chosen");
      if (document.activeElement?.tagName !== "SUMMARY" || !(d instanceof HTMLElement) || chosen) {
        return false;
      }
      app2.go(d.dataset.finding === void 0 ? href("c", d.id.replace("cause-", "")) : href("f", d.dataset.finding));
    });
    app2.keys.on("e", "evidence of the finding, piece by piece", () => {
      const place2 = app2.place;
      const card = place2.name === "f" ? cards.get(place2.args[0] ?? "") : void 0;
      if (!card) {
        const first = document.activeElement?.closest("[data-finding]")?.dataset.finding ?? all[0];
        if (first === void 0) {
          return false;
        }
        app2.go(href("f", first, "e", 1));
        return;
      }
      const pieces = card.querySelectorAll("figure").length;
      const n = place2.args[1] === "e" ? Number(place2.args[2]) : 0;
      app2.go(href("f", place2.args[0], "e", n % Math.max(1, pieces) + 1));
    });
  }
  function focusNext(list4, by) {
    const seen = list4.filter((e) => e.checkVisibility());
    if (seen.length === 0) {
      return false;
    }
    const now = seen.findIndex((e) => e === document.activeElement);
    const next = seen[now < 0 ? by > 0 ? 0 : seen.length - 1 : (now + by + seen.length) % seen.length];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  }

  // heat.ts
  var from = 50;
  var gap = 26;
  function heat(app2) {
    const page = document.getElementById("hosts");
    let made = false;
    app2.route("hosts", {
      page: "hosts",
      async enter() {
        if (made || !page) {
          return;
        }
        made = true;
        const ix = await app2.index();
        if (ix.data.hosts.length > from && ix.data.containers) {
          page.querySelector("h2")?.after(grid(app2, ix));
        }
      }
    });
  }
  var alarm = { critical: 3, high: 2, open: 1, clean: 0 };
  function grid(app2, ix) {
    const rows = new Map(ix.data.hosts.map((x) => [x.name, []]));
    const c = ix.data.containers;
    const total = { critical: 0, high: 0, open: 0, clean: 0 };
    for (let i = 0; i < ix.containers; i++) {
      const t = ix.tone(i);
      total[t] = (total[t] ?? 0) + 1;
      rows.get(ix.text(c.host[i]))?.push(t);
    }
    let order = [...rows.keys()];
    const longest = Math.max(1, ...[...rows.values()].map((r) => r.length));
    const badness = (name) => (rows.get(name) ?? []).reduce((n, t) => n + (alarm[t] ?? 0) ** 4, 0);
    const canvas = h("canvas", { class: "heat", tabindex: 0, role: "img", "aria-label": `All containers: ${total.critical} failed, ${total.high} unwell, ${total.open} only stand, ${total.clean} run. The table below has the same.` });
    const status = h("p", { class: "heatline", role: "status" }, "Point at a host; a click opens it.");
    let cell2 = 5;
    let perBlock = 1;
    let chosen = -1;
    const draw = () => {
      const width = canvas.parentElement?.clientWidth ?? 1200;
      const most4 = Math.max(1, Math.floor(width / (longest * 3 + gap)));
      let blocks = 1;
      for (; blocks < most4; blocks++) {
        if (Math.ceil(order.length / blocks) * 5 <= 1500) {
          break;
        }
      }
      cell2 = Math.max(3, Math.min(9, Math.floor((width / blocks - gap) / longest)));
      perBlock = Math.ceil(order.length / blocks);
      const dpr = Math.min(2, devicePixelRatio || 1);
      const high = perBlock * (cell2 + 1) + 2;
      canvas.width = width * dpr;
      canvas.height = high * dpr;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${high}px`;
      const style = getComputedStyle(document.documentElement);
      const colour = (name) => style.getPropertyValue(`--${name}`).trim();
      const colours = { critical: colour("critical"), high: colour("high"), open: colour("open"), clean: colour("clean") };
      const g = canvas.getContext("2d");
      if (!g) {
        return;
      }
      g.scale(dpr, dpr);
      g.clearRect(0, 0, width, high);
      order.forEach((name, i) => {
        const x0 = Math.floor(i / perBlock) * (longest * cell2 + gap);
        const y = i % perBlock * (cell2 + 1) + 1;
        const host = ix.hosts.get(name);
        if (!host?.bundle) {
          g.strokeStyle = colours.open;
          g.setLineDash([2, 2]);
          g.strokeRect(x0 + 0.5, y + 0.5, longest * cell2 - 1, cell2 - 1);
          g.setLineDash([]);
        }
        (rows.get(name) ?? []).forEach((t, k) => {
          const x = x0 + k * cell2;
          g.fillStyle = g.strokeStyle = colours[t] ?? colours.open;
          switch (t) {
            case "critical":
              g.fillRect(x - 0.5, y - 0.5, cell2 + 1, cell2 + 1);
              break;
            case "high":
              g.beginPath();
              g.moveTo(x, y + cell2);
              g.lineTo(x + cell2 / 2, y);
              g.lineTo(x + cell2, y + cell2);
              g.fill();
              break;
            case "clean":
              g.globalAlpha = 0.45;
              g.fillRect(x + cell2 * 0.2, y + cell2 * 0.2, Math.max(1, cell2 * 0.55), Math.max(1, cell2 * 0.55));
              g.globalAlpha = 1;
              break;
            default:
              g.strokeRect(x + 0.8, y + 0.8, Math.max(1, cell2 - 2.2), Math.max(1, cell2 - 2.2));
          }
        });
        if (i === chosen) {
          g.strokeStyle = colour("link");
          g.lineWidth = 2;
          g.strokeRect(x0 - 1, y - 1.5, longest * cell2 + 2, cell2 + 3);
          g.lineWidth = 1;
        }
      });
    };
    const hostAt = (e) => {
      const box2 = canvas.getBoundingClientRect();
      const block = Math.floor((e.clientX - box2.left) / (longest * cell2 + gap));
      const i = block * perBlock + Math.floor((e.clientY - box2.top - 1) / (cell2 + 1));
      return i >= 0 && i < order.length && (e.clientX - box2.left) % (longest * cell2 + gap) < longest * cell2 ? i : -1;
    };
    const say2 = (i) => {
      const name = order[i];
      if (name === void 0) {
        return;
      }
      const list4 = rows.get(name) ?? [];
      const n = (t) => list4.filter((x) => x === t).length;
      status.textContent = ix.hosts.get(name)?.bundle ? `${name}: ${count(list4.length, "container")}, ${n("critical")} failed, ${n("high")} unwell, ${n("open")} only stand, ${n("clean")} run` : `${name}: not captured, nothing is known`;
    };
    canvas.addEventListener("mousemove", (e) => say2(hostAt(e)));
    canvas.addEventListener("click", (e) => {
      const name = order[hostAt(e)];
      if (name !== void 0) {
        app2.go(href("host", name));
      }
    });
    canvas.addEventListener("keydown", (e) => {
      const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: perBlock, ArrowLeft: -perBlock }[e.key];
      if (by !== void 0) {
        e.preventDefault();
        chosen = Math.max(0, Math.min(order.length - 1, chosen + by));
        say2(chosen);
        draw();
      } else if (e.key === "Enter" && order[chosen] !== void 0) {
        app2.go(href("host", order[chosen]));
      }
    });
    const sort = h("button", { type: "button" }, "worst hosts first");
    let worst = false;
    sort.addEventListener("click", () => {
      worst = !worst;
      sort.textContent = worst ? "hosts by name" : "worst hosts first";
      order = worst ? [...rows.keys()].sort((a, b) => badness(b) - badness(a)) : [...rows.keys()];
      chosen = -1;
      draw();
    });
    const legend = h(
      "ul",
      { class: "legend" },
      ...[
        ["critical", "failed"],
        ["high", "unwell"],
        ["open", "only stands, or not known"],
        ["clean", "runs"]
      ].map(([t, word]) => h("li", {}, h("span", { class: "swatch", "data-tone": t }), `${word}: ${total[t]}`))
    );
    const box = h("section", { class: "heatbox", "aria-label": "All containers, a row a host" }, h("div", { class: "bar-title" }, h("h3", {}, `${count(ix.containers, "container")} on ${count(order.length, "host")}, a row a host`), h("div", { class: "tools" }, sort)), legend, h("div", { class: "heatframe" }, canvas), status);
    new ResizeObserver(draw).observe(box);
    document.addEventListener("nm:theme", draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    return box;
  }

  // help.ts
  var names = { " ": "space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  function help(app2) {
    const dialog = h("dialog", { class: "help", "aria-label": "Keys" });
    const open = () => {
      if (dialog.open) {
        dialog.close();
        return;
      }
      dialog.replaceChildren(
        h("h2", {}, "Keys"),
        h("dl", {}, ...app2.keys.list.filter((k) => k.help !== "").flatMap((k) => [h("dt", {}, h("kbd", {}, names[k.key] ?? k.key)), h("dd", {}, k.help)])),
        h("p", { class: "calm" }, "Links of this page survive mail: each view has its own, which y copies."),
        button("close", () => dialog.close())
      );
      dialog.showModal();
    };
    document.body.append(dialog);
    app2.keys.on("?", "these keys", open);
    app2.tools.append(button("? keys", open));
  }

  // host.ts
  function hosts(app2) {
    app2.drawn("host", (ix, p) => {
      const host = ix.hosts.get(p.args[0] ?? "");
      return host && one3(ix, host);
    });
  }
  function one3(ix, x) {
    const found = ix.findings.filter((f) => f.host === x.name);
    if (!x.bundle) {
      return h("article", { class: "thing" }, h("h2", {}, "Host ", x.name, " ", chip("open", "not captured")), h("p", {}, "The swarm names it, and nobody captured it: nothing is known of it but what other hosts tell."), facts(["role", x.role ?? ""], ["node", x.node ?? ""]), section("Findings on other hosts that name it", findingList(ix.naming([x.name]), "None.")));
    }
    const containers2 = ix.containersOf("host", x.name);
    const networks2 = (ix.data.networks ?? []).filter((n) => (n.hosts ?? []).includes(x.name));
    const tunnels = (ix.data.tunnels ?? []).filter((t) => t.from === x.name || t.to === x.name);
    const clock2 = (ix.data.clocks ?? []).find((c) => c.host === x.name);
    const edges = ix.edges((e) => isParty(e.client, "host", x.name) || isParty(e.server, "host", x.name));
    const running2 = containers2.filter((c) => c.state === "running").length;
    return h(
      "article",
      { class: "thing" },
      h("h2", {}, "Host ", x.name, " ", x.found > 0 ? chip(["clean", "low", "medium", "high", "critical"][x.worst] ?? "open", count(x.findings, "finding")) : x.unjudged > 0 ? chip("open", "no findings, not all judged") : chip("clean", "no findings")),
      h(
        "div",
        { class: "three" },
        stat("containers running", ix.data.containers === null ? unknown() : `${running2} of ${containers2.length}`),
        stat("checks clean", `${x.clean} of ${x.clean + x.found + x.unjudged}`, x.unjudged > 0 ? `${x.unjudged} not judged` : ""),
        stat("items captured whole", `${thousands(x.items - x.gaps)} of ${thousands(x.items)}`, x.gaps > 0 ? count(x.gaps, "gap") : "")
      ),
      section("Findings here", findingList(found, x.unjudged > 0 ? `None; ${x.unjudged} checks could not be judged here.` : "None.", x.findings)),
      facts(
        ["role", x.role ?? ""],
        ["engine", x.engine ?? ""],
        ["kernel", x.kernel ?? ""],
        ["captured", utc(x.captured)],
        ["clock", clock2 ? clockWords(clock2) : ""],
        ["bundle", h("code", {}, x.bundle)],
        ["ends early", x.interrupted ?? "no"],
        ["rows", thousands(x.rows)],
        ["node", x.node ? h("code", {}, x.node) : ""]
      ),
      x.gaps > 0 ? section("What is missing of it", h("ul", { class: "plainlist" }, ...(x.reasons ?? []).map((r) => h("li", {}, r)), x.gaps > (x.reasons ?? []).length ? h("li", {}, h("a", { href: "#/coverage" }, `all ${x.gaps} in the coverage`)) : null)) : null,
      section("Networks", networks2.length === 0 ? h("p", { class: "calm" }, ix.data.networks === null ? "Not known." : "None.") : h("ul", { class: "flow" }, ...networks2.map((n) => h("li", {}, networkLink(ix, n.id), ` ${n.driver}`, n.vni ? ` VNI ${n.vni}` : "")))),
      tunnels.length > 0 ? section(
        "Tunnels that are not whole",
        h("ul", { class: "plainlist" }, ...tunnels.map((t) => h("li", {}, tunnel(t), " ", hostLink(t.from), " → ", ix.hosts.has(t.to) ? hostLink(t.to) : t.to, " on ", networkLink(ix, t.network), t.missing?.length ? h("span", { class: "sub" }, `lacks ${t.missing.join(", ")}`) : null, t.wrong?.length ? h("span", { class: "sub" }, `leads elsewhere: ${t.wrong.join(", ")}`) : null)))
      ) : null,
      edges.length > 0 ? section("Processes of the host that talk", calls(ix, edges, (e) => isParty(e.client, "host", x.name) ? e.server : e.client, "")) : null,
      containers2.length > 0 ? table("Containers here", containerColumns(ix).filter((c) => c.name !== "Host"), [...containers2].sort((a, b) => weight(a.tone) - weight(b.tone))) : null
    );
  }
  function weight(tone) {
    return { critical: 0, high: 1, medium: 2, low: 3, open: 4, clean: 5 }[tone] ?? 4;
  }
  function clockWords(c) {
    const parts = [];
    if (c.low_s !== void 0 && c.high_s !== void 0) {
      parts.push(`between ${c.low_s.toFixed(3)} and ${c.high_s.toFixed(3)} s ahead of ${c.leader ?? "the leader"}`);
    } else if (c.leader === c.host) {
      parts.push("the leader's, which the others are compared with");
    } else {
      parts.push("how far it is off is not known");
    }
    if (c.synced !== void 0) {
      parts.push(c.synced ? "held for synchronised by the kernel" : "not held for synchronised by the kernel");
    }
    if (c.why) {
      parts.push(c.why);
    }
    return parts.join("; ");
  }

  // lists.ts
  function lists(app2) {
    let made = false;
    app2.route("data", {
      page: "data",
      async enter() {
        const place2 = document.getElementById("lists");
        if (made || !place2) {
          return;
        }
        made = true;
        const ix = await app2.index();
        const known = (list4, n, thing) => list4 === null ? `${thing}s: not captured` : count(n, thing);
        place2.append(
          h(
            "ul",
            { class: "legend" },
            h("li", {}, h("a", { href: href("svc") }, known(ix.data.services, ix.data.services?.length ?? 0, "service"))),
            h("li", {}, h("a", { href: href("ctr") }, known(ix.data.containers ? [] : null, ix.containers, "container"))),
            h("li", {}, h("a", { href: href("net") }, known(ix.data.networks, ix.data.networks?.length ?? 0, "network"))),
            h("li", {}, h("a", { href: href("list", "findings") }, count(ix.findings.length + (ix.data.findings_left ?? 0), "finding"))),
            h("li", {}, h("a", { href: href("list", "hosts") }, count(ix.data.hosts.length, "host")))
          )
        );
      }
    });
    app2.drawn("list", (ix, p) => {
      switch (p.args[0]) {
        case "findings":
          return h(
            "div",
            {},
            h("h2", {}, "Findings"),
            table(
              "All findings, worst first",
              [
                { name: "No", text: (f) => String(f.no), value: (f) => f.no, wide: 0.4 },
                { name: "Severity", text: (f) => f.severity, wide: 0.6 },
                { name: "Rule", text: (f) => f.rule },
                { name: "Host", text: (f) => f.host, node: (f) => h("a", { href: href("host", f.host) }, f.host), wide: 0.8 },
                { name: "Finding", text: (f) => f.summary, node: (f) => h("a", { href: href("f", f.id) }, f.summary), wide: 3.5 },
                { name: "Subject", text: (f) => f.subject, wide: 1.4 }
              ],
              ix.findings
            ),
            ix.data.findings_left ? h("p", { class: "calm" }, `${count(ix.data.findings_left, "finding")} more, of which the list has the first: the JSON and the database have them all.`) : null
          );
        case "hosts":
          return h(
            "div",
            {},
            h("h2", {}, "Hosts"),
            table(
              "All hosts that the swarm names",
              [
                { name: "Host", text: (x) => x.name, node: (x) => h("a", { href: href("host", x.name) }, x.name), wide: 1.4 },
                { name: "State", text: (x) => !x.bundle ? "not captured" : x.interrupted ? "cut short" : x.gaps > 0 ? "captured with gaps" : "captured" },
                { name: "Role", text: (x) => x.role ?? "", wide: 0.7 },
                { name: "Engine", text: (x) => x.engine ?? "", wide: 0.8 },
                { name: "Kernel", text: (x) => x.kernel ?? "" },
                { name: "Checks with findings", text: (x) => String(x.found), value: (x) => x.found },
                { name: "Checks not judged", text: (x) => String(x.unjudged), value: (x) => x.unjudged },
                { name: "Gaps", text: (x) => String(x.gaps), value: (x) => x.gaps, wide: 0.5 }
              ],
              ix.data.hosts
            )
          );
      }
      return void 0;
    });
  }

  // dots.ts
  var step = 4;
  var apart = 10;
  var frame = 24;
  function streamsOf(svg) {
    const out = [];
    svg.querySelectorAll(".m-edge[data-moves]").forEach((edge, i) => {
      const way = edge.querySelector(".m-way");
      if (!way) {
        return;
      }
      const kind2 = edge.dataset.state ?? "open";
      const length = way.getTotalLength();
      const n = Math.max(2, Math.ceil(length / step));
      const xs = new Float32Array(n + 1);
      const ys = new Float32Array(n + 1);
      for (let k = 0; k <= n; k++) {
        const p = way.getPointAtLength(length * k / n);
        xs[k] = p.x;
        ys[k] = p.y;
      }
      const dots = Number(edge.dataset.dots);
      const speed = kind2 === "ok" ? 78 : kind2 === "open" ? 46 : 58;
      const every = 300 / speed / Math.max(dots, 1);
      const phase = i * 0.618034 % 1 * every;
      const base = { edge, kind: kind2, xs, ys, length, speed, every, phase, pile: 0, skip: 0 };
      if (kind2 === "bad") {
        out.push({ ...base, pile: room(length, 7) });
      } else if (kind2 === "part" && Number(edge.dataset.lost) > 0) {
        const skip = Math.max(2, Math.round(1e3 / Number(edge.dataset.lost)));
        const stop = length * Number(edge.dataset.stop) / 1e3;
        out.push({ ...base, skip });
        out.push({ ...base, kind: "bad", length: stop, every: every * skip, pile: room(stop, 4) });
      } else {
        out.push(base);
      }
    });
    return out;
  }
  function room(length, most4) {
    return Math.max(1, Math.min(most4, Math.floor(length * 0.55 / apart)));
  }
  var Dots = class {
    // seconds that it has moved
    constructor(stage, svg) {
      this.stage = stage;
      this.svg = svg;
      this.canvas.setAttribute("aria-hidden", "true");
      stage.append(this.canvas);
    }
    stage;
    svg;
    canvas = document.createElement("canvas");
    streams;
    words = [];
    // labels, which no mark is to hide
    sprites;
    running = 0;
    last = 0;
    clock = 0;
    // run starts or stops; what is stopped shows the still drawing.
    run(on) {
      if (on === this.running > 0) {
        return;
      }
      this.stage.classList.toggle("moving", on);
      if (!on) {
        cancelAnimationFrame(this.running);
        this.running = 0;
        this.canvas.getContext("2d")?.clearRect(0, 0, this.canvas.width, this.canvas.height);
        return;
      }
      if (!this.streams) {
        this.streams = streamsOf(this.svg);
        this.words = [...this.svg.querySelectorAll(".m-hop rect")].map((r) => r.getBBox());
      }
      this.sprites = void 0;
      this.last = performance.now();
      this.running = requestAnimationFrame((t) => this.tick(t));
    }
    tick(now) {
      this.running = requestAnimationFrame((t) => this.tick(t));
      if (now - this.last < frame) {
        return;
      }
      this.clock += Math.min(now - this.last, 100) / 1e3;
      this.last = now;
      this.draw();
    }
    draw() {
      const g = this.canvas.getContext("2d");
      const at = this.svg.getScreenCTM();
      if (!g || !at || !this.streams) {
        return;
      }
      const box = this.canvas.getBoundingClientRect();
      const dense = devicePixelRatio || 1;
      const w = Math.round(box.width * dense);
      const h2 = Math.round(box.height * dense);
      if (this.canvas.width !== w || this.canvas.height !== h2) {
        this.canvas.width = w;
        this.canvas.height = h2;
        this.sprites = void 0;
      }
      const sprites = this.sprites ??= this.paint(dense * Math.min(Math.max(at.a, 0.75), 1.5));
      g.setTransform(1, 0, 0, 1, 0, 0);
      g.clearRect(0, 0, w, h2);
      const k = at.a * dense;
      const x0 = (at.e - box.left) * dense;
      const y0 = (at.f - box.top) * dense;
      const focus = this.svg.classList.contains("focus");
      for (const s2 of this.streams) {
        const strength = focus && !s2.edge.classList.contains("near") ? 0.12 : 1;
        const sprite = sprites[s2.kind];
        const half = sprite.width / 2;
        place(s2, this.clock, (d, alpha) => {
          const i = Math.min(d / s2.length * end(s2), s2.xs.length - 1);
          const a = Math.floor(i);
          const b = Math.min(a + 1, s2.xs.length - 1);
          const x = s2.xs[a] + (s2.xs[b] - s2.xs[a]) * (i - a);
          const y = s2.ys[a] + (s2.ys[b] - s2.ys[a]) * (i - a);
          if (this.words.some((r) => x > r.x - 4 && x < r.x + r.width + 4 && y > r.y - 4 && y < r.y + r.height + 4)) {
            return;
          }
          g.globalAlpha = alpha * strength;
          g.drawImage(sprite, x * k + x0 - half, y * k + y0 - half);
        });
      }
      g.globalAlpha = 1;
    }
    // paint makes a picture of each mark: its shape with a halo, so that it stands out from its edge.
    paint(size) {
      const css = getComputedStyle(this.stage);
      const one5 = (name, shape, radius, halo, hollow = false) => {
        const c = document.createElement("canvas");
        c.width = c.height = Math.ceil(30 * size);
        const g = c.getContext("2d");
        const color = css.getPropertyValue(name).trim();
        const ground = css.getPropertyValue("--m-stage").trim();
        g.translate(c.width / 2, c.height / 2);
        if (halo > 0) {
          const glow = g.createRadialGradient(0, 0, radius * size * 0.6, 0, 0, 14 * size);
          glow.addColorStop(0, color);
          glow.addColorStop(1, color + "00");
          g.globalAlpha = halo;
          g.fillStyle = glow;
          g.fillRect(-c.width / 2, -c.height / 2, c.width, c.height);
          g.globalAlpha = 1;
        }
        g.beginPath();
        shape(g, radius * size);
        g.closePath();
        g.lineJoin = "round";
        g.lineWidth = (hollow ? 1.7 : 1) * size;
        g.fillStyle = hollow ? ground : color;
        g.strokeStyle = hollow ? color : ground;
        g.fill();
        g.stroke();
        return c;
      };
      const circle = (g, r) => g.arc(0, 0, r, 0, 7);
      return {
        ok: one5("--m-ok", circle, 3.4, 0.22),
        open: one5("--m-open", circle, 3.4, 0, true),
        part: one5("--m-part", (g, r) => polygon(g, [[0, -r], [r * 0.98, r * 0.78], [-r * 0.98, r * 0.78]]), 5.4, 0.35),
        bad: one5("--m-bad", (g, r) => polygon(g, [[0, -r], [r, 0], [0, r], [-r, 0]]), 6, 0.5)
      };
    }
  };
  function polygon(g, points) {
    points.forEach(([x, y], i) => i === 0 ? g.moveTo(x, y) : g.lineTo(x, y));
  }
  function end(s2) {
    return Math.min(s2.length / step, s2.xs.length - 1);
  }
  function place(s2, clock2, put) {
    const t = clock2 + s2.phase + s2.length / s2.speed;
    const left2 = Math.floor(t / s2.every);
    const tail = s2.length - (s2.pile > 0 ? s2.pile * apart : 0);
    const travel = tail / s2.speed;
    for (let j = left2; j >= 0; j--) {
      const d = (t - j * s2.every) * s2.speed;
      if (d > tail) {
        break;
      }
      if (s2.skip === 0 || j % s2.skip !== 0) {
        put(d, Math.min(1, d / 14, s2.pile > 0 ? 1 : (s2.length - d) / 10 + 0.2));
      }
    }
    if (s2.pile === 0) {
      return;
    }
    const come = (t - travel) / s2.every;
    const part = come - Math.floor(come);
    for (let n = 0; n <= s2.pile; n++) {
      const place2 = n + Math.min(part * 3, 1);
      if (place2 > s2.pile + 1) {
        continue;
      }
      put(Math.min(tail + place2 * apart, s2.length), place2 > s2.pile ? s2.pile + 1 - place2 : 1);
    }
  }

  // mappeek.ts
  function peek(stage, svg) {
    const panel = h("div", { class: "peek", hidden: true, role: "status" });
    stage.append(panel);
    const nodes = [...svg.querySelectorAll(".m-node")];
    const edges = [...svg.querySelectorAll(".m-edge")];
    let shown2;
    function show(e) {
      if (e === shown2) {
        return;
      }
      shown2 = e;
      near(e);
      const isNode = e.classList.contains("m-node");
      const list4 = isNode ? nodes : edges;
      const row2 = stage.parentElement?.querySelectorAll(`[data-twin=${isNode ? "nodes" : "edges"}] tbody tr`)[list4.indexOf(e)];
      panel.replaceChildren(...row2 ? told(row2, !isNode) : [h("p", {}, e.getAttribute("aria-label"))]);
      panel.append(h("p", {}, e.hasAttribute("href") ? "Enter or a click opens it." : ""));
      panel.hidden = false;
      beside(e);
    }
    function near(e) {
      const mine = /* @__PURE__ */ new Set([e]);
      const i = String(nodes.indexOf(e));
      for (const x of edges) {
        if (x === e || x.dataset.from === i || x.dataset.to === i) {
          mine.add(x);
          for (const end2 of [x.dataset.from, x.dataset.to]) {
            const n = nodes[Number(end2)];
            if (n) {
              mine.add(n);
            }
          }
        }
      }
      for (const x of [...nodes, ...edges]) {
        x.classList.toggle("near", mine.has(x));
      }
      svg.classList.add("focus");
    }
    function beside(e) {
      const box = stage.getBoundingClientRect();
      const own = (e.querySelector(".m-card") ?? e.querySelector(".m-sign") ?? e).getBoundingClientRect();
      const size = panel.getBoundingClientRect();
      const x = (own.left + own.right) / 2 - box.left - size.width / 2;
      const below = own.bottom - box.top + 14;
      const above = own.top - box.top - size.height - 14;
      const y = below + size.height < box.height || above < 0 ? below : above;
      panel.style.left = Math.min(Math.max(x, 8), Math.max(box.width - size.width - 8, 8)) + "px";
      panel.style.top = Math.max(Math.min(y, box.height - size.height - 8), 8) + "px";
    }
    function hide() {
      shown2 = void 0;
      panel.hidden = true;
      svg.classList.remove("focus");
    }
    for (const e of [...nodes, ...edges]) {
      e.addEventListener("pointerenter", () => show(e));
      e.addEventListener("pointerleave", hide);
      e.addEventListener("focus", () => show(e));
      e.addEventListener("blur", hide);
      e.addEventListener("keydown", (k) => {
        if (k.key === "Escape" && !panel.hidden) {
          k.stopPropagation();
          hide();
        }
      });
    }
  }
  function told(row2, edge) {
    const heads = [...row2.closest("table")?.querySelectorAll("thead th") ?? []].map((x) => x.textContent ?? "");
    const cells = [...row2.children];
    const mark2 = row2.querySelector(".m-mark")?.cloneNode(true);
    const name = edge ? `${cells[0]?.textContent ?? ""} → ${cells[1]?.textContent ?? ""}` : cells[0]?.textContent ?? "";
    const title = h("h4", {}, name);
    if (mark2) {
      title.prepend(mark2);
    }
    const list4 = h("dl");
    cells.forEach((c, i) => {
      const text = [...c.childNodes].filter((x) => !(x instanceof SVGElement)).map((x) => x.textContent).join("\n").trim();
      if (i >= (edge ? 2 : 1) && text !== "" && text !== "0") {
        list4.append(h("dt", {}, heads[i] ?? ""), h("dd", {}, text));
      }
    });
    return [title, list4];
  }

  // mapzoom.ts
  function zoom(stage, svg) {
    const whole = { x: 0, y: 0, w: svg.viewBox.baseVal.width, h: svg.viewBox.baseVal.height };
    let seen = { ...whole };
    function set() {
      seen.w = Math.min(Math.max(seen.w, whole.w / 8), whole.w);
      seen.h = seen.w * whole.h / whole.w;
      seen.x = Math.min(Math.max(seen.x, 0), whole.w - seen.w);
      seen.y = Math.min(Math.max(seen.y, 0), whole.h - seen.h);
      svg.setAttribute("viewBox", [seen.x, seen.y, seen.w, seen.h].map((n) => n.toFixed(1)).join(" "));
      stage.classList.toggle("near", seen.w < whole.w);
    }
    function by(factor, x, y) {
      const w = Math.min(Math.max(seen.w * factor, whole.w / 8), whole.w);
      seen.x = x - (x - seen.x) * w / seen.w;
      seen.y = y - (y - seen.y) * w / seen.w;
      seen.w = w;
      set();
    }
    function point(e) {
      return new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
    }
    stage.addEventListener("wheel", (e) => {
      if (!e.ctrlKey) {
        return;
      }
      e.preventDefault();
      const p = point(e);
      by(Math.exp(Math.min(Math.max(e.deltaY, -120), 120) / 400), p.x, p.y);
    }, { passive: false });
    svg.addEventListener("keydown", (e) => {
      const factor = { "+": 0.8, "=": 0.8, "-": 1.25 }[e.key];
      if (factor !== void 0) {
        e.preventDefault();
        by(factor, seen.x + seen.w / 2, seen.y + seen.h / 2);
      } else if (e.key === "0") {
        seen = { ...whole };
        set();
      }
    });
    let from2;
    svg.addEventListener("pointerdown", (e) => {
      if (seen.w < whole.w && e.button === 0 && !e.target.closest("a")) {
        from2 = point(e);
        svg.setPointerCapture(e.pointerId);
      }
    });
    svg.addEventListener("pointermove", (e) => {
      if (from2) {
        const p = point(e);
        seen.x -= p.x - from2.x;
        seen.y -= p.y - from2.y;
        set();
      }
    });
    svg.addEventListener("pointerup", () => from2 = void 0);
  }

  // map.ts
  function map(app2) {
    const views = [...document.querySelectorAll("#map .view")];
    const stages = [...document.querySelectorAll(".stage")].flatMap((stage) => {
      const svg = stage.querySelector(".chart");
      if (!svg) {
        return [];
      }
      peek(stage, svg);
      if (!stage.classList.contains("small")) {
        zoom(stage, svg);
      }
      return [{ stage, dots: new Dots(stage, svg) }];
    });
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let paused = false;
    let printing = false;
    function motion() {
      const still = paused || printing || calm.matches || document.hidden;
      for (const { stage, dots } of stages) {
        dots.run(!still && stage.checkVisibility());
      }
      pause.textContent = calm.matches ? "still: reduced motion" : paused ? "move" : "hold still";
      pause.disabled = calm.matches;
      pause.setAttribute("aria-pressed", String(paused));
    }
    function again() {
      for (const { dots } of stages) {
        dots.run(false);
      }
      motion();
    }
    const pause = button("hold still", () => {
      paused = !paused;
      motion();
    });
    document.addEventListener("nm:pause", () => {
      paused = !paused;
      motion();
    });
    document.addEventListener("nm:theme", again);
    const tools = document.getElementById("map-tools");
    const buttons = /* @__PURE__ */ new Map();
    const list4 = h("select", { "aria-label": "Services of one stack" }, h("option", { value: "" }, "one stack …"));
    for (const v of views) {
      const key2 = v.dataset.view ?? "";
      if (v.dataset.chosen !== void 0) {
        const b = button(v.dataset.name ?? key2, () => app2.go("#/map?" + new URLSearchParams({ lens: key2 }).toString()), { "aria-pressed": "false" });
        buttons.set(key2, b);
      } else {
        list4.append(h("option", { value: key2.slice("stack/".length), "data-key": key2 }, v.dataset.name ?? key2));
      }
    }
    list4.addEventListener("change", () => app2.go("#/map?" + new URLSearchParams({ stack: list4.value }).toString()));
    if (views.length > 1) {
      tools?.append(...buttons.values());
    }
    if (list4.options.length > 1) {
      tools?.append(list4);
    }
    if (views.length > 0) {
      tools?.append(pause);
      document.querySelector(".map-legend")?.append(h("li", { class: "wide-note" }, "Ctrl and the wheel look closer, as do + and -; p holds still"));
    }
    function show(key2) {
      const chosen = views.find((v) => v.dataset.view === key2) ?? views[0];
      for (const v of views) {
        v.classList.toggle("on", v === chosen);
      }
      const shown2 = chosen?.dataset.view ?? "";
      for (const [k, b] of buttons) {
        b.setAttribute("aria-pressed", String(k === shown2));
      }
      list4.value = shown2.startsWith("stack/") ? shown2.slice("stack/".length) : "";
      motion();
      return shown2 === key2;
    }
    app2.route("map", {
      page: "map",
      enter(p) {
        const stack = p.query.get("stack");
        const key2 = stack !== null ? "stack/" + stack : p.query.get("lens") ?? views[0]?.dataset.view ?? "";
        show(key2);
        const focus = p.query.get("focus");
        if (focus !== null) {
          const nodes = views.find((v) => v.classList.contains("on"))?.querySelectorAll(".m-node") ?? [];
          [...nodes].find((n) => n.dataset.name === focus)?.focus();
        }
      }
    });
    show(views[0]?.dataset.view ?? "");
    document.addEventListener("nm:shown", motion);
    document.addEventListener("visibilitychange", motion);
    calm.addEventListener("change", motion);
    dark.addEventListener("change", again);
    addEventListener("beforeprint", () => {
      printing = true;
      motion();
    });
    addEventListener("afterprint", () => {
      printing = false;
      motion();
    });
  }

  // mesh.ts
  var ringMost = 16;
  var most = 60;
  var shapes2 = {
    ok: "M0-4.4A4.4 4.4 0 1 1-.01-4.4Z",
    part: "M0-5.2L5.4 4.4H-5.4Z",
    bad: "M0-5.6L5.6 0 0 5.6-5.6 0Z",
    open: "M0-4.2A4.2 4.2 0 1 1-.01-4.2Z"
  };
  function stateOf(t) {
    const ill = (t.lacks ?? 0) + (t.strays ?? 0);
    if (t.expected > 0 && (t.lacks ?? 0) >= t.expected) {
      return "bad";
    }
    return ill > 0 ? "part" : t.expected === 0 || t.held < t.expected ? "open" : "ok";
  }
  function sign(state2) {
    const p = s("path", { d: shapes2[state2], class: state2 === "open" ? "hollow" : null });
    return s("svg", { class: "mark m-mark", "data-state": state2, viewBox: "-6 -6 12 12", width: 12, height: 12, "aria-hidden": "true" }, p);
  }
  function words(t) {
    const out = [`${t.from} holds ${t.held} of ${t.expected} entries towards ${t.to}`];
    for (const [n, word] of [[t.lacks, "lacks"], [t.strays, "has elsewhere"], [t.untold, "is not known to have"]]) {
      if (n) {
        out.push(`${word} ${n}`);
      }
    }
    return out.join(", ");
  }
  function mesh(data, n) {
    const tunnels = (data.tunnels ?? []).filter((t) => t.network === n.name);
    const all = [.../* @__PURE__ */ new Set([...n.hosts ?? [], ...tunnels.flatMap((t) => [t.from, t.to])])].sort();
    if (n.driver !== "overlay" || data.tunnels === null || all.length < 2) {
      return void 0;
    }
    const wrong = (name) => tunnels.filter((t) => t.from === name || t.to === name).reduce((sum, t) => sum + (t.lacks ?? 0) + (t.strays ?? 0), 0);
    const hosts2 = all.length > most ? all.map((x) => [wrong(x), x]).sort((a, b) => b[0] - a[0]).slice(0, most).map((x) => x[1]).sort() : all;
    const at = new Map(tunnels.map((t) => [t.from + "\n" + t.to, t]));
    const detail = h("div", { class: "lacks", role: "status" });
    function tell(t) {
      const list4 = (title, names2, count2) => names2?.length ? h("div", {}, h("b", {}, title), h("ul", {}, ...names2.map((x) => h("li", {}, x)), (count2 ?? 0) > names2.length ? h("li", {}, `and ${(count2 ?? 0) - names2.length} more`) : null)) : null;
      detail.replaceChildren(h("p", {}, sign(stateOf(t)), words(t) + "."));
      for (const part of [list4("It lacks", t.missing, t.lacks), list4("It leads elsewhere for", t.wrong, t.strays)]) {
        if (part instanceof Node) {
          detail.append(part);
        }
      }
    }
    const cell2 = (from2, to) => {
      if (from2 === to) {
        return h("td", {}, h("span", { class: "self" }, h("span", { class: "away" }, "itself")));
      }
      const t = at.get(from2 + "\n" + to);
      if (!t) {
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
        h("thead", {}, h("tr", {}, h("th", {}, "holds ↓ of →"), ...hosts2.map((x) => h("th", { scope: "col" }, h("a", { href: href("host", x) }, x))))),
        h("tbody", {}, ...hosts2.map((from2) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: href("host", from2) }, from2)), ...hosts2.map((to) => cell2(from2, to)))))
      )
    );
    const worst = [...tunnels].sort((a, b) => (b.lacks ?? 0) + (b.strays ?? 0) - (a.lacks ?? 0) - (a.strays ?? 0))[0];
    if (worst && (worst.lacks ?? 0) + (worst.strays ?? 0) > 0) {
      tell(worst);
    } else {
      detail.append(h("p", { class: "calm" }, "Nothing is known to be missing between its hosts."));
    }
    const left2 = all.length > hosts2.length ? h("p", { class: "calm" }, `${all.length - hosts2.length} further hosts are left out, with which less is wrong.`) : null;
    return h(
      "section",
      { class: "vtep-mesh", "aria-label": "Tunnel ends" },
      h("h3", {}, "Who lacks whom ", h("small", {}, "forwarding entries of each host for the endpoints on each other host")),
      h("div", { class: "mesh-both" }, h("div", {}, matrix, left2, detail), hosts2.length <= ringMost ? ring(hosts2, tunnels) : null)
    );
  }
  function ring(hosts2, tunnels) {
    const w = 560;
    const height = hosts2.length === 2 ? 190 : 420;
    const place2 = new Map(
      hosts2.map((name, i) => {
        const a = 2 * Math.PI * i / hosts2.length - (hosts2.length === 2 ? Math.PI : Math.PI / 2);
        return [name, { x: Math.round(w / 2 + 195 * Math.cos(a)), y: Math.round(height / 2 + (height / 2 - 44) * Math.sin(a)) }];
      })
    );
    const svg = s("svg", { class: "chart", viewBox: `0 0 ${w} ${height}`, role: "img", "aria-label": "Hosts in a ring, with arrows where something is missing; the matrix beside it has the figures" });
    const known = new Map(tunnels.map((t) => [t.from + "\n" + t.to, t]));
    for (const from2 of hosts2) {
      for (const to of hosts2) {
        const a = place2.get(from2);
        const b = place2.get(to);
        if (from2 === to || !a || !b) {
          continue;
        }
        const t = known.get(from2 + "\n" + to);
        if (!t) {
          continue;
        }
        const state2 = stateOf(t);
        const dx = b.x - a.x;
        const dy = b.y - a.y;
        const far = Math.hypot(dx, dy);
        const gap2 = Math.min(46, far / 4);
        const p = { x: a.x + dx / far * gap2 - dy / far * 7, y: a.y + dy / far * gap2 + dx / far * 7 };
        const q = { x: b.x - dx / far * gap2 - dy / far * 7, y: b.y - dy / far * gap2 + dx / far * 7 };
        const c = { x: (p.x + q.x) / 2 - dy / far * far * 0.08, y: (p.y + q.y) / 2 + dx / far * far * 0.08 };
        const d = `M${p.x} ${p.y}Q${c.x} ${c.y} ${q.x} ${q.y}`;
        const group = s("g", { class: "m-edge", "data-state": state2 }, s("path", { class: "m-way", d, "stroke-width": state2 === "ok" ? 1 : 3 }));
        if (state2 !== "ok") {
          const m = { x: (p.x + 2 * c.x + q.x) / 4, y: (p.y + 2 * c.y + q.y) / 4 };
          const turn = Math.atan2(q.y - c.y, q.x - c.x) * 180 / Math.PI;
          group.append(
            s("path", { class: "m-head", d: "M0 0L-9-5V5Z", transform: `translate(${q.x} ${q.y}) rotate(${turn})` }),
            s("g", { class: "m-sign", "data-state": state2, transform: `translate(${m.x} ${m.y})` }, s("path", { d: shapes2[state2], class: state2 === "open" ? "hollow" : null }))
          );
        }
        svg.append(group);
      }
    }
    for (const [name, p] of place2) {
      const shown2 = name.length > 12 ? name.slice(0, 7) + "…" + name.slice(-4) : name;
      const half = Math.max(30, shown2.length * 4.4 + 12);
      svg.append(s("g", { class: "m-node" }, s("rect", { class: "m-card", x: p.x - half, y: p.y - 15, width: 2 * half, height: 30, rx: 15 }), s("text", { class: "m-name middle", x: p.x, y: p.y + 5 }, shown2)));
    }
    return h("div", { class: "stage mesh-ring" }, svg);
  }

  // network.ts
  function networks(app2) {
    app2.drawn("net", (ix, p) => {
      const name = p.args.join("/");
      if (name === "") {
        return list3(ix);
      }
      const n = ix.networks.get(name);
      return n && one4(ix, n);
    });
  }
  function kind(n) {
    return [n.driver, n.scope, n.ingress ? "ingress" : "", n.encrypted ? "encrypted" : ""].filter(Boolean).join(", ");
  }
  function use(n) {
    return n.size ? `${n.used ?? "?"} of ${n.size}` : "not known";
  }
  function lacking(ix, n) {
    return (ix.data.tunnels ?? []).filter((t) => t.network === n.name && ((t.lacks ?? 0) > 0 || (t.strays ?? 0) > 0));
  }
  function list3(ix) {
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
          { name: "Addresses used", text: use, value: (n) => n.size ? (n.used ?? 0) / n.size : -1 },
          { name: "Hosts", text: (n) => String(n.hosts?.length ?? 0), value: (n) => n.hosts?.length ?? 0, wide: 0.5 },
          { name: "Services", text: (n) => String(n.services?.length ?? 0), value: (n) => n.services?.length ?? 0, wide: 0.6 },
          { name: "Tunnels with gaps", text: (n) => String(lacking(ix, n).length), value: (n) => lacking(ix, n).length }
        ],
        ix.data.networks
      )
    );
  }
  function one4(ix, n) {
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
        ["services", ...n.services?.length ? join(n.services.map((x) => serviceLink(ix, x))) : ["none known"]],
        ["hosts that have it", ...n.hosts?.length ? join(n.hosts.slice(0, 60).map(hostLink)) : ["none captured"], (n.hosts?.length ?? 0) > 60 ? ` and ${n.hosts.length - 60} more` : ""],
        ["tunnels", n.tunnels ? `${n.whole ?? 0} of ${n.tunnels} hold all that they should` : n.driver === "overlay" ? "" : "none"],
        ["id", h("code", {}, short(n.id))],
        ["address", n.ref ? h("code", {}, n.ref) : ""]
      ),
      mesh(ix.data, n) ?? null,
      tunnels.length > 0 ? table(
        "Tunnels, host to host: what one holds of the endpoints on the other",
        [
          { name: "From", text: (t) => t.from, node: (t) => hostLink(t.from) },
          { name: "To", text: (t) => t.to, node: (t) => ix.hosts.has(t.to) ? hostLink(t.to) : t.to },
          { name: "Holds", text: (t) => `${t.held} of ${t.expected}`, node: (t) => tunnel(t), value: (t) => -10 * (t.lacks ?? 0) - (t.strays ?? 0), wide: 1.6 },
          { name: "Lacks", text: (t) => (t.missing ?? []).join(", "), wide: 2 },
          { name: "Leads elsewhere", text: (t) => (t.wrong ?? []).join(", "), wide: 1.4 }
        ],
        tunnels
      ) : n.driver === "overlay" ? h("p", { class: "calm" }, ix.data.tunnels === null ? "Not known: what the kernels hold of each other's endpoints was not captured." : "No tunnel of it is known to lack anything.") : null,
      section("Findings that name it", findingList(ix.naming([n.name, short(n.id)]), "None."))
    );
  }

  // paths.ts
  var tones = { dropped: "critical", partly: "high", delivered: "clean" };
  var shownAtOnce = 100;
  function unpack(s2, c) {
    const t = (n) => s2[n ?? 0] ?? "";
    return c.key.map((key2, i) => {
      const client = t(c.client[i]);
      const host = t(c.host[i]);
      const who = t(c.kind[i]) === "outside" ? "the outside, at " + host : host && host !== client ? client + " on " + host : client;
      const p = {
        key: key2,
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
        cause: c.cause[i] ?? 0
      };
      return { ...p, text: [p.who, p.from, p.to, p.network, p.via, p.target, p.verdict].join(" ").toLowerCase() };
    });
  }
  function paths(app2) {
    let list4;
    const all = () => list4 ??= app2.data().then((d) => {
      const c = d.paths;
      return c ? unpack(d.s, c) : [];
    });
    app2.route("paths", { page: "paths", enter: async (p) => drawList(await all(), p, app2) });
    app2.route("path", { page: "path", enter: async (p) => drawOne(await all(), p) });
  }
  function drawList(list4, place2, app2) {
    const box = document.getElementById("path-list");
    if (!box || list4.length === 0) {
      return;
    }
    const given = (p) => ["segment", "cause"].every((k) => !place2.query.has(k) || String(p[k]) === place2.query.get(k)) && ["from", "to", "network", "via", "verdict"].every((k) => !place2.query.has(k) || p[k] === place2.query.get(k));
    const narrowed = list4.filter(given);
    const filter = h("input", { type: "search", placeholder: "filter: client, service, network, dropped …", "aria-label": "Filter the paths" });
    filter.value = place2.query.get("q") ?? "";
    const shown2 = h("span", { class: "sub", role: "status" });
    const body = h("tbody");
    const more = h("p", { class: "more" });
    let most4 = shownAtOnce;
    const draw = () => {
      const words4 = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const hits = narrowed.filter((p) => words4.every((w) => p.text.includes(w)));
      shown2.textContent = hits.length === list4.length ? `${list4.length} paths` : `${hits.length} of ${list4.length} paths`;
      body.replaceChildren(...hits.slice(0, most4).map(row));
      more.replaceChildren(
        ...hits.length > most4 ? [
          button(`show ${Math.min(hits.length - most4, 1e3)} more`, () => {
            most4 += 1e3;
            draw();
          })
        ] : []
      );
    };
    filter.addEventListener("input", () => {
      most4 = shownAtOnce;
      draw();
    });
    const head2 = ["Verdict", "Client", "Asks", "How", "Network", "Ends with"].map((name) => h("th", { scope: "col" }, name));
    const narrow = narrowed.length < list4.length && h("a", { href: href("paths") }, "all paths");
    box.replaceChildren(
      h("h3", {}, "All that are listed"),
      h("p", { class: "filter" }, filter, shown2, narrow),
      h("div", { class: "scroll" }, h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ...head2)), body)),
      more
    );
    draw();
    for (const end2 of document.querySelectorAll("#ends > li")) {
      end2.hidden = !narrowed.some((p) => String(p.segment) === end2.dataset.segment);
    }
    if (place2.query.size > 0) {
      box.scrollIntoView();
    }
    void app2;
  }
  function row(p) {
    const tone = tones[p.verdict] ?? "open";
    const reached2 = p.verdict === "dropped" || p.backends < 2 ? "" : `${p.reached} of ${p.backends} surely reached`;
    return h(
      "tr",
      {},
      h("td", {}, h("a", { class: "sev", "data-tone": tone, href: href("path", p.key) }, mark(tone), p.verdict), reached2 && h("span", { class: "sub" }, reached2)),
      h("td", {}, h("b", {}, p.who), p.from && p.from !== p.who ? h("span", { class: "sub" }, p.from) : null),
      h("td", {}, h("b", {}, p.to), p.target ? h("span", { class: "sub" }, p.target) : null),
      h("td", {}, p.via),
      h("td", {}, p.network),
      h("td", {}, p.cause ? h("a", { href: href("c", p.cause) }, `cause ${p.cause}`) : "", p.alike ? h("span", { class: "sub" }, `and ${p.alike} alike`) : null)
    );
  }
  function drawOne(list4, place2) {
    const [a = "", b] = place2.args;
    const wanted = b === void 0 ? list4.find((p) => String(p.key) === a) : list4.find((p) => (p.who === a || p.from === a || p.who.startsWith(a + " on ")) && p.to === b);
    const cards = [...document.querySelectorAll("#path article.path")];
    const card = cards.find((c) => c.dataset.path === String(wanted?.key)) ?? cards.find((c) => wanted?.segment && c.dataset.segment === String(wanted.segment));
    for (const c of cards) {
      c.classList.toggle("on", c === card);
    }
    const none = document.getElementById("path-none");
    if (none) {
      none.hidden = card !== void 0;
    }
    const same = card?.querySelector(".path-same");
    if (card && same && wanted) {
      const own = card.dataset.path === String(wanted.key);
      same.hidden = own;
      same.textContent = own ? "" : `${wanted.who} → ${wanted.to} (${wanted.via}) is ${wanted.verdict}, and ends in the same step as this path, which is shown for it.`;
    }
    card?.querySelector(".path-title")?.focus({ preventScroll: true });
    return card !== void 0;
  }

  // print.ts
  function print() {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = [...document.querySelectorAll("details.finding:not([open]), details.cause:not([open]), #coverage > details:not([open])")];
      for (const d of folded) {
        d.open = true;
      }
    });
    addEventListener("afterprint", () => {
      for (const d of folded) {
        d.open = false;
      }
    });
  }

  // share.ts
  function share(app2) {
    app2.keys.on("y", "copy the link of this view", () => {
      void copyText(location.href).then((done) => toast(done ? "link copied" : "the link could not be copied; it is in the address bar"));
    });
  }
  function toast(words4) {
    const t = h("div", { class: "toast", role: "status" }, words4);
    document.body.append(t);
    setTimeout(() => t.remove(), 2200);
  }

  // projector.ts
  function projector(app2) {
    const root = document.documentElement;
    const on = () => root.classList.contains("projector");
    const tour = ["#/", "#/map", ...[...document.querySelectorAll("details.cause")].slice(0, 3).map((c) => href("c", c.id.replace("cause-", ""))), ...[...document.querySelectorAll("details.finding")].map((f) => href("f", f.dataset.finding ?? "")), "#/coverage"];
    app2.keys.on("P", "projector: larger, one thing at a time; space goes on", () => {
      root.classList.toggle("projector");
      if (on()) {
        toast("projector: space goes on, P ends");
      }
      dispatchEvent(new Event("resize"));
    });
    app2.keys.on(" ", "", () => {
      if (!on()) {
        return false;
      }
      const at = tour.findIndex((t) => t === (location.hash || "#/"));
      app2.go(tour[(at + 1) % tour.length] ?? "#/");
    });
  }

  // search.ts
  var tokenNames = ["host", "svc", "net", "sev", "rule", "ctr", "kind"];
  function parseQuery(text) {
    const q = { words: [], tokens: [] };
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
  var most2 = 60;
  function find(ix, text) {
    const q = parseQuery(text);
    const hits = [];
    let more = 0;
    const add = (hit, all, about) => {
      const low = all.toLowerCase();
      for (const [name, value] of q.tokens) {
        const field = about[name];
        if (field === void 0) {
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
      if (hits.length < most2) {
        hits.push(hit());
      } else {
        more++;
      }
    };
    const names2 = { svc: [...ix.data.services ?? []].map((s2) => s2.name), net: [...ix.data.networks ?? []].map((n) => n.name) };
    const wanted = (token) => q.tokens.filter(([n]) => n === token).map(([, v]) => v);
    for (const f of ix.findings) {
      const body = `${f.summary}
${f.subject}
${f.facts}`;
      const low = body.toLowerCase();
      const about = (token) => names2[token].filter((n) => wanted(token).some((w) => n.toLowerCase().includes(w)) && hasWord(low, n.toLowerCase())).join("\n");
      add(() => ({ kind: "finding", title: f.summary, sub: `${f.rule} · on ${f.host}`, tone: f.severity, href: href("f", f.id) }), `${body}
${f.rule}
${f.host}
${f.id}`, {
        host: f.host,
        sev: f.severity,
        rule: f.rule,
        svc: wanted("svc").length ? about("svc") : "",
        net: wanted("net").length ? about("net") : "",
        kind: "finding"
      });
    }
    for (const c of ix.data.causes) {
      add(() => ({ kind: "cause", title: c.summary, sub: `${c.name} · on ${c.host}`, tone: c.severity, href: href("c", c.rank) }), `${c.summary}
${c.name}
${c.host}`, { host: [c.host, ...c.hosts ?? []].join("\n"), sev: c.severity, rule: c.name, svc: (c.services ?? []).join("\n"), kind: "cause" });
    }
    for (const s2 of ix.data.services ?? []) {
      add(() => ({ kind: "service", title: s2.name, sub: s2.image ?? "", tone: "none", href: href("svc", s2.name) }), `${s2.name}
${s2.image ?? ""}
${s2.id}
${(s2.vips ?? []).map((v) => v.ip).join("\n")}`, { svc: s2.name, net: (s2.networks ?? []).join("\n"), kind: "service" });
    }
    for (const x of ix.data.hosts) {
      add(() => ({ kind: "host", title: x.name, sub: [x.role, x.engine, x.bundle ? "" : "not captured"].filter(Boolean).join(" · "), tone: "none", href: href("host", x.name) }), `${x.name}
${x.node ?? ""}
${x.engine ?? ""}
${x.kernel ?? ""}`, { host: x.name, kind: "host" });
    }
    for (const n of ix.data.networks ?? []) {
      add(() => ({ kind: "network", title: n.name, sub: [n.driver, ...n.subnets ?? []].join(" "), tone: "none", href: href("net", n.id) }), `${n.name}
${n.id}
${(n.subnets ?? []).join("\n")}
${n.vni ?? ""}`, { net: n.name, svc: (n.services ?? []).join("\n"), host: (n.hosts ?? []).join("\n"), kind: "network" });
    }
    for (let i = 0; i < ix.containers; i++) {
      const c = ix.container(i);
      add(() => ({ kind: "container", title: c.name || short(c.id), sub: `${c.state} on ${c.host} · ${short(c.id)} ${c.ips.join(" ")}`, tone: c.tone, href: href("ctr", c.id) }), `${c.name}
${c.id}
${c.image}
${c.ips.join("\n")}
${c.state}`, { host: c.host, svc: c.service, ctr: `${c.name}
${c.id}`, kind: "container" });
    }
    return { hits, more };
  }
  function search(app2) {
    const box = h("input", { type: "search", id: "search", placeholder: "search (/)", "aria-label": "Search findings, services, hosts, networks, containers", role: "combobox", "aria-expanded": "false", "aria-controls": "hits", autocomplete: "off", spellcheck: "false" });
    const list4 = h("ul", { class: "hits", id: "hits", role: "listbox", "aria-label": "Results" });
    const wrap = h("div", { class: "search" }, box, list4);
    list4.hidden = true;
    let at = -1;
    let turn = 0;
    const options = () => [...list4.querySelectorAll("[role=option]")];
    const close = () => {
      list4.hidden = true;
      box.setAttribute("aria-expanded", "false");
      at = -1;
    };
    const choose = (n) => {
      const all = options();
      at = all.length === 0 ? -1 : (n + all.length) % all.length;
      all.forEach((o2, i) => o2.setAttribute("aria-selected", String(i === at)));
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
      const { hits, more } = find(await app2.index(), box.value);
      if (mine !== turn) {
        return;
      }
      list4.replaceChildren(
        ...hits.map((x, i) => h("li", { role: "option", id: `hit-${i}`, "aria-selected": "false" }, h("a", { href: x.href, tabindex: -1, click: close }, h("span", { class: "kind" }, x.kind), h("span", { class: "what", "data-tone": x.tone }, x.tone === "none" ? null : mark(x.tone), x.title, h("span", { class: "sub" }, x.sub))))),
        h("li", { class: "calm", role: "presentation" }, hits.length === 0 ? "Nothing." : more > 0 ? `and ${more} more: add a word or a token` : "", ` Tokens: ${tokenNames.map((t) => t + ":").join(" ")}`)
      );
      list4.hidden = false;
      box.setAttribute("aria-expanded", "true");
      choose(0);
    };
    box.addEventListener("input", () => void show());
    box.addEventListener("focus", () => void show());
    box.addEventListener("keydown", (e) => {
      const step2 = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (step2) {
        e.preventDefault();
        choose(at + step2);
      } else if (e.key === "Enter") {
        const a = options()[at]?.querySelector("a");
        if (a) {
          close();
          box.blur();
          app2.go(a.getAttribute("href") ?? "#/");
        }
      }
    });
    document.addEventListener("click", (e) => {
      if (e.target instanceof Node && !wrap.contains(e.target)) {
        close();
      }
    });
    app2.keys.on("/", "search: words, and tokens such as host:node1 sev:high svc:vote net:back rule:…", () => {
      box.focus();
      box.select();
    });
    app2.keys.on("Escape", "close, or go back to the overview", () => {
      if (document.querySelector("dialog[open]")) {
        return false;
      }
      if (!list4.hidden || document.activeElement === box) {
        close();
        box.blur();
        return;
      }
      app2.go("#/");
    });
    app2.route("search", {
      page: "overview",
      enter(p) {
        box.value = p.query.get("q") ?? "";
        box.focus();
      }
    });
    app2.tools.append(wrap);
  }

  // theme.ts
  var key = "netmortem-theme";
  var words2 = ["auto", "light", "dark"];
  function theme(app2) {
    let now = "auto";
    try {
      const kept = localStorage.getItem(key);
      now = words2.find((w) => w === kept) ?? "auto";
    } catch {
    }
    const rules = [];
    for (const sheet of document.styleSheets) {
      for (const rule of sheet.cssRules) {
        if (rule instanceof CSSMediaRule && rule.media.mediaText.includes("prefers-color-scheme: dark")) {
          rules.push(rule);
        }
      }
    }
    const apply = () => {
      for (const r of rules) {
        r.media.mediaText = { auto: "(prefers-color-scheme: dark)", light: "not all", dark: "screen" }[now];
      }
      document.querySelector("meta[name=color-scheme]")?.setAttribute("content", now === "auto" ? "light dark" : now);
      document.dispatchEvent(new CustomEvent("nm:theme"));
    };
    const b = button(`theme: ${now}`, () => {
      now = words2[(words2.indexOf(now) + 1) % words2.length] ?? "auto";
      b.textContent = `theme: ${now}`;
      try {
        localStorage.setItem(key, now);
      } catch {
      }
      apply();
    });
    apply();
    app2.tools.append(b);
  }

  // timedata.ts
  var toneNames = ["", "odd", "bad"];
  var Events = class {
    constructor(d, texts) {
      this.d = d;
      this.texts = texts;
      this.n = d.at.length;
    }
    d;
    texts;
    n;
    start(i) {
      return this.d.base + (this.d.at[i] ?? 0) / 1e3;
    }
    end(i) {
      return this.start(i) + (this.d.last[i] ?? 0) / 1e3;
    }
    host(i) {
      return this.d.hosts[this.d.host[i] ?? -1] ?? "";
    }
    lane(i) {
      return this.d.lanes[this.d.lane[i] ?? -1] ?? "";
    }
    tone(i) {
      return this.d.tone[i] ?? 0;
    }
    count(i) {
      return this.d.count[i] ?? 1;
    }
    text(i) {
      return this.texts[this.d.text[i] ?? 0] ?? "";
    }
    subject(i) {
      return this.texts[this.d.subject[i] ?? 0] ?? "";
    }
    service(i) {
      return this.texts[this.d.service[i] ?? 0] ?? "";
    }
    ref(i) {
      const doc = this.texts[this.d.doc[i] ?? 0] ?? "";
      const line2 = this.d.line[i] ?? 0;
      return line2 > 0 ? `${doc}:${line2}` : doc;
    }
    // reach of the clock of an event's host.
    reach(i) {
      return this.d.reach[this.d.host[i] ?? -1] ?? null;
    }
    // first and last moment of all events.
    bounds() {
      let to = -Infinity;
      for (let i = 0; i < this.n; i++) {
        to = Math.max(to, this.end(i));
      }
      return [this.start(0), Math.max(to, this.start(0) + 1)];
    }
    // order says how sure it is that j came after i: empty for sure.
    order(i, j) {
      if (this.d.host[i] === this.d.host[j]) {
        return "";
      }
      const a = this.reach(i);
      const b = this.reach(j);
      if (!a || !b) {
        return "not known";
      }
      if (this.start(j) + b[0] > this.end(i) + a[1]) {
        return "";
      }
      return `same time within ±${brief((a[1] - a[0] + b[1] - b[0]) / 2e3)} s`;
    }
  };
  function brief(x) {
    return String(Number(x.toPrecision(2)));
  }

  // timescale.ts
  var Scale = class {
    constructor(from2, to, left2, right2) {
      this.from = from2;
      this.to = to;
      this.left = left2;
      this.right = right2;
    }
    from;
    to;
    left;
    right;
    x(t) {
      return this.left + (t - this.from) / (this.to - this.from) * (this.right - this.left);
    }
    t(x) {
      return this.from + (x - this.left) / (this.right - this.left) * (this.to - this.from);
    }
    wide(ms) {
      return ms / (this.to - this.from) * (this.right - this.left);
    }
  };
  var second = 1e3;
  var minute = 60 * second;
  var hour = 60 * minute;
  var day = 24 * hour;
  var steps = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    second,
    2 * second,
    5 * second,
    10 * second,
    15 * second,
    30 * second,
    minute,
    2 * minute,
    5 * minute,
    10 * minute,
    15 * minute,
    30 * minute,
    hour,
    2 * hour,
    3 * hour,
    6 * hour,
    12 * hour,
    day,
    2 * day,
    7 * day
  ];
  function ticks(from2, to, local) {
    const step2 = steps.find((s2) => to - from2 <= 10 * s2) ?? Math.ceil((to - from2) / 10 / day) * day;
    const shift = local ? -new Date(from2).getTimezoneOffset() * minute : 0;
    const out = [];
    for (let at = Math.floor((from2 + shift) / step2 + 1) * step2 - shift; at <= to && out.length < 20; at += step2) {
      const day2 = stamp(at, local).slice(0, 10);
      const text = step2 >= 12 * hour ? day2 + zoneMark(at, local) : clock(at, local, step2 < second);
      out.push({ at, text });
    }
    return out;
  }
  function zoneMark(_, local) {
    return local ? "" : "Z";
  }
  function two(n) {
    return String(n).padStart(2, "0");
  }
  function stamp(t, local) {
    const d = new Date(t);
    if (!local) {
      return d.toISOString().replace("T", " ");
    }
    const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
    return `${date} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")} ${offset(t)}`;
  }
  function clock(t, local, parts = true) {
    const s2 = stamp(t, local);
    return s2.slice(11, parts ? 23 : 19) + zoneMark(t, local);
  }
  function offset(t) {
    const m = -new Date(t).getTimezoneOffset();
    const a = Math.abs(m);
    return `${m < 0 ? "-" : "+"}${two(Math.floor(a / 60))}:${two(a % 60)}`;
  }
  function span(ms) {
    if (ms < 1) {
      return `${Math.max(1, Math.round(ms * 1e3))} µs`;
    }
    if (ms < second) {
      return `${Math.round(ms)} ms`;
    }
    if (ms < 10 * second) {
      return `${(ms / second).toFixed(1)} s`;
    }
    if (ms < 2 * minute) {
      return `${Math.round(ms / second)} s`;
    }
    if (ms < 2 * hour) {
      return `${Math.floor(ms / minute)}:${two(Math.floor(ms / second) % 60)} min`;
    }
    if (ms < 2 * day) {
      return `${Math.floor(ms / hour)}:${two(Math.floor(ms / minute) % 60)} h`;
    }
    return `${Math.round(ms / day)} days`;
  }

  // timedetail.ts
  var most3 = 5;
  var Details = class {
    constructor(e, place2) {
      this.e = e;
      this.place = place2;
      place2.setAttribute("aria-live", "polite");
    }
    e;
    place;
    show(m, local) {
      if (!m) {
        this.place.replaceChildren(
          h("p", { class: "calm" }, "Point at a mark, or go from one to the next with ] and [. The wheel zooms when the picture has the focus, a drag moves it; ? has all keys.")
        );
        return;
      }
      const list4 = [...m.events].sort((a, b) => this.e.tone(b) - this.e.tone(a) || a - b).slice(0, most3);
      this.place.replaceChildren(
        h(
          "ul",
          { class: "plainlist" },
          ...list4.map((i) => this.line(i, local)),
          m.all > list4.length ? h("li", { class: "calm" }, `and ${m.all - list4.length} more at this place: zoom in`) : null
        )
      );
    }
    line(i, local) {
      const e = this.e;
      const tone = toneNames[e.tone(i)] ?? "";
      const reach = e.reach(i);
      const long = e.end(i) - e.start(i);
      const about = [e.host(i), e.lane(i)];
      if (long > 0) {
        about.push("lasting " + span(long));
      }
      about.push(reach ? reach[0] === 0 && reach[1] === 0 ? "the yardstick's clock" : `${off(reach[0])} to ${off(reach[1])} by the leader's clock` : "clock offset not known");
      const first = e.start(i) - e.start(0);
      return h(
        "li",
        {},
        tone ? h("span", { class: "evtone " + tone }, mark(tone === "bad" ? "critical" : "high"), h("span", { class: "away" }, tone + ": ")) : null,
        h("b", {}, e.text(i)),
        e.count(i) > 1 ? ` ×${e.count(i)}` : "",
        h("span", { class: "sub" }, `${stamp(e.start(i), local)}${local ? "" : ` (UTC+00:00)`} +${span(Math.max(first, 0))} since the first · ${about.join(" · ")} · `, h("code", {}, e.ref(i)))
      );
    }
  };
  function off(ms) {
    return ms === 0 ? "±0" : (ms < 0 ? "−" : "+") + span(Math.abs(ms));
  }

  // timedraw.ts
  var wide = 1310;
  var left = 128;
  var right = 14;
  var top = 52;
  var laneHeight = 19;
  var headHeight = 22;
  var bin = 9;
  var maxHosts = 6;
  var glyph = 5;
  var letter = 6.4;
  var maxReach = 300;
  var maxBands = 40;
  var glyphs = { bad: "M0-6l6 6-6 6-6-6z", odd: "M0-5.5l5.8 10H-5.8z", plain: "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0" };
  var shown = 8;
  function drawn(e, list4, blind, from2, to, local) {
    const scale = new Scale(from2, to, left, wide - right);
    const hosts2 = [.../* @__PURE__ */ new Set([...list4.map((i) => e.d.host[i] ?? -1), ...blind.map((u) => u.host)])].sort((a, b) => a - b);
    const together = hosts2.length > maxHosts;
    const rows = /* @__PURE__ */ new Map();
    const back = [];
    let y = top;
    for (const host of together ? [-1] : hosts2) {
      if (!together) {
        back.push(head(e, host, y, scale));
        y += headHeight;
      }
      const why = new Map(together ? [] : blind.filter((u) => u.host === host).map((u) => [u.lane, u.why]));
      const lanes = new Set(why.keys());
      for (const i of list4) {
        if (together || e.d.host[i] === host) {
          lanes.add(e.d.lane[i] ?? 0);
        }
      }
      for (const lane of [...lanes].sort((a, b) => a - b)) {
        rows.set(`${host}/${lane}`, { y: y + Math.floor(laneHeight / 2), events: [] });
        const g = s("g", { class: "lane" }, s("path", { d: `M${left} ${y}H${wide - right}` }), s("text", { x: left - 8, y, dy: 14, "text-anchor": "end" }, e.d.lanes[lane] ?? ""));
        if (why.has(lane)) {
          g.append(s("rect", { class: "unseen", x: left, y, width: wide - left - right, height: laneHeight }), s("text", { x: left + 8, y, dy: 14, class: "why" }, "? not captured: " + why.get(lane)));
        }
        back.push(g);
        y += laneHeight;
      }
      y += 4;
    }
    const height = y + 2;
    for (const i of list4) {
      rows.get(`${together ? -1 : e.d.host[i]}/${e.d.lane[i]}`)?.events.push(i);
    }
    const marks = [];
    for (const row2 of rows.values()) {
      marks.push(...binned(e, row2.events, row2.y, scale));
    }
    const svg = s(
      "svg",
      { viewBox: `0 0 ${wide} ${height}`, role: "group", "aria-label": "Events on an axis of time; the table below has the same" },
      s(
        "defs",
        {},
        s("pattern", { id: "time-unseen", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(-45)" }, s("path", { d: "M0 0v7", class: "unseen-hatch" })),
        s("pattern", { id: "time-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("path", { d: "M0 0v6", class: "hatch" }))
      ),
      together ? s("text", { x: 6, y: 44 }, `${hosts2.length} hosts together`) : null,
      ...together ? [] : bands(e, list4, scale, height),
      ...back,
      ...ticks(from2, to, local).filter((t) => scale.x(t.at) > left + 2 && scale.x(t.at) < wide - right - 28).map((t) => s("g", { class: "tick" }, s("path", { d: `M${scale.x(t.at)} 48V${height}` }), s("text", { x: scale.x(t.at), y: 44, "text-anchor": "middle" }, t.text))),
      ...causes(e.d.marks, scale, height)
    );
    for (let k = 0; k < marks.length; k++) {
      const m = marks[k];
      const next = marks[k + 1];
      const last = marks[k - 1];
      m.element = element(m, next && next.y === m.y ? next.x - glyph - m.x : wide - right - m.x, last && last.y === m.y ? last.x + last.w : left);
      svg.append(m.element);
    }
    return { svg, scale, marks };
  }
  function head(e, host, y, scale) {
    const reach = e.d.reach[host] ?? null;
    const g = s("g", { class: "host" }, s("text", { x: 6, y, dy: 16, class: "name" }, e.d.hosts[host] ?? ""));
    const w = reach ? Math.min(scale.wide(reach[1] - reach[0]), wide - left - right) : 0;
    if (w > 2) {
      g.append(s("path", { class: "reach", d: `M${left} ${y}m0 8v8m0-4h${w}m0-4v8` }));
    }
    g.append(s("text", { x: left + (w > 2 && w < maxReach ? w + 7 : 0), y, dy: 16, class: "clock" }, "clock: " + (e.d.why[host] ?? "")));
    return g;
  }
  function binned(e, events, y, scale) {
    const out = [];
    let m;
    for (const i of events) {
      const x = Math.max(scale.x(e.start(i)), left);
      const end2 = Math.min(scale.x(e.end(i)), wide - right);
      if (e.lane(i) === "capture") {
        m = void 0;
        out.push({ x, w: Math.max(end2 - x, 2), y, tone: e.tone(i), capture: true, n: 1, low: x, high: x, events: [i], all: 1, mac: "" });
        continue;
      }
      if (!m || x - m.x > bin) {
        m = { x, w: 0, y, tone: 0, capture: false, n: 0, low: x, high: x, events: [], all: 0, mac: "" };
        out.push(m);
      }
      m.n += e.count(i);
      m.all++;
      m.mac = m.all === 1 && e.lane(i) === "moves" ? e.subject(i) : "";
      m.w = Math.max(m.w, end2 - m.x);
      m.tone = Math.max(m.tone, e.tone(i));
      const reach = e.reach(i);
      if (reach) {
        m.low = Math.max(Math.min(m.low, x + scale.wide(reach[0])), left);
        m.high = Math.min(Math.max(m.high, x + scale.wide(reach[1])), wide - right);
      }
      if (m.events.length < shown || e.tone(i) === 2) {
        m.events.push(i);
      }
    }
    return out;
  }
  function element(m, room2, free) {
    const tone = m.capture ? "capture" : toneNames[m.tone] || "plain";
    const g = s("g", { class: "ev " + tone, transform: `translate(${m.x.toFixed(1)} ${m.y})` });
    if (m.capture) {
      g.append(s("rect", { y: -5, width: m.w, height: 10 }));
      return g;
    }
    if (m.tone > 0 && m.high - m.low > 2 * glyph + m.w) {
      g.append(s("path", { class: "whisker", d: `M${m.low - m.x}-3.5v7m0-3.5H${m.high - m.x}m0-3.5v7` }));
    }
    if (m.w > bin) {
      g.append(s("rect", { class: "burst", y: -3, width: m.w, height: 6, rx: 2 }));
    }
    const size = 1 + Math.min(Math.log10(Math.max(m.n, 1)) / 4, 0.6);
    g.append(s("path", { class: "glyph", transform: `scale(${size.toFixed(2)})`, d: glyphs[tone] ?? "" }));
    const text = m.mac === "" ? String(m.n) : `${m.mac} ×${m.n}`;
    const x = m.w > bin ? m.w + 4 : glyph * size + 3;
    const before = text.length * letter + glyph * size + 12;
    if (m.n > 1 && x + text.length * letter <= room2) {
      g.append(s("text", { x, dy: 4 }, text));
    } else if (m.mac !== "" && m.x - before > free) {
      g.append(s("text", { x: -before, dy: 4 }, text));
    }
    return g;
  }
  function causes(marks, scale, height) {
    const free = [0, 0];
    const out = [];
    for (const c of [...marks].sort((a, b) => a.from - b.from)) {
      if (c.from > scale.to || c.to < scale.from) {
        continue;
      }
      const x = Math.max(scale.x(c.from), left);
      const w = c.to > c.from ? Math.min(scale.x(c.to), wide - right) - x : 0;
      const words4 = `cause ${c.rank}` + (c.felt ? " felt" : w > 0 ? " began in here" : " began") + (c.name ? ": " + c.name : "");
      const long = words4.length * letter + 8;
      const end2 = x + 4 + long > wide;
      const begin = end2 ? x - 4 - long : x + 4;
      const row2 = free.findIndex((f) => begin >= f);
      if (row2 >= 0) {
        free[row2] = begin + long;
      }
      const labelY = 11 + 13 * row2;
      const g = s("g", { class: "since" + (c.felt ? " felt" : "") }, s("title", {}, c.words));
      if (w > 0) {
        g.append(s("rect", { x, y: 49, width: w, height: 4 }));
      }
      g.append(s("path", { d: `M${x} ${row2 < 0 ? 48 : labelY - 6}V${height}` }));
      if (row2 >= 0) {
        g.append(s("text", { x: end2 ? x - 4 : x + 4, y: labelY, dy: 4, "text-anchor": end2 ? "end" : "start" }, words4));
      }
      out.push(g);
    }
    return out;
  }
  function bands(e, list4, scale, height) {
    const spans = [];
    for (const i of list4) {
      const reach = e.reach(i);
      if (e.tone(i) > 0 && reach) {
        spans.push({ from: e.start(i) + reach[0], to: e.start(i) + reach[1], host: e.host(i) });
      }
    }
    spans.sort((a, b) => a.from - b.from);
    const out = [];
    for (let i = 0; i < spans.length; ) {
      const first = spans[i];
      let to = first.to;
      const hosts2 = /* @__PURE__ */ new Set([first.host]);
      let k = i + 1;
      for (; k < spans.length; k++) {
        const next = spans[k];
        if (next.from > to) {
          break;
        }
        to = Math.max(to, next.to);
        hosts2.add(next.host);
      }
      i = k;
      if (hosts2.size < 2) {
        continue;
      }
      const x = Math.max(scale.x(first.from), left);
      const w = Math.max(Math.min(scale.x(to), wide - right) - x, 3);
      const words4 = `what is marked on ${[...hosts2].sort().join(" and ")} within these ${brief((to - first.from) / 1e3)} s may have happened in any order`;
      out.push(s("g", { class: "anyorder" }, s("title", {}, words4), s("rect", { x, y: top, width: w, height: height - top }), s("path", { d: `M${x} ${top}v-3h${w}v3` })));
      if (out.length >= maxBands) {
        break;
      }
    }
    return out;
  }

  // timefilter.ts
  var Filter = class {
    constructor(e, changed) {
      this.e = e;
      const there = /* @__PURE__ */ new Set([...e.d.lane, ...e.d.blind.map((u) => u.lane)]);
      this.lanes = e.d.lanes.map((lane, k) => {
        const box = h("input", { type: "checkbox", value: lane, checked: true });
        box.disabled = !there.has(k);
        return box;
      });
      const count2 = /* @__PURE__ */ new Map();
      for (let i = 0; i < e.n; i++) {
        count2.set(e.d.host[i] ?? -1, (count2.get(e.d.host[i] ?? -1) ?? 0) + 1);
      }
      this.host = h("select", { "aria-label": "host" }, h("option", { value: "" }, "all hosts"), ...e.d.hosts.map((name, k) => h("option", { value: name }, `${name} (${count2.get(k) ?? 0})`)));
      this.tone = h(
        "select",
        { "aria-label": "which events" },
        h("option", { value: "" }, "all events"),
        h("option", { value: "odd" }, "bad and odd ones"),
        h("option", { value: "bad" }, "bad ones only")
      );
      this.words = h("input", { type: "search", placeholder: "about: service, container, word", "aria-label": "words that the event has" });
      this.element = h(
        "div",
        { class: "filters", role: "group", "aria-label": "Which events are drawn" },
        ...this.lanes.map((box) => h("label", { class: box.disabled ? "none" : null, title: box.disabled ? "nothing of it happened" : null }, box, box.value)),
        this.host,
        this.tone,
        this.words
      );
      const read2 = () => {
        this.off = new Set(this.lanes.flatMap((box, k) => box.checked ? [] : [k]));
        changed();
      };
      for (const box of [...this.lanes, this.host, this.tone]) {
        box.addEventListener("change", read2);
      }
      this.words.addEventListener("input", read2);
    }
    e;
    element;
    lanes;
    host;
    tone;
    words;
    off = /* @__PURE__ */ new Set();
    has(i) {
      const e = this.e;
      if (this.off.has(e.d.lane[i] ?? -1) || this.host.value !== "" && e.host(i) !== this.host.value) {
        return false;
      }
      if (e.tone(i) < ["", "odd", "bad"].indexOf(this.tone.value)) {
        return false;
      }
      const words4 = this.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (words4.length === 0) {
        return true;
      }
      const text = `${e.text(i)} ${e.subject(i)} ${e.service(i)} ${e.host(i)}`.toLowerCase();
      return words4.every((w) => text.includes(w));
    }
    // asks reports whether a lane of a host is asked for, by nothing but its name.
    asks(host, lane) {
      return !this.off.has(lane) && (this.host.value === "" || this.e.d.hosts[host] === this.host.value);
    }
    // set reads a link; say writes one.
    set(q) {
      const off2 = (q.get("without") ?? "").split(",");
      for (const box of this.lanes) {
        box.checked = !off2.includes(box.value);
      }
      this.off = new Set(this.lanes.flatMap((box, k) => box.checked ? [] : [k]));
      this.host.value = q.get("host") ?? "";
      this.tone.value = q.get("tone") ?? "";
      this.words.value = q.get("about") ?? "";
      if (this.host.selectedIndex < 0) {
        this.host.value = "";
      }
      if (this.tone.selectedIndex < 0) {
        this.tone.value = "";
      }
    }
    say(q) {
      const put = (name, value) => value !== "" && q.set(name, value);
      put("without", this.lanes.filter((box) => !box.checked).map((box) => box.value).join(","));
      put("host", this.host.value);
      put("tone", this.tone.value);
      put("about", this.words.value);
    }
  };

  // timelist.ts
  function listing(e, list4, local, filter) {
    const first = list4[0] ?? 0;
    const rows = list4.map((i, k) => ({ i, order: k === 0 ? "" : e.order(list4[k - 1] ?? i, i) }));
    const days = new Set([list4[0], list4.at(-1)].map((i) => stamp(e.start(i ?? 0), local).slice(0, 10)));
    const time2 = (i) => days.size > 1 ? stamp(e.start(i), local) : clock(e.start(i), local);
    const columns = [
      { name: local ? "Time (local)" : "Time (UTC)", wide: days.size > 1 ? 2.4 : 1.6, text: (r) => stamp(e.start(r.i), local), value: (r) => e.start(r.i), node: (r) => h("time", { title: stamp(e.start(r.i), local) }, time2(r.i)) },
      { name: "After first", wide: 1.1, text: (r) => "+" + (r.i === first ? "0 s" : span(e.start(r.i) - e.start(first))), value: (r) => e.start(r.i) },
      { name: "Order", wide: 1.5, text: (r) => r.order, node: (r) => h("span", { class: "soft", title: r.order }, r.order) },
      { name: "Host", wide: 1, text: (r) => e.host(r.i) },
      { name: "Lane", wide: 0.9, text: (r) => e.lane(r.i) },
      {
        name: "What",
        wide: 6,
        text: (r) => words3(e, r.i),
        node: (r) => {
          const tone = toneNames[e.tone(r.i)] ?? "";
          const what = words3(e, r.i);
          return h("span", { title: what, class: "evwhat" }, tone ? h("span", { class: "evtone " + tone }, mark(tone === "bad" ? "critical" : "high"), h("span", { class: "away" }, tone + ": ")) : null, what);
        }
      },
      { name: "Address", wide: 2.8, text: (r) => e.ref(r.i), node: (r) => h("code", { title: e.ref(r.i) }, e.ref(r.i)) }
    ];
    return table("The same as a table", columns, rows, { filter });
  }
  function words3(e, i) {
    const long = e.end(i) - e.start(i);
    return e.text(i) + (e.count(i) > 1 ? ` ×${e.count(i)}` : "") + (long > 0 ? ` for ${span(long)}` : "");
  }

  // timeline.ts
  var least = 10;
  var Timeline = class _Timeline {
    constructor(app2, e, chart, table2) {
      this.app = app2;
      this.e = e;
      this.chart = chart;
      this.table = table2;
      this.from = e.d.from;
      this.to = e.d.to;
      this.details = new Details(e, document.getElementById("time-detail") ?? document.body);
      this.filter = new Filter(e, () => this.changed());
      this.zone = button("local time", () => {
        this.local = !this.local;
        this.changed();
      });
      document.getElementById("time-filter")?.replaceChildren(this.filter.element, this.title);
      document.getElementById("time-tools")?.replaceChildren(
        button("incident", () => this.incident(), { title: "i" }),
        button("everything", () => this.everything(), { title: "0" }),
        button("−", () => this.zoom(2), { "aria-label": "farther", title: "-" }),
        button("+", () => this.zoom(0.5), { "aria-label": "closer", title: "+" }),
        this.zone
      );
      chart.tabIndex = 0;
      chart.setAttribute("role", "group");
      chart.setAttribute("aria-label", "Timeline: arrow keys move, plus and minus zoom, [ and ] go from event to event");
      this.listen();
    }
    app;
    e;
    chart;
    table;
    from;
    to;
    local = false;
    list = [];
    drawing;
    due = 0;
    listDue = 0;
    chosen = -1;
    // place in drawing.marks
    filter;
    details;
    zone;
    title = h("p", { class: "time-span", "aria-live": "polite" });
    // make reads the events; undefined when there are none.
    static async make(app2) {
      const data = await app2.data();
      const chart = document.getElementById("time-chart");
      const table2 = document.getElementById("time-table");
      return data.time && chart && table2 ? new _Timeline(app2, new Events(data.time, data.s), chart, table2) : void 0;
    }
    // enter follows what a link says.
    enter(q) {
      const from2 = Date.parse(q.get("from") ?? "");
      const to = Date.parse(q.get("to") ?? "");
      if (to > from2) {
        [this.from, this.to] = [from2, to];
      } else if (!q.has("from")) {
        [this.from, this.to] = [this.e.d.from, this.e.d.to];
      }
      this.filter.set(q);
      this.draw();
    }
    zoom(by, around = (this.from + this.to) / 2) {
      const [first, last] = this.e.bounds();
      const long = Math.min(Math.max((this.to - this.from) * by, least), Math.max((last - first) * 1.1, least));
      const share2 = (around - this.from) / (this.to - this.from);
      this.window(around - share2 * long, around + (1 - share2) * long);
    }
    pan(by) {
      const d = (this.to - this.from) * by;
      this.window(this.from + d, this.to + d);
    }
    incident() {
      this.window(this.e.d.from, this.e.d.to);
    }
    everything() {
      const [from2, to] = this.e.bounds();
      const edge = Math.max((to - from2) / 50, least);
      this.window(from2 - edge, to + edge);
    }
    // step chooses the next mark, or the one before.
    step(by) {
      const marks = this.drawing?.marks ?? [];
      if (marks.length === 0) {
        return;
      }
      const order = marks.map((_, i) => i).sort((a, b) => marks[a].x - marks[b].x);
      const at = order.indexOf(this.chosen);
      this.choose(order[(at + by + order.length) % order.length] ?? -1);
    }
    choose(k) {
      this.drawing?.marks[this.chosen]?.element?.classList.remove("chosen");
      this.chosen = k;
      const m = this.drawing?.marks[k];
      m?.element?.classList.add("chosen");
      this.details.show(m, this.local);
    }
    // window moves to another time, and into the link.
    window(from2, to) {
      const [first, last] = this.e.bounds();
      const long = to - from2;
      if (to < first) {
        [from2, to] = [first, first + long];
      } else if (from2 > last) {
        [from2, to] = [last - long, last];
      }
      [this.from, this.to] = [from2, to];
      this.changed();
    }
    changed() {
      cancelAnimationFrame(this.due);
      this.due = requestAnimationFrame(() => {
        this.draw();
        const q = new URLSearchParams({ from: new Date(this.from).toISOString(), to: new Date(this.to).toISOString() });
        this.filter.say(q);
        if (this.app.place.name === "time") {
          history.replaceState(null, "", "#/time?" + q.toString().replaceAll("%3A", ":"));
        }
      });
    }
    draw() {
      this.list = [];
      for (let i = 0; i < this.e.n; i++) {
        if (this.e.start(i) <= this.to && this.e.end(i) >= this.from && this.filter.has(i)) {
          this.list.push(i);
        }
      }
      this.chosen = -1;
      this.drawing = drawn(this.e, this.list, this.e.d.blind.filter((u) => this.filter.asks(u.host, u.lane)), this.from, this.to, this.local);
      this.chart.replaceChildren(this.drawing.svg);
      this.details.show(void 0, this.local);
      this.zone.textContent = this.local ? "show UTC" : "show local time";
      this.title.textContent = `${stamp(this.from, this.local)} to ${stamp(this.to, this.local)}, ${this.local ? `local time, UTC${offset(this.from)}` : "UTC+00:00"}: ${this.list.length} of ${this.e.n} events`;
      clearTimeout(this.listDue);
      this.listDue = window.setTimeout(() => this.fill(), this.table.querySelector(".listing") ? 250 : 0);
    }
    fill() {
      const words4 = this.table.querySelector("input")?.value ?? "";
      this.table.replaceChildren(listing(this.e, this.list, this.local, words4));
    }
    // listen follows wheel, drag and pointer. The wheel is the page's until the timeline has the focus, or with the control key.
    listen() {
      const at = (x) => {
        const box = this.chart.getBoundingClientRect();
        const unit = (x - box.left) / box.width * wide;
        return this.drawing?.scale.t(Math.min(Math.max(unit, left), wide - right)) ?? this.from;
      };
      this.chart.addEventListener(
        "wheel",
        (ev) => {
          if (!ev.ctrlKey && document.activeElement !== this.chart) {
            return;
          }
          ev.preventDefault();
          if (Math.abs(ev.deltaX) > Math.abs(ev.deltaY) || ev.shiftKey) {
            this.pan(Math.sign(ev.deltaX || ev.deltaY) * 0.1);
          } else {
            this.zoom(ev.deltaY > 0 ? 1.25 : 0.8, at(ev.clientX));
          }
        },
        { passive: false }
      );
      let drag;
      this.chart.addEventListener("pointerdown", (ev) => {
        if (ev.button === 0) {
          drag = { x: ev.clientX, from: this.from, to: this.to, moved: false };
        }
      });
      this.chart.addEventListener("pointermove", (ev) => {
        if (drag) {
          const box = this.chart.getBoundingClientRect();
          const by = (drag.x - ev.clientX) / (box.width * (wide - left - right) / wide) * (drag.to - drag.from);
          if (drag.moved || Math.abs(drag.x - ev.clientX) > 4) {
            if (!drag.moved) {
              drag.moved = true;
              this.chart.setPointerCapture(ev.pointerId);
            }
            this.window(drag.from + by, drag.to + by);
          }
          return;
        }
        const k = this.near(ev);
        if (k >= 0 && k !== this.chosen) {
          this.choose(k);
        }
      });
      for (const end2 of ["pointerup", "pointercancel"]) {
        this.chart.addEventListener(end2, () => {
          drag = void 0;
        });
      }
      this.chart.addEventListener("dblclick", (ev) => this.zoom(0.25, at(ev.clientX)));
    }
    // near is the mark that the pointer is at, -1 for none.
    near(ev) {
      const box = this.chart.getBoundingClientRect();
      const x = (ev.clientX - box.left) / box.width * wide;
      const y = (ev.clientY - box.top) / box.width * wide;
      let best = -1;
      let far = 9;
      (this.drawing?.marks ?? []).forEach((m, k) => {
        const dx = x < m.x ? m.x - x : x > m.x + m.w ? x - m.x - m.w : 0;
        const d = Math.hypot(dx, y - m.y);
        if (d < far) {
          [best, far] = [k, d];
        }
      });
      return best;
    }
  };

  // time.ts
  function time(app2) {
    let line2;
    app2.route("time", {
      page: "time",
      enter: async (p) => {
        line2 ??= Timeline.make(app2);
        const t = await line2;
        if (t && app2.place.name === "time") {
          t.enter(p.query);
        }
      }
    });
    app2.route("failures", { page: "failures" });
    app2.keys.on("x", "failures of processes", () => app2.go("#/failures"));
    const act = (f) => () => {
      if (!document.getElementById("time")?.classList.contains("here") || !line2) {
        return false;
      }
      void line2.then((t) => t && f(t));
      return true;
    };
    app2.keys.on("+", "time: closer", act((t) => t.zoom(0.5)));
    app2.keys.on("-", "time: farther", act((t) => t.zoom(2)));
    app2.keys.on("ArrowLeft", "time: earlier", act((t) => t.pan(-0.2)));
    app2.keys.on("ArrowRight", "time: later", act((t) => t.pan(0.2)));
    app2.keys.on("0", "time: everything", act((t) => t.everything()));
    app2.keys.on("i", "time: the incident", act((t) => t.incident()));
    app2.keys.on("]", "time: the next event", act((t) => t.step(1)));
    app2.keys.on("[", "time: the event before", act((t) => t.step(-1)));
  }

  // app.ts
  var app = new App();
  app.route("", { page: "overview" });
  app.route("coverage", { page: "coverage" });
  for (const a of document.querySelectorAll("a[data-to]:not(svg a)")) {
    a.href = a.dataset.to ?? "";
  }
  for (const a of document.querySelectorAll("a[data-go]")) {
    a.setAttribute("href", a.dataset.go ?? "");
  }
  copies();
  markdownCopies();
  print();
  checks();
  search(app);
  app.keys.on("o", "overview", () => app.go("#/"));
  app.keys.on("m", "map", () => app.go("#/map"));
  app.keys.on("t", "time", () => app.go("#/time"));
  app.keys.on("h", "hosts", () => app.go("#/hosts"));
  app.keys.on("d", "data", () => app.go("#/data"));
  findings(app);
  map(app);
  paths(app);
  time(app);
  services(app);
  containers(app);
  hosts(app);
  heat(app);
  lists(app);
  networks(app);
  app.keys.on("p", "stop what moves, or let it go on", () => void document.dispatchEvent(new CustomEvent("nm:pause")));
  share(app);
  projector(app);
  theme(app);
  help(app);
  app.start();
})();
