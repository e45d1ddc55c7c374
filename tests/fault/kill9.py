#!/usr/bin/env python3
"""SIGKILL of a random program at a random instant, under events from several seats and decisions; no supervisor, one installation for all
rounds.

Planted defect: exam clients that count as accepted what was sent and never answered. It is the defect of the other side of the contract,
and shows that the count against the broker's log would see an agent that answers too early.
"""
import time

from campaign import judge, run
from installation import Installation
from partition import film

PROGRAMS = ("agent", "agent", "broker", "broker", "console", "analysis")


def campaign(options, tally, folder, dice):
    stand = Installation(options.build, folder, tally, seats=options.seats, pause_s=0.001 if options.planted else 0.02, seed=options.seed,
                         careless=options.planted,
                         camera="cam1" if options.camera else None, camera_file=film(folder, 300, 200) if options.camera else None,
                         values={"agent": {"camera.loop_files": True}})
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    try:
        stand.begin()
        stand.begin_deciding()
        while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
            name = "agent" if options.planted else dice.choice(PROGRAMS)
            instant = dice.uniform(0, 0.6)
            time.sleep(instant)
            stand.kill(name)
            tally.struck(name, instant)
            time.sleep(dice.choice((0, 0, dice.uniform(0, 0.3))))
            stand.recover(name)
            tally.sums["rounds"] += 1
            if tally.sums["rounds"] % 50 == 0:
                tally.say(f"{tally.sums['rounds']} rounds, {len(stand.accepted())} accepted")
        if not stand.settle():
            tally.extra["wedged"] += 1
            tally.sums["undetected"] += 1
        refused = [x for s in stand.seats for x in s.refused]
        if refused:
            tally.extra["refused"] += len(refused)
            tally.note(f"refused: {refused[:3]}")
    finally:
        stand.end()
    judge(tally, stand)


def more(parser):
    parser.add_argument("--seats", type=int, default=4)
    parser.add_argument("--camera", action="store_true", help="record a looped film too: its parts are proved by invigil-verify")


if __name__ == "__main__":
    run("kill9", 20, campaign, more)
