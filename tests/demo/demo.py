#!/usr/bin/env python3
"""The demonstration: two centres, three rooms and one without a camera, every program real, on loopback. Called by scripts/demo.

  demo.py --build DIR [--seconds N] [--check] [--seed S] [--footage DIR] [--nets DIR] [--data DIR]

--check: no talk; runs the story once, prints one JSON line {"seed","planted","found","missed","false","answers","verify"} and fails when
anything planted was missed, more than one false incident appeared (none may about answers), or the proof does not hold.
"""
import argparse
import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import footage
import story
from programs import Failed, Program, run_once
from seats import ExamSeat, Seat
from stand import Stand

class Demo:
    def __init__(self, options):
        self.options = options
        self.data = pathlib.Path(options.data).resolve() if options.data else pathlib.Path(tempfile.mkdtemp(prefix="invigil-demo-"))
        self.data.mkdir(parents=True, exist_ok=True)
        self.stand, self.stop = Stand(options.build, self.data, self.say), threading.Event()
        self.console, self.seats, self.planted, self.opens, self.real = None, [], [], 0.0, None
        self.seen, self.decided, self.hall_closed = set(), False, False

    def say(self, text):
        print(text, file=sys.stderr if self.options.check else sys.stdout, flush=True)

    # -- set-up --

    def start_cameras(self):
        mounts = []
        for index, room in enumerate(story.rooms()):
            script, outages = [], []
            for p in self.planted:
                if p.room != room or p.kind not in story.CAMERA_KINDS + story.SEAT_VIDEO_KINDS:
                    continue
                if p.kind == "signal_lost":
                    outages.append([p.from_s, p.to_s])
                elif p.seat:
                    script.append(f"seat_empty {p.from_s} {p.to_s} {int(p.seat[-2:]) - 1}")
                else:
                    script.append(f"{p.kind} {p.from_s} {p.to_s}")
            mounts.append({"path": f"/{room}", "seed": self.options.seed, "room": index, "script": script, "outages": outages})
        if self.real:
            mounts.append({"path": "/real", "file": str(self.real["file"])})
        settings = {"generator": str(self.stand.build / "demo/invigil-demo-rooms"), "start_us": int(self.opens * 1e6), "fps": 10, "width": 1280,
                    "height": 720, "mounts": mounts}
        server = Program("cameras", ["/usr/bin/python3", pathlib.Path(__file__).parent / "rtsp_server.py"], self.data, json.dumps(settings))
        return self.stand.supervisor.add(server)

    def start(self):
        options, stand = self.options, self.stand
        length = options.seconds or 90
        self.real = footage.prepare(options.footage, options.nets, self.data) if options.footage else None
        stand.start_broker()
        stand.start_console()
        stand.add_user("inspector", "王督导", "inspector")
        stand.add_user("regulator", "李监管", "regulator")
        # Rooms run a little before the sessions open, so that every camera is there at second 0.
        self.opens = time.time() + 6
        self.planted = story.plant(options.seed, length)
        exam = json.loads(run_once([str(stand.build / "demo/invigil-demo-exam"), "--seed", str(options.seed)], what="simulating an exam"))
        self.planted += story.plant_hall(exam)
        cameras = self.start_cameras()
        port = int(cameras.wait_for("port", 20).split()[1])
        tokens, tokens_of_hall, sessions = {}, {}, []
        for centre, listed in story.CENTRES.items():
            plan, seat_tokens = story.plan(centre, options.seed, self.opens, length, self.real["room"] if self.real and centre == "south" else None)
            hall_tokens = story.add_hall(plan, options.seed, exam) if centre == story.HALL_CENTRE else {}
            stand.import_plan(plan)
            session = plan["sessions"][0]["id"]
            tokens_of_hall.update(hall_tokens)
            tokens.update({seat: (centre, session, token) for seat, token in seat_tokens.items()})
            sessions.append(session)
            names = {f"cam-{room}": f"rtsp://127.0.0.1:{port}/{room}" for room in listed}
            if self.real and centre == "south":
                names["cam-real"] = f"rtsp://127.0.0.1:{port}/real"
            stand.start_agent(centre, names)
        # Nets know real people: the rendered rooms are seen without them, as on a machine that has none.
        stand.start_analysis({"nets.folder": options.nets if self.real else "", "percepts": {f"cam-{room}": "plain" for room in story.rooms()}})
        stand.supervisor.begin()
        self.console = stand.log_in("inspector")
        if self.real:  # the film starts when its camera is first opened
            begun = float(cameras.wait_for("film /real", 20).split()[2]) - self.opens
            for p in self.real["planted"]:
                self.planted.append(dataclasses.replace(p, from_s=p.from_s + begun, to_s=p.to_s + begun))
        while time.time() < self.opens:
            time.sleep(0.05)
        for session in sessions + [story.hall_session()]:
            stand.open_session(session)
        for seat, (centre, session, token) in tokens.items():
            planted = [p for p in self.planted if p.seat == seat and p.kind not in ("head_turned", "second_person")]
            client = Seat(lambda centre=centre: ("127.0.0.1", stand.cbt_ports[centre]), session, seat, token, options.seed, self.opens, planted, self.stop)
            self.seats.append(client)
            client.start()

        self.seat_hall(exam, tokens_of_hall)

    def seat_hall(self, exam, tokens):
        """An exam of twenty minutes in the time from its opening to its close."""
        begins = max(2.0, time.time() - self.opens + 0.5)
        last = max(event[5] for event in exam["events"])
        pace = last / max(10.0, story.HALL_CLOSES_S - 6 - begins)
        for index, (seat, token) in enumerate(tokens.items()):
            events = [event[1:] for event in exam["events"] if event[0] == index]
            client = ExamSeat(lambda: ("127.0.0.1", self.stand.cbt_ports[story.HALL_CENTRE]), story.hall_session(), seat, token, self.opens, begins, pace, events, self.stop)
            self.seats.append(client)
            client.start()

    # -- the show --

    def flags(self):
        found = []
        for x in self.console.incidents():
            if x["withdrawn"] or x["superseded_by"]:
                continue
            for seat in x["seats"] or [""]:
                found.append({"kind": x["kind"], "room": x["room"]["id"], "seat": seat, "id": x["id"], "claims": x["explanation"]["figures"].get("claims", 1),
                              "from_s": round(x["from_us"] / 1e6 - self.opens, 1), "to_s": round(x["to_us"] / 1e6 - self.opens, 1)})
        return found

    def give_opinion(self, flag):
        body = {"outcome": "confirm", "reason": "回放与事件记录一致，粘贴内容来自考试系统之外。", "violation_code": "C1.8"}
        answer = self.console.json("POST", f"/v1/incidents/{flag['id']}/opinions", body)
        self.say(f"  意见 opinion: {flag['kind']} {flag['seat']} → confirm (C1.8), 王督导; record {answer['opinion'].get('record', {}).get('seq', '')}")

    def show(self, until_s):
        """Prints flags as they arrive until `until_s` after the opening; gives one opinion on the way."""
        while time.time() - self.opens < until_s and not self.stop.is_set():
            self.stop.wait(1.0)
            if not self.hall_closed and time.time() - self.opens >= story.HALL_CLOSES_S:
                self.hall_closed = True
                self.stand.close_session(story.hall_session())
                self.say(f"  {time.time() - self.opens:5.1f} s  {story.hall_session()} is closed: its answers are compared")
            for flag in self.flags():
                key = (flag["kind"], flag["room"], flag["seat"])
                if key not in self.seen:
                    self.seen.add(key)
                    self.say(f"  {time.time() - self.opens:5.1f} s  FLAG {flag['kind']:24} {flag['room']} {flag['seat']}")
                if not self.decided and flag["kind"] == "paste":
                    self.decided = True
                    self.give_opinion(flag)

    def verify(self):
        """The proof holds over the log, and fails on a copy with one byte flipped, naming the record."""
        copy = self.data / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.data / "broker", copy, ignore=shutil.ignore_patterns("keys", "*.sock", "*.ipc", "lock", "admin*"))
        good = run_verify(self.stand.program("verify"), copy)
        self.say(f"  invigil-verify: exit {good[0]}: {last_line(good[1])}")
        segments = sorted((copy / "log").glob("*"), key=lambda p: p.stat().st_size, reverse=True)
        flip_byte(segments[0])
        bad = run_verify(self.stand.program("verify"), copy)
        self.say(f"  with one byte flipped: exit {bad[0]}: {last_line(bad[1])}")
        shutil.rmtree(copy, ignore_errors=True)
        if good[0] != 0:
            return "failed: " + last_line(good[1])
        return "ok" if bad[0] == 1 else "a flipped byte was not found"

    def answers(self):
        """What the comparison of the hall's answers came to, as the page shows it."""
        found = self.console.json("GET", f"/v1/sessions/{story.hall_session()}/forensics")
        first = (found["pairs"] or [{}])[0]
        return {"state": found["state"], "candidates": found["candidates"], "items": found["items"], "expected_false_flags": found["expected_false_flags"],
                "first_pair": {key: first.get(key) for key in ("a", "b", "matches", "expected", "shared_wrong", "p_adjusted", "level")}}

    def end(self):
        self.stop.set()
        self.stand.end()
        if not self.options.data:
            shutil.rmtree(self.data, ignore_errors=True)


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else ""


