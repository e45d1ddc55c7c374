#!/usr/bin/env python3
"""Clocks that jump: agent or broker is killed and started again under faketime with an offset of ± 1 s … ± 1 day. The monotonic clock
stays true.

Nothing may be lost or stored twice, and the offset must be seen: rounds in which agent and broker differ by more than 6 s (the room
check's limit is 5) and the room check does not say so within --patience seconds are `unseen`; they count as undetected.
Planted defect: exam clients that count as accepted what was never answered.
"""
import glob
import http.client
import json
import time

from campaign import judge, run
from installation import CENTRE, Installation
from programs import Failed

OFFSETS_S = (1, 3, 10, 60, 600, 3600, 43200, 86400)
NAMED_BEYOND_S = 6
PROGRAMS = ("agent", "agent", "broker")


def environment(offset_s):
    library = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or [""])[0]
    if not library:
        raise SystemExit("faketime is not installed: apt-get install faketime")
    return {"LD_PRELOAD": library, "FAKETIME": f"{offset_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
            "FAKETIME_NO_CACHE": "1"}


def room_check(stand):
    connection = http.client.HTTPConnection("127.0.0.1", stand.cbt_ports[CENTRE], timeout=5)
    connection.request("GET", "/v1/room-check")
    return json.loads(connection.getresponse().read())


def clock_is_named(stand):
    return any(item["code"] == "clock_off" for item in room_check(stand))


def campaign(options, tally, folder, dice):
    stand = Installation(options.build, folder, tally, seats=options.seats, pause_s=0.001 if options.planted else 0.02, seed=options.seed,
                         careless=options.planted)
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    offsets = {"agent": 0, "broker": 0}
    try:
        stand.begin()
        stand.begin_deciding()
        while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
            name = "agent" if options.planted else dice.choice(PROGRAMS)
            offsets[name] = dice.choice(OFFSETS_S) * dice.choice((1, -1)) if dice.random() < 0.85 else 0
            instant = dice.uniform(0, 0.6)
            time.sleep(instant)
            stand.kill(name)
            tally.struck(f"{name} {offsets[name]:+d}s" if offsets[name] else f"{name} true", instant)
            stand.environment[name] = environment(offsets[name]) if offsets[name] else {}
            stand.recover(name)
            if abs(offsets["agent"] - offsets["broker"]) > NAMED_BEYOND_S and not options.planted:
                try:
                    tally.extra["seen"] += 1
                    tally.extra["seen_after_s"] += round(stand.until(options.patience, "a word on the clock",
                                                                     lambda: clock_is_named(stand)), 3)
                except Failed:
                    tally.extra["seen"] -= 1
                    tally.extra["unseen"] += 1
                    tally.sums["undetected"] += 1
                    shown = json.dumps(room_check(stand), ensure_ascii=False)[:400]
                    tally.note(f"agent {offsets['agent']:+d} s, broker {offsets['broker']:+d} s: {shown}")
            tally.sums["rounds"] += 1
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
    parser.add_argument("--patience", type=float, default=30, help="seconds within which a skew must be named")


if __name__ == "__main__":
    run("clock", 12, campaign, more)
