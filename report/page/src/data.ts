// The data block is what is too much for markup: JSON, gzip, base64, written after everything that is read without a script.
// The types here mirror report/data.go; a number that stands for a text is a place in s.

export interface Data {
  s: string[]; // texts, each once; 0 is the empty one
  map?: unknown; // mirror of report/map.go's mapData
  time?: unknown; // mirror of report/time.go's timeData
  paths?: unknown; // mirror of report/paths.go's pathsData
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
