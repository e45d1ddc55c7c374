#!/usr/bin/env python3
"""A disk that comes back from the past: the data folder of a running program is copied (as a backup does), things go on, the program is
killed, the copy is put back. Agent, broker, console, analysis.

Lost is what neither the broker's nor the agent's log has any more and no LOSS record names: decisions, of which only the broker has a
copy, as well. `wedged`: the agent's backlog does not drain within --patience; such an installation is given up and the next round has a
new one. Planted defect: agent and broker are put back together, so that nobody has the newest events.
"""
import shutil
import time

from campaign import LOSS, compare, count_events, read_log, run, verify
from installation import CENTRE, Installation
from programs import Failed

PROGRAMS = ("agent", "broker", "console", "analysis")


def hot_copy(source, target):
    shutil.rmtree(target, ignore_errors=True)
    for _ in range(20):  # a file may be replaced while the folder is walked
        try:
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock", "*.ipc"), dirs_exist_ok=True)
            return
        except shutil.Error:
            time.sleep(0.01)


def put_back(stand, names, folder):
    for name in names:
        stand.kill(name)
    for name in names:
        shutil.rmtree(stand.folder(name))
        shutil.copytree(folder / f"copy-{name}", stand.folder(name))


def drains(stand, seconds):
    try:
        stand.until(seconds, "the agent's backlog", stand.drained)
        return True
    except Failed:
        return False


def judge(tally, stand, wedged):
    """Lost is what neither log has and no LOSS record of its stream names. What the agent still holds waits; it is counted apart."""
    records, _ = read_log(stand.build, stand.folder("broker"))
    stored = count_events(records)
    held = set(count_events(read_log(stand.build, stand.folder("agent"))[0])) - set(stored)
    named = {r["of"] for r in records if r["kind"] == LOSS and "of" in r}
    gone, twice = compare(records, [key for key in stand.accepted() if not (wedged and key in held)], stand.decisions())
    lost = [x for x in gone if (x[1] if x[0] == "decision" else f"seat/{CENTRE}/{x[0]}") not in named]
    tally.sums["accepted"] += len(stand.accepted()) + len(stand.decisions())
    tally.sums["lost"] += len(lost)
    tally.sums["duplicated"] += len(twice)
    tally.extra["decisions"] += len(stand.decisions())
    tally.extra["lost_decisions"] += sum(1 for x in lost if x[0] == "decision")
    tally.extra["named"] += len(gone) - len(lost)
    tally.extra["held_by_the_agent"] += len(held)
    if lost:
        tally.note(f"lost: {len(lost)}, {lost[:3]}")
    code, found = verify(stand.build, stand.folder("broker"))
    if code:
        tally.sums["undetected"] += 1
        tally.note(f"invigil-verify: {code} {str(found)[:300]}")


def one_installation(options, tally, folder, dice, left):
    """Plays up to `left` rounds, until one wedges."""
    stand = Installation(options.build, folder, tally, seats=options.seats, seed=options.seed,
                         values={"broker": {"log.segment": "256KiB"}, "agent": {"limits.log_segment": "256KiB"}})
    wedged, played = False, 0
    try:
        stand.begin()
        stand.begin_deciding()
        while played < left and not wedged:
            names = ("agent", "broker") if options.planted else (options.program or dice.choice(PROGRAMS),)
            time.sleep(dice.uniform(0.1, 0.8))
            for name in names:
                hot_copy(stand.folder(name), folder / f"copy-{name}")
            instant = dice.uniform(0.2, 2.5)
            time.sleep(instant)
            put_back(stand, names, folder)
            tally.struck("+".join(names), instant)
            played += 1
            try:
                for name in reversed(names):
                    stand.start(name)
                name, since = names[0], time.monotonic()
                before = stand.agent_status()["broker"]["acked_records"] if name == "broker" else 0
                stand.until(20, f"{name}'s first answer", lambda: stand.alive_or_fail(name) and stand.answered(name, since, before))
                tally.recovered(name, time.monotonic() - since)
                wedged = not drains(stand, options.patience)
            except (Failed, SystemExit) as error:
                tally.note(f"{'+'.join(names)}: {str(error)[:300]}")
                wedged = True
            if wedged:
                trouble = stand.agent_status()["broker"]["trouble"] if stand.programs["agent"].alive() else "the agent is down"
                tally.note(f"wedged after {'+'.join(names)} was put back: {trouble[:200]}")
                tally.faults[f"wedged:{'+'.join(names)}"] += 1
            tally.sums["rounds"] += 1
        if not wedged and not stand.settle(options.patience):
            wedged = True
    finally:
        stand.end()
    if wedged:
        tally.extra["wedged"] += 1
        tally.sums["undetected"] += 1
    judge(tally, stand, wedged)
    return played


def campaign(options, tally, folder, dice):
    number, end = 0, time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
        part = folder / f"i{number}"
        part.mkdir()
        one_installation(options, tally, part, dice, min(options.rounds - tally.sums["rounds"], 10))
        shutil.rmtree(part, ignore_errors=True)
        number += 1


def more(parser):
    parser.add_argument("--seats", type=int, default=3)
    parser.add_argument("--program", default="", choices=("", *PROGRAMS), help="only this one")
    parser.add_argument("--patience", type=float, default=60, help="seconds after which a backlog that does not drain is a wedge")


if __name__ == "__main__":
    run("rollback", 12, campaign, more)
