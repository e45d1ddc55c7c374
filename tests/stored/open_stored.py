#!/usr/bin/env python3
"""Opens every release's stored data folders with the programs of this build; fails when anything in them is no longer there.

  open_stored.py --build DIR [--planted]

One JSON line a release: {"release","records","events","ok"}. --planted: one byte of each broker's log is flipped first, and every release
must fail.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tarfile
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
from make import end_in_order, run_verify, status, tips, until  # noqa: E402
from programs import Failed, Program, free_port, write_config  # noqa: E402  (the path above makes it visible)
from seats import Seat  # noqa: E402
from stand import Stand  # noqa: E402


class StoredStand(Stand):
    """The programs over unpacked folders: already enrolled, only the ports are new."""

    def __init__(self, build, data, facts):
        super().__init__(build, data, lambda text: print(text, file=sys.stderr))
        self.facts, self.passwords = facts, facts["users"]

    def begin(self):
        self.start_broker({"log.segment": "64KiB", "checkpoint.every": "1s"})
        for name, extra in (("console", {"http.port": free_port(), "web.folder": str(self.build / "web")}),
                            ("agent", {"centre": self.facts["centre"], "cbt.port": free_port(), "limits.log_segment": "64KiB"}),
                            ("analysis", {})):
            principal = self.facts["principals"][name]
            config = self.data / f"{principal}.toml"
            write_config(config, {"data": str(self.data / principal), "principal": principal, "broker.endpoint": self.endpoint,
                                  "broker.public_key": self.public_key, **extra})
            self.supervisor.add(Program(name, [self.program(name), "--config", config], self.data))
            if name == "console":
                self.console_config, self.console_port = config, extra["http.port"]
            elif name == "agent":
                self.cbt_ports[self.facts["centre"]] = extra["cbt.port"]
        for program, words in zip(self.supervisor.programs[1:], ("listening", "listening", "ready")):
            program.wait_for(words, 30)


def check(condition, what):
    if not condition:
        raise Failed(what)


def check_console(stand, facts):
    console = stand.log_in("inspector")
    states = lambda: {s["id"]: s["state"] for s in console.json("GET", "/v1/sessions")["sessions"]}
    until(30, "the sessions", lambda: states().items() >= facts["sessions"].items())
    until(30, "the incidents", lambda: {x["id"] for x in console.incidents()} >= set(facts["incidents"]))
    decided = facts["decided"]
    shown = console.json("GET", f"/v1/incidents/{decided['incident']}")
    check(any(o["outcome"] == decided["outcome"] and o["record"] == decided["record"] for o in shown["opinions"]),
          f"the decision is not shown: {shown}")
    reels = console.json("GET", f"/v1/sessions/held/cameras/{facts['camera']}/reels")["reels"]
    check(reels, "the video is not shown")
    code, film = console.ask("GET", reels[0]["url"])
    check(code == 200 and film[4:8] == b"ftyp", f"the video cannot be played: {code} {film[:200]}")
    check("regulator" in facts["users"] and stand.log_in("regulator"), "the regulator cannot log in")


def send_one(stand, facts):
    """An event of the session nobody has held yet."""
    stand.open_session(facts["next_session"])
    client = Seat(lambda: ("127.0.0.1", stand.cbt_ports[facts["centre"]]), facts["next_session"], facts["seat"], facts["token"], 1,
                  time.time(), [], threading.Event())
    client.send(client.event("assessment.opened"))
    check(client.accepted == {1}, "the agent did not take an event")
    link = lambda: json.loads(status(stand))["broker"]
    until(30, "the event at the broker", lambda: link()["connected"] and link()["backlog_records"] == 0)


def spoil(folder):
    """One byte of the broker's log, where records are."""
    file = max((folder / "broker/log").glob("*.seg"), key=lambda p: len(p.read_bytes().rstrip(b"\0")))
    content = bytearray(file.read_bytes())
    content[len(content.rstrip(b"\0")) // 2] ^= 1
    file.write_bytes(content)


def open_release(build, release, planted):
    facts = json.loads((release / "facts.json").read_text(encoding="utf-8"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="invigil-stored-"))
    stand = StoredStand(build, folder, facts)
    try:
        with tarfile.open(release / "data.tar.xz") as packed:
            packed.extractall(folder, members=[m for m in packed if m.isfile() or m.isdir()])
        if planted:
            spoil(folder)
        verified = json.loads(run_verify(build, folder / "broker"))
        check(verified["records"] == facts["records"], f"{verified['records']} records, {facts['records']} were stored")
        check(verified["public_keys"] == facts["public_key"], "another signing key")
        stand.begin()
        check_console(stand, facts)
        send_one(stand, facts)
        end_in_order(stand)
        run_verify(build, folder / "broker")
        streams, records = tips(build, folder / "broker")
        behind = {name: seq for name, seq in facts["streams"].items() if streams.get(name, 0) < seq}
        check(records > facts["records"] and not behind, f"{records} records, streams behind: {behind}")
        new_stream = [name for name in streams if facts["next_session"] in name and facts["seat"] in name]
        check(new_stream, "the new event is not in the broker's log")
        return {"release": facts["release"], "records": records, "events": facts["events"], "ok": True}
    except Failed:
        for program in stand.supervisor.programs:
            print(f"--- {program.name}\n{program.words()[-1500:]}", file=sys.stderr)
        raise
    finally:
        stand.end()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--planted", action="store_true")
    options = parser.parse_args()
    releases = sorted(HERE.glob("release-*/"))
    check(releases, f"no release-* folder in {HERE}")
    for release in releases:
        try:
            print(json.dumps(open_release(options.build, release, options.planted)), flush=True)
            if options.planted:
                return 1
        except Failed as error:
            print(f"{release.name}: {error}", file=sys.stderr)
            if not options.planted:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
