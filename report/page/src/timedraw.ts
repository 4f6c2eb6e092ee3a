import { s } from "./dom";
import { brief, toneNames, type CauseMark, type Events, type TimeData } from "./timedata";
import { Scale, ticks } from "./timescale";

// The measures are those of report/timedraw.go.
export const wide = 1310;
export const left = 128;
export const right = 14;
const top = 52;
const laneHeight = 19;
const headHeight = 22;
const bin = 9;
const maxHosts = 6;
const glyph = 5;
const letter = 6.4;
const maxReach = 300; // beyond that width, the words on a clock stand over its bar
const maxBands = 40; // more of them say no more than one

const glyphs: Record<string, string> = { bad: "M0-6l6 6-6 6-6-6z", odd: "M0-5.5l5.8 10H-5.8z", plain: "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0" };

// A Mark is one event, or several of a lane that are too close to be told apart.
export interface Mark {
  x: number;
  w: number;
  y: number;
  tone: number;
  capture: boolean;
  n: number; // each event as often as it happened
  low: number;
  high: number;
  events: number[]; // the first ones
  all: number; // events in it
  mac: string; // the only one of the lane of moves: a burst is told by whose it is
  element?: SVGGElement;
}

export interface Drawing {
  svg: SVGSVGElement;
  scale: Scale;
  marks: Mark[];
}

const shown = 8; // events that a mark names

