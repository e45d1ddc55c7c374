#!/usr/bin/env python3
"""Checks the shape of the source tree. `lint.py CHECK [SOURCE-FOLDER]`; each check is one ctest.

layers      a folder includes only what lies below it; capture, analysis and console never see each other
homes       each third-party library is included from its one home only
length      no source file over 500 lines
locks       every mutex is the annotated one of models/sync.h
format      every C++ source is as clang-format 14 makes it by .clang-format
links       every relative link of every README and document leads somewhere
languages   every noun's words and the shell's come in both languages with the same keys, none empty, none owned twice
tables      no SQL outside a module of the console names its tables
circles     no noun of the console reads another that reads it
secrets     no private key, password or host's absolute path in a committed file
headers     every header compiles alone: shown by the build where it is some file's first include, else compiled here
            (arguments: SOURCE-FOLDER BUILD-FOLDER); x.cpp includes x.h first
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
    (r"(sodium|openssl/)", ["broker/platform/crypto/", "tests/bench/limits/"]),
    (r"libav|libsw|seccomp\.h", ["broker/platform/media/", "tests/bench/limits/"]),
    (r"Poco/Data/", ["broker/platform/db/"]),
    (r"Poco/Net/", ["broker/platform/http/"]),
    (r"prometheus/", ["broker/platform/metrics/"]),
    (r"opencv2/", ["analysis/vision/", "tests/"]),
    (r"Eigen/|boost/math", ["analysis/forensics/"]),
    (r"CLI/", ["main.cpp", "_main.cpp"]),
]
VERIFIER = "broker/custody/verify/"
PLATFORM = "broker/platform/"
# The verifier shares no code with the writers beyond the words and the hashing.
VERIFIER_MAY_SEE = ("models/", "broker/platform/crypto/", VERIFIER)


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
            if name.startswith(PLATFORM) and own and target in LAYERS and not included.startswith(("models/", PLATFORM)):
                yield f"{name}:{number}: the platform serves and knows nothing of records ({included})"
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


def formatting(root):
    names = [str(p) for p in sources(root)]
    for n in range(0, len(names), 100):
        done = subprocess.run(["clang-format-14", "--dry-run", "--ferror-limit=1", *names[n:n + 100]], capture_output=True, text=True)
        for line in done.stderr.splitlines():
            found = re.match(r"(.+?):(\d+):\d+: .*-Wclang-format-violations", line)
            if found:
                yield f"{pathlib.Path(found.group(1)).relative_to(root)}:{found.group(2)}: not as clang-format makes it; run scripts/format"


def locks(root):
    """Clang's thread-safety analysis sees nothing of a bare std::mutex."""
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        if name == "models/sync.h" or name.startswith("tests/") or name.endswith("_test.cpp"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.search(r"std::(?:\w*mutex|lock_guard|unique_lock|scoped_lock|shared_lock)\b", line.split("//")[0])
            if found:
                yield f"{name}:{number}: {found.group(0)}; use Mutex and MutexLock of models/sync.h, with INVIGIL_GUARDED_BY on what it guards"


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
    """One pair of catalogues in the words/ folder of the shell and of each noun; a key at the top belongs to one of them."""
    pages = root / "console/web/src"
    folders = sorted(p for p in pages.rglob("words") if p.is_dir() and any(p.glob("*.json")))
    if not folders:
        yield f"{pages.relative_to(root)}: no words/ folder with catalogues"
    owners = {}
    for folder in folders:
        place = folder.relative_to(root)
        catalogues = {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))}
        for top in sorted(set().union(*catalogues.values())):
            if owners.setdefault(top, place) != place:
                yield f"{place}: the words \"{top}\" belong to {owners[top]} already"
        if set(catalogues) != {"zh-CN", "en"}:
            yield f"{place}: the catalogues zh-CN and en are expected, found {sorted(catalogues)}"
            continue
        words = {name: dict(flat(tree)) for name, tree in catalogues.items()}
        every = set().union(*words.values())
        for name, catalogue in words.items():
            for key in sorted(every - catalogue.keys()):
                yield f"{place}/{name}.json: the key {key} is missing"
            for key, value in catalogue.items():
                if not str(value).strip():
                    yield f"{place}/{name}.json: the key {key} has no words"


