// Dots moves marks along the edges of a drawing, on a canvas above it: the busier an edge, the more; colour and shape say how they fare.
// A stream that fails stops at its hop and piles up there. What moves is what was captured, told again and again; it is not live.

type Kind = "ok" | "part" | "bad" | "open";

interface Stream {
  kind: Kind;
  xs: Float32Array; // points of the way, step apart
  ys: Float32Array;
  length: number;
  every: number; // seconds between two marks
  speed: number; // units of the drawing a second
  phase: number;
  pile: number; // how many pile up at the end; 0 when they get through
  skip: number; // which of them are left out: every skip-th, which another stream has; 0 for none
}

const step = 4;
const apart = 10; // of marks in a pile
const frame = 24; // milliseconds: about 40 frames a second are enough

// streamsOf reads what the markup says about its edges.
function streamsOf(svg: SVGSVGElement): Stream[] {
  const out: Stream[] = [];
  svg.querySelectorAll<SVGAElement>(".m-edge[data-moves]").forEach((edge, i) => {
    const way = edge.querySelector<SVGPathElement>(".m-way");
    if (!way) {
      return;
    }
    const kind = (edge.dataset.state ?? "open") as Kind;
    const length = way.getTotalLength();
    const n = Math.max(2, Math.ceil(length / step));
    const xs = new Float32Array(n + 1);
    const ys = new Float32Array(n + 1);
    for (let k = 0; k <= n; k++) {
      const p = way.getPointAtLength((length * k) / n);
      xs[k] = p.x;
      ys[k] = p.y;
    }
    const dots = Number(edge.dataset.dots);
    const speed = kind === "ok" ? 78 : kind === "open" ? 46 : 58;
    // As many as it says are on 300 units of way; the phase only keeps streams from marching in step.
    const every = 300 / speed / Math.max(dots, 1);
    const phase = ((i * 0.618034) % 1) * every;
    const base = { kind, xs, ys, length, speed, every, phase, pile: 0, skip: 0 };
    if (kind === "bad") {
      out.push({ ...base, pile: room(length, 7) });
    } else if (kind === "part" && Number(edge.dataset.lost) > 0) {
      const skip = Math.max(2, Math.round(1000 / Number(edge.dataset.lost)));
      const stop = (length * Number(edge.dataset.stop)) / 1000;
      out.push({ ...base, skip });
      out.push({ ...base, kind: "bad", length: stop, every: every * skip, pile: room(stop, 4) });
    } else {
      out.push(base);
    }
  });
  return out;
}

// room is how many of most marks a pile may have: a short way is not to be all pile.
function room(length: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor((length * 0.55) / apart)));
}

export class Dots {
  private readonly canvas = document.createElement("canvas");
  private streams: Stream[] | undefined;
  private words: DOMRect[] = []; // labels, which no mark is to hide
  private sprites: Record<Kind, HTMLCanvasElement> | undefined;
  private running = 0;
  private last = 0;
  private clock = 0; // seconds that it has moved

  constructor(private readonly stage: HTMLElement, private readonly svg: SVGSVGElement) {
    this.canvas.setAttribute("aria-hidden", "true");
    stage.append(this.canvas);
  }

  // run starts or stops; what is stopped shows the still drawing.
  run(on: boolean): void {
    if (on === this.running > 0) {
      return;
    }
    this.stage.classList.toggle("moving", on);
    if (!on) {
      cancelAnimationFrame(this.running);
      this.running = 0;
      this.canvas.getContext("2d")?.clearRect(0, 0, this.canvas.width, this.canvas.height);
      return;
    }
    if (!this.streams) {
      this.streams = streamsOf(this.svg);
      this.words = [...this.svg.querySelectorAll<SVGRectElement>(".m-hop rect")].map((r) => r.getBBox());
    }
    this.sprites = undefined; // colours may be others by now
    this.last = performance.now();
    this.running = requestAnimationFrame((t) => this.tick(t));
  }

  private tick(now: number): void {
    this.running = requestAnimationFrame((t) => this.tick(t));
    if (now - this.last < frame) {
      return;
    }
    this.clock += Math.min(now - this.last, 100) / 1000;
    this.last = now;
    this.draw();
  }

