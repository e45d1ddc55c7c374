#!/usr/bin/env python3
"""What the console shows of a stored data folder: every answer of every GET route, and every row of its index.

  console_answers.py --build DIR [--release release-0.1] [--write]

Runs the broker and the console of this build over the stored folders, once with the index that lies there and once with none, and compares both
with the release's answers.json.xz; --write makes that file instead. Left out is what differs from run to run: what this run itself appends to the
log, and times that follow the clock.
"""
import argparse
import json
import lzma
import pathlib
import re
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
from make import until  # noqa: E402
from open_stored import StoredStand  # noqa: E402
from programs import Failed, Program, free_port, write_config  # noqa: E402

ROLES = ("administrator", "inspector", "regulator", "centre")
# Tables that hold nothing of the log: where the feed stands, which schema it has.
BOOKKEEPING = {"feed", "schema_version", "schema_shape", "sqlite_sequence"}


class ConsoleStand(StoredStand):
    """Broker and console only: what nobody else appends cannot differ."""

    def begin(self):
        self.start_broker({"log.segment": "64KiB"})
        self.console_port = free_port()
        self.console_config = self.data / "main.toml"
        write_config(self.console_config, {"data": str(self.data / "main"), "principal": "main", "broker.endpoint": self.endpoint,
                                           "broker.public_key": self.public_key, "http.port": self.console_port, "web.folder": str(self.build / "web")})
        self.supervisor.add(Program("console", [self.program("console"), "--config", self.console_config], self.data)).wait_for("listening", 30)


def contract():
    """The GET routes of openapi.yaml."""
    path, found = None, []
    for line in (HERE.parents[1] / "console/openapi.yaml").read_text(encoding="utf-8").splitlines():
        if re.match(r"  /v1", line):
            path = line.strip().rstrip(":")
        elif line == "    get:":
            found.append(path)
    return found


def questions(facts, session, incidents):
    """Every GET route with the ids of the data: {route: [address]}; None for what a plain GET cannot ask."""
    camera, held = facts["camera"], "/v1/sessions/held"
    begin, end = session["opened_us"], session["closed_us"]
    half = (begin + end) // 2
    streams = [f"/v1/records?{urllib.parse.urlencode({'stream': name, 'seq': 3})}" for name in facts["streams"]]
    return {
        "/v1/health": ["/v1/health"],
        "/v1/openapi.yaml": None,
        "/v1/me": ["/v1/me"],
        "/v1/users": ["/v1/users"],
        "/v1/acts": ["/v1/acts", f"/v1/acts?after={facts['records'] - 1}", f"/v1/acts?after={facts['records'] - 1}&limit=2"],
        "/v1/sessions": ["/v1/sessions", "/v1/sessions?state=closed", "/v1/sessions?state=planned", "/v1/sessions?flagged=true", "/v1/sessions?limit=1",
                         "/v1/sessions?limit=1&after=1", f"/v1/sessions?from={begin}&to={end}", "/v1/sessions?level=x", "/v1/sessions?centre=stored"],
        "/v1/sessions/{session}": [held, f"/v1/sessions/{facts['next_session']}", "/v1/sessions/nowhere"],
        "/v1/sessions/{session}/timeline": [
            f"{held}/timeline", f"{held}/timeline?from={begin}&to={half}", f"{held}/timeline?limit=20", f"{held}/timeline?after={half}&limit=20",
            f"{held}/timeline?room=r1&seat={facts['seat']}", f"{held}/timeline?types=gap,camera_status,session", "/v1/sessions/nowhere/timeline"],
        "/v1/sessions/{session}/forensics": [f"{held}/forensics", f"/v1/sessions/{facts['next_session']}/forensics"],
        "/v1/sessions/{session}/forensics/pair": [f"{held}/forensics/pair?a=x&b=y"],
        "/v1/sessions/{session}/cameras/{camera}/reels": [f"{held}/cameras/{camera}/reels", f"{held}/cameras/none/reels"],
        "/v1/sessions/{session}/cameras/{camera}/video.mp4": [f"{held}/cameras/{camera}/video.mp4?from={begin}&to={end}", f"{held}/cameras/{camera}/video.mp4",
                                                              f"{held}/cameras/{camera}/video.mp4?from=1&to=2"],
        "/v1/sessions/{session}/cameras/{camera}/scenes": [f"{held}/cameras/{camera}/scenes?from={begin}&to={min(end, begin + 300_000_000)}"],
        "/v1/incidents": ["/v1/incidents?state=all", "/v1/incidents", "/v1/incidents?state=all&order=time&effective=false", "/v1/incidents?min_severity=0.5&state=all",
                          f"/v1/incidents?state=all&seat={facts['seat']}", "/v1/incidents?state=all&limit=1&after=1", "/v1/incidents?state=no",
                          "/v1/incidents?session=held&room=r1&centre=stored&state=confirmed,open"],
        "/v1/incidents/{incident}": [f"/v1/incidents/{one}" for one in [*incidents, "none"]],
        "/v1/violation-codes": ["/v1/violation-codes"],
        "/v1/detectors": ["/v1/detectors"],
        "/v1/records": [*streams, "/v1/records?stream=x&seq=1", "/v1/records?stream=console/main&seq=0"],
        "/v1/wall": ["/v1/wall"],
        "/v1/live": None,
    }


