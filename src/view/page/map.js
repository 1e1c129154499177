// The servers around the one that is looked at: the more rooms they share with it, the nearer.

const LABELLED = 30; // Names of more servers would cover each other.

export class FederationMap {
  constructor(place, replay, explain) {
    this.replay = replay;
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const { servers, viewpoint } = replay.scene;
    const nodes = servers.map((server, number) => ({
      data: { id: `s${number}`, name: server.name, size: 14 + 7 * Math.log10(1 + server.users), near: server.shared_rooms },
    }));
    const edges = servers.flatMap((server, number) => number === viewpoint || !server.shared_rooms ? [] :
      [{ data: { id: `e${number}`, source: `s${viewpoint}`, target: `s${number}` } }]);
    this.graph = cytoscape({
      container: place, elements: [...nodes, ...edges], style: this.style(servers.length),
      layout: {
        name: "concentric", padding: 12, minNodeSpacing: 6, animate: false,
        concentric: (node) => node.id() === `s${viewpoint}` ? Infinity : Math.round(3 * Math.log2(1 + node.data("near"))),
        levelWidth: () => 3,
      },
      minZoom: 0.2, maxZoom: 4, boxSelectionEnabled: false, autoungrabify: true,
    });
    this.graph.on("tap", "node", (event) => explain(event.target.data("name")));
    this.was = new Map();
  }

  style(servers) {
    const label = servers <= LABELLED ? "data(name)" : "";
    return [
      { selector: "node", style: {
        width: "data(size)", height: "data(size)", "background-color": this.colour("held"), label,
        "font-size": 8, color: this.colour("ink"), "text-valign": "bottom", "text-max-width": 90, "text-wrap": "ellipsis" } },
      { selector: ".down", style: { "background-color": this.colour("stranded"), shape: "diamond" } },
      { selector: ".dead", style: { "background-color": this.colour("ink"), shape: "rectangle", opacity: 0.5 } },
      { selector: ".viewpoint", style: { "border-width": 3, "border-color": this.colour("mark") } },
      { selector: "edge", style: { width: 1, "line-color": this.colour("line"), "curve-style": "straight" } },
      { selector: "edge.gave", style: { width: "data(width)", "line-color": this.colour("held") } },
      { selector: "edge.cut", style: { "line-style": "dashed", "line-color": this.colour("lost"), width: 2 } },
    ];
  }

  draw() {
    const { scene, given, cuts } = this.replay;
    this.graph.batch(() => {
      scene.servers.forEach((_, number) => {
        const node = `${this.replay.standingOf(number)} ${number === scene.viewpoint ? "viewpoint" : ""}`;
        this.set(`s${number}`, node);
        const link = `${Math.min(number, scene.viewpoint)} ${Math.max(number, scene.viewpoint)}`;
        const isCut = (cuts.get(link) ?? 0) > 0;
        const width = given[number] > 0 ? 1.5 + 1.5 * Math.log10(1 + given[number]) : 1;
        this.set(`e${number}`, `${given[number] > 0 ? "gave" : ""} ${isCut ? "cut" : ""}`, width);
      });
    });
  }

  /** Only what has changed is drawn again. */
  set(id, classes, width) {
    const now = `${classes} ${width}`;
    if (this.was.get(id) === now) return;
    this.was.set(id, now);
    const element = this.graph.getElementById(id);
    element.classes(classes.trim());
    if (width) element.data("width", width);
  }

  destroy() {
    this.graph.destroy();
  }
}
