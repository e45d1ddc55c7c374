// ctest's way to the browser tests: node run.mjs DIST [TEST…]. Exit code 77 with a reason when the browser or the pages are not there.
// Every file runs in a process of its own and has an end: one that hangs is ended and fails, with all that it started.
import { spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { lacking, lackingForDemo } from "./support.mjs";

/** A file's tests end by then, also on a busy machine; INVIGIL_BROWSER_LIMIT_S changes it. */
const LIMIT_MS = Number(process.env.INVIGIL_BROWSER_LIMIT_S ?? 400) * 1000;
/** Time to close browsers and programs after the end was asked for. */
const GRACE_MS = 10_000;

const dist = resolve(process.argv[2] ?? "console/web/dist");
const tests = process.argv.length > 3 ? process.argv.slice(3) : ["pages.test.mjs", "session.test.mjs", "forensics.test.mjs", "inflight.test.mjs"];
const reason = lacking(dist) || (tests.includes("live.test.mjs") ? lackingForDemo(dirname(dist)) : "");
if (reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}
const here = dirname(fileURLToPath(import.meta.url));

function run(test) {
  return new Promise((done) => {
    const child = spawn(process.execPath, ["--test-reporter=spec", join(here, test)], { stdio: "inherit", env: { ...process.env, INVIGIL_WEB: dist } });
    const timers = [
      setTimeout(() => {
        console.error(`${test}: not over after ${LIMIT_MS / 1000} s, ended`);
        child.kill("SIGTERM");
      }, LIMIT_MS),
      setTimeout(() => child.kill("SIGKILL"), LIMIT_MS + GRACE_MS),
    ];
    const stop = () => child.kill("SIGTERM");
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
    child.once("close", (code) => {
      timers.forEach(clearTimeout);
      for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, stop);
      done(code ?? 1);
    });
  });
}

let failed = 0;
for (const test of tests) if ((await run(test)) !== 0) failed += 1;
process.exit(failed > 0 ? 1 : 0);
