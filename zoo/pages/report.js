"use strict";
// Draws each locus of the page, and moves and zooms it by keys, buttons, wheel and dragging.
const SVG = "http://www.w3.org/2000/svg";
const ROW = 62, GAP = 10, BAR = 26, AXIS = 26;
const NARROW = 600, HEAD = 34;  // px of a view whose names stand above the tracks, and of these names

function element(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function number(value) { return Math.round(value).toLocaleString("en-US"); }

// A name that fits, about 6.5 px a letter; the whole one is in the table below.
function shortened(name, room) {
  const most = Math.max(Math.floor((room - 8) / 6.5), 4);
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

class Locus {
  constructor(box) {
    this.data = JSON.parse(box.querySelector("script").textContent);
    this.view = box.querySelector(".view");
    this.place = box.querySelector(".place");
    this.reset();
    this.buttons(box.querySelector(".buttons"));
    this.view.addEventListener("keydown", (event) => this.key(event));
    this.view.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.view.addEventListener("pointerdown", (event) => { this.held = event.clientX; });
    this.view.addEventListener("pointermove", (event) => this.drag(event));
    for (const kind of ["pointerup", "pointerleave"]) this.view.addEventListener(kind, () => { this.held = null; });
    new ResizeObserver(() => this.draw()).observe(this.view);
    this.draw();
  }

  reset() { this.start = this.data.start; this.end = this.data.end; }

  buttons(where) {
    const actions = [["←", "Move left", () => this.move(-0.25)], ["→", "Move right", () => this.move(0.25)],
      ["+", "Zoom in", () => this.zoom(0.5)], ["−", "Zoom out", () => this.zoom(2)], ["All", "Show all", () => this.reset()]];
    for (const [sign, label, action] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => { action(); this.draw(); });
      where.appendChild(button);
    }
  }

  key(event) {
    const actions = { ArrowLeft: () => this.move(-0.25), ArrowRight: () => this.move(0.25), "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5), "-": () => this.zoom(2), Home: () => this.reset() };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
    this.draw();
  }

  wheel(event) {
    if (!event.ctrlKey && !event.shiftKey) return;  // the page scrolls
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8);
    this.draw();
  }

  drag(event) {
    if (this.held == null) return;
    this.move((this.held - event.clientX) / this.view.clientWidth);
    this.held = event.clientX;
    this.draw();
  }

  move(share) {
    const span = this.end - this.start;
    this.start = Math.min(Math.max(this.start + share * span, this.data.start), this.data.end - span);
    this.end = this.start + span;
  }

  zoom(factor) {
    const middle = (this.start + this.end) / 2, whole = this.data.end - this.data.start;
    const span = Math.min(Math.max((this.end - this.start) * factor, Math.min(20 * this.data.step, whole)), whole);
    this.start = Math.min(Math.max(middle - span / 2, this.data.start), this.data.end - span);
    this.end = this.start + span;
  }

  x(base) { return this.label + (base - this.start) / (this.end - this.start) * (this.width - this.label); }

  draw() {
    const { tracks, intervals, chrom, start, step, colors } = this.data;
    const width = this.width = Math.max(this.view.clientWidth, 240), narrow = width < NARROW;
    const label = this.label = narrow ? 0 : 150, head = narrow ? HEAD : 0, bar = narrow ? 2 * BAR : BAR;
    const height = tracks.length * (head + ROW + GAP) + intervals.length * bar + AXIS;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-hidden", "true");
    const first = Math.max(Math.floor((this.start - start) / step), 0);
    for (let tick = 0; tick <= 4; tick += narrow ? 2 : 1) {
      const base = this.start + (this.end - this.start) * tick / 4;
      element("line", { class: "axis", x1: this.x(base), x2: this.x(base), y1: 0, y2: height - 16 }, svg);
      element("text", { x: this.x(base), y: height - 3, "text-anchor": ["start", "middle", "middle", "middle", "end"][tick] },
        svg, number(base + 1));
    }
    const said = [];
    let top = 0;
    tracks.forEach((track, at) => {
      const last = Math.min(Math.ceil((this.end - start) / step), track.values.length);
      const shown = track.values.slice(first, last);
      const high = shown.reduce((one, other) => Math.max(one, other), 0);
      const scale = high > 0 ? (ROW - 4) / high : 0;
      const points = shown.map((value, index) => {
        const left = Math.max(this.x(start + (first + index) * step), label);
        const right = Math.min(this.x(start + (first + index + 1) * step), width);
        const y = (top + head + ROW - Math.max(value, 0) * scale).toFixed(1);
        return `L${left.toFixed(1)} ${y}L${right.toFixed(1)} ${y}`;
      });
      const base = top + head + ROW, named = narrow ? top + 14 : top + ROW / 2;
      element("path", { class: "track", fill: colors[at % colors.length], d: `M${label} ${base}${points.join("")}L${width} ${base}Z` }, svg);
      element("text", { x: 4, y: named }, svg, shortened(track.name, narrow ? width : label));
      element("text", { x: 4, y: named + 15 }, svg, `0 – ${high.toPrecision(3)}`);
      said.push(`${track.name} up to ${high.toPrecision(3)}`);
      top += head + ROW + GAP;
    });
    intervals.forEach((set, at) => {
      const near = set.spans.filter(([left, right]) => left < this.end && right > this.start);
      element("text", { x: 4, y: top + 16 }, svg, shortened(set.name, narrow ? width : label));
      for (const [left, right] of near) {
        const from = Math.max(this.x(left), label), to = Math.min(this.x(right), width);
        element("rect", { class: "interval", x: from, y: top + bar - BAR + 5, width: Math.max(to - from, 1.5), height: 14,
          fill: colors[(tracks.length + at) % colors.length] }, svg);
      }
      said.push(`${near.length} ${set.name}`);
      top += bar;
    });
    this.view.replaceChildren(svg);
    this.place.textContent = `${chrom}:${number(this.start + 1)}–${number(this.end)}; ${said.join(", ")}.`;
  }
}

for (const box of document.querySelectorAll(".locus")) new Locus(box);
