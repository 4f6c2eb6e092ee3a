import type { App } from "./core";
import { h } from "./dom";
import { href } from "./route";
import { table } from "./table";
import { count } from "./words";

// lists leads from the page of data to the tables of everything, which copy as Markdown and CSV.
export function lists(app: App): void {
  let made = false;
  app.route("data", {
    page: "data",
    async enter() {
      const place = document.getElementById("lists");
      if (made || !place) {
        return;
      }
      made = true;
      const ix = await app.index();
      const known = (list: unknown[] | null, n: number, thing: string) => (list === null ? `${thing}s: not captured` : count(n, thing));
      place.append(
        h(
          "ul",
          { class: "legend" },
          h("li", {}, h("a", { href: href("svc") }, known(ix.data.services, ix.data.services?.length ?? 0, "service"))),
          h("li", {}, h("a", { href: href("ctr") }, known(ix.data.containers ? [] : null, ix.containers, "container"))),
          h("li", {}, h("a", { href: href("net") }, known(ix.data.networks, ix.data.networks?.length ?? 0, "network"))),
          h("li", {}, h("a", { href: href("list", "findings") }, count(ix.findings.length + (ix.data.findings_left ?? 0), "finding"))),
          h("li", {}, h("a", { href: href("list", "hosts") }, count(ix.data.hosts.length, "host"))),
        ),
      );
    },
  });
  app.drawn("list", (ix, p) => {
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
              { name: "Subject", text: (f) => f.subject, wide: 1.4 },
            ],
            ix.findings,
          ),
          ix.data.findings_left ? h("p", { class: "calm" }, `${count(ix.data.findings_left, "finding")} more, of which the list has the first: the JSON and the database have them all.`) : null,
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
              { name: "State", text: (x) => (!x.bundle ? "not captured" : x.interrupted ? "cut short" : x.gaps > 0 ? "captured with gaps" : "captured") },
              { name: "Role", text: (x) => x.role ?? "", wide: 0.7 },
              { name: "Engine", text: (x) => x.engine ?? "", wide: 0.8 },
              { name: "Kernel", text: (x) => x.kernel ?? "" },
              { name: "Checks with findings", text: (x) => String(x.found), value: (x) => x.found },
              { name: "Checks not judged", text: (x) => String(x.unjudged), value: (x) => x.unjudged },
              { name: "Gaps", text: (x) => String(x.gaps), value: (x) => x.gaps, wide: 0.5 },
            ],
            ix.data.hosts,
          ),
        );
    }
    return undefined;
  });
}
