#!/usr/bin/env python3
"""Checks the shape of the source tree. `lint.py CHECK [SOURCE-FOLDER]`; each check is one ctest.

layers      a folder includes only what lies below it; capture, analysis and console never see each other
homes       each third-party library is included from its one home only
length      no source file over 500 lines
links       every relative link of every README and document leads somewhere
languages   both catalogues of the pages have the same keys, none empty
secrets     no private key, password or host's absolute path in a committed file
headers     every header compiles alone (arguments: SOURCE-FOLDER BUILD-FOLDER)
self        the checks themselves find planted faults
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

LAYERS = ["models", "broker", "capture", "analysis", "console", "tests"]
MAY_SEE = {
    "models": {"models"},
    "broker": {"models", "broker"},
    "capture": {"models", "broker", "capture"},
    "analysis": {"models", "broker", "analysis"},
    "console": {"models", "broker", "console"},
    "tests": set(LAYERS),
}
# Pattern of the include → folders that may have it (a trailing name = that file name anywhere).
HOMES = [
    (r"toml\+\+/", ["models/config/"]),
    (r"valijson/", ["models/schema/"]),
    (r"(zmq\.h|zmq\.hpp|zmq_addon\.hpp)", ["broker/bus/", "tests/bench/limits/"]),
    (r"(sodium|openssl/)", ["broker/crypto/", "tests/bench/limits/"]),
    (r"libav|libsw|seccomp\.h", ["broker/media/", "tests/bench/limits/"]),
    (r"Poco/Data/", ["broker/db/"]),
    (r"Poco/Net/", ["broker/http/"]),
    (r"prometheus/", ["broker/metrics/"]),
    (r"opencv2/", ["analysis/vision/", "tests/"]),
    (r"Eigen/|boost/math", ["analysis/forensics/"]),
    (r"CLI/", ["main.cpp", "_main.cpp"]),
]
VERIFIER = "broker/custody/verify/"
# The verifier shares no code with the writers beyond the words and the hashing.
VERIFIER_MAY_SEE = ("models/", "broker/crypto/", VERIFIER)


def sources(root, suffixes=(".h", ".cpp")):
    for folder in LAYERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and not {"node_modules", "dist"} & set(path.parts):
                yield path


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


def layers(root):
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        folder = name.split("/")[0]
        for number, own, included in includes(path):
            target = included.split("/")[0]
            if own and target in LAYERS and target not in MAY_SEE[folder]:
                yield f"{name}:{number}: {folder} must not see {target} ({included})"
            if name.startswith(VERIFIER) and not re.search(r"(_test\.cpp|/test_\w+\.(h|cpp))$", name) and own and target in LAYERS and not included.startswith(VERIFIER_MAY_SEE):
                yield f"{name}:{number}: the verifier shares no code with the writers ({included})"


def homes(root):
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        for number, own, included in includes(path):
            for pattern, allowed in HOMES:
                if own or not re.match(pattern, included):
                    continue
                if not any(name.startswith(a) if a.endswith("/") else name.endswith("/" + a) or (a.startswith("_") and name.endswith(a)) for a in allowed):
                    yield f"{name}:{number}: {included} belongs to {', '.join(allowed)}"


def length(root):
    for path in sources(root, (".h", ".cpp", ".proto", ".ts", ".vue", ".py", ".mjs")):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > 500 and "generated" not in path.name and path.name != "api.d.ts":
            yield f"{path.relative_to(root)}: {lines} lines; split it by idea, 500 is the limit"


def tracked(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [root / name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    return [p for p in root.rglob("*") if p.is_file() and not {"node_modules", "build", ".git", "dist"} & set(p.parts)]


def links(root):
    for path in tracked(root):
        if path.suffix != ".md":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:|#", target):
                    continue
                if not (path.parent / target.split("#")[0]).exists():
                    yield f"{path.relative_to(root)}:{number}: the link {target} leads nowhere"


def flat(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def languages(root):
    folder = root / "console/web/src/locales"
    catalogues = {p.stem: dict(flat(json.loads(p.read_text(encoding="utf-8")))) for p in sorted(folder.glob("*.json"))}
    if len(catalogues) < 2:
        yield f"{folder.relative_to(root)}: two catalogues are expected, found {sorted(catalogues)}"
        return
    every = set().union(*catalogues.values())
    for name, catalogue in catalogues.items():
        for key in sorted(every - catalogue.keys()):
            yield f"{name}.json: the key {key} is missing"
        for key, value in catalogue.items():
            if not str(value).strip():
                yield f"{name}.json: the key {key} has no words"


def secrets(root):
    patterns = [r"BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY", r"(?<![\w/.])/(home|root|work)/[a-z]"]
    for path in tracked(root):
        if path.suffix in {".png", ".mp4", ".bin"} or path.stat().st_size > 2_000_000 or "tests/lint/" in path.as_posix() or "corpus" in path.parts:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in patterns:
            found = re.search(pattern, text)
            if found:
                yield f"{path.relative_to(root)}: \"{found.group(0)}…\" must not be committed"


def headers(root):
    build = pathlib.Path(sys.argv[3])
    flags = subprocess.run(["pkg-config", "--cflags", "libavformat", "libavcodec", "libswscale", "libzmq", "opencv4"],
                           capture_output=True, text=True).stdout.replace("-I", "-isystem").split()
    command = ["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Werror", "-Wno-pragma-once-outside-header",
               "-isystem", str(build / "generated"), "-I", str(root), *flags]

    def check(path):
        done = subprocess.run(command + ["-"], input=f'#include "{path.relative_to(root)}"\n', capture_output=True, text=True)
        if done.returncode:
            return f"{path.relative_to(root)} does not compile alone:\n{done.stderr[:1500]}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(check, [p for p in sources(root) if p.suffix == ".h"]))


def self_test(_root):
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for folder in LAYERS:
            (root / folder).mkdir()
        (root / "models/a.h").write_text('#include "console/b.h"\n#include <zmq.hpp>\n')
        (root / "capture/c.cpp").write_text('#include "analysis/d.h"\n' + "\n" * 600)
        (root / "README.md").write_text("[x](nowhere.md)\n")
        locales = root / "console/web/src/locales"
        locales.mkdir(parents=True)
        (locales / "zh-CN.json").write_text('{"a": {"b": "x"}}')
        (locales / "en.json").write_text('{"a": {"c": ""}}')
        (root / "models/k.txt").write_text("-----BEGIN PRIVATE KEY-----")
        expected = {layers: 2, homes: 1, length: 1, links: 1, languages: 3, secrets: 1}
        for check, count in expected.items():
            found = list(check(root))
            if len(found) != count:
                yield f"{check.__name__} found {len(found)} of {count} planted faults: {found}"


def main():
    checks = {f.__name__: f for f in (layers, homes, length, links, languages, secrets, headers)} | {"self": self_test}
    root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()
    faults = list(checks[sys.argv[1]](root))
    print("\n".join(faults) if faults else "ok")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
