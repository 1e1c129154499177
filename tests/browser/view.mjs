// The viewer in a real browser: it opens, slides, explains, starts and stops a run, says no error, and asks nobody else.
//
//   npm install --prefix tests/browser && node tests/browser/view.mjs target/release/fedheal
//
// With a result folder it only measures how fast that one is looked at, and how much memory it takes; for large ones, such
// as this, whose journal has more than a million facts:
//
//   fedheal run scenarios/public-matrix.toml --set federation.scale=0.01 \
//     --set fault-rates.blips.per-server-year=120 --out /tmp/large
//   node tests/browser/view.mjs target/release/fedheal --result /tmp/large
//
// Chromium is taken from CHROMIUM, or else from where Debian puts it.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [binary, option, measured] = process.argv.slice(2);
assert.ok(option === undefined || (option === "--result" && measured), "view.mjs FEDHEAL [--result FOLDER]");
const fedheal = resolve(binary ?? "target/release/fedheal");
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = mkdtempSync(join(tmpdir(), "fedheal-view-"));
const [results, scenarios] = [join(folder, "results"), join(folder, "scenarios")];
const PATIENCE = 120_000; // Milliseconds; a busy machine is no failure.

/** A small world whose title would be a script, the one that is shipped, and one that takes long. */
function prepare() {
  mkdirSync(scenarios);
  const minimal = readFileSync(join(root, "scenarios/minimal.toml"), "utf8");
  const evil = `<script>window.caught = true</script> "quotes" \u202e`;
  const titled = minimal.replace(/^title = .*$/m, `title = ${JSON.stringify(evil)}`);
  assert.notEqual(titled, minimal);
  writeFileSync(join(scenarios, "evil.toml"), titled);
  copyFileSync(join(root, "scenarios/hypha-2021.toml"), join(scenarios, "hypha-2021.toml"));
  copyFileSync(join(root, "scenarios/public-matrix.toml"), join(scenarios, "public-matrix.toml"));
  for (const name of ["evil", "hypha-2021"]) {
    const args = ["run", join(scenarios, `${name}.toml`), "--out", join(results, name)];
    execFileSync(fedheal, args, { stdio: "ignore" });
  }
}

/** A result that is played again for long, though it was made in a moment: its scenario is put in the place of another. */
function prepareLong() {
  const out = join(results, "long");
  const args = ["run", join(scenarios, "public-matrix.toml"), "--set", "federation.scale=0.001", "--journal", "none"];
  execFileSync(fedheal, [...args, "--out", out], { stdio: "ignore" });
  const [scenario, manifest] = ["scenario.toml", "manifest.json"].map((name) => join(out, name));
  const short = readFileSync(scenario, "utf8");
  const long = short.replace("scale = 0.001", "scale = 0.05");
  assert.notEqual(long, short);
  writeFileSync(scenario, long);
  const about = JSON.parse(readFileSync(manifest, "utf8"));
  about.files_sha256["scenario.toml"] = createHash("sha256").update(long).digest("hex");
  writeFileSync(manifest, JSON.stringify(about));
}