def tables(root):
    """A module of the console owns its tables: no SQL outside its folder names them."""
    owner = {}
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        if name.startswith(("console/nouns/", "console/index/")):
            for table in re.findall(r"CREATE TABLE (\w+)", path.read_text(encoding="utf-8")):
                owner[table] = path.parent
    for path in sources(root):
        if path.name.endswith("_test.cpp") or not path.relative_to(root).as_posix().startswith("console/"):
            continue
        # A statement may be cut by the lines of its text.
        text = re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        for table in sorted(set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE) (\w+)", text))):
            if table in owner and path.parent != owner[table]:
                yield f"{path.relative_to(root)}: the table {table} belongs to {owner[table].relative_to(root)}; ask a function of that module"


def circles(root):
    """No noun of the console reads another that reads it, on the server or in the pages."""
    for place, pattern, suffixes in (("console/nouns/", r'#include "console/nouns/(\w+)/', (".h", ".cpp")), ("console/web/src/nouns/", r'"@/nouns/(\w+)/', (".ts", ".vue"))):
        reads = {}
        for path in sources(root, suffixes):
            name = path.relative_to(root).as_posix()
            if name.startswith(place) and "/" in name[len(place):]:
                own = name[len(place):].split("/")[0]
                reads.setdefault(own, set()).update(set(re.findall(pattern, path.read_text(encoding="utf-8"))) - {own})
        for noun in sorted(reads):
            reached, todo = set(), [noun]
            while todo:
                for other in reads.get(todo.pop(), ()):
                    if other not in reached:
                        reached.add(other)
                        todo.append(other)
            if noun in reached:
                yield f"{place}{noun}: reads a noun that reads it ({', '.join(sorted(o for o in reads[noun] if o in reached))})"


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


def first_include(path):
    for _, own, included in includes(path):
        return included if own else None


def proved_by_the_build(root, build):
    """Headers that are the very first include of a source file whose object is there and newer than both: that compile has shown
    already that the header needs nothing before it."""
    database = build / "compile_commands.json"
    for entry in json.loads(database.read_text(encoding="utf-8")) if database.exists() else []:
        source = pathlib.Path(entry["file"])
        found = re.search(r" -o (\S+)", entry["command"])
        if not found or root not in source.parents or not source.exists():
            continue
        object_file = pathlib.Path(entry["directory"]) / found.group(1)
        header = first_include(source)
        if header and object_file.exists() and (root / header).exists():
            if object_file.stat().st_mtime >= max(source.stat().st_mtime, (root / header).stat().st_mtime):
                yield header


def own_header_first(root):
    """x.cpp beside x.h includes x.h before anything else; otherwise its compile would prove nothing about the header."""
    for path in sources(root, (".cpp",)):
        header = path.with_suffix(".h")
        if header.exists() and first_include(path) != header.relative_to(root).as_posix():
            yield f"{path.relative_to(root)}: its first include must be its own header, {header.relative_to(root)}"


def headers(root, build=None):
    build = build or pathlib.Path(sys.argv[3]).resolve()
    yield from own_header_first(root)
    proved = set(proved_by_the_build(root, build))
    flags = subprocess.run(["pkg-config", "--cflags", "libavformat", "libavcodec", "libswscale", "libzmq", "opencv4"],
                           capture_output=True, text=True).stdout.replace("-I", "-isystem").split()
    command = ["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Werror", "-Wno-pragma-once-outside-header",
               "-isystem", str(build / "generated"), "-I", str(root), *flags]

    def check(path):
        done = subprocess.run(command + ["-"], input=f'#include "{path.relative_to(root)}"\n', capture_output=True, text=True)
        if done.returncode:
            return f"{path.relative_to(root)} does not compile alone:\n{done.stderr[:1500]}"

    alone = [p for p in sources(root) if p.suffix == ".h" and p.relative_to(root).as_posix() not in proved]
    print(f"{len(proved)} headers proved by the build, {len(alone)} compiled alone", file=sys.stderr)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(check, alone))


