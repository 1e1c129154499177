// The page: which result is shown, which moment of it, and what is explained.

import { Replay } from "./replay.js";
import { Lanes } from "./lanes.js";
import { FederationMap } from "./map.js";
import { playAgain, showFolder } from "./opening.js";
import { watchRuns } from "./runs.js";

const by = (id) => document.getElementById(id);
const MARKED = ["restore", "failed-copy", "key-loss", "media-loss", "death"];
const PLAY_EVERY_MS = 60;
const CHART_HEIGHT = 130;

let shown = null; // The result that is shown: its id, replay, lanes, map, chart.
let listed = 0; // How often the list of results was asked for.
let playing = null;
let breakOff = null; // Breaks off what is played again for the page.

/** Asks the server; an error is the text that it gave. */
export async function ask(path, values = {}) {
  const query = new URLSearchParams(values).toString();
  const answer = await fetch(query ? `${path}?${query}` : path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function text(tag, content, parent) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (parent) parent.append(element);
  return element;
}

const time = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

/** Fills the list of results, and shows one. */
async function listResults(wanted) {
  const number = ++listed;
  const { opened, results } = await ask("api/results");
  if (number !== listed) return; // Something else was chosen meanwhile.
  const select = by("results");
  select.replaceChildren();
  for (const result of results) {
    const more = result.study ? " (a study)" : result.complete ? "" : " (stopped)";
    const option = text("option", result.id + more, select);
    option.value = result.id;
  }
  const runs = results.filter((result) => !result.study && result.complete);
  const chosen = wanted ?? opened ?? runs[0]?.id ?? results[0]?.id;
  if (chosen === undefined) {
    by("state").textContent = "There are no results yet: begin a new run.";
    return;
  }
  select.value = chosen;
  show(results.find((result) => result.id === chosen));
}

function show(result) {
  stopPlaying();
  // Whoever chooses another result waits for that one, and not for the one before.
  breakOff?.();
  breakOff = null;
  shown?.map.destroy();
  shown?.chart.destroy();
  shown = null;
  by("replay").hidden = true;
  showFolder(result);
  if (result.study) {
    by("state").textContent = "A study of many runs: its report shows it.";
    return;
  }
  const stopped = result.stopped ? `${result.stopped} ` : "";
  by("state").textContent = `${stopped}It is played again, so that you can slide through it. That takes as long as the run took; `
    + "choose another result to break it off.";
  breakOff = playAgain(result, (why) => {
    if (why) by("state").textContent = why;
    else fetchScene(result);
  });
}

async function fetchScene(result) {
  try {
    const scene = await ask("api/scene", { result: result.id });
    if (by("results").value === result.id && !shown) begin(result, scene);
  } catch (error) {
    if (by("results").value === result.id) by("state").textContent = error.message;
  }
}

function begin({ id, stopped }, scene) {
  const replay = new Replay(scene);
  by("title").firstElementChild.textContent = scene.title;
  const left = [];
  if (scene.other_rooms) left.push(`${scene.other_rooms} more rooms`);
  if (scene.other_servers) left.push(`${scene.other_servers} more servers`);
  const more = left.length ? `; ${left.join(" and ")} are not drawn` : "";
  const viewpoint = scene.servers[scene.viewpoint]?.name ?? "";
  by("state").textContent = `Seed ${scene.seed}, ${time(scene.span[0])} to ${time(scene.span[1])}, as ${viewpoint} has it${more}.`
    + (stopped ? ` ${stopped}` : "");
  by("glance").hidden = true;
  by("replay").hidden = false;
  const lanes = new Lanes(by("lanes"), by("lane-names"), by("cell"), replay, explain);
  const map = new FederationMap(by("map"), replay, (name) => explain("server", name));
  const chart = missingChart(scene, replay);
  shown = { id, scene, replay, lanes, map, chart };
  lanes.legend(by("phases"));
  listServers(scene);
  const slider = by("slider");
  slider.max = scene.moments.length - 1;
  markLosses(scene);
  goTo(firstLoss(scene) ?? scene.moments.length - 1);
}

function listServers(scene) {
  const list = by("servers");
  list.replaceChildren();
  const names = by("names");
  names.replaceChildren();
  for (const server of scene.servers) {
    const button = text("button", server.name, text("li", "", list));
    button.type = "button";
    button.onclick = () => explain("server", server.name);
    text("option", server.name, names);
  }
  for (const lane of scene.lanes) text("option", lane.name, names);
  by("servers-summary").textContent = `All ${scene.servers.length} servers`;
}

function firstLoss(scene) {
  const at = scene.moments.findIndex((moment) =>
    moment.struck.some(([server, fault]) => server === scene.viewpoint && MARKED.includes(fault)));
  return at < 0 ? null : at;
}

/** Buttons that lead to what was done to the server. */
function markLosses(scene) {
  const marks = by("marks");
  marks.replaceChildren();
  scene.moments.forEach((moment, number) => {
    for (const [server, fault] of moment.struck) {
      if (server !== scene.viewpoint || !MARKED.includes(fault) || marks.children.length > 8) continue;
      const button = text("button", `${fault} ${time(moment.at)}`, marks);
      button.type = "button";
      button.onclick = () => goTo(number);
    }
  });
}

function goTo(number) {
  const { replay, lanes, map, chart, scene } = shown;
  replay.goTo(number);
  const at = scene.moments[number].at;
  const slider = by("slider");
  slider.value = number;
  slider.setAttribute("aria-valuetext", time(at));
  by("moment").textContent = time(at);
  lanes.draw();
  map.draw();
  chart.setCursor({ left: chart.valToPos(at / 1000, "x"), top: 0 });
  readJournal(at);
}

let journalTimer = 0;
function readJournal(at) {
  // While somebody slides, only the place where they stop is read.
  clearTimeout(journalTimer);
  journalTimer = setTimeout(async () => {
    if (!shown) return; // Another result was chosen meanwhile.
    const { id } = shown;
    const { rows } = await ask("api/facts", { result: id, until: at });
    if (shown?.id !== id) return;
    const body = by("journal");
    body.replaceChildren(...rows.map(journalRow));
  }, 120);
}

function journalRow(fact) {
  const row = document.createElement("tr");
  const range = fact.first === null ? "" : fact.first === fact.last ? `/${fact.first}` : `/${fact.first} to ${fact.last}`;
  const about = `${fact.what} ${fact.user || ""} ${fact.room || ""}${range}`;
  for (const cell of [fact.at.slice(0, 19).replace("T", " "), fact.server, fact.fact, about, fact.from, fact.path || fact.why]) {
    text("td", cell, row);
  }
  row.tabIndex = 0;
  const chosen = () => {
    if (fact.first !== null) explain("item", `${fact.room}/${fact.first}`);
    else if (fact.user) explain("user", fact.user);
    else if (fact.room) explain("room", fact.room);
    else explain("server", fact.server);
  };
  row.onclick = chosen;
  row.onkeydown = (event) => event.key === "Enter" && chosen();
  return row;
}

async function explain(kind, name) {
  if (!shown) return;
  const place = by("explanation");
  try {
    const { sentences } = await ask("api/explain", { result: shown.id, kind, name });
    place.replaceChildren();
    text("h4", name, place).dir = "auto";
    for (const sentence of sentences) text("p", sentence, place).dir = "auto";
  } catch (error) {
    place.replaceChildren(text("p", error.message));
  }
}

/** What a name is meant to be, by its form. */
function kindOf(name, scene) {
  if (name.startsWith("@")) return "user";
  if (scene.lanes.some((lane) => lane.name === name)) return "room";
  if (/\/\d+$/.test(name)) return "item";
  return scene.servers.some((server) => server.name === name) ? "server" : "room";
}

/** Missing items over time: where to slide to. */
function missingChart(scene, replay) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--soft");
  const axis = { stroke: ink, grid: { stroke: style.getPropertyValue("--line"), width: 0.5 } };
  const options = {
    width: by("time").clientWidth, height: CHART_HEIGHT, legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    axes: [axis, { ...axis, size: 84, label: "missing", labelSize: 16 }],
    series: [{}, { stroke: style.getPropertyValue("--lost"), width: 1.5, paths: uPlot.paths.stepped({ align: 1 }) }],
  };
  const times = scene.moments.map((moment) => moment.at / 1000);
  const chart = new uPlot(options, [times, replay.missingOverTime()], by("chart"));
  chart.over.onclick = () => {
    const at = chart.posToVal(chart.cursor.left, "x") * 1000;
    const later = scene.moments.findIndex((moment) => moment.at >= at);
    goTo(later < 0 ? scene.moments.length - 1 : later);
  };
  return chart;
}

function stopPlaying() {
  clearInterval(playing);
  playing = null;
  by("play").textContent = "Play";
  by("play").setAttribute("aria-pressed", "false");
}

function play() {
  const slider = by("slider");
  if (Number(slider.value) >= Number(slider.max)) goTo(0);
  by("play").textContent = "Pause";
  by("play").setAttribute("aria-pressed", "true");
  playing = setInterval(() => {
    const next = Number(slider.value) + 1;
    if (next > Number(slider.max)) stopPlaying();
    else goTo(next);
  }, PLAY_EVERY_MS);
}

by("play").onclick = () => (playing ? stopPlaying() : play());
by("slider").oninput = (event) => goTo(Number(event.target.value));
by("results").onchange = (event) => listResults(event.target.value);
by("ask").onsubmit = (event) => {
  event.preventDefault();
  const name = by("name").value.trim();
  if (name && shown) explain(kindOf(name, shown.scene), name);
};
window.addEventListener("resize", () => {
  if (!shown) return;
  shown.lanes.draw(true);
  shown.chart.setSize({ width: by("time").clientWidth, height: CHART_HEIGHT });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown?.lanes.draw(true));
watchRuns((result) => listResults(result));
listResults();
