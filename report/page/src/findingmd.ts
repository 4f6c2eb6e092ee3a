import { button, type Child } from "./dom";
import { copyText, say } from "./copy";

// What is shown, as Markdown for a ticket. Captured text stands in code or is escaped: in a ticket it is as hostile as here.

// fence is a block of code whose fence is longer than any run of backticks in it.
function fence(text: string): string {
  const most = Math.max(2, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
  const f = "`".repeat(most + 1);
  return `${f}\n${text.replace(/\n+$/, "")}\n${f}\n`;
}

// code is text in a line as code.
function code(text: string): string {
  const most = Math.max(0, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
  const f = "`".repeat(most + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return f + pad + text + pad + f;
}

const plain = (text: string) => text.replace(/\s+/g, " ").trim().replace(/[\\`*_[\]<>#|~!&]/g, "\\$&").replace(/@/g, "@" + String.fromCharCode(0x200b));

// line is what an element says in one line.
function line(e: Element): string {
  let out = "";
  for (const n of e.childNodes) {
    if (n instanceof Text) {
      out += (/^\s/.test(n.data) ? " " : "") + plain(n.data) + (/\s$/.test(n.data) ? " " : "");
    } else if (n instanceof HTMLElement && !n.hidden && n.tagName !== "BUTTON" && n.getAttribute("aria-hidden") !== "true") {
      const inner = n.tagName === "CODE" || n.tagName === "PRE" ? code((n.textContent ?? "").replace(/\s+/g, " ")) : n.tagName === "B" ? `**${line(n)}**` : line(n);
      out += (n.classList.contains("sub") || n.tagName === "SPAN" ? " " : "") + inner;
    }
  }
  return out.replace(/ +/g, " ").trim();
}

// markdown is what a part of the page says.
export function markdown(e: Element): string {
  let out = "";
  for (const c of e.children) {
    if (c.tagName === "BUTTON" || c.getAttribute("aria-hidden") === "true" || (c as HTMLElement).hidden || c.classList.contains("again")) {
      continue;
    }
    switch (c.tagName) {
      case "H2":
      case "H3":
        out += `\n#### ${line(c)}\n\n`;
        break;
      case "H4":
        out += `\n##### ${line(c)}\n\n`;
        break;
      case "P":
      case "FIGCAPTION":
      case "SUMMARY":
        out += line(c) && line(c) + "\n\n";
        break;
      case "PRE":
        out += fence(c.textContent ?? "") + "\n";
        break;
      case "DL": {
        let name = "";
        for (const x of c.children) {
          if (x.tagName === "DT") {
            name = line(x);
          } else {
            out += `- ${name}: ${line(x)}\n`;
          }
        }
        out += "\n";
        break;
      }
      case "UL":
      case "OL":
        if (c.querySelector("pre, .hop")) {
          out += markdown(c);
        } else {
          out += [...c.children].map((x) => `- ${line(x)}\n`).join("") + "\n";
        }
        break;
      default:
        if (c.classList.contains("hop")) {
          const part = (name: string) => line(c.querySelector("." + name) ?? c);
          const sign: Record<string, string> = { clean: "✔", drop: "✖", open: "?", off: "–" };
          out += `- ${sign[(c as HTMLElement).dataset.state ?? ""] ?? "?"} ${part("step")}: should be ${plainly(c, "should")}; is ${plainly(c, "is")} ${part("row")}\n`;
          const proof = c.querySelector(".proof");
          out += proof ? "\n" + markdown(proof) : "";
        } else {
          out += markdown(c);
        }
    }
  }
  return out;
}

// plainly is a cell of a hop without the words for who cannot see columns.
function plainly(hop: Element, name: string): string {
  return line(hop.querySelector("." + name) ?? hop).replace(/^(should be|is): ?/, "");
}

// markdownCopies gives each finding, cause and path a button that copies it as Markdown.
export function markdownCopies(): void {
  const give = (body: Element, title: () => string, whole: Element): Child => {
    const b = button("copy as Markdown", async (x) => {
      const text = (title() + markdown(whole)).replace(/\n{3,}/g, "\n\n").trim() + "\n";
      say(x, (await copyText(text)) ? "copied" : "it could not be copied");
    });
    b.className = "asmd";
    body.prepend(b);
    return b;
  };
  for (const d of document.querySelectorAll("details.finding, details.cause")) {
    const body = d.querySelector(":scope > .body");
    const head = d.querySelector(":scope > summary .what");
    if (body && head) {
      give(body, () => `### ${line(head.querySelector("b") ?? head)}\n\n${line(head.querySelector(".sub") ?? head)}\n\n`, body);
    }
  }
  for (const a of document.querySelectorAll("#path article.path")) {
    const header = a.querySelector("header");
    if (header) {
      give(header, () => "", a);
    }
  }
}
