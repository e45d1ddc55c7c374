#!/usr/bin/env python3
"""One byte at a random place of a random file of a stopped program's data folder is flipped; then the program is started.

Good ends: nothing differs; or it differs and somebody names it (the program's words, its exit with a message that names the file,
invigil-verify).
`undetected`: something differs and nobody says so, the program ends by a signal, or it ends without naming the file.
Planted defect: nothing is flipped, one fact is: the comparison must see a difference that nobody names.
"""
import collections
import pathlib
import shutil
import signal
import subprocess
import time

from campaign import read_log, run, verify
from installation import CENTRE, SESSION, Installation
from programs import Failed, run_once

# Emptied or made anew at each start, or named after the process: nothing is kept there.
PASSING = {"lock", "cbt_endpoint"}


def log_facts(build, folder):
    records, end = read_log(build, folder)
    return {(r.get("stream"), r.get("seq")): r.get("hash") for r in records}, end["damage"]


def api_facts(stand):
    """What the console shows of what has happened."""
    console = stand.log_in("inspector")
    items, after = collections.Counter(), ""
    while True:
        page = console.json("GET", f"/v1/sessions/{SESSION}/timeline?types=test_event&limit=1000{after}")
        items.update((i["seat"], i["client_seq"], i["at_us"], i.get("test_event"), i.get("answer"), i.get("item")) for i in page["items"])
        if not page.get("next"):
            break
        after = f"&after={page['next']}"
    session = console.json("GET", f"/v1/sessions/{SESSION}")
    incidents = {x["id"]: (x["kind"], x["state"], tuple(x["seats"]), x["from_us"], x["to_us"]) for x in console.incidents()}
    return {"items": dict(items), "incidents": incidents, "session": (session["id"], session["title"], session["state"])}


def prepare(options, tally, folder):
    stand = Installation(options.build, folder / "first", tally, seats=2, pause_s=0.01, seed=options.seed, camera="cam1",
                         camera_file=folder / "film.mp4",
                         values={"broker": {"log.segment": "256KiB"}, "agent": {"limits.log_segment": "256KiB", "limits.keep": "1h"}})
    run_once(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=160x96:rate=5", "-t", "3", "-c:v", "libx264",
              "-g", "5", "-bf", "0", "-pix_fmt", "yuv420p",
              str(folder / "film.mp4")], what="making the film")
    (folder / "first").mkdir()
    try:
        stand.begin()
        stand.begin_deciding()
        stand.until(60, "a few decisions", lambda: len(stand.decisions()) > 5 and min(len(s.accepted) for s in stand.seats) > 200)
        stand.settle()
        stand.close_session(SESSION)
        stand.until(30, "the agent's backlog", stand.drained)
        time.sleep(2.5)  # two checkpoints
        stand.until(20, "the console's view", lambda: len(api_facts(stand)["items"]) >= len(stand.accepted()))
        stand.api = api_facts(stand)
        stand.key = stand.ask_broker("public-key")
    finally:
        stand.end()
    return stand


def flip(stand, name, dice, only_part):
    """Flips one bit of one byte; returns the file and the offset."""
    files = [p for p in sorted(stand.folder(name).rglob("*")) if p.is_file() and p.name not in PASSING and p.stat().st_size]
    # A part first, else it would nearly always be a video object.
    part = only_part or dice.choice(sorted({p.relative_to(stand.folder(name)).parts[0] for p in files}))
    file = dice.choice([p for p in files if p.relative_to(stand.folder(name)).parts[0] == part])
    content = bytearray(file.read_bytes())
    used = len(content.rstrip(b"\0")) or 1  # most of a segment is space reserved
    at = dice.randrange(used if dice.random() < 0.9 else len(content))
    content[at] ^= 1 << dice.randrange(8)
    file.write_bytes(content)
    return file, at


def words(stand, name):
    program = stand.programs[name]
    return program.words()[program.heard:]


def says(text, file):
    """Does the program name the file, or the damage in it, as an error or a warning?"""
    levels = [f'"level":"{level}"' for level in ("warning", "error", "critical", "fatal")]
    lines = [x for x in text.splitlines() if not x.startswith("{") or any(level in x for level in levels)]
    told = "\n".join(lines)
    return file.name in told or str(file.parent.name) + "/" in told or "damage" in told or "corrupt" in told


