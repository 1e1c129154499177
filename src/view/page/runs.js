// New runs: begun here, watched while they go on, and stopped.

import { ask } from "./page.js";

const by = (id) => document.getElementById(id);

/** Makes the dialog work and shows the runs that go on already; `done` hears of results that are whole. */
export function watchRuns(done) {
  const dialog = by("run-dialog");
  by("new-run").onclick = async () => {
    by("run-error").textContent = "";
    const scenarios = await ask("api/scenarios");
    const options = scenarios.map((name) => {
      const option = document.createElement("option");
      option.textContent = name;
      return option;
    });
    by("scenario").replaceChildren(...options);
    dialog.showModal();
  };
  by("run-cancel").onclick = () => dialog.close();
  by("run-form").onsubmit = async (event) => {
    event.preventDefault();
    by("run-error").textContent = "";
    try {
      const wish = {
        scenario: by("scenario").value,
        seed: by("seed").value ? Number(by("seed").value) : null,
        set: by("set").value.split("\n").map((line) => line.trim()).filter(Boolean),
      };
      const id = await begin(wish);
      dialog.close();
      watch(id, wish.scenario, done);
    } catch (error) {
      by("run-error").textContent = error.message;
    }
  };
  ask("api/runs").then((runs) => {
    for (const run of runs) if (run.progress.state === "runs") watch(run.id, run.scenario, done);
  });
}

async function begin(wish) {
  const answer = await fetch("api/runs", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(wish),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).id;
}

/** A line about a run, until it is over and somebody closes it. */
function watch(id, scenario, done) {
  const line = document.createElement("li");
  const says = document.createElement("span");
  says.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Stop";
  button.onclick = () => fetch(`api/runs/${id}/stop`, { method: "POST" });
  line.append(says, " ", button);
  by("runs").append(line);
  const heard = new EventSource(`api/runs/${id}/progress`);
  const over = (text) => {
    heard.close();
    says.textContent = `${scenario}: ${text}`;
    button.textContent = "Close";
    button.onclick = () => line.remove();
  };
  heard.onmessage = (event) => {
    const progress = JSON.parse(event.data);
    if (progress.state === "runs") {
      says.textContent = `${scenario}: ${Math.floor(progress.per_mille / 10)} %, ${progress.now.slice(0, 10)}`;
    } else if (progress.state === "done") {
      over(`done, ${progress.result}`);
      done(progress.result);
    } else if (progress.state === "stopped") {
      over("stopped; what it had is kept beside, marked as partial");
    } else {
      over(progress.message);
    }
  };
  heard.onerror = () => over("fedheal does not answer any more");
}
