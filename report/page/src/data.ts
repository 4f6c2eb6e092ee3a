// The data block is what is too much for markup: JSON, gzip, base64, written after everything that is read without a script.
// The types here mirror report/data.go and analyze/scene; a T is the place of a text in s. A list that is null was not captured.

export type T = number;

export interface Data {
  s: string[]; // texts, each once; 0 is the empty one
  tool: string;
  database?: string;
  known: boolean; // a scene was read
  hosts: Host[];
  findings: Findings;
  findings_left?: number; // findings that findings leaves out
  causes: Cause[];
  services: Service[] | null;
  tasks: Tasks | null;
  containers: Containers | null;
  networks: Network[] | null;
  ports: Port[] | null;
  edges: Edge[] | null;
  edges_left?: number;
  tunnels: Tunnel[] | null;
  healthy?: number; // tunnels that tunnels leaves out
  queues: Queue[] | null;
  clocks: Clock[] | null;
  map?: unknown; // mirror of report/map.go's mapData
  time?: unknown; // mirror of report/time.go's timeData
  paths?: unknown; // mirror of report/paths.go's pathsData
}

export interface Host {
  name: string;
  bundle?: string; // absent when nobody captured it
  captured?: number; // seconds since 1970
  node?: string;
  role?: string;
  engine?: string;
  kernel?: string;
  interrupted?: string;
  rows: number;
  items: number;
  gaps: number;
  reasons?: string[];
  clean: number;
  found: number;
  unjudged: number;
  findings: number;
  worst: number; // place in severities
}

export interface Findings {
  no: number[]; // place in the ranking, from 1
  id: T[] | null;
  rule: T[];
  severity: number[]; // place in severities
  host: T[];
  summary: T[];
  subject: T[];
  facts: T[];
  anchor: T[];
}

// severities are those of analyze.Severities, least first.
export const severities = ["none", "low", "medium", "high", "critical"];

export interface Cause {
  rank: number;
  severity: string;
  name: string;
  host: string;
  summary: string;
  services: string[] | null;
  hosts: string[] | null;
  broken: number; // pairs that it breaks, in part or wholly
}

export interface Tally {
  pairs: number;
  delivered: number;
  partly: number;
  dropped: number;
  unknown: number;
  at_least?: boolean; // there are further pairs, of which nothing is said here
}

export interface Service {
  by: string; // managers, containers or compose
  id: string;
  name: string;
  stack?: string;
  mode?: string;
  endpoint_mode?: string;
  image?: string;
  wanted?: number; // absent when not known
  running?: number;
  vips?: { network: string; ip: string }[];
  networks?: string[];
  ended?: number; // tasks that ended, which the tasks leave out
  updated?: number;
  update?: string;
  to?: Tally;
  from?: Tally;
  ref?: string;
}

export interface Tasks {
  service: number[]; // place in services
  label: T[];
  host: T[];
  container: number[]; // place in containers, -1 for none
  desired: T[];
  state: T[];
  err: T[];
  ips: T[][];
}

export interface Containers {
  id: string[];
  name: string[];
  host: T[];
  service: T[];
  image: T[];
  state: T[];
  health: T[];
  exit: number[];
  oom: number[]; // places
  failed: number[]; // places of those that ended without being asked to
  restarts: number[];
  started: number[];
  finished: number[];
  ips: string[]; // with spaces between them
  netns: T[];
  log: T[]; // * stands for the id
  ref: T[];
  line: number[];
  dense?: boolean; // ids have twelve digits, and tasks that only run are not in tasks
}

export interface Network {
  id: string;
  name: string;
  driver: string;
  scope?: string;
  vni?: number;
  encrypted?: boolean;
  ingress?: boolean;
  subnets?: string[];
  hosts?: string[];
  services?: string[];
  size?: number;
  used?: number;
  tunnels?: number; // host to host, of which is known what they should hold
  whole?: number; // of which hold it
  ref?: string;
}

export interface Port {
  service: string; // empty for a container of no service
  container?: string;
  proto: string;
  published: number;
  target: number;
  mode: string;
  at: { host: string; verdict: string; segment?: number; reached: number; backends: number }[] | null;
  whole?: number; // hosts that at leaves out, at which it is delivered
  at_left?: number; // others that at leaves out
  ref?: string;
}

export interface Party {
  kind: string; // service, container, host, outside, ingress or unknown
  name: string;
}

export interface Flow {
  network?: string;
  via: string;
  proto: string;
  port: number;
  quality: string;
  why: string;
  connections?: number;
  rate?: number; // bytes a second between the two reads
  segs?: number;
  again?: number;
  refused?: number;
  unanswered?: number;
  half_open?: number;
  stuck?: number;
  rtt_us?: number;
  share?: number;
  most?: string;
  ref?: string;
}

export interface Edge {
  client: Party;
  server: Party;
  networks?: string[];
  state?: string; // delivered, partly, dropped, cannot tell; absent when no path was walked
  pairs?: Tally;
  segments?: number[];
  hop?: string;
  cause?: number;
  flows?: Flow[];
  flows_left?: number;
}

export interface Tunnel {
  network: string;
  from: string;
  to: string;
  expected: number;
  held: number;
  lacks?: number; // of which a rule says that they are not there
  strays?: number; // of which a rule says that they lead elsewhere
  untold?: number; // of which neither is known
  missing?: string[];
  wrong?: string[];
  ref?: string;
}

export interface Queue {
  party: Party;
  proto: string;
  port: number;
  host: string;
  verdict: string;
  why: string;
  waiting?: number;
  backlog?: number;
  unread_bytes?: number;
  ref?: string;
}

export interface Clock {
  host: string;
  leader?: string;
  low_s?: number;
  high_s?: number;
  synced?: boolean;
  max_error_s?: number;
  why?: string;
  ref?: string;
}

// read unpacks the block of this page.
export async function read(): Promise<Data> {
  if (document.readyState === "loading") {
    // The block follows this script in the file.
    await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
  }
  const block = document.getElementById("data");
  const packed = Uint8Array.from(atob((block?.textContent ?? "").trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()) as Data;
}
