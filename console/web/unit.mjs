// ctest's way to the unit tests of the pages: sees to the packages, then runs vitest once. Exit code 77: no npm, skipped.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = spawnSync(process.execPath, [join(here, "build.mjs"), join(here, "dist"), "--packages-only"], { stdio: "inherit" });
if (packages.status !== 0) process.exit(packages.status ?? 1);
const done = spawnSync(process.execPath, [join(here, "node_modules", "vitest", "vitest.mjs"), "run"], { cwd: here, stdio: "inherit" });
process.exit(done.status ?? 1);
