// What every browser test needs: chromium, a page that notes violations, axe. Packages come from console/web/node_modules.
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
  const missing = ["invigil-broker", "invigil-console", "invigil-agent", "invigil-analysis", "invigil-media", "demo/invigil-demo-rooms"].filter((p) => !existsSync(join(build, p)));
  return missing.length > 0 ? `${build} has no ${missing.join(", ")} (cmake --build ${build})` : "";
}

export function launch() {
  const { chromium } = require("playwright-core");
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page in a language; `page.troubles` collects policy violations, script errors and missing words. */
export async function openPage(browser, { language = "zh-CN", width = 1440, height = 900, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: "de-DE", timezoneId: "America/New_York", ...more });
  const page = await context.newPage();
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