/** The viewer, once it says where its page is. */
function serve(...more) {
  const args = ["view", "--no-browser", "--results", results, "--scenarios", scenarios, ...more];
  const viewer = spawn(fedheal, args, { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((done, fail) => {
    let said = "";
    viewer.stderr.on("data", (text) => {
      said += text;
      const address = said.match(/http:\/\/127\.0\.0\.1:\d+\//);
      if (address) done({ viewer, address: address[0] });
    });
    // Not at its exit: what it has said may come later.
    viewer.on("close", (code) => fail(new Error(`fedheal view ended with ${code}: ${said}`)));
  });
}

/** Every moment once, so many at a time; for the longest step its milliseconds, and those until it can be seen. */
const slide = async (leap) => {
  const slider = document.getElementById("slider");
  const all = Number(slider.max) + 1;
  let [longest, longestSeen] = [0, 0];
  for (let step = 0; step < all; step++) {
    const begun = performance.now();
    slider.value = (step * leap) % all;
    slider.dispatchEvent(new Event("input"));
    longest = Math.max(longest, performance.now() - begun);
    // What was drawn is on the screen when the task after the frame begins.
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    longestSeen = Math.max(longestSeen, performance.now() - begun);
  }
  return { moments: all, longest, longestSeen };
};

async function slideThrough(page, leap) {
  const { moments, longest, longestSeen } = await page.evaluate(slide, leap);
  const times = [longest, longestSeen].map((time) => `${time.toFixed(1)} ms`);
  console.log(`${moments} moments, ${leap} at a time: the longest step ${times[0]}, ${times[1]} until it is seen`);
  return moments;
}

/** Waits until a picture of a result can be seen. */
async function firstPicture(page, begun) {
  await page.waitForFunction(() => {
    const picture = document.getElementById("recovery");
    return picture.complete && picture.naturalWidth > 0 || !document.getElementById("replay").hidden;
  });
  console.log(`the first picture after ${(performance.now() - begun).toFixed(0)} ms`);
}

async function look(page) {
  await page.selectOption("#results", "hypha-2021");
  await page.waitForFunction(() => document.querySelectorAll("#lane-names li").length > 50, null, { timeout: PATIENCE });
  assert.ok(await slideThrough(page, 7) > 100);

  await page.locator("#lane-names button", { hasText: "public-04" }).click();
  await page.waitForFunction(() => document.getElementById("explanation").textContent.includes("public room"));
  await page.locator("#lanes").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#cell"), /^public-02, from \d{4}-/);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("explanation").textContent.includes("public-02"));
  await page.fill("#name", "public-4");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("explanation").textContent.includes("did you mean"));
  await page.locator("#servers-summary").click();
  await page.locator("#servers button", { hasText: "peer-01.example" }).click();
  await page.waitForFunction(() => document.querySelector("#explanation h4")?.textContent === "peer-01.example");
  await page.waitForFunction(() => document.querySelectorAll("#journal tr").length > 10);
}

async function lookAtEvil(page) {
  await page.selectOption("#results", "evil");
  await page.waitForFunction(() => !document.getElementById("replay").hidden
    && document.getElementById("title").textContent.includes("<script>"), null, { timeout: PATIENCE });
  assert.equal(await page.evaluate(() => window.caught), undefined);
}

/** What takes long shows what its folder has, says how far it is, and gives way to what is chosen next. */
async function lookAtLong(page) {
  await page.selectOption("#results", "long");
  await page.waitForFunction(() => document.getElementById("tapestry").naturalWidth > 0);
  await page.waitForFunction(() => document.getElementById("happened").textContent.startsWith("15 servers with "));
  assert.match(await page.textContent("#title"), /^A year of the public Matrix network/);
  await page.waitForFunction(() => /^2024-\d\d-\d\d, \d+ %$/.test(document.getElementById("again-date").textContent),
    null, { timeout: PATIENCE });
  assert.ok(await page.isHidden("#replay"));
  const begun = performance.now();
  await lookAtEvil(page);
  console.log(`another result ${(performance.now() - begun).toFixed(0)} ms after it was chosen`);
}

/** A study has a report, and nothing to slide through. */
async function lookAtStudy(page) {
  await page.selectOption("#results", "what-ifs");
  await page.waitForFunction(() => document.getElementById("state").textContent.startsWith("A study"));
  assert.ok(await page.isVisible("#report"));
  assert.ok(await page.isHidden("#glance"));
}

/** How fast a result is looked at, and how much memory that takes. */
async function measure(page, viewer, begun) {
  await firstPicture(page, begun);
  await page.waitForFunction(() => document.getElementById("again").hidden, null, { timeout: 0 });
  await page.waitForSelector("#replay:not([hidden])", { timeout: PATIENCE });
  console.log(`to be slid through after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const { bytes, facts } = await page.evaluate(async () => {
    const result = document.getElementById("results").value;
    const fetched = async (path, more) => (await fetch(`api/${path}?${new URLSearchParams({ result, ...more })}`)).text();
    const { rows, before } = JSON.parse(await fetched("facts", { until: Date.now() * 10 }));
    return { bytes: (await fetched("scene")).length, facts: before + rows.length };
  });
  console.log(`${facts} facts, a scene of ${(bytes / 1000).toFixed(0)} kB`);
  for (const leap of [1, 7, 301]) await slideThrough(page, leap);
  const memory = readFileSync(`/proc/${viewer.pid}/status`, "utf8").match(/VmHWM:\s*(\d+)/);
  console.log(`${(memory[1] / 1000).toFixed(0)} MB of memory at most`);
}

async function begin(page, scenario, seed, changes = "") {
  await page.click("#new-run");
  await page.waitForSelector(`#scenario option:text-is("${scenario}")`, { state: "attached" });
  await page.selectOption("#scenario", scenario);
  await page.fill("#seed", seed);
  await page.fill("#set", changes);
  await page.click("#run-form button[value=run]");
}

async function run(page) {
  await begin(page, "evil.toml", "7");
  await page.waitForSelector('#runs li:has-text("done, runs/evil-seed-7-1")', { timeout: PATIENCE });
  await page.waitForFunction(() => document.getElementById("results").value === "runs/evil-seed-7-1");

  await begin(page, "public-matrix.toml", "2", "federation.scale=0.02");
  const line = page.locator("#runs li", { hasText: "public-matrix" });
  await page.waitForSelector('#runs li:has-text("public-matrix.toml: 0 %")', { timeout: PATIENCE });
  // A browser that leaves stops nothing, and finds the run again.
  await page.reload();
  await page.waitForSelector('#runs li:has-text("public-matrix.toml: ")', { timeout: PATIENCE });
  await line.locator("button").click();
  await page.waitForSelector('#runs li:has-text("stopped")', { timeout: PATIENCE });
  assert.deepEqual(readdirSync(join(results, "runs")).sort(), ["evil-seed-7-1", "public-matrix-seed-2-1.partial"]);
  // What it had can be slid through, too.
  await page.selectOption("#results", "evil");
  await page.waitForSelector('#results option[value="runs/public-matrix-seed-2-1.partial"]', { state: "attached" });
  await page.selectOption("#results", "runs/public-matrix-seed-2-1.partial");
  await page.waitForSelector("#replay:not([hidden])", { timeout: PATIENCE });
  assert.match(await page.textContent("#state"), /This run was stopped at 2024-/);

  await begin(page, "evil.toml", "7", "no.such.key=1");
  await page.waitForSelector('#runs li:has-text("no.such.key")', { timeout: PATIENCE });
}

/** Two viewers live side by side, and a port has one. */
async function beside(address) {
  const port = new URL(address).port;
  const other = await serve();
  assert.notEqual(other.address, address);
  other.viewer.removeAllListeners("close");
  other.viewer.kill("SIGINT");
  await assert.rejects(serve("--port", port), /ended with 2[\s\S]*in use/);
}

if (!measured) {
  prepare();
  prepareLong();
  cpSync(join(root, "results/what-ifs"), join(results, "what-ifs"), { recursive: true });
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"],
});
const { viewer, address } = await serve(...(measured ? [resolve(measured)] : []));
const wrong = [];
try {
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
  page.on("console", (said) => said.type() === "error" && wrong.push(said.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:")) wrong.push(`a request to ${url}`);
  });
  const begun = performance.now();
  await page.goto(address);
  if (measured) {
    await measure(page, viewer, begun);
  } else {
    await firstPicture(page, begun);
    await lookAtLong(page);
    await lookAtStudy(page);
    await look(page);
    await run(page);
    await beside(address);
  }
  // What was asked for in vain is told to the person, and the browser notes it, too.
  const unexpected = wrong.filter((text) => !text.includes("422 (Unprocessable"));
  assert.deepEqual(unexpected, []);
  if (!measured) console.log("the viewer does what it should");
} finally {
  await browser.close();
  viewer.removeAllListeners("close");
  viewer.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
}
