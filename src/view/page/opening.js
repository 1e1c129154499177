// A result before it can be played: what its folder has, at once, and how far its run has been played again.

const by = (id) => document.getElementById(id);
const FIGURES = ["recovery.svg", "tapestry.svg"];

let latest = null; // The result that was chosen last.

const file = (result, name) => `api/file?${new URLSearchParams({ result: result.id, name })}`;

/** Shows the folder's own figures and words; a part of a run and a study have none of these. */
export function showFolder(result) {
  latest = result;
  by("title").firstElementChild.textContent = result.title ?? result.id;
  const link = by("report");
  link.hidden = !result.report;
  link.href = file(result, "report.html");
  const glance = by("glance");
  glance.hidden = result.study || !result.complete;
  const words = by("happened");
  words.textContent = "";
  const figures = FIGURES.map((name) => by(name.slice(0, -4)));
  figures.forEach((figure, number) => {
    if (glance.hidden) figure.removeAttribute("src");
    else figure.src = file(result, FIGURES[number]);
  });
  if (glance.hidden || !result.report) return;
  fetch(link.href).then((answer) => answer.text()).then((page) => {
    const told = new DOMParser().parseFromString(page, "text/html").querySelector("#happened p");
    if (latest === result) words.textContent = told?.textContent.replace(/\s+/g, " ").trim() ?? "";
  });
}

/** Has the run played again; `ended` hears why there is nothing to play, or nothing. Answers with what breaks it off. */
export function playAgain(result, ended) {
  const [line, bar, date] = ["again", "again-bar", "again-date"].map(by);
  line.hidden = false;
  bar.removeAttribute("value");
  date.textContent = "";
  const heard = new EventSource(`api/replay?${new URLSearchParams({ result: result.id })}`);
  const stop = () => {
    heard.close();
    line.hidden = true;
  };
  const over = (why) => {
    stop();
    ended(why);
  };
  heard.onmessage = (event) => {
    const progress = JSON.parse(event.data);
    if (progress.state === "failed") over(progress.message);
    else if (progress.state !== "runs") over();
    else if (progress.now) {
      bar.value = progress.per_mille;
      date.textContent = `${progress.now.slice(0, 10)}, ${Math.floor(progress.per_mille / 10)} %`;
    }
  };
  heard.onerror = () => over("fedheal does not answer any more");
  return stop;
}
