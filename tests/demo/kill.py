#!/usr/bin/env python3
"""Kills every program of the demonstration with SIGKILL at moments drawn from a seed; everything must heal by itself.

  kill.py --build DIR [--seed S]

Afterwards: every program runs again, every test event an agent had accepted is in the city's log exactly once, and the proof holds.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time

from demo import Demo


def children_of(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(p) for p in listed]


def timeline_events(console, session):
    """How often each (seat, number) stands in the session's log."""
    count, after = {}, ""
    while True:
        page = console.json("GET", f"/v1/sessions/{session}/timeline?types=test_event&limit=1000{after}")
        for item in page["items"]:
            key = (item["seat"], item["client_seq"])
            count[key] = count.get(key, 0) + 1
        if not page.get("next"):
            return count
        after = f"&after={page['next']}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    options = argparse.Namespace(build=given.build, seconds=70, check=True, seed=given.seed, footage="", nets="", data="")
    dice = random.Random(given.seed)
    demo = Demo(options)
    try:
        demo.start()
        programs = [p for p in demo.stand.supervisor.programs if p.name != "cameras"]
        dice.shuffle(programs)
        killed_children = 0
        for program in programs + programs[:2]:
            time.sleep(dice.uniform(3, 6))
            children = children_of(program.process.pid)
            if children and dice.random() < 0.5:
                os.kill(dice.choice(children), signal.SIGKILL)
                killed_children += 1
                demo.say(f"killed a child of {program.name}")
            os.kill(program.process.pid, signal.SIGKILL)
            demo.say(f"killed {program.name}")
        time.sleep(8)
        demo.stop.set()
        for seat in demo.seats:
            seat.join(10)
        lost, twice, accepted = [], [], 0
        end = time.time() + 40
        while time.time() < end:
            console = demo.stand.log_in("inspector")
            stored = {}
            for session in {seat.session for seat in demo.seats}:
                stored.update(timeline_events(console, session))
            accepted = sum(len(seat.accepted) for seat in demo.seats)
            lost = [(seat.seat, n) for seat in demo.seats for n in sorted(seat.accepted) if (seat.seat, n) not in stored]
            twice = [key for key, n in stored.items() if n > 1]
            if not lost:
                break
            time.sleep(1)
        dead = [p.name for p in demo.stand.supervisor.programs if not p.alive()]
        verify = demo.verify()
        print(json.dumps({"accepted": accepted, "lost": lost[:10], "twice": twice[:10], "dead": dead, "killed_children": killed_children, "verify": verify}))
        return 0 if accepted > 100 and not lost and not twice and not dead and verify == "ok" else 1
    finally:
        demo.end()


if __name__ == "__main__":
    sys.exit(main())
