import type { T } from "./data";

// A TimeData mirrors timeColumns of report/time.go: events in order of time, in columns of equal length.
export interface TimeData {
  from: number; // milliseconds since 1970: the part that is shown first
  to: number;
  base: number; // milliseconds since 1970 that at counts from
  lanes: string[];
  hosts: string[];
  reach: ([number, number] | null)[]; // of each host: milliseconds to be added to a stamp, at least and at most; null when unknown
  why: string[];
  marks: CauseMark[];
  left: number;
  blind: { host: number; lane: number; why: string }[]; // lanes of which nothing was captured
  at: number[]; // microseconds after base
  last: number[]; // microseconds; 0 for a moment
  host: number[];
  lane: number[];
  tone: number[]; // 0 none, 1 odd, 2 bad
  text: T[];
  subject: T[];
  service: T[];
  count: number[];
  doc: T[];
  line: number[];
}

export interface CauseMark {
  rank: number;
  from: number; // milliseconds since 1970; equal to to when the moment is known
  to: number;
  felt?: boolean;
  name?: string; // of its rule
  words: string;
  title: string;
  host: string;
}

export const toneNames = ["", "odd", "bad"];

// Events reads the columns. Times are milliseconds since 1970, with parts of them.
export class Events {
  readonly n: number;

  constructor(
    readonly d: TimeData,
    private readonly texts: string[],
  ) {
    this.n = d.at.length;
  }

  start(i: number): number {
    return this.d.base + (this.d.at[i] ?? 0) / 1000;
  }

  end(i: number): number {
    return this.start(i) + (this.d.last[i] ?? 0) / 1000;
  }

  host(i: number): string {
    return this.d.hosts[this.d.host[i] ?? -1] ?? "";
  }

  lane(i: number): string {
    return this.d.lanes[this.d.lane[i] ?? -1] ?? "";
  }

  tone(i: number): number {
    return this.d.tone[i] ?? 0;
  }

  count(i: number): number {
    return this.d.count[i] ?? 1;
  }

  text(i: number): string {
    return this.texts[this.d.text[i] ?? 0] ?? "";
  }

  subject(i: number): string {
    return this.texts[this.d.subject[i] ?? 0] ?? "";
  }

  service(i: number): string {
    return this.texts[this.d.service[i] ?? 0] ?? "";
  }

  ref(i: number): string {
    const doc = this.texts[this.d.doc[i] ?? 0] ?? "";
    const line = this.d.line[i] ?? 0;
    return line > 0 ? `${doc}:${line}` : doc;
  }

  // reach of the clock of an event's host.
  reach(i: number): [number, number] | null {
    return this.d.reach[this.d.host[i] ?? -1] ?? null;
  }

  // first and last moment of all events.
  bounds(): [number, number] {
    let to = -Infinity;
    for (let i = 0; i < this.n; i++) {
      to = Math.max(to, this.end(i));
    }
    return [this.start(0), Math.max(to, this.start(0) + 1)];
  }

  // order says how sure it is that j came after i: empty for sure.
  order(i: number, j: number): string {
    if (this.d.host[i] === this.d.host[j]) {
      return "";
    }
    const a = this.reach(i);
    const b = this.reach(j);
    if (!a || !b) {
      return "order not known";
    }
    if (this.start(j) + b[0] > this.end(i) + a[1]) {
      return "";
    }
    return `same time within ±${brief((a[1] - a[0] + b[1] - b[0]) / 2000)} s`;
  }
}

// brief is a number with two digits that count.
export function brief(x: number): string {
  return String(Number(x.toPrecision(2)));
}
