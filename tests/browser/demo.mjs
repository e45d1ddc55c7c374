// The demonstration as a test's stand: every program real, on free ports, in a folder of its own; ended with all it started.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./support.mjs";

const START_MS = 60_000;
const END_MS = 25_000;

/** Pids whose parent is `pid`, now. */
function children(pid) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid;
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}

/** Starts it and waits until its sessions are open: { url, passwords, data, end }. On failure nothing stays behind. */
export async function startDemo(build, seed = 1) {
  const data = mkdtempSync(join(tmpdir(), "invigil-live-"));
  const demo = spawn("python3", [join(root, "tests/demo/demo.py"), "--build", build, "--seed", String(seed), "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise((resolve) => demo.once("close", resolve));
  demo.stderr.on("data", (text) => (said += text));
  const abandon = () => demo.kill("SIGINT"); // it then ends all it started
  process.once("exit", abandon);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

  async function end() {
    process.off("exit", abandon);
    demo.kill("SIGINT");
    const timer = setTimeout(() => {
      const rest = children(demo.pid);
      demo.kill("SIGKILL");
      for (const pid of rest) process.kill(pid, "SIGKILL");
    }, END_MS);
    await ended;
    clearTimeout(timer);
    rmSync(data, { recursive: true, force: true });
  }

  const opened = new Promise((resolve) => {
    demo.stdout.on("data", (text) => {
      said += text;
      const found = said.match(/(http:\/\/127\.0\.0\.1:\d+)\/\s+inspector \/ (\S+)\s+regulator \/ (\S+)/);
      if (found) resolve({ url: found[1], passwords: { inspector: found[2], regulator: found[3] } });
    });
  });
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(null), START_MS)));
  const place = await Promise.race([opened, ended.then(() => null), late]);
  clearTimeout(timer);
  if (!place) {
    await end();
    throw new Error(`the demonstration did not open its sessions:\n${said.slice(-3000)}`);
  }
  return { ...place, data, end };
}
