// What every browser test needs: chromium, a page that notes violations, axe. Packages come from console/web/node_modules.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const require = createRequire(join(root, "console/web/package.json"));
export const CHROMIUM = process.env.INVIGIL_CHROMIUM ?? "/usr/bin/chromium";

/** Why the browser tests cannot run here, or "" when they can. */
export function lacking(dist) {
  if (!existsSync(CHROMIUM)) return `there is no ${CHROMIUM} (apt-get install chromium)`;
  if (!existsSync(join(root, "console/web/node_modules/playwright-core"))) return "the pages' packages are not installed (cmake --build <build> --target invigil_web)";
  if (!existsSync(join(dist, "index.html"))) return `the pages are not built into ${dist} (cmake --build <build> --target invigil_web)`;
  return "";
}

/** Why the whole system cannot run here, or "" when it can. `build` holds its programs. */
export function lackingForDemo(build) {
  const missing = ["invigil-broker", "invigil-console", "invigil-agent", "invigil-analysis", "invigil-media", "demo/invigil-demo-rooms", "demo/invigil-demo-exam"].filter((p) => !existsSync(join(build, p)));
  return missing.length > 0 ? `${build} has no ${missing.join(", ")} (cmake --build ${build})` : "";
}

/** No test takes longer, nor does the closing after it: a test that waits in vain fails, and the next one runs. */
export const TEST = { timeout: 60_000 };

/** `more`: options of the launch, e.g. the environment. */
export function launch(more = {}) {
  const { chromium } = require("playwright-core");
  return chromium.launch({
    ...more,
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page in a language; `page.troubles` collects policy violations, script errors and missing words. */
export async function openPage(browser, { language = "zh-CN", width = 1440, height = 900, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: "de-DE", timezoneId: "America/New_York", reducedMotion: "reduce", ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.troubles = [];
  await page.exposeFunction("noteTrouble", (text) => page.troubles.push(text));
  await page.addInitScript((wanted) => {
    document.addEventListener("securitypolicyviolation", (e) => window.noteTrouble(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
    try {
      if (!localStorage.getItem("invigil.language")) localStorage.setItem("invigil.language", wanted);
    } catch {
      // about:blank keeps nothing
    }
  }, language);
  page.on("pageerror", (error) => page.troubles.push(`script: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "warning" && /intlify|Vue warn/.test(text)) page.troubles.push(`words: ${text}`);
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(text)) page.troubles.push(`console: ${text}`);
  });
  return page;
}

/** What axe finds serious or critical on the page as it stands, one line each. */
export async function axeFindings(page) {
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations
    .filter((v) => v.impact === "critical" || v.impact === "serious")
    .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} ${n.any[0]?.message ?? ""}`).slice(0, 4).join(" | ")}`);
}

export async function login(page, url, to = "/") {
  await page.goto(url + to);
  await page.fill("#user", "zhangming");
  await page.fill("#password", "correct horse");
  await page.click("button[type=submit]");
  await page.waitForSelector("header.header");
}

/** Waits until pushes reach this page: what is pushed before is nobody's. */
export const connected = (page) => page.locator("header .push:not(.off)").waitFor();

/** One h1, one main, nothing serious for axe. */
export async function healthy(page, name) {
  assert.deepEqual(await axeFindings(page), [], `axe on ${name}`);
  assert.equal(await page.locator("h1").count(), 1, `one h1 on ${name}`);
  assert.equal(await page.locator("main").count(), 1, `one main on ${name}`);
}

/**
 * Holds back the answers to requests that match, until release(): { asked, count, release }. `asked` is kept when the first one came.
 * Released at the end of the test whatever happens, so that a failure never leaves a page waiting.
 */
export async function hold(t, page, pattern) {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  let arrived;
  const stand = { asked: new Promise((resolve) => (arrived = resolve)), count: 0 };
  const answers = [];
  const route = (r) => {
    stand.count += 1;
    arrived();
    const request = r.request();
    // The page may have left, or given the request up, before it goes on.
    const goesOn = held.then(() => r.continue()).catch(() => undefined);
    answers.push(goesOn.then(() => request.response()).then((answer) => answer?.finished()).catch(() => undefined));
    return goesOn;
  };
  await page.route(pattern, route);
  stand.release = async () => {
    release();
    await page.unroute(pattern, route);
    // Until the answers are there; a file of pictures the browser takes in its own time.
    let timer;
    await Promise.race([Promise.all(answers), new Promise((late) => (timer = setTimeout(late, 3000)))]);
    clearTimeout(timer);
  };
  t.after(() => stand.release());
  return stand;
}

/** Two frames drawn: what the page does with an answer it already has is done. */
export const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Waits until `ask()` is true; fails with `what` after `ms`. */
export async function until(ask, what, ms = 10_000) {
  const end = Date.now() + ms;
  while (!(await ask())) {
    assert.ok(Date.now() < end, what);
    await new Promise((next) => setTimeout(next, 25));
  }
}

/** a - b on a clock face in seconds, so that midnight in China changes nothing. */
export const apart = (a, b) => ((((a - b + 43_200) % 86_400) + 86_400) % 86_400) - 43_200;

/** What the player's clock says, in seconds of the day. */
export async function stamp(page) {
  const [h, m, s] = (await page.locator(".controls .now").innerText()).split(":").map(Number);
  return h * 3600 + m * 60 + s;
}

/** Seconds of the day in China of a moment in µs. */
export const daySecond = (us) => (us / 1e6 + 8 * 3600) % 86_400;
