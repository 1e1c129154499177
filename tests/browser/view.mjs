// The viewer in a real browser: it opens, slides, explains, starts and stops a run, says no error, and asks nobody else.
//
//   npm install --prefix tests/browser && node tests/browser/view.mjs target/release/fedheal
//
// Chromium is taken from CHROMIUM, or else from where Debian puts it.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const fedheal = resolve(process.argv[2] ?? "target/release/fedheal");
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

/** Every moment once, in an order that jumps; the longest step in milliseconds. */
const slide = () => {
  const slider = document.getElementById("slider");
  const all = Number(slider.max) + 1;
  let longest = 0;
  for (let step = 0; step < all; step++) {
    const begun = performance.now();
    slider.value = (step * 7) % all;
    slider.dispatchEvent(new Event("input"));
    longest = Math.max(longest, performance.now() - begun);
  }
  return { moments: all, longest };
};

async function look(page) {
  await page.selectOption("#results", "hypha-2021");
  await page.waitForFunction(() => document.querySelectorAll("#lane-names li").length > 50, null, { timeout: PATIENCE });
  const { moments, longest } = await page.evaluate(slide);
  console.log(`${moments} moments, the longest step ${longest.toFixed(1)} ms`);
  assert.ok(moments > 100);

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
  await page.waitForFunction(() => document.getElementById("title").textContent.includes("<script>"), null, { timeout: PATIENCE });
  assert.equal(await page.evaluate(() => window.caught), undefined);
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

prepare();
const { viewer, address } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"],
});
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
  await page.waitForFunction(() => {
    const picture = document.querySelector("#glance img");
    return picture.complete && picture.naturalWidth > 0 || !document.getElementById("replay").hidden;
  });
  console.log(`the first picture after ${(performance.now() - begun).toFixed(0)} ms`);
  await lookAtEvil(page);
  await look(page);
  await run(page);
  await beside(address);
  // What was asked for in vain is told to the person, and the browser notes it, too.
  const unexpected = wrong.filter((text) => !text.includes("422 (Unprocessable"));
  assert.deepEqual(unexpected, []);
  console.log("the viewer does what it should");
} finally {
  await browser.close();
  viewer.removeAllListeners("close");
  viewer.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
}
