import { severities, type Data, type Edge, type Host, type Network, type Party, type Service, type T } from "./data";

// A Container is one row of the columns.
export interface Container {
  at: number;
  id: string;
  name: string;
  host: string;
  service: string;
  image: string;
  state: string;
  health: string;
  exit: number;
  oom: boolean;
  restarts: number;
  started: number;
  finished: number;
  ips: string[];
  netns: string;
  log: string;
  ref: string;
  tone: string;
}

export interface Task {
  service: Service;
  label: string;
  host: string;
  container?: Container;
  desired: string;
  state: string;
  err: string;
  ips: string[];
}

export interface Finding {
  no: number; // in the ranking, from 1
  id: string;
  rule: string;
  severity: string;
  host: string;
  summary: string;
  subject: string;
  facts: string;
  anchor: string; // empty when the markup does not hold it
}

// An Index finds things in the data by their names.
export class Index {
  readonly hosts: Map<string, Host>;
  readonly services: Map<string, Service>;
  readonly networks: Map<string, Network>;
  readonly findings: Finding[];
  private readonly oom: Set<number>;
  private readonly failed: Set<number>;
  private readonly ids = new Map<string, number>();

  constructor(readonly data: Data) {
    this.hosts = new Map(data.hosts.map((h) => [h.name, h]));
    this.services = new Map((data.services ?? []).map((s) => [s.name, s]));
    // Two hosts may have local networks of one name; then the first of them is the one that the name means, and each has its id.
    this.networks = new Map();
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
      anchor: this.text(f.anchor[at]),
    }));
  }

  text(t: T | undefined): string {
    return this.data.s[t ?? 0] ?? "";
  }

  get containers(): number {
    return this.data.containers?.id.length ?? 0;
  }

  container(at: number): Container {
    const c = this.data.containers!;
    const line = c.line[at] ?? 0;
    const file = this.text(c.ref[at]);
    const row = {
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
      ref: line > 0 ? `${file}:${line}` : file,
      tone: this.tone(at),
    };
    return row;
  }

  // tone is how a container looks: what failed is critical, what is unwell high, what runs clean, what only stands open.
  tone(at: number): string {
    const c = this.data.containers!;
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
    return "open"; // created, exited because somebody asked, paused, removing, or not known
  }

  // byID is a container by its id or by the beginning of it, as docker takes it.
  byID(id: string): Container | undefined {
    const at = this.ids.get(id) ?? this.ids.get(id.slice(0, 12));
    if (at !== undefined) {
      return this.container(at);
    }
    if (id.length >= 6) {
      for (const [full, i] of this.ids) {
        if (full.startsWith(id)) {
          return this.container(i);
        }
      }
    }
    return undefined;
  }

  containersWhere(is: (at: number) => boolean): Container[] {
    const out: Container[] = [];
    for (let i = 0; i < this.containers; i++) {
      if (is(i)) {
        out.push(this.container(i));
      }
    }
    return out;
  }

  containersOf(column: "host" | "service", name: string): Container[] {
    const c = this.data.containers;
    const t = this.data.s.indexOf(name);
    return c && t > 0 ? this.containersWhere((i) => c[column][i] === t) : [];
  }

  tasks(service: Service): Task[] {
    const t = this.data.tasks;
    const at = this.data.services?.indexOf(service) ?? -1;
    const out: Task[] = [];
    const told = new Set<number>();
    t?.service.forEach((s, i) => {
      if (s !== at) {
        return;
      }
      const c = t.container[i] ?? -1;
      const container = c >= 0 ? this.container(c) : undefined;
      told.add(c);
      out.push({
        service,
        label: this.text(t.label[i]),
        host: this.text(t.host[i]),
        container,
        desired: this.text(t.desired[i]),
        state: this.text(t.state[i]),
        err: this.text(t.err[i]),
        ips: container ? container.ips : (t.ips[i] ?? []).map((x) => this.text(x)),
      });
    });
    if (this.data.containers?.dense) {
      for (const c of this.containersOf("service", service.name)) {
        if (!told.has(c.at) && c.state === "running") {
          out.push({ service, label: c.name, host: c.host, container: c, desired: "running", state: "running", err: "", ips: c.ips });
        }
      }
    }
    return out;
  }

  edges(is: (e: Edge) => boolean): Edge[] {
    return (this.data.edges ?? []).filter(is);
  }

  // naming are the findings whose sentence, subject or facts name one of these as a whole word. It is a search, not a judgement.
  naming(names: string[]): Finding[] {
    const words = names.filter((n) => n.length > 1).map((n) => n.toLowerCase());
    if (words.length === 0) {
      return [];
    }
    return this.findings.filter((f) => {
      const text = `${f.summary}\n${f.subject}\n${f.facts}`.toLowerCase();
      return words.some((w) => hasWord(text, w));
    });
  }
}

// hasWord reports whether text has w with nothing at its ends that could be part of a longer name. A task's number may follow a dot.
export function hasWord(text: string, w: string): boolean {
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

// tones of the states of an edge, a path or a port.
export function stateTone(state: string | undefined): string {
  switch (state) {
    case "delivered":
      return "clean";
    case "partly":
      return "high";
    case "dropped":
      return "critical";
  }
  return "open";
}

// isParty reports whether a party is this one.
export function isParty(p: Party, kind: string, name: string): boolean {
  return p.kind === kind && p.name === name;
}