// drawn draws the events of list, which are in order of time, between two times.
// blind are the lanes of which nothing was captured, as far as they are asked for.
export function drawn(e: Events, list: number[], blind: TimeData["blind"], from: number, to: number, local: boolean): Drawing {
  const scale = new Scale(from, to, left, wide - right);
  const hosts = [...new Set([...list.map((i) => e.d.host[i] ?? -1), ...blind.map((u) => u.host)])].sort((a, b) => a - b);
  const together = hosts.length > maxHosts;
  const rows = new Map<string, { y: number; events: number[] }>();
  const back: SVGElement[] = [];
  let y = top;
  for (const host of together ? [-1] : hosts) {
    if (!together) {
      back.push(head(e, host, y, scale));
      y += headHeight;
    }
    const why = new Map(together ? [] : blind.filter((u) => u.host === host).map((u) => [u.lane, u.why]));
    const lanes = new Set(why.keys());
    for (const i of list) {
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
  for (const i of list) {
    rows.get(`${together ? -1 : e.d.host[i]}/${e.d.lane[i]}`)?.events.push(i);
  }
  const marks: Mark[] = [];
  for (const row of rows.values()) {
    marks.push(...binned(e, row.events, row.y, scale));
  }
  const svg = s(
    "svg",
    { viewBox: `0 0 ${wide} ${height}`, role: "group", "aria-label": "Events on an axis of time; the table below has the same" },
    s(
      "defs",
      {},
      s("pattern", { id: "time-unseen", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(-45)" }, s("path", { d: "M0 0v7", class: "unseen-hatch" })),
      s("pattern", { id: "time-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("path", { d: "M0 0v6", class: "hatch" })),
    ),
    together ? s("text", { x: 6, y: 44 }, `${hosts.length} hosts together`) : null,
    ...(together ? [] : bands(e, list, scale, height)),
    ...back,
    ...ticks(from, to, local)
      .filter((t) => scale.x(t.at) > left + 2 && scale.x(t.at) < wide - right - 28)
      .map((t) => s("g", { class: "tick" }, s("path", { d: `M${scale.x(t.at)} 48V${height}` }), s("text", { x: scale.x(t.at), y: 44, "text-anchor": "middle" }, t.text))),
    ...causes(e.d.marks, scale, height),
  );
  for (let k = 0; k < marks.length; k++) {
    const m = marks[k] as Mark;
    const next = marks[k + 1];
    const last = marks[k - 1];
    m.element = element(m, next && next.y === m.y ? next.x - glyph - m.x : wide - right - m.x, last && last.y === m.y ? last.x + last.w : left);
    svg.append(m.element);
  }
  return { svg, scale, marks };
}

// head is a host's name, with a bar as long as its clock is uncertain.
function head(e: Events, host: number, y: number, scale: Scale): SVGElement {
  const reach = e.d.reach[host] ?? null;
  const g = s("g", { class: "host" }, s("text", { x: 6, y, dy: 16, class: "name" }, e.d.hosts[host] ?? ""));
  const w = reach ? Math.min(scale.wide(reach[1] - reach[0]), wide - left - right) : 0;
  if (w > 2) {
    g.append(s("path", { class: "reach", d: `M${left} ${y}m0 8v8m0-4h${w}m0-4v8` }));
  }
  g.append(s("text", { x: left + (w > 2 && w < maxReach ? w + 7 : 0), y, dy: 16, class: "clock" }, "clock: " + (e.d.why[host] ?? "")));
  return g;
}

// binned puts events that are too close to be told apart into one mark.
function binned(e: Events, events: number[], y: number, scale: Scale): Mark[] {
  const out: Mark[] = [];
  let m: Mark | undefined;
  for (const i of events) {
    const x = Math.max(scale.x(e.start(i)), left);
    const end = Math.min(scale.x(e.end(i)), wide - right);
    if (e.lane(i) === "capture") {
      m = undefined;
      out.push({ x, w: Math.max(end - x, 2), y, tone: e.tone(i), capture: true, n: 1, low: x, high: x, events: [i], all: 1, mac: "" });
      continue;
    }
    if (!m || x - m.x > bin) {
      m = { x, w: 0, y, tone: 0, capture: false, n: 0, low: x, high: x, events: [], all: 0, mac: "" };
      out.push(m);
    }
    m.n += e.count(i);
    m.all++;
    m.mac = m.all === 1 && e.lane(i) === "moves" ? e.subject(i) : "";
    m.w = Math.max(m.w, end - m.x);
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

// element draws a mark; room is how far it is to the next one of its lane, free is where the one before it ends.
function element(m: Mark, room: number, free: number): SVGGElement {
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
  if (m.n > 1 && x + text.length * letter <= room) {
    g.append(s("text", { x, dy: 4 }, text));
  } else if (m.mac !== "" && m.x - before > free) {
    g.append(s("text", { x: -before, dy: 4 }, text)); // no room behind it: before it, then
  }
  return g;
}

// causes are the lines at which causes began, with labels that do not meet.
function causes(marks: CauseMark[], scale: Scale, height: number): SVGElement[] {
  const free = [0, 0];
  const out: SVGElement[] = [];
  for (const c of [...marks].sort((a, b) => a.from - b.from)) {
    if (c.from > scale.to || c.to < scale.from) {
      continue;
    }
    const x = Math.max(scale.x(c.from), left);
    const w = c.to > c.from ? Math.min(scale.x(c.to), wide - right) - x : 0;
    const words = `cause ${c.rank}` + (c.felt ? " felt" : w > 0 ? " began in here" : " began") + (c.name ? ": " + c.name : "");
    const long = words.length * letter + 8;
    const end = x + 4 + long > wide;
    const begin = end ? x - 4 - long : x + 4;
    const row = free.findIndex((f) => begin >= f);
    if (row >= 0) {
      free[row] = begin + long;
    }
    const labelY = 11 + 13 * row;
    const g = s("g", { class: "since" + (c.felt ? " felt" : "") }, s("title", {}, c.words));
    if (w > 0) {
      g.append(s("rect", { x, y: 49, width: w, height: 4 }));
    }
    g.append(s("path", { d: `M${x} ${row < 0 ? 48 : labelY - 6}V${height}` }));
    if (row >= 0) {
      g.append(s("text", { x: end ? x - 4 : x + 4, y: labelY, dy: 4, "text-anchor": end ? "end" : "start" }, words));
    }
    out.push(g);
  }
  return out;
}

// bands are the times within which what is bad or odd on one host cannot be put before or after what is on another.
function bands(e: Events, list: number[], scale: Scale, height: number): SVGElement[] {
  const spans: { from: number; to: number; host: string }[] = [];
  for (const i of list) {
    const reach = e.reach(i);
    if (e.tone(i) > 0 && reach) {
      spans.push({ from: e.start(i) + reach[0], to: e.start(i) + reach[1], host: e.host(i) });
    }
  }
  spans.sort((a, b) => a.from - b.from);
  const out: SVGElement[] = [];
  for (let i = 0; i < spans.length; ) {
    const first = spans[i] as (typeof spans)[number];
    let to = first.to;
    const hosts = new Set([first.host]);
    let k = i + 1;
    for (; k < spans.length; k++) {
      const next = spans[k] as (typeof spans)[number];
      if (next.from > to) {
        break;
      }
      to = Math.max(to, next.to);
      hosts.add(next.host);
    }
    i = k;
    if (hosts.size < 2) {
      continue;
    }
    const x = Math.max(scale.x(first.from), left);
    const w = Math.max(Math.min(scale.x(to), wide - right) - x, 3);
    const words = `what is marked on ${[...hosts].sort().join(" and ")} within these ${brief((to - first.from) / 1000)} s may have happened in any order`;
    out.push(s("g", { class: "anyorder" }, s("title", {}, words), s("rect", { x, y: top, width: w, height: height - top }), s("path", { d: `M${x} ${top}v-3h${w}v3` })));
    if (out.length >= maxBands) {
      break;
    }
  }
  return out;
}