def steady(value, facts):
    """The value without what this run made and what the clock moves."""
    if isinstance(value, list):
        mine = [v for v in value if not (isinstance(v, dict) and isinstance(v.get("record"), dict) and v["record"].get("position", 0) >= facts["records"])]
        return [steady(v, facts) for v in mine]
    if not isinstance(value, dict):
        return value
    # What a session nobody opened lacks grows with the clock.
    moving = {"expires_us"} | ({"coverage", "gaps"} if value.get("state") == "planned" and "rooms" in value else set())
    out = {k: steady(v, facts) for k, v in value.items() if k not in moving}
    if value.get("state") == "planned":
        for room in out.get("rooms", []):
            for camera in room.get("cameras", []):
                camera.pop("coverage", None), camera.pop("gaps", None)
    return out


def ask(console, path, facts):
    code, body = console.ask("GET", path)
    if body[:1] in (b"{", b"["):
        answer = steady(json.loads(body), facts)
        if path == "/v1/health":
            answer = {"status": answer["status"], "broker": answer["broker"]}
        return [code, answer]
    return [code, "film" if body[4:8] == b"ftyp" else f"{len(body)} bytes"]


def rows_of(file, facts):
    index = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    tables = sorted(name for name, in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if name not in BOOKKEEPING)
    out = {}
    for table in tables:
        cursor = index.execute(f"SELECT * FROM {table}")
        columns = [c[0] for c in cursor.description]
        rows = [dict(zip(columns, row)) for row in cursor]
        out[table] = sorted((r for r in rows if r.get("position", 0) < facts["records"]), key=lambda r: json.dumps(r, sort_keys=True))
    index.close()
    return out


def shown(build, release, facts, keep_index):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="invigil-answers-"))
    stand = ConsoleStand(build, folder, facts)
    stand.passwords = dict(facts["users"])
    try:
        with tarfile.open(release / "data.tar.xz") as packed:
            packed.extractall(folder, members=[m for m in packed if (m.isfile() or m.isdir()) and m.name.split("/")[0] in ("broker", "main")])
        if not keep_index:
            for file in (folder / "main").glob("index.db*"):
                file.unlink()
        stand.begin()
        stand.add_user("boss", "Boss", "administrator")
        said = stand.ask_console("user", "add", "local", "--role", "centre", "--scope", "stored", "--display-name", "Local")
        stand.passwords["local"] = re.search(r"password (\S+)", said).group(1)
        people = {"administrator": "boss", "inspector": "inspector", "regulator": "regulator", "centre": "local"}
        consoles = {role: stand.log_in(user) for role, user in people.items()}
        until(60, "the index", lambda: consoles["inspector"].json("GET", "/v1/health")["index"]["position"] >= facts["records"])
        session = consoles["inspector"].json("GET", "/v1/sessions/held")
        asked = questions(facts, session, facts["incidents"])
        if sorted(asked) != sorted(contract()):
            raise Failed(f"openapi.yaml and this script know other GET routes: {sorted(set(asked) ^ set(contract()))}")
        answers = {role: {path: ask(consoles[role], path, facts) for paths in asked.values() for path in paths or []} for role in ROLES}
        stand.end()
        return {"answers": answers, "rows": rows_of(folder / "main" / "index.db", facts)}
    except Failed:
        for program in stand.supervisor.programs:
            print(f"--- {program.name}\n{program.words()[-1500:]}", file=sys.stderr)
        raise
    finally:
        stand.end()
        shutil.rmtree(folder, ignore_errors=True)


def differences(wanted, found, where=""):
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            yield from differences(wanted.get(key), found.get(key), f"{where} › {key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for n, (one, other) in enumerate(zip(wanted, found)):
            yield from differences(one, other, f"{where}[{n}]")
    elif wanted != found:
        yield f"{where}: {json.dumps(wanted, ensure_ascii=False)[:200]} → {json.dumps(found, ensure_ascii=False)[:200]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--release", default="release-0.1")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    release = HERE / options.release
    facts = json.loads((release / "facts.json").read_text(encoding="utf-8"))
    fixture = release / "answers.json.xz"
    if options.write:
        text = json.dumps(shown(options.build, release, facts, False), ensure_ascii=False, sort_keys=True)
        fixture.write_bytes(lzma.compress(text.encode(), preset=9))
    wanted = json.loads(lzma.decompress(fixture.read_bytes()))
    faults = []
    for keep in (True, False):
        found = shown(options.build, release, facts, keep)
        faults += [f"{'stored' if keep else 'new'} index{d}" for d in differences(wanted, found)]
    count = sum(len(a) for a in wanted["answers"].values())
    print("\n".join(faults[:40]) if faults else json.dumps({"answers": count, "rows": sum(map(len, wanted["rows"].values())), "same": True}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