def up(stand, name):
    """Starts it: "up", "refused" (ended with a message), "crashed" or "stuck"."""
    stand.start(name)
    program = stand.programs[name]
    ready = "ready" if name == "analysis" else "listening"
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if not program.alive():
            return "crashed" if program.process.returncode < 0 else "refused"
        if ready in words(stand, name):
            return "up"
        time.sleep(0.02)
    return "stuck"


def differs(stand, name, facts, file):
    """What is different through the running programs; "" when nothing is."""
    if name == "broker" and stand.ask_broker("public-key") != stand.key:
        return "the broker's key"
    if name == "console":
        stand.until(20, "the console's view", lambda: len(api_facts(stand)["items"]) >= len(facts["items"]))
        return "" if api_facts(stand) == facts else "the console's answers"
    if name == "agent":
        stand.until(10, "the agent's connection", lambda: stand.agent_status()["broker"]["connected"])
        seen = stand.agent_status()
        return f"the agent's sessions {seen['sessions']}" if seen["sessions"].get(SESSION, "planned") == "open" else ""
    return ""


def play(stand, tally, records, dice, options):
    only_name, _, only_part = options.only.partition("/")
    planted, name = options.planted, only_name or dice.choice(("broker", "agent", "console", "analysis"))
    file, at = (stand.folder(name) / "none", 0) if planted else flip(stand, name, dice, only_part)
    where = f"{name} {file.relative_to(stand.folder(name))} byte {at}"
    kind = f"{name}/{file.relative_to(stand.folder(name)).parts[0]}"
    outcome, what, told = "up", "", False
    try:
        if name != "broker":
            up(stand, "broker")
        outcome = up(stand, name)
        if outcome == "up":
            try:
                what = differs(stand, name, stand.api, file)
            except (Failed, OSError, KeyError) as error:
                what = f"no answer: {str(error)[:120]}"
            if name == "agent" and stand.programs["agent"].alive():
                told = bool(what) and bool(stand.agent_status()["broker"]["trouble"])
        told = told or says(words(stand, name), file)
    finally:
        for program in stand.programs.values():
            if program.alive():
                program.process.send_signal(signal.SIGTERM)
        for program in stand.programs.values():
            if program.process:
                program.wait(10)
    if name in ("broker", "agent"):
        now, damage = log_facts(stand.build, stand.folder(name))
        gone = [key for key, hash_ in records[name].items() if now.get(key) != hash_]
        if planted:
            gone = [("planted", 1)]
        code, _ = verify(stand.build, stand.folder(name)) if stand.verifiable[name] else (0, None)
        what = what or (f"{len(gone)} records" if gone else "") or ("objects" if code else "")
        told = told or bool(damage) or (code != 0 and not planted)
    good = (outcome == "refused" and told) or (outcome == "up" and (not what or told))
    tally.extra[outcome if outcome != "up" else "harmless" if not what else "named" if told else "silent"] += 1
    tally.faults[kind] += 1
    tally.sums["rounds"] += 1
    tally.sums["accepted"] += 1
    if not good:
        tally.sums["undetected"] += 1
        tally.note(f"{where}: {outcome}{', ' + what if what else ''}; its words: {words(stand, name)[-300:]!r}")


def campaign(options, tally, folder, dice):
    stand = prepare(options, tally, folder)
    pristine = folder / "pristine"
    shutil.copytree(stand.data, pristine, ignore=shutil.ignore_patterns("*.sock", "*.ipc"))
    stand.verifiable = {name: verify(stand.build, stand.folder(name))[0] == 0 for name in ("broker", "agent")}
    tally.say(f"invigil-verify passes before: {stand.verifiable}")
    records = {name: log_facts(stand.build, stand.folder(name))[0] for name in ("broker", "agent")}
    for _ in range(options.rounds):
        shutil.rmtree(stand.data)
        shutil.copytree(pristine, stand.data)
        play(stand, tally, records, dice, options)


def more(parser):
    parser.add_argument("--only", default="", help="PROGRAM or PROGRAM/PART, such as console/index.db")


if __name__ == "__main__":
    run("rot", 20, campaign, more)
