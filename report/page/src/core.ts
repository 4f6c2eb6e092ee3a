import { read, type Data } from "./data";
import { Keys } from "./keys";
import { decode, parse, type Place, type Route } from "./route";

// An App is the page as the script runs it: one page at a time, by the hash. Each part installs its routes and keys in it.
export class App {
  readonly keys = new Keys();
  private readonly routes = new Map<string, Route>();
  private here: Route | undefined;
  private unpacked: Promise<Data> | undefined;

  // data is the data block, unpacked when somebody asks for the first time.
  data(): Promise<Data> {
    return (this.unpacked ??= read());
  }

  route(name: string, r: Route): void {
    this.routes.set(name, r);
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
  private show(page: string): void {
    for (const section of document.querySelectorAll<HTMLElement>("[data-page]")) {
      section.classList.toggle("here", section.dataset.page === page);
    }
    for (const a of document.querySelectorAll<HTMLAnchorElement>("header.top nav a")) {
      const id = a.getAttribute("href")?.slice(1) ?? "";
      if (document.getElementById(id)?.dataset.page === page) {
        a.setAttribute("aria-current", "page");
      } else {
        a.removeAttribute("aria-current");
      }
    }
  }
}
