import { read, type Data } from "./data";
import { Index } from "./index";
import { Keys } from "./keys";
import { h } from "./dom";
import { decode, parse, type Place, type Route } from "./route";
import { visible } from "./visible";

// An App is the page as the script runs it: one page at a time, by the hash. Each part installs its routes and keys in it.
export class App {
  readonly keys = new Keys();
  // tools is the place for buttons in the head of the page.
  readonly tools = document.getElementById("tools") ?? document.body;
  private readonly routes = new Map<string, Route>();
  private readonly title = document.title;
  private here: Route | undefined;
  private unpacked: Promise<Data> | undefined;
  private indexed: Promise<Index> | undefined;

  // data is the data block, unpacked when somebody asks for the first time.
  data(): Promise<Data> {
    return (this.unpacked ??= read());
  }

  // index finds things in the data by name.
  index(): Promise<Index> {
    return (this.indexed ??= this.data().then((d) => new Index(d)));
  }

  route(name: string, r: Route): void {
    this.routes.set(name, r);
  }

  // drawn is a route whose page the script draws from the data: what draw makes is shown, and its first heading becomes the page's
  // title. undefined says that there is no such thing.
  drawn(name: string, draw: (ix: Index, p: Place) => HTMLElement | undefined): void {
    this.routes.set(name, {
      page: "thing",
      enter: async (p) => {
        const stage = this.stage();
        try {
          const ix = await this.index();
          if (this.place.name !== p.name || this.place.args.join("/") !== p.args.join("/")) {
            return; // somebody went on in the meantime
          }
          const made = draw(ix, p);
          stage.replaceChildren(made ?? h("p", { class: "calm" }, `There is no such ${name} in what was captured: ${visible(p.args.join(" "))}`));
        } catch (e) {
          stage.replaceChildren(h("p", { class: "calm" }, `The page's data cannot be read: ${String(e)}. The database and the JSON have everything.`));
        }
      },
    });
  }

  // stage is the section that holds what the script draws.
  private stage(): HTMLElement {
    let e = document.getElementById("thing");
    if (!e) {
      e = h("section", { class: "page here", id: "thing", "data-page": "thing" });
      document.getElementById("main")?.append(e);
    }
    return e;
  }

  // go follows a hash, also when it is the present one.
  go(hash: string): void {
    if (location.hash === hash) {
      void this.follow();
    } else {
      location.hash = hash;
    }
  }

  // place is where the page is; the overview when the hash says nothing.
  get place(): Place {
    return parse(location.hash) ?? { name: "", args: [], query: new URLSearchParams() };
  }

  start(): void {
    document.documentElement.classList.add("app");
    addEventListener("hashchange", () => void this.follow());
    void this.follow();
    // A browser goes to the fragment itself when it has loaded, and takes the focus away.
    addEventListener("load", () => {
      if (!parse(location.hash)) {
        void this.follow();
      }
    });
  }

  private async follow(): Promise<void> {
    const place = parse(location.hash);
    const target = place ? null : document.getElementById(decode(location.hash.slice(1)));
    const page = target?.closest<HTMLElement>("[data-page]")?.dataset.page;
    const route = place ? this.routes.get(place.name) : page ? { page } : undefined;
    const next = route ?? this.routes.get("");
    if (this.here && this.here !== next) {
      this.here.leave?.();
    }
    this.here = next;
    if (next?.page === "thing") {
      this.stage();
    }
    this.show(next?.page ?? "overview", place?.name ?? "");
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
    this.entitle();
    document.dispatchEvent(new CustomEvent("nm:shown"));
  }

  // entitle makes the first heading that is seen the page's, for the window's title and for who hears the page.
  private entitle(): void {
    for (const e of document.querySelectorAll("h2[aria-level]")) {
      e.removeAttribute("aria-level");
    }
    const heading = [...document.querySelectorAll<HTMLElement>("main h1, main h2")].find((e) => e.checkVisibility());
    const one = document.querySelector(".one .chosen .what b, .onecause .chosen .what b");
    document.title = heading?.tagName === "H2" ? `${(one ?? heading).textContent?.trim() ?? ""} – ${this.title}` : this.title;
    if (heading?.tagName === "H2") {
      heading.setAttribute("aria-level", "1");
    }
  }

  // show makes the sections of a page the visible ones. Paper shows them all the same: what is hidden is hidden on a screen only.
  private show(page: string, name: string): void {
    for (const section of document.querySelectorAll<HTMLElement>("[data-page]")) {
      section.classList.toggle("here", section.dataset.page === page);
    }
    // A thing belongs to the page from which one comes to it.
    const under = { host: "hosts", svc: "map", net: "map", ctr: "hosts", list: "data", path: "paths" }[name] ?? page;
    for (const a of document.querySelectorAll<HTMLAnchorElement>("header.top nav a")) {
      if (a.dataset.for === under) {
        a.setAttribute("aria-current", "page");
      } else {
        a.removeAttribute("aria-current");
      }
    }
  }
}
