#!/usr/bin/env python3
"""Makes one release's stored data folders: a whole small installation that has lived through an exam, packed.

  make.py --build DIR --release NAME [--out FOLDER]

Writes FOLDER/release-NAME/data.tar.xz and facts.json (default: beside this file). Run once by whoever changes a stored format, then commit.
"""
import argparse
import datetime
import http.client
import json
import lzma
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
from programs import Failed, run_once  # noqa: E402  (the path above makes it visible)
from seats import Seat  # noqa: E402
from stand import Stand  # noqa: E402

CENTRE, ROOM, CAMERA, SEATS, EVENTS_A_SEAT = "stored", "r1", "r1-cam1", ["r1-s1", "r1-s2"], 50
NOTE = "Keys and passwords here were made for this throw-away installation; they open nothing but the folders beside this file."
FOLDERS = ["broker", "main", "agent-stored", "analysis-1"]
LEFT_OUT = {"lock", "cbt_endpoint", "admin.sock", "admin.ipc"}


def plan():
    """One room, one camera, two seats; one session that is held, and one for whoever opens the folders later."""
    seat = lambda name, column: {"id": name, "row": 1, "column": column,
                                 "polygons": [{"camera": CAMERA, "points": [[column * 0.5 - 0.45, 0.2], [column * 0.5 - 0.1, 0.2],
                                                                            [column * 0.5 - 0.1, 0.9], [column * 0.5 - 0.45, 0.9]]}]}
    session = lambda name, day: {
        "id": name, "title": "理论知识考试", "occupation": "电工", "level": "senior", "rooms": [ROOM], "starts": f"{day}T00:00:00+08:00",
                                 "ends": f"{day}T23:59:00+08:00",
        "roster": [{"id": f"{name}-{s}", "name": "考生"} for s in SEATS],
        "assignments": [{"room": ROOM, "seat": s, "candidate": f"{name}-{s}", "token": f"token-of-{name}-{s}-0123456789"} for s in SEATS],
        "staff": [{"id": "j1", "name": "监考员", "role": "invigilator", "rooms": [ROOM]}]}
    days = [(datetime.date.today() + datetime.timedelta(days=n)).isoformat() for n in range(2)]
    return {"schema_version": 1, "id": "stored-plan", "institution": {"id": "inst-stored", "name": "样例学校", "kind": "school"},
            "centre": {"id": CENTRE, "name": "样例考点", "rooms": [{"id": ROOM, "name": "第一机房", "cameras": [{"id": CAMERA, "name": "前方"}],
                                                                 "seats": [seat(s, i + 1) for i, s in enumerate(SEATS)]}]},
            "sessions": [session("held", days[0]), session("later", days[1])]}


def until(seconds, what, question):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = question()
        if found:
            return found
        time.sleep(0.1)
    raise Failed(f"{what}: not within {seconds} s")


def live(stand, folder):
    """The exam: events, video, one flag, one decision; the session is closed. Returns the facts seen through the console."""
    film = folder / "film.mp4"
    run_once(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=160x96:rate=5", "-t", "8", "-c:v", "libx264", "-crf", "36",
              "-g", "5", "-bf", "0", "-pix_fmt", "yuv420p", str(film)], what="making the film")
    stand.start_broker({"log.segment": "64KiB", "checkpoint.every": "1s"})
    stand.start_console()
    for user, role in (("inspector", "inspector"), ("regulator", "regulator")):
        stand.add_user(user, user, role)
    stand.import_plan(plan())
    agent = stand.start_agent(CENTRE, {CAMERA: str(film)}, {"limits.log_segment": "64KiB"})
    stand.start_analysis({"percepts": {CAMERA: "plain"}}).wait_for("ready", 30)
    agent.wait_for("listening", 20)
    stand.open_session("held")
    stop, clients = threading.Event(), []
    for seat in SEATS:
        client = Seat(lambda: ("127.0.0.1", stand.cbt_ports[CENTRE]), "held", seat, f"token-of-held-{seat}-0123456789", 1, time.time(), [],
                      stop)
        client.send(client.event("assessment.opened"), client.event("assessment.started"))
        for _ in range(EVENTS_A_SEAT - 3):
            client.answer()
        client.send(client.event("clipboard.paste", {"chars": 180}))
        clients.append(client)
    if any(c.refused or len(c.accepted) != EVENTS_A_SEAT for c in clients):
        raise Failed("events were refused")
    console = stand.log_in("inspector")
    paste = until(30, "the flag", lambda: [x for x in console.incidents() if x["kind"] == "paste"])[0]
    answer = console.json("POST", f"/v1/incidents/{paste['id']}/opinions",
                          {"outcome": "confirm", "reason": "回放与记录一致。", "violation_code": "C1.8"})
    until(30, "the film's end", lambda: film_is_over(status_camera(stand)))
    stand.close_session("held")
    until(30, "the agent's backlog", lambda: json.loads(status(stand))["broker"]["backlog_records"] == 0)
    time.sleep(3)  # two more checkpoints, so that they cover the close
    incidents = console.incidents()
    return {"incidents": sorted(x["id"] for x in incidents), "decided": {"incident": paste["id"], "outcome": "confirm",
                                                                         "record": answer["opinion"]["record"]},
            "sessions": {"held": "closed"}, "next_session": "later", "users": dict(stand.passwords), "public_key": run_signing_key(stand)}


