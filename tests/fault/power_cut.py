#!/usr/bin/env python3
"""Power cuts of agent, broker or both: their data folders lie on ext4 images; SIGSTOP, copy of the backing file (it has what was flushed),
SIGKILL, the copy is mounted instead, everything starts again.

Planted defect: fsync and fdatasync return at once (no_sync.cpp). Limit: the copy of a mounted image is not atomic; a copy that cannot be
mounted is a void round and counted as such.
"""
import os
import signal
import time

from campaign import judge, run
from image import Image, need_mounts
from installation import Installation

TARGETS = (("agent",), ("broker",), ("agent", "broker"))


def cut(stand, images, names):
    """True when the copies were mounted; the programs are dead either way."""
    for name in names:
        stand.kill(name, signal.SIGSTOP)
    for name in names:
        images[name].copy()
    for name in names:
        stand.programs[name].process.kill()
    for name in names:
        stand.programs[name].process.wait()
    for name in names:
        images[name].cut()


def start_again(stand, names):
    """Both are started before either is waited for: the one's first answer may need the other."""
    before = 0 if "agent" in names else stand.agent_status()["broker"]["acked_records"]
    since = {name: stand.start(name) for name in reversed(names)}
    for name in names:
        stand.until(60, f"{name}'s first answer", lambda: stand.alive_or_fail(name) and stand.answered(name, since[name], before))
        stand.tally.recovered(name, time.monotonic() - since[name])


def campaign(options, tally, folder, dice):
    need_mounts(folder)
    stand = Installation(options.build, folder, tally, seats=options.seats, seed=options.seed,
                         values={"broker": {"log.segment": "256KiB"}, "agent": {"limits.log_segment": "256KiB"}})
    images = {name: Image(folder / f"disk-{name}", stand.folder(name), 96) for name in ("agent", "broker")}
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    if options.planted:
        os.environ["LD_PRELOAD"] = str(stand.build / "fault/libno_sync.so")
    try:
        stand.begin()
        stand.begin_deciding()
        if options.planted:  # what is older than the first cut is there, as after a quiet night; only the newest is at stake
            for image in images.values():
                image.flush()
        while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
            names = ("agent", "broker") if options.planted else dice.choice(TARGETS)
            instant = dice.uniform(0, 0.8)
            time.sleep(instant)
            cut(stand, images, names)
            tally.struck("+".join(names), instant)
            start_again(stand, names)
            tally.sums["rounds"] += 1
        if not stand.settle():
            tally.extra["wedged"] += 1
            tally.sums["undetected"] += 1
    except (Exception, SystemExit) as error:
        if not options.planted:
            raise
        tally.note(f"stopped by: {str(error)[:300]}")  # a program that cannot even start on what the cut left
    finally:
        os.environ.pop("LD_PRELOAD", None)
        stand.end()
        try:
            judge(tally, stand, check_verify=not options.planted)
        finally:
            for image in images.values():
                image.unmount()


if __name__ == "__main__":
    run("power_cut", 20, campaign, lambda parser: parser.add_argument("--seats", type=int, default=4))
