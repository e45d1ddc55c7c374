#!/usr/bin/env python3
"""Runs `invigil-analysis watch` over the shared exam clips and compares with what a person saw in them.

usage: scripts/evaluate [--json] [--require] [--variants] [--program FILE] [CLIP…]
  INVIGIL_FOOTAGE   folder with exam/*.mp4; INVIGIL_NETS   folder with the nets. Without either: exit code 77 and the reason.
  --require   exit code 1 unless: exactly two persons in >= 90 % of the time looked at, every true head turn is observed with
              its start within 1 s, and no other head turn is.
  --variants  also each clip mirrored, smaller, brighter, darker, cut at its start, and at a low bit rate (made with ffmpeg): what a
              person saw is the same in all of them, so the flags must be.
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PERSONS = 2        # in every clip
LEAST_SHARE = 0.9  # of the time with exactly that many
START_WITHIN = 1.0 # seconds
RATE = ["-crf", "20"]
# What is done to the picture, how it is encoded, and how much later its time begins.
VARIANTS = {
    "mirrored": ("hflip", RATE, 0),
    "scaled by .8": ("scale=trunc(iw*.4)*2:trunc(ih*.4)*2", RATE, 0),
    "brighter by 15 %": ("lutyuv=y='clip(val*1.15,0,255)'", RATE, 0),
    "darker by 15 %": ("lutyuv=y=val*0.85", RATE, 0),
    "without its first 0.3 s": ("trim=0.3,setpts=PTS-STARTPTS", RATE, 0.3),
    "without its first 0.7 s": ("trim=0.7,setpts=PTS-STARTPTS", RATE, 0.7),
    "at 800 kbit/s": ("null", ["-b:v", "800k", "-maxrate", "800k", "-bufsize", "1600k"], 0),
}


def watched(program, clip):
    """The lines of one clip."""
    run = subprocess.run([program, "watch", "--video", str(clip), "--jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit(f"evaluate: watch failed on {clip.name}: {run.stderr.strip()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def encoded(clip, variant, folder):
    """A clip's variant, as a new file in `folder`."""
    picture, rate, _ = VARIANTS[variant]
    target = pathlib.Path(folder) / "variant.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-an", "-vf", picture, "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", *rate,
                    "-pix_fmt", "yuv420p", str(target)], check=True)
    return target


def judge(name, truths, lines):
    """One row of the table: figures of a clip against its truth."""
    counts = [line for line in lines if line["kind"] == "persons"]
    whole = sum(line["to_s"] - line["from_s"] for line in counts)
    right = sum(line["to_s"] - line["from_s"] for line in counts if line["count"] == PERSONS)
    turns = [line for line in lines if line["type"] == "observation" and line["kind"] == "head_turned" and line["state"] == "present"]
    found, used = [], set()
    for truth in truths:
        hits = [i for i, turn in enumerate(turns) if abs(turn["from_s"] - truth[0]) <= START_WITHIN and i not in used]
        found.append(bool(hits))
        used.update(hits)
    return {"clip": name, "persons_share": round(right / whole, 3) if whole else 0.0, "turns": len(truths), "found": sum(found),
            "false": len(turns) - len(used), "starts": [turn["from_s"] for turn in turns],
            "other_incidents": sorted({line["kind"] for line in lines if line["type"] == "incident"} - {"head_turned"})}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a clip")
    parser.add_argument("--require", action="store_true", help="fail when the figures are not reached")
    parser.add_argument("--variants", action="store_true", help="also the clips mirrored, smaller, brighter, darker, cut, at a low bit rate")
    parser.add_argument("--program", default=str(ROOT / "build/release/invigil-analysis"))
    parser.add_argument("clips", nargs="*")
    options = parser.parse_args()
    for variable in ("INVIGIL_FOOTAGE", "INVIGIL_NETS"):
        if not os.path.isdir(os.environ.get(variable, "")):
            print(f"evaluate: skipped: {variable} names no folder")
            return 77
    if not os.access(options.program, os.X_OK):
        sys.exit(f"evaluate: {options.program} is not there: build it with scripts/build")
    truths = {}
    with open(pathlib.Path(__file__).with_name("exam_truth.csv"), newline="") as file:
        for row in csv.DictReader(file):
            truths.setdefault(row["clip"], [])
            if row["kind"] == "head_turned":
                truths[row["clip"]].append((float(row["from_s"]), float(row["to_s"])))
    rows = []

    def take(name, row):
        rows.append(row)
        if options.json:
            print(json.dumps(row), flush=True)
        else:
            print(f"{name:<26} {row['persons_share']:>11.1%} {row['turns']:>6} {row['found']:>6} {row['false']:>6}  "
                  f"{row['starts']} {' '.join(row['other_incidents'])}", flush=True)

    if not options.json:
        print(f"{'clip':<26} {'two persons':>11} {'turns':>6} {'found':>6} {'false':>6}  starts, s; other incidents")
    with tempfile.TemporaryDirectory(prefix="invigil-evaluate-") as folder:
        for name in options.clips or sorted(truths):
            clip = pathlib.Path(os.environ["INVIGIL_FOOTAGE"]) / "exam" / f"{name}.mp4"
            take(name, judge(name, truths[name], watched(options.program, clip)))
            for variant in VARIANTS if options.variants else ():
                later = VARIANTS[variant][2]
                shifted = [(truth[0] - later, truth[1] - later) for truth in truths[name]]
                take("  " + variant, {**judge(name, shifted, watched(options.program, encoded(clip, variant, folder))), "variant": variant})
    reached = all(r["persons_share"] >= LEAST_SHARE and r["found"] == r["turns"] and r["false"] == 0 for r in rows)
    if not options.json:
        print(f"{sum(r['found'] for r in rows)} of {sum(r['turns'] for r in rows)} true head turns, {sum(r['false'] for r in rows)} false; "
              f"figures {'reached' if reached else 'NOT reached'}")
    return 1 if options.require and not reached else 0


if __name__ == "__main__":
    sys.exit(main())