def run_verify(program, folder):
    done = subprocess.run([program, str(folder)], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def flip_byte(path):
    content = bytearray(path.read_bytes())
    used = len(content.rstrip(b"\0"))
    content[used // 2] ^= 1
    path.write_bytes(content)


def check(demo, length):
    demo.show(length)
    settle = time.time() + 12  # what was planted last still has its watermark to wait for
    missed, false = story.match(demo.planted, demo.flags())
    while missed and time.time() < settle:
        time.sleep(1)
        missed, false = story.match(demo.planted, demo.flags())
    answers = demo.answers()
    demo.stop.set()
    verify = demo.verify()
    found = len(demo.planted) - len(missed)
    print(json.dumps({"seed": demo.options.seed, "planted": len(demo.planted), "found": found, "missed": missed, "false": false, "answers": answers,
                      "verify": verify},
                     ensure_ascii=False))
    refused = sum(seat.refused for seat in demo.seats)
    if refused:
        demo.say(f"  {refused} test events were refused")
    accused = [x for x in false if x["room"] == story.HALL]  # nobody else in the hall did anything
    return 0 if not missed and len(false) <= 1 and not accused and verify == "ok" and not refused else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--footage", default="")
    parser.add_argument("--nets", default="")
    parser.add_argument("--data", default="")
    options = parser.parse_args()
    if options.footage and not options.nets:
        parser.error("--footage needs the nets: set INVIGIL_NETS or give --nets")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo = Demo(options)
    try:
        demo.start()
        if options.check:
            return check(demo, max(options.seconds or 90, 80))
        demo.say(f"\n  http://127.0.0.1:{demo.stand.console_port}/      inspector / {demo.stand.passwords['inspector']}      regulator / {demo.stand.passwords['regulator']}\n"
                 f"  数据 data: {demo.data}      按 Ctrl-C 结束 · Ctrl-C ends\n")
        demo.show(min(options.seconds or 50, 50))
        demo.verify()
        demo.show(options.seconds or 10 ** 9)
        return 0
    except KeyboardInterrupt:
        return 0
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        demo.end()


if __name__ == "__main__":
    sys.exit(main())