  private draw(): void {
    const g = this.canvas.getContext("2d");
    const at = this.svg.getScreenCTM();
    if (!g || !at || !this.streams) {
      return;
    }
    const box = this.canvas.getBoundingClientRect();
    const dense = devicePixelRatio || 1;
    const w = Math.round(box.width * dense);
    const h = Math.round(box.height * dense);
    if (this.canvas.width !== w || this.canvas.height !== h) {
      this.canvas.width = w;
      this.canvas.height = h;
      this.sprites = undefined;
    }
    const sprites = (this.sprites ??= this.paint(dense * Math.min(Math.max(at.a, 0.75), 1.5)));
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, w, h);
    // Drawing units to canvas pixels; the sprites keep their size.
    const k = at.a * dense;
    const x0 = (at.e - box.left) * dense;
    const y0 = (at.f - box.top) * dense;
    for (const s of this.streams) {
      const sprite = sprites[s.kind];
      const half = sprite.width / 2;
      place(s, this.clock, (d, alpha) => {
        const i = Math.min((d / s.length) * end(s), s.xs.length - 1);
        const a = Math.floor(i);
        const b = Math.min(a + 1, s.xs.length - 1);
        const x = s.xs[a]! + (s.xs[b]! - s.xs[a]!) * (i - a);
        const y = s.ys[a]! + (s.ys[b]! - s.ys[a]!) * (i - a);
        if (this.words.some((r) => x > r.x - 4 && x < r.x + r.width + 4 && y > r.y - 4 && y < r.y + r.height + 4)) {
          return;
        }
        g.globalAlpha = alpha;
        g.drawImage(sprite, x * k + x0 - half, y * k + y0 - half);
      });
    }
    g.globalAlpha = 1;
  }

  // paint makes a picture of each mark: its shape with a halo, so that it stands out from its edge.
  private paint(size: number): Record<Kind, HTMLCanvasElement> {
    const css = getComputedStyle(this.stage);
    const one = (name: string, shape: (g: CanvasRenderingContext2D, r: number) => void, radius: number, halo: number, hollow = false): HTMLCanvasElement => {
      const c = document.createElement("canvas");
      c.width = c.height = Math.ceil(30 * size);
      const g = c.getContext("2d")!;
      const color = css.getPropertyValue(name).trim();
      const ground = css.getPropertyValue("--m-stage").trim();
      g.translate(c.width / 2, c.height / 2);
      if (halo > 0) {
        const glow = g.createRadialGradient(0, 0, radius * size * 0.6, 0, 0, 14 * size);
        glow.addColorStop(0, color);
        glow.addColorStop(1, color + "00"); // of its own colour: black would shine through
        g.globalAlpha = halo;
        g.fillStyle = glow;
        g.fillRect(-c.width / 2, -c.height / 2, c.width, c.height);
        g.globalAlpha = 1;
      }
      g.beginPath();
      shape(g, radius * size);
      g.closePath();
      g.lineJoin = "round";
      g.lineWidth = (hollow ? 1.7 : 1) * size;
      g.fillStyle = hollow ? ground : color;
      g.strokeStyle = hollow ? color : ground;
      g.fill();
      g.stroke();
      return c;
    };
    const circle = (g: CanvasRenderingContext2D, r: number): void => g.arc(0, 0, r, 0, 7);
    return {
      ok: one("--m-ok", circle, 3.4, 0.22),
      open: one("--m-open", circle, 3.4, 0, true),
      part: one("--m-part", (g, r) => polygon(g, [[0, -r], [r * 0.98, r * 0.78], [-r * 0.98, r * 0.78]]), 5.4, 0.35),
      bad: one("--m-bad", (g, r) => polygon(g, [[0, -r], [r, 0], [0, r], [-r, 0]]), 6, 0.5),
    };
  }
}

function polygon(g: CanvasRenderingContext2D, points: [number, number][]): void {
  points.forEach(([x, y], i) => (i === 0 ? g.moveTo(x, y) : g.lineTo(x, y)));
}

// end is the place in the points of a way at which a stream ends: a lost one shares its points with the one that gets through.
function end(s: Stream): number {
  return Math.min(s.length / step, s.xs.length - 1);
}

// place tells of each mark of a stream how far it is and how visible. It needs nothing but the time: a mark that is n-th to leave is where it
// is whenever one looks.
function place(s: Stream, clock: number, put: (distance: number, alpha: number) => void): void {
  const t = clock + s.phase + s.length / s.speed; // as if it had always run
  const left = Math.floor(t / s.every); // the last that has left
  const tail = s.length - (s.pile > 0 ? s.pile * apart : 0); // where a pile begins
  const travel = tail / s.speed;
  for (let j = left; j >= 0; j--) {
    const d = (t - j * s.every) * s.speed;
    if (d > tail) {
      break;
    }
    if (s.skip === 0 || j % s.skip !== 0) {
      put(d, Math.min(1, d / 14, s.pile > 0 ? 1 : (s.length - d) / 10 + 0.2));
    }
  }
  if (s.pile === 0) {
    return;
  }
  // Those that have come stand behind each other; when one more comes, all move up, and the first is gone.
  const come = (t - travel) / s.every;
  const part = come - Math.floor(come);
  for (let n = 0; n <= s.pile; n++) {
    const place = n + Math.min(part * 3, 1); // they move up at once, then stand
    if (place > s.pile + 1) {
      continue;
    }
    put(Math.min(tail + place * apart, s.length), place > s.pile ? s.pile + 1 - place : 1);
  }
}
