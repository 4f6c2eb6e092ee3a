// Times as milliseconds since 1970, and where they lie on an axis.

export class Scale {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly left: number,
    readonly right: number,
  ) {}

  x(t: number): number {
    return this.left + ((t - this.from) / (this.to - this.from)) * (this.right - this.left);
  }

  t(x: number): number {
    return this.from + ((x - this.left) / (this.right - this.left)) * (this.to - this.from);
  }

  wide(ms: number): number {
    return (ms / (this.to - this.from)) * (this.right - this.left);
  }
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

// steps are what ticks may be apart; report/timedraw.go has the same.
const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute,
  30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day,
];

export interface Tick {
  at: number;
  text: string;
}

// ticks are at most ten round times, round in the zone that is shown.
export function ticks(from: number, to: number, local: boolean): Tick[] {
  const step = steps.find((s) => to - from <= 10 * s) ?? Math.ceil((to - from) / 10 / day) * day;
  const shift = local ? -new Date(from).getTimezoneOffset() * minute : 0;
  const out: Tick[] = [];
  for (let at = Math.floor((from + shift) / step + 1) * step - shift; at <= to && out.length < 20; at += step) {
    const day = stamp(at, local).slice(0, 10);
    const text = step >= 12 * hour ? day + zoneMark(at, local) : clock(at, local, step < second);
    out.push({ at, text });
  }
  return out;
}

// zoneMark is Z for UTC and nothing for local time, whose offset is said once beside the axis.
function zoneMark(_: number, local: boolean): string {
  return local ? "" : "Z";
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

// stamp is date and time with milliseconds.
export function stamp(t: number, local: boolean): string {
  const d = new Date(t);
  if (!local) {
    return d.toISOString().replace("T", " ");
  }
  const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${date} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")} ${offset(t)}`;
}

// clock is the time of day.
export function clock(t: number, local: boolean, parts = true): string {
  const s = stamp(t, local);
  return s.slice(11, parts ? 23 : 19) + zoneMark(t, local);
}

// offset of local time from UTC, as +05:30.
export function offset(t: number): string {
  const m = -new Date(t).getTimezoneOffset();
  const a = Math.abs(m);
  return `${m < 0 ? "-" : "+"}${two(Math.floor(a / 60))}:${two(a % 60)}`;
}

// span is a time in words: 12 ms, 3.4 s, 5:06 min.
export function span(ms: number): string {
  if (ms < 1) {
    return `${Math.max(1, Math.round(ms * 1000))} µs`;
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
