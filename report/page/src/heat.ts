import type { App } from "./core";
import { h } from "./dom";
import type { Index } from "./index";
import { href } from "./route";
import { count } from "./words";

const from = 50; // hosts beyond which a grid tells more than rows
const gap = 26; // pixels between blocks of hosts

// heat draws all containers of all hosts on one canvas, a row a host: what fails stands out of a thousand that run.
export function heat(app: App): void {
  const page = document.getElementById("hosts");
  let made = false;
  app.route("hosts", {
    page: "hosts",
    async enter() {
      if (made || !page) {
        return;
      }
      made = true;
      const ix = await app.index();
      if (ix.data.hosts.length > from && ix.data.containers) {
        page.querySelector("h2")?.after(grid(app, ix));
      }
    },
  });
}

// tones are drawn in this order of alarm; each has a shape of its own in its cell: full, half, frame, dot.
const alarm: Record<string, number> = { critical: 3, high: 2, open: 1, clean: 0 };

function grid(app: App, ix: Index): HTMLElement {
  const rows = new Map<string, string[]>(ix.data.hosts.map((x) => [x.name, []]));
  const c = ix.data.containers!;
  const total: Record<string, number> = { critical: 0, high: 0, open: 0, clean: 0 };
  for (let i = 0; i < ix.containers; i++) {
    const t = ix.tone(i);
    total[t] = (total[t] ?? 0) + 1;
    rows.get(ix.text(c.host[i]))?.push(t);
  }
  let order = [...rows.keys()];
  const longest = Math.max(1, ...[...rows.values()].map((r) => r.length));
  const badness = (name: string) => (rows.get(name) ?? []).reduce((n, t) => n + (alarm[t] ?? 0) ** 4, 0);

  const canvas = h("canvas", { class: "heat", tabindex: 0, role: "img", "aria-label": `All containers: ${total.critical} failed, ${total.high} unwell, ${total.open} only stand, ${total.clean} run. The table below has the same.` });
  const status = h("p", { class: "heatline", role: "status" }, "Point at a host; a click opens it.");
  let cell = 5;
  let perBlock = 1;
  let chosen = -1;

  const draw = () => {
    const width = canvas.parentElement?.clientWidth ?? 1200;
    // As few blocks as let the cells be large, and no taller than three screens.
    const most = Math.max(1, Math.floor(width / (longest * 3 + gap)));
    let blocks = 1;
    for (; blocks < most; blocks++) {
      if (Math.ceil(order.length / blocks) * 5 <= 1500) {
        break;
      }
    }
    cell = Math.max(3, Math.min(9, Math.floor((width / blocks - gap) / longest)));
    perBlock = Math.ceil(order.length / blocks);
    const dpr = Math.min(2, devicePixelRatio || 1);
    const high = perBlock * (cell + 1) + 2;
    canvas.width = width * dpr;
    canvas.height = high * dpr;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${high}px`;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const colours: Record<string, string> = { critical: colour("critical"), high: colour("high"), open: colour("open"), clean: colour("clean") };
    const g = canvas.getContext("2d");
    if (!g) {
      return;
    }
    g.scale(dpr, dpr);
    g.clearRect(0, 0, width, high);
    order.forEach((name, i) => {
      const x0 = Math.floor(i / perBlock) * (longest * cell + gap);
      const y = (i % perBlock) * (cell + 1) + 1;
      const host = ix.hosts.get(name);
      if (!host?.bundle) {
        g.strokeStyle = colours.open!;
        g.setLineDash([2, 2]);
        g.strokeRect(x0 + 0.5, y + 0.5, longest * cell - 1, cell - 1);
        g.setLineDash([]);
      }
      (rows.get(name) ?? []).forEach((t, k) => {
        const x = x0 + k * cell;
        g.fillStyle = g.strokeStyle = colours[t] ?? colours.open!;
        switch (t) {
          case "critical":
            g.fillRect(x - 0.5, y - 0.5, cell + 1, cell + 1);
            break;
          case "high":
            g.beginPath();
            g.moveTo(x, y + cell);
            g.lineTo(x + cell / 2, y);
            g.lineTo(x + cell, y + cell);
            g.fill();
            break;
          case "clean":
            g.globalAlpha = 0.45;
            g.fillRect(x + cell * 0.2, y + cell * 0.2, Math.max(1, cell * 0.55), Math.max(1, cell * 0.55));
            g.globalAlpha = 1;
            break;
          default:
            g.strokeRect(x + 0.8, y + 0.8, Math.max(1, cell - 2.2), Math.max(1, cell - 2.2));
        }
      });
      if (i === chosen) {
        g.strokeStyle = colour("link");
        g.lineWidth = 2;
        g.strokeRect(x0 - 1, y - 1.5, longest * cell + 2, cell + 3);
        g.lineWidth = 1;
      }
    });
  };

  const hostAt = (e: MouseEvent): number => {
    const box = canvas.getBoundingClientRect();
    const block = Math.floor((e.clientX - box.left) / (longest * cell + gap));
    const i = block * perBlock + Math.floor((e.clientY - box.top - 1) / (cell + 1));
    return i >= 0 && i < order.length && (e.clientX - box.left) % (longest * cell + gap) < longest * cell ? i : -1;
  };
  const say = (i: number) => {
    const name = order[i];
    if (name === undefined) {
      return;
    }
    const list = rows.get(name) ?? [];
    const n = (t: string) => list.filter((x) => x === t).length;
    status.textContent = ix.hosts.get(name)?.bundle ? `${name}: ${count(list.length, "container")}, ${n("critical")} failed, ${n("high")} unwell, ${n("open")} only stand, ${n("clean")} run` : `${name}: not captured, nothing is known`;
  };
  canvas.addEventListener("mousemove", (e) => say(hostAt(e)));
  canvas.addEventListener("click", (e) => {
    const name = order[hostAt(e)];
    if (name !== undefined) {
      app.go(href("host", name));
    }
  });
  canvas.addEventListener("keydown", (e) => {
    const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: perBlock, ArrowLeft: -perBlock }[e.key];
    if (by !== undefined) {
      e.preventDefault();
      chosen = Math.max(0, Math.min(order.length - 1, chosen + by));
      say(chosen);
      draw();
    } else if (e.key === "Enter" && order[chosen] !== undefined) {
      app.go(href("host", order[chosen]!));
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
    ...(
      [
        ["critical", "failed"],
        ["high", "unwell"],
        ["open", "only stands, or not known"],
        ["clean", "runs"],
      ] as const
    ).map(([t, word]) => h("li", {}, h("span", { class: "swatch", "data-tone": t }), `${word}: ${total[t]}`)),
  );
  const box = h("section", { class: "heatbox", "aria-label": "All containers, a row a host" }, h("div", { class: "bar-title" }, h("h3", {}, `${count(ix.containers, "container")} on ${count(order.length, "host")}, a row a host`), h("div", { class: "tools" }, sort)), legend, h("div", { class: "heatframe" }, canvas), status);
  new ResizeObserver(draw).observe(box);
  document.addEventListener("nm:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return box;
}
