"""What every fault campaign shares: its options, its sums over several runs, and the count of what is in the broker's own log."""
import argparse
import collections
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))

TEST_EVENT, LOSS = 30, 3  # models/record.proto
RECOVERY_BOUNDS_S = (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 30, 60)
SUMS = ("rounds", "accepted", "lost", "duplicated", "undetected")


def quantile(values, p):
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(p * len(ordered)))], 3) if ordered else None


def options_of(name, rounds, more=None):
    """The options all campaigns have; `more(parser)` adds the campaign's own."""
    parser = argparse.ArgumentParser(prog=f"scripts/fault {name}")
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--minutes", type=float, default=0, help="end after this long, however many rounds that is")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="nothing but the JSON line")
    parser.add_argument("--resume", default="", help="a file that keeps the sums: this run is added to them")
    parser.add_argument("--data", default="", help="where the installation lies; kept")
    parser.add_argument("--planted", action="store_true", help="plant this campaign's defect; exit 0 when it is caught")
    if more:
        more(parser)
    options = parser.parse_args()
    options.name = name
    return options


class Tally:
    """The figures of a campaign. `extra`: further sums, by name."""

    def __init__(self, options):
        self.options = options
        self.sums, self.extra = dict.fromkeys(SUMS, 0), collections.Counter()
        self.figures = {}  # of this run alone, never summed
        self.recovery, self.instants, self.faults, self.notes = [], collections.Counter(), collections.Counter(), []

    def say(self, text):
        if not self.options.json:
            print(text, file=sys.stderr, flush=True)

    def recovered(self, program, seconds):
        self.recovery.append((program, round(seconds, 3)))

    def struck(self, what, instant_s):
        """A fault at `instant_s` after its round's begin."""
        self.faults[what] += 1
        self.instants[f"<{(int(instant_s * 10) + 1) / 10:.1f}s"] += 1

    def note(self, text):
        self.say(text)
        if len(self.notes) < 20:
            self.notes.append(text)

    def merged(self):
        """With the earlier runs of the resume file, which is rewritten."""
        state = {"sums": self.sums, "extra": dict(self.extra), "recovery": self.recovery, "instants": dict(self.instants),
                 "faults": dict(self.faults), "notes": self.notes, "runs": 1}
        if self.options.resume:
            file = pathlib.Path(self.options.resume)
            if file.exists():
                old = json.loads(file.read_text())
                for part in ("sums", "extra", "instants", "faults"):
                    state[part] = dict(collections.Counter(old[part]) + collections.Counter(state[part]))
                state["recovery"] = old["recovery"] + [list(x) for x in self.recovery]
                state["notes"] = (old["notes"] + self.notes)[:20]
                state["runs"] = old["runs"] + 1
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps(state))
            fresh.replace(file)
        return state

    def report(self):
        """Prints the JSON line; the exit code: 0 when nothing was lost, doubled or undetected (planted: when something was)."""
        state = self.merged()
        seconds = [s for _, s in state["recovery"]]
        by_program = collections.defaultdict(list)
        for program, s in state["recovery"]:
            by_program[program].append(s)
        histogram = collections.Counter(next((b for b in RECOVERY_BOUNDS_S if s <= b), "more") for s in seconds)
        sums = {name: state["sums"].get(name, 0) for name in SUMS}
        spread = {f"<={b}s" if b != "more" else b: histogram[b] for b in (*RECOVERY_BOUNDS_S, "more")}
        programs = {p: {"n": len(v), "p50_s": quantile(v, 0.5), "p99_s": quantile(v, 0.99), "max_s": max(v)} for p, v in by_program.items()}
        line = {"name": self.options.name, **sums, "recovery_p50_s": quantile(seconds, 0.5), "recovery_p99_s": quantile(seconds, 0.99),
                **state["extra"], **self.figures, "recovery_by_program": programs,
                "recovery_histogram": {bound: n for bound, n in spread.items() if n},
                "faults": dict(sorted(state["faults"].items())), "instants": dict(sorted(state["instants"].items())),
                "seed": self.options.seed, "runs": state["runs"]}
        if state["notes"]:
            line["notes"] = state["notes"]
        if self.options.planted:
            line["planted"] = True
        print(json.dumps(line, ensure_ascii=False), flush=True)
        bad = sums["lost"] + sums["duplicated"] + sums["undetected"] > 0
        return (0 if bad else 1) if self.options.planted else (1 if bad or not sums["rounds"] or not sums["accepted"] else 0)


def read_log(build, folder, start=0):
    """Records and the last line of fault_reader over a program's data folder."""
    done = subprocess.run([str(pathlib.Path(build) / "fault/fault_reader"), str(pathlib.Path(folder) / "log"), "--from", str(start)],
                          capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"fault_reader: {done.stderr}")
    lines = [json.loads(x) for x in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def verify(build, folder):
    """invigil-verify's exit code and JSON."""
    done = subprocess.run([str(pathlib.Path(build) / "invigil-verify"), "--json", str(folder)], capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {"verify": done.stderr.strip()}


def count_events(records):
    """{(session/seat, client's number): how often it is stored}"""
    return collections.Counter((r["seat"], r["client"]) for r in records if r["kind"] == TEST_EVENT and "client" in r)


def compare(records, accepted, decisions):
    """(lost, duplicated) as lists: accepted events and decisions against what the broker's log holds."""
    stored = count_events(records)
    hashes = {(r["stream"], r["seq"]): r["hash"] for r in records if "stream" in r}
    lost = [key for key in accepted if key not in stored]
    lost += [("decision", d["stream"], d["seq"]) for d in decisions if hashes.get((d["stream"], d["seq"])) != d["hash"]]
    return lost, [key for key, n in stored.items() if n > 1]


def judge(tally, installation, check_verify=True):
    """Counts into the tally what the installation accepted against the broker's log; proves the log."""
    records, end = read_log(installation.build, installation.folder("broker"))
    accepted, decisions = installation.accepted(), installation.decisions()
    lost, twice = compare(records, accepted, decisions)
    tally.sums["accepted"] += len(accepted) + len(decisions)
    tally.sums["lost"] += len(lost)
    tally.sums["duplicated"] += len(twice)
    tally.extra["decisions"] += len(decisions)
    tally.extra["broker_records"] += end["end"]
    if lost:
        tally.note(f"lost: {lost[:5]}")
    if twice:
        tally.note(f"stored twice: {twice[:5]}")
    if check_verify:
        code, found = verify(installation.build, installation.folder("broker"))
        if code:
            tally.sums["undetected"] += 1
            tally.note(f"invigil-verify: {code} {json.dumps(found)[:500]}")
    return records


def run(name, rounds, campaign, more=None):
    """campaign(options, tally, folder, dice) plays the rounds; the process ends with the report's exit code."""
    options = options_of(name, rounds, more)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(options.data).resolve() if options.data else pathlib.Path(tempfile.mkdtemp(prefix="invigil-fault-"))
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(options)
    try:
        campaign(options, tally, folder, random.Random(options.seed))
        sys.exit(tally.report())
    finally:
        if not options.data:
            shutil.rmtree(folder, ignore_errors=True)