def end_in_order(stand):
    """Ends every program by SIGTERM, the broker last, and wants each to end well."""
    for program in reversed(stand.supervisor.programs):
        program.stop()
        program.wait(30)
    ended = {p.name: p.process.returncode for p in stand.supervisor.programs}
    if any(ended.values()):
        raise Failed(f"a program did not end cleanly: {ended}")


def status(stand):
    connection = http.client.HTTPConnection("127.0.0.1", stand.cbt_ports[CENTRE], timeout=10)
    connection.request("GET", "/v1/status")
    return connection.getresponse().read().decode()


def film_is_over(camera):
    return camera["parts"] > 0 and not camera["recording"]


def status_camera(stand):
    return json.loads(status(stand))["cameras"][0]


def run_signing_key(stand):
    """The key that signs checkpoints, as the verifier names it."""
    return json.loads(run_verify(stand.build, stand.data / "broker"))["public_keys"]


def run_verify(build, folder):
    done = subprocess.run([str(pathlib.Path(build) / "invigil-verify"), "--json", str(folder)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Failed(f"invigil-verify: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def tips(build, folder):
    """{stream: newest seq} and the number of records, read from the log itself."""
    lines = [json.loads(x) for x in run_once([str(pathlib.Path(build) / "fault/fault_reader"), str(folder / "log")],
                                             what="fault_reader").splitlines()]
    found = {}
    for line in lines[:-1]:
        found[line["stream"]] = line["seq"]
    return found, len(lines) - 1


def pack(data, target):
    """The same bytes for the same folders: sorted, without times and owners."""
    with lzma.open(target, "wb", preset=9 | lzma.PRESET_EXTREME) as packed, tarfile.open(fileobj=packed, mode="w",
                                                                                         format=tarfile.GNU_FORMAT) as tar:
        for folder in FOLDERS:
            for path in sorted([data / folder, *(data / folder).rglob("*")]):
                if path.name in LEFT_OUT or path.is_socket():
                    continue
                info = tar.gettarinfo(str(path), str(path.relative_to(data)))
                info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
                if path.is_file():
                    with open(path, "rb") as content:
                        tar.addfile(info, content)
                else:
                    tar.addfile(info)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--release", required=True)
    parser.add_argument("--out", default=str(HERE))
    options = parser.parse_args()
    target = pathlib.Path(options.out) / f"release-{options.release}"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="invigil-stored-"))
    stand = Stand(options.build, folder, lambda text: print(text, file=sys.stderr))
    try:
        facts = live(stand, folder)
        end_in_order(stand)
        streams, records = tips(options.build, folder / "broker")
        run_verify(options.build, folder / "broker")
        facts = {"note": NOTE,
                 "release": options.release, "records": records, "streams": streams, "centre": CENTRE, "seat": SEATS[0], "camera": CAMERA,
                 "token": f"token-of-later-{SEATS[0]}-0123456789", "principals": {"console": "main", "agent": "agent-stored",
                                                                                  "analysis": "analysis-1"},
                 "events": len(SEATS) * EVENTS_A_SEAT, **facts}
        target.mkdir(parents=True, exist_ok=True)
        pack(folder, target / "data.tar.xz")
        (target / "facts.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(json.dumps({"records": records, "bytes": (target / "data.tar.xz").stat().st_size}))
        return 0
    finally:
        stand.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
