#!/usr/bin/env python3
"""Disks that fail: failing_disk.cpp lets a program's calls below its data folder fail with EIO or ENOSPC from the n-th on, for a stretch,
then it heals. Agent and broker, their logs and (with a looped camera) their objects.

A program that still refuses 2 s after the disk has healed is started again, as its operator would, and counted (`restarted`).
Planted defect: exam clients that count as accepted what the agent answered with an error.
"""
import errno
import mmap
import struct
import time

from campaign import judge, run
from installation import Installation
from partition import film
from programs import Failed

LAYOUT = "<IIiIqq"  # Control in failing_disk.cpp: active, calls, error, unused, countdown, failed
CALLS = {"write": 1, "sync": 2, "create": 4, "rename": 8, "reserve": 16, "any": 31}


class FailingDisk:
    """The campaign's side of the shared file."""

    def __init__(self, build, folder, control):
        control.write_bytes(bytes(struct.calcsize(LAYOUT)))
        self.file = open(control, "r+b")
        self.shared = mmap.mmap(self.file.fileno(), struct.calcsize(LAYOUT))
        self.environment = {"LD_PRELOAD": str(build / "fault/libfailing_disk.so"), "INVIGIL_FAULT_FOLDER": str(folder),
                            "INVIGIL_FAULT_CONTROL": str(control)}

    def fail(self, calls, error, after):
        struct.pack_into(LAYOUT, self.shared, 0, 0, CALLS[calls], error, 0, after, 0)
        struct.pack_into("<I", self.shared, 0, 1)

    def heal(self):
        """How many calls failed."""
        struct.pack_into("<I", self.shared, 0, 0)
        return struct.unpack_from(LAYOUT, self.shared)[5]


def back(stand, name, before):
    """Has it healed by itself?"""
    since = time.monotonic()
    try:
        stand.until(2, f"{name} after its disk has healed", lambda: not stand.programs[name].alive() or stand.answered(name, since, before))
    except Failed:
        return False
    return stand.programs[name].alive()


def campaign(options, tally, folder, dice):
    stand = Installation(options.build, folder, tally, seats=options.seats, seed=options.seed, careless=options.planted, camera="cam1",
                         camera_file=film(folder, 60, 200), values={"broker": {"log.segment": "64KiB"},
                                                                    "agent": {"limits.log_segment": "64KiB", "camera.loop_files": True}})
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    try:
        stand.begin(without=("analysis",))
        disks = {}
        for name in ("agent", "broker"):
            disks[name] = FailingDisk(stand.build, stand.folder(name), folder / f"control-{name}")
            stand.environment[name] = disks[name].environment
            stand.kill(name)
            stand.recover(name)
        tally.recovery.clear()
        while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
            name, calls = "agent" if options.planted else dice.choice(list(disks)), dice.choice(list(CALLS))
            error, stretch, instant = dice.choice((errno.EIO, errno.ENOSPC)), dice.uniform(0.1, options.longest), dice.uniform(0, 0.3)
            time.sleep(instant)
            disks[name].fail(calls, error, dice.choice((0, dice.randrange(0, 20))))
            tally.struck(f"{name}/{calls}/{errno.errorcode[error]}", instant)
            time.sleep(stretch)
            failed = disks[name].heal()
            tally.extra["failed_calls"] += failed
            tally.extra["rounds_with_failures"] += failed > 0
            healed = time.monotonic()
            before = stand.agent_status()["broker"]["acked_records"] if name == "broker" and stand.programs["agent"].alive() else 0
            ended = not stand.programs[name].alive()
            if ended or not back(stand, name, before):
                tally.extra["ended_by_itself" if ended else "restarted"] += 1
                if not ended:
                    stand.kill(name)
                stand.recover(name)
            else:
                tally.recovered(f"{name} by itself", time.monotonic() - healed)
            tally.sums["rounds"] += 1
        if not stand.settle():
            tally.extra["wedged"] += 1
            tally.sums["undetected"] += 1
    finally:
        stand.end()
    judge(tally, stand)


def more(parser):
    parser.add_argument("--seats", type=int, default=4)
    parser.add_argument("--longest", type=float, default=3, help="seconds of the longest stretch")


if __name__ == "__main__":
    run("disk", 20, campaign, more)
