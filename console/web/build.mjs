// Builds the pages into a folder, installing their packages first; does nothing when neither sources nor lock file changed.
// node build.mjs OUT            exit codes: 0 built or up to date, 1 failed, 77 no npm
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));
const stamp = join(out, ".built-from");
const installed = join(here, "node_modules", ".invigil-lock");

function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((e) => (e.isDirectory() ? files(join(folder, e.name)) : [join(folder, e.name)]));
}
const digest = (paths) => {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(path.slice(here.length)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
};
const same = (path, text) => existsSync(path) && readFileSync(path, "utf8") === text;

function run(...args) {
  const done = spawnSync("npm", args, { cwd: here, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, INVIGIL_WEB_OUT: out } });
  if (done.error?.code === "ENOENT") {
    console.error("skipped: npm is missing, so the pages are not built. On Debian: apt-get install npm");
    process.exit(77);
  }
  if (done.status !== 0) {
    console.error(`web: npm ${args.join(" ")} failed`);
    process.exit(1);
  }
}

const lock = digest([join(here, "package.json"), join(here, "package-lock.json")]);
const sources = digest([...["src", "public"].flatMap((f) => files(join(here, f))), ...["index.html", "vite.config.ts", "tsconfig.json", "package-lock.json"].map((f) => join(here, f))]);
if (!same(installed, lock)) {
  run("ci", "--no-audit", "--no-fund", "--loglevel=error");
  writeFileSync(installed, lock);
}
if (process.argv.includes("--packages-only")) process.exit(0);
if (same(stamp, sources) && existsSync(join(out, "index.html"))) {
  console.log("web: up to date");
} else {
  run("run", "--silent", "build");
  mkdirSync(out, { recursive: true });
  writeFileSync(stamp, sources);
  console.log(`web: built into ${out}`);
}
