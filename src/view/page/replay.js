// A run at one of its moments: what each cell holds, how the servers stand, who has given what.

export const PHASES = ["held", "shell", "missing", "expired"];
export const STATES = ["held", "shell", "stranded", "lost", "expired"];
const DOWN = { stop: "down", freeze: "down", death: "dead", start: "up", thaw: "up", restore: "up", "failed-copy": "up" };

export class Replay {
  constructor(scene) {
    this.scene = scene;
    this.bins = scene.bins.length;
    this.begun = new Int32Array(scene.lanes.length * this.bins * PHASES.length);
    for (const [lane, bin, phase, items] of scene.cells) this.begun[this.place(lane, bin) + phase] += items;
    this.account = new Map(scene.account.map(([lane, bin, counts]) => [this.place(lane, bin), counts]));
    this.reset();
  }

  place(lane, bin) {
    return (lane * this.bins + bin) * PHASES.length;
  }

  reset() {
    this.number = -1;
    this.counts = this.begun.slice();
    this.changed = new Uint32Array(this.counts.length / PHASES.length); // How often each cell has.
    this.given = new Float64Array(this.scene.servers.length);
    this.standing = this.scene.servers.map(() => []);
    this.cuts = new Map();
  }

  /** Goes there from where it stands, back as well as on. */
  goTo(number) {
    while (this.number < number) this.step(this.scene.moments[++this.number], 1);
    while (this.number > number) this.step(this.scene.moments[this.number--], -1);
  }

  step(moment, direction) {
    for (const [lane, bin, from, to, items] of moment.changes) {
      const place = this.place(lane, bin);
      this.counts[place + from] -= direction * items;
      this.counts[place + to] += direction * items;
      this.changed[place / PHASES.length]++;
    }
    for (const [server, items] of moment.given) this.given[server] += direction * items;
    for (const [server, fault] of moment.struck) {
      if (!(fault in DOWN)) continue;
      if (direction > 0) this.standing[server].push(DOWN[fault]);
      else this.standing[server].pop();
    }
    for (const [one, other, isCut] of moment.cuts) {
      const link = `${Math.min(one, other)} ${Math.max(one, other)}`;
      this.cuts.set(link, (this.cuts.get(link) ?? 0) + (isCut ? direction : -direction));
    }
  }

  get at() {
    return this.scene.moments[this.number].at;
  }

  get isOver() {
    return this.number === this.scene.moments.length - 1;
  }

  /** `up`, `down` or `dead`. Whoever is dead stays so. */
  standingOf(server) {
    const all = this.standing[server];
    return all.includes("dead") ? "dead" : all[all.length - 1] ?? "up";
  }

  /** A number that is the same as before only where the cell looks as before. */
  mark(lane, bin) {
    if (this.scene.bins[bin] > this.at) return 0;
    return this.isOver ? 1 : 2 + this.changed[this.place(lane, bin) / PHASES.length];
  }

  /** What a cell holds: by phase, and at the end by state. Nothing before anything is made. */
  cell(lane, bin) {
    const place = this.place(lane, bin);
    if (this.scene.bins[bin] > this.at) return null;
    if (this.isOver) {
      const counts = this.account.get(place);
      return counts && { names: STATES, counts };
    }
    const counts = Array.from(this.counts.subarray(place, place + PHASES.length));
    return { names: PHASES, counts };
  }

  /** For each moment: items that were made and are missing. */
  missingOverTime() {
    const { moments, bins } = this.scene;
    const missing = PHASES.indexOf("missing");
    const perBin = new Float64Array(this.bins);
    for (const [, bin, phase, items] of this.scene.cells) if (phase === missing) perBin[bin] += items;
    return moments.map((moment) => {
      for (const [, bin, from, to, items] of moment.changes) {
        if (from === missing) perBin[bin] -= items;
        if (to === missing) perBin[bin] += items;
      }
      let sum = 0;
      for (let bin = 0; bin < this.bins && bins[bin] <= moment.at; bin++) sum += perBin[bin];
      return sum;
    });
  }
}
