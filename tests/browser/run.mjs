// ctest's way to the browser tests: node run.mjs DIST [TEST…]. Exit code 77 with a reason when the browser or the pages are not there.
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { lacking, lackingForDemo } from "./support.mjs";

const dist = resolve(process.argv[2] ?? "console/web/dist");
const tests = process.argv.length > 3 ? process.argv.slice(3) : ["pages.test.mjs"];
const reason = lacking(dist) || (tests.includes("live.test.mjs") ? lackingForDemo(dirname(dist)) : "");
if (reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}
const here = dirname(fileURLToPath(import.meta.url));
const done = spawnSync(process.execPath, ["--test", "--test-reporter=spec", ...tests.map((t) => join(here, t))], { stdio: "inherit", env: { ...process.env, INVIGIL_WEB: dist } });
process.exit(done.status ?? 1);
