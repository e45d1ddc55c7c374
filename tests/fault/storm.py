#!/usr/bin/env python3
"""A thousand agents connect within ten seconds, and all again whenever the broker has been killed: round 1 is the morning, the others are
restarts.

Every agent's RESUME and the durable answer to one record of each are waited for; recovery is from the last connect (later: from the
restart) to the last RESUME. The records are counted in the broker's log. Planted defect: one agent never connects.
"""
import json
import queue
import resource
import signal
import subprocess
import threading
import time

from campaign import read_log, run
from programs import ending_with_parent
from stand import Stand


class Storm:
    def __init__(self, stand, options):
        command = [str(stand.build / "fault/storm_main"), "--data", str(stand.data / "broker"), "--endpoint", stand.endpoint, "--key",
                   stand.public_key,
                   "--agents", str(options.agents), "--within-ms", str(int(options.within * 1000)), "--seed", str(options.seed), "--silent",
                   "1" if options.planted else "0"]
        self.process = subprocess.Popen(ending_with_parent(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(json.loads(x)) for x in self.process.stdout], daemon=True).start()

    def next(self, what, seconds):
        """The next line with `what`; None when it does not come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                line = self.lines.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise SystemExit(f"storm_main ended: {self.process.returncode}")
                continue
            if what in line:
                return line
        return None

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def campaign(options, tally, folder, dice):
    stand = Stand(options.build, folder, tally.say)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if options.descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (options.descriptors, before[1]))
    storm = None
    try:
        stand.start_broker({"log.reserve": "1MiB"})
        broker = stand.supervisor.programs[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        storm = Storm(stand, options)
        if not storm.next("enrolled", 30 + options.agents * 0.1):
            raise SystemExit("the agents were not enrolled")
        for number in range(options.rounds):
            if number:
                broker.process.send_signal(signal.SIGKILL)
                broker.process.wait()
                tally.struck("broker", 0)
                storm.next("lost", 30)
                if options.descriptors:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (options.descriptors, before[1]))
                broker.start()
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            restarted = time.monotonic()
            line = storm.next("round", options.within + (10 if options.planted else 120))
            tally.sums["rounds"] += 1
            if line is None:
                tally.sums["undetected"] += 1
                tally.note(f"round {number + 1}: not all agents were served: {broker.words()[-300:]}")
                break
            tally.say(json.dumps(line))
            if number == 0:
                tally.recovered("morning", line["last_resume_s"] - line["last_connect_s"])
                tally.figures["morning_last_answer_s"] = round(line["last_answer_s"] - line["last_connect_s"], 3)
            else:
                tally.recovered("restart", time.monotonic() - restarted)
            tally.sums["accepted"] += options.agents
    finally:
        if storm:
            storm.end()
        stand.end()
    stored = [(r["stream"], r["seq"]) for r in read_log(stand.build, stand.data / "broker")[0] if r["stream"].startswith("seat/storm/")]
    tally.sums["lost"] += max(0, tally.sums["accepted"] - len(stored))
    tally.sums["duplicated"] += len(stored) - len(set(stored))
    tally.figures["agents"] = options.agents


def more(parser):
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--within", type=float, default=10, help="seconds in which they all connect")
    parser.add_argument("--descriptors", type=int, default=0, help="the broker's limit of open files; 0 = as it is")


if __name__ == "__main__":
    run("storm", 3, campaign, more)
