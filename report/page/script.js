(() => {
  // data.ts
  async function read() {
    if (document.readyState === "loading") {
      await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    }
    const block = document.getElementById("data");
    const packed = Uint8Array.from(atob((block?.textContent ?? "").trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  // keys.ts
  var Keys = class {
    list = [];
    constructor() {
      addEventListener("keydown", (e) => this.press(e));
    }
    on(key, help, act) {
      this.list.push({ key, help, act });
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

  // route.ts
  function parse(hash) {
    if (!hash.startsWith("#/")) {
      return void 0;
    }
    const [path = "", query = ""] = hash.slice(2).split(/\?(.*)/s, 2);
    const [name = "", ...args] = path.split("/").map(decode);
    return { name, args, query: new URLSearchParams(query) };
  }
  function decode(s) {
    try {
      return decodeURIComponent(s);
    } catch {
      return s;
    }
  }

  // core.ts
  var App = class {
    keys = new Keys();
    routes = /* @__PURE__ */ new Map();
    here;
    unpacked;
    // data is the data block, unpacked when somebody asks for the first time.
    data() {
      return this.unpacked ??= read();
    }
    route(name, r) {
      this.routes.set(name, r);
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
      const place = parse(location.hash);
      const target = place ? null : document.getElementById(decode(location.hash.slice(1)));
      const page = target?.closest("[data-page]")?.dataset.page;
      const route = place ? this.routes.get(place.name) : page ? { page } : void 0;
      const next = route ?? this.routes.get("");
      if (this.here && this.here !== next) {
        this.here.leave?.();
      }
      this.here = next;
      this.show(next?.page ?? "overview");
      if (target) {
        for (let d = target.closest("details"); d; d = d.parentElement?.closest("details") ?? null) {
          d.open = true;
        }
        target.scrollIntoView();
        const focus = target instanceof HTMLDetailsElement ? target.querySelector("summary") : target;
        focus?.focus({ preventScroll: true });
      } else {
        scrollTo(0, 0);
        await next?.enter?.(place ?? this.place);
      }
      document.dispatchEvent(new CustomEvent("nm:shown"));
    }
    // show makes the sections of a page the visible ones. Paper shows them all the same: what is hidden is hidden on a screen only.
    show(page) {
      for (const section of document.querySelectorAll("[data-page]")) {
        section.classList.toggle("here", section.dataset.page === page);
      }
      for (const a of document.querySelectorAll("header.top nav a")) {
        const id = a.getAttribute("href")?.slice(1) ?? "";
        if (document.getElementById(id)?.dataset.page === page) {
          a.setAttribute("aria-current", "page");
        } else {
          a.removeAttribute("aria-current");
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
  function button(label, act, props = {}) {
    const b = h("button", { type: "button", ...props }, label);
    b.addEventListener("click", () => act(b));
    return b;
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

  // findings.ts
  function findings(app2) {
    const cards = [...document.querySelectorAll("details.finding")];
    app2.route("findings", { page: "findings" });
    app2.route("f", {
      page: "findings",
      enter(p) {
        const card = document.querySelector(`[data-finding="${CSS.escape(p.args[0] ?? "")}"]`);
        if (card instanceof HTMLDetailsElement) {
          card.open = true;
          card.querySelector("summary")?.focus({ preventScroll: true });
        }
        card?.scrollIntoView();
      }
    });
    const step = (by) => () => {
      const visible = cards.filter((c) => c.checkVisibility());
      const at = visible.findIndex((c) => c.contains(document.activeElement));
      const next = visible[at < 0 ? 0 : at + by];
      next?.querySelector("summary")?.focus({ preventScroll: true });
      next?.scrollIntoView({ block: "nearest" });
    };
    app2.keys.on("j", "next finding", step(1));
    app2.keys.on("k", "previous finding", step(-1));
  }

  // map.ts
  function map(app2) {
    app2.route("map", { page: "map" });
  }

  // paths.ts
  function paths(app2) {
    app2.route("paths", { page: "paths" });
    app2.route("path", { page: "paths" });
  }

  // print.ts
  function print() {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = [...document.querySelectorAll("details:not([open])")];
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

  // time.ts
  function time(app2) {
    app2.route("time", { page: "time" });
  }

  // app.ts
  var app = new App();
  app.route("", { page: "overview" });
  for (const name of ["hosts", "coverage", "data"]) {
    app.route(name, { page: name });
  }
  copies();
  print();
  findings(app);
  map(app);
  paths(app);
  time(app);
  app.start();
})();