def headers_self_test():
    """Of five headers three are at fault; the two that are skipped are those a fresh object vouches for."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name).resolve()
        build = root / "build"
        for folder in [build, *(root / folder for folder in LAYERS)]:
            folder.mkdir()
        lacking = "inline std::string planted();\n"  # needs <string>
        files = {
            "models/good.h": "#include <string>\n" + lacking, "models/good.cpp": '#include "models/good.h"\n',
            # Proved by nothing: not first, no object, or an object older than the header.
            "models/second.h": lacking, "models/second.cpp": '#include <string>\n#include "models/second.h"\n',
            "models/unbuilt.h": lacking, "models/unbuilt.cpp": '#include "models/unbuilt.h"\n',
            "models/stale.h": lacking, "models/stale.cpp": '#include "models/stale.h"\n',
            # Not compiled again, on purpose: this header would fail, its object says otherwise.
            "models/vouched.h": lacking, "models/vouched.cpp": '#include "models/vouched.h"\n',
        }
        commands = []
        for file, text in files.items():
            (root / file).write_text(text)
            if file.endswith(".cpp"):
                commands.append({"directory": str(build), "file": str(root / file), "command": f"g++ -o {pathlib.Path(file).stem}.o -c {root / file}"})
                if "unbuilt" not in file:
                    (build / f"{pathlib.Path(file).stem}.o").write_text("")
        os.utime(build / "stale.o", (1, 1))
        (build / "compile_commands.json").write_text(json.dumps(commands))
        found = list(headers(root, build))
        wanted = ["models/second.cpp: its first include", "models/second.h does not compile alone", "models/stale.h does not compile alone", "models/unbuilt.h does not compile alone"]
        if len(found) != len(wanted) or not all(any(f.startswith(w) for f in found) for w in wanted):
            yield f"headers found {found} instead of {wanted}"


def self_test(_root):
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for folder in LAYERS:
            (root / folder).mkdir()
        (root / "models/a.h").write_text('#include "console/b.h"\n#include <zmq.hpp>\n')
        (root / "capture/c.cpp").write_text('#include "analysis/d.h"\n' + "\n" * 600)
        (root / "models/sync.h").write_text("std::mutex mutex_;\n")
        (root / "broker/e.cpp").write_text("// std::mutex\nstd::mutex mutex;\nconst std::lock_guard lock(mutex);\n")
        (root / "broker/e_test.cpp").write_text("std::mutex mutex;\n")
        (root / "README.md").write_text("[x](nowhere.md)\n")
        # Two keys missing, one empty; a noun with one language, whose words belong to another.
        for place, language, words in (("nouns/one", "zh-CN", '{"a": {"b": "x"}}'), ("nouns/one", "en", '{"a": {"c": ""}}'), ("nouns/two", "en", '{"a": {"d": "x"}}')):
            folder = root / "console/web/src" / place / "words"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{language}.json").write_text(words)
        for folder, text in (("one", 'CREATE TABLE ones (id TEXT)'), ("two", 'SELECT id "\n  "FROM "\n  "ones')):
            (root / "console/nouns" / folder).mkdir(parents=True)
            (root / "console/nouns" / folder / "rows.cpp").write_text(f'auto sql = "{text}";\n#include "console/nouns/{"two" if folder == "one" else "one"}/rows.h"\n')
        (root / "models/k.txt").write_text("-----BEGIN PRIVATE KEY-----")
        expected = {layers: 2, homes: 1, length: 1, links: 1, languages: 5, tables: 1, circles: 2, locks: 2, secrets: 1}
        for check, count in expected.items():
            found = list(check(root))
            if len(found) != count:
                yield f"{check.__name__} found {len(found)} of {count} planted faults: {found}"
    yield from headers_self_test()


def main():
    checks = {f.__name__: f for f in (layers, homes, length, links, languages, tables, circles, locks, secrets, headers)} | {"format": formatting} | {"self": self_test}
    root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()
    faults = list(checks[sys.argv[1]](root))
    print("\n".join(faults) if faults else "ok")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
