// Rooms as lanes: a cell is what the server has of one room's items that were made in one span of time.

import { STATES } from "./replay.js";

const LANE = 14; // Height of a lane and of its name, in CSS pixels.
const GAP = 2;
const HATCHED = { missing: [1, 0], stranded: [1, 0], lost: [1, 1] };

export class Lanes {
  constructor(canvas, names, status, replay, explain) {
    Object.assign(this, { canvas, names, status, replay, explain });
    this.focus = { lane: 0, bin: 0 };
    this.listNames();
    canvas.onclick = (event) => this.choose(this.at(event));
    canvas.onmousemove = (event) => this.describe(this.at(event));
    canvas.onmouseleave = () => { status.textContent = ""; };
    canvas.onkeydown = (event) => this.key(event);
    canvas.onfocus = () => { this.draw(); this.describe(this.focus); };
    canvas.onblur = () => this.draw();
  }

  listNames() {
    this.names.replaceChildren();
    for (const lane of this.replay.scene.lanes) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = lane.name;
      button.title = `${lane.name}: ${lane.kind}, ${lane.servers} servers`;
      button.dir = "auto";
      button.onclick = () => this.explain("room", lane.name);
      item.append(button);
      this.names.append(item);
    }
  }

  legend(place) {
    place.replaceChildren();
    const note = { missing: "not there (whether for ever is known at the end)", stranded: "stranded: somebody else has it" };
    for (const name of ["held", "shell", "missing", "stranded", "lost", "expired"]) {
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = `var(--${name})`;
      place.append(swatch, note[name] ?? name);
    }
  }

  /** Draws what has changed since the last time; `all`: everything, as after a change of size. */
  draw(all = false) {
    const { lanes, bins } = this.replay.scene;
    const pen = this.canvas.getContext("2d");
    const isFocused = document.activeElement === this.canvas;
    // The frame of the focus lies over several cells.
    const anew = all || isFocused || this.wasFocused || this.width !== this.canvas.clientWidth;
    if (anew) this.begin(pen);
    this.wasFocused = isFocused;
    for (let lane = 0; lane < lanes.length; lane++) {
      for (let bin = 0; bin < bins.length; bin++) {
        const cell = lane * bins.length + bin;
        const now = this.replay.mark(lane, bin);
        if (this.drawn[cell] === now) continue;
        this.drawn[cell] = now;
        if (!anew) pen.clearRect(this.left(bin), lane * LANE, this.left(bin + 1) - this.left(bin), LANE);
        this.drawCell(pen, lane, bin);
      }
    }
    if (isFocused) {
      pen.strokeStyle = this.ink;
      pen.lineWidth = 2;
      pen.strokeRect(this.left(this.focus.bin), this.focus.lane * LANE, this.step, LANE);
    }
  }

  /** Where a bin begins: on a whole pixel, so that no neighbour loses a part of one when a cell is drawn again. */
  left(bin) {
    return Math.round(bin * this.step * this.ratio) / this.ratio;
  }

  /** An empty canvas of the size that there is room for, in the colours of now. */
  begin(pen) {
    const { lanes, bins } = this.replay.scene;
    const height = lanes.length * LANE;
    this.canvas.style.height = `${height}px`;
    this.width = this.canvas.clientWidth;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.width * this.ratio;
    this.canvas.height = height * this.ratio;
    pen.scale(this.ratio, this.ratio);
    const style = getComputedStyle(document.documentElement);
    this.colours = Object.fromEntries(["missing", ...STATES].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    [this.paper, this.ink] = ["--paper", "--ink"].map((name) => style.getPropertyValue(name));
    this.step = this.width / bins.length;
    this.drawn = new Array(lanes.length * bins.length);
  }

  drawCell(pen, lane, bin) {
    const cell = this.replay.cell(lane, bin);
    if (!cell) return;
    const all = cell.counts.reduce((sum, items) => sum + items, 0);
    let top = lane * LANE + GAP / 2;
    const left = this.left(bin);
    // Between cells that are wide enough a pixel is left free.
    const width = this.left(bin + 1) - left - (this.step * this.ratio > 3 ? 1 / this.ratio : 0);
    cell.counts.forEach((items, number) => {
      if (!items) return;
      const name = cell.names[number];
      const height = ((LANE - GAP) * items) / all;
      pen.fillStyle = this.colours[name];
      pen.fillRect(left, top, width, height);
      this.hatch(pen, name, left, top, width, height);
      top += height;
    });
  }

  /** Lines tell apart what colours may not. */
  hatch(pen, name, left, top, width, height) {
    const lines = HATCHED[name];
    if (!lines || height < 4) return;
    pen.strokeStyle = this.paper;
    pen.lineWidth = 0.8;
    pen.beginPath();
    if (lines[0]) { pen.moveTo(left, top + height); pen.lineTo(left + width, top); }
    if (lines[1]) { pen.moveTo(left, top); pen.lineTo(left + width, top + height); }
    pen.stroke();
  }

  at(event) {
    const { lanes, bins } = this.replay.scene;
    const within = (value, most) => Math.max(0, Math.min(most - 1, Math.floor(value)));
    return { lane: within(event.offsetY / LANE, lanes.length), bin: within(event.offsetX / this.step, bins.length) };
  }

  describe({ lane, bin }) {
    const { lanes, bins } = this.replay.scene;
    if (!lanes.length) return;
    const day = new Date(bins[bin]).toISOString().slice(0, 10);
    const cell = this.replay.cell(lane, bin);
    const counts = cell ? cell.counts.map((items, number) => items && `${items} ${cell.names[number]}`).filter(Boolean) : [];
    this.status.textContent = `${lanes[lane].name}, from ${day}: ${counts.join(", ") || "nothing"}`;
  }

  choose({ lane, bin }) {
    const of = this.replay.scene.lanes[lane];
    if (!of) return;
    this.focus = { lane, bin };
    const first = of.first_items[bin];
    const next = of.first_items[bin + 1] ?? Infinity;
    if (this.replay.cell(lane, bin) && first < next) this.explain("item", `${of.name}/${first}`);
    else this.explain("room", of.name);
  }

  key(event) {
    const { lanes, bins } = this.replay.scene;
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === "Enter") this.choose(this.focus);
    if (!move || !lanes.length) return;
    event.preventDefault();
    const within = (value, most) => Math.max(0, Math.min(most - 1, value));
    this.focus = { lane: within(this.focus.lane + move[0], lanes.length), bin: within(this.focus.bin + move[1], bins.length) };
    this.draw();
    this.describe(this.focus);
  }
}
