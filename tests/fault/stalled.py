#!/usr/bin/env python3
"""SIGSTOP and, after up to a few seconds, SIGCONT of a random program under events and decisions: a machine that swaps, a virtual machine
that is moved.

Planted defect: the stalled agent is killed instead of continued, and exam clients count as accepted what was never answered.
"""
import signal
import time

from campaign import judge, run
from installation import Installation

PROGRAMS = ("agent", "agent", "broker", "broker", "console", "analysis")


def campaign(options, tally, folder, dice):
    stand = Installation(options.build, folder, tally, seats=options.seats, pause_s=0.001 if options.planted else 0.02, seed=options.seed,
                         careless=options.planted)
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    try:
        stand.begin()
        stand.begin_deciding()
        while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
            name = "agent" if options.planted else dice.choice(PROGRAMS)
            instant, length = dice.uniform(0, 0.6), dice.choice((dice.uniform(0.05, 0.5), dice.uniform(0.5, options.longest)))
            time.sleep(instant)
            stand.kill(name, signal.SIGSTOP)
            tally.struck(name, instant)
            time.sleep(length)
            tally.extra["stalled_s"] += round(length, 3)
            if options.planted:
                stand.kill(name)
                stand.recover(name)
            else:
                before = stand.agent_status()["broker"]["acked_records"] if name == "broker" else 0
                since = time.monotonic()
                stand.kill(name, signal.SIGCONT)
                if name != "analysis":
                    stand.until(60, f"{name}'s first answer", lambda: stand.alive_or_fail(name) and stand.answered(name, since, before))
                    tally.recovered(name, time.monotonic() - since)
            tally.sums["rounds"] += 1
        if not stand.settle():
            tally.extra["wedged"] += 1
            tally.sums["undetected"] += 1
    finally:
        stand.end()
    judge(tally, stand)


def more(parser):
    parser.add_argument("--seats", type=int, default=4)
    parser.add_argument("--longest", type=float, default=6, help="seconds of the longest stall; heartbeats are given up after 3")


if __name__ == "__main__":
    run("stalled", 20, campaign, more)
