// How things are written, the same everywhere.

export function count(n: number, thing: string, many = thing + "s"): string {
  return `${thousands(n)} ${n === 1 ? thing : many}`;
}

export function thousands(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

// utc is a time with its zone; seconds are since 1970, 0 for none.
export function utc(seconds: number | undefined): string {
  if (!seconds) {
    return "–";
  }
  return new Date(seconds * 1000).toISOString().replace("T", " ").replace(/\.\d+Z/, "Z");
}

// bytes a second, in words.
export function rate(n: number | undefined): string {
  if (n === undefined) {
    return "rate unknown";
  }
  const units = ["B/s", "kB/s", "MB/s", "GB/s"];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

// short is an id as docker ps prints it.
export function short(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}
