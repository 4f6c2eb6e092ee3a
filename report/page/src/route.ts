// Routes are hash routes: a view is a link that survives mail, paper and file://. Names are encoded part by part.

// A Place is where a hash leads: #/svc/vote?from=x is name "svc", args ["vote"], query from=x.
export interface Place {
  name: string;
  args: string[];
  query: URLSearchParams;
}

// A Route shows a place on a page: one or more sections whose data-page it is.
export interface Route {
  page: string;
  // enter is called each time the hash leads here, after the page is shown. It answers whether there was such a thing;
  // undefined counts as yes.
  enter?(p: Place): void | boolean | Promise<void | boolean>;
  // leave is called when the hash leads to another page.
  leave?(): void;
}

// href is the hash of a place. Only such hashes are links; captured text never is one itself.
export function href(name: string, ...args: (string | number)[]): string {
  return "#/" + [name, ...args.map((a) => encodeURIComponent(String(a)))].join("/");
}

// parse reads a hash, undefined when it is none of ours: then it is the id of an element, or nothing.
export function parse(hash: string): Place | undefined {
  if (!hash.startsWith("#/")) {
    return undefined;
  }
  const [path = "", query = ""] = hash.slice(2).split(/\?(.*)/s, 2);
  const [name = "", ...args] = path.split("/").map(decode);
  return { name, args, query: new URLSearchParams(query) };
}

// decode undoes encodeURIComponent; what somebody mistyped stays as it is.
export function decode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}
