#!/usr/bin/env python3
"""Runs benchmarks: ours and the limit in turn in one run, at least five pairs, same load.

  bench.py --build DIR [--pairs 5] [--json] [NAME…]

A row: {"row","ours","limit","limit_name","ratio","unit","better","pairs"}. ours and limit are medians; ratio is the median of the
pairwise ratios ours ÷ limit. Timings are reported, never asserted.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "demo"))
from programs import ending_with_parent  # noqa: E402  (the path above makes it visible)

# name: (ours, limit, limit's name, unit, better, goal). {bench}, {build}, {dir}, {here} are filled in.
ROWS = {
    "event_ingest": (
        "{bench}/event_ingest --dir {dir} --agents 30 --records 300000 --per-frame 1",
        "{bench}/limit_curve_push_pull --size 200 --records 400000",
        "bare CURVE PUSH/PULL, 200 B", "events/s", "higher", "ratio ≥ 0.30"),
    "event_ingest_batched": (
        "{bench}/event_ingest --dir {dir} --agents 30 --records 1200000 --per-frame 64",
        "{bench}/limit_durable_ack --dir {dir} --clients 30 --window 16 --frames 625 --record-per-frame 64 --size {frame_bytes}",
        "durable_ack, the same frames", "events/s", "higher", "ratio ≥ 0.40"),
    "event_to_flag": (
        "/usr/bin/python3 {here}/event_to_flag.py --build {build} --seats 150 --rate 5 --seconds 30",
        "{bench}/limit_durable_ack --dir {dir} --clients 150 --window 64 --rate 5 --frames 50",
        "durable_ack p99, 150 seats × 5/s", "ms", "lower", "≤ 50 ms"),
    "frame_to_flag": (
        "/usr/bin/python3 {here}/frame_to_flag.py --build {build} --seconds 50",
        "/usr/bin/python3 {here}/part_and_decode.py --build {build}",
        "part length + decode", "ms", "lower", "≤ 1500 ms"),
    "similarity_pairs": (
        "{bench}/forensics_bench similarity_pairs", "{bench}/forensics_bench similarity_pairs --limit 1",
        "bare dot product of the same probabilities, all pairs", "pairs/s", "higher", "≥ 5e6 pairs/s"),
    "gbt_pairs": (
        "{bench}/forensics_bench gbt_pairs", "{bench}/forensics_bench gbt_pairs --limit 1",
        "one multiply-add for each cell of the recursion", "pairs/s", "higher", "≥ 5e5 pairs/s"),
    "m4_pairs": (
        "{bench}/forensics_bench m4_pairs", "{bench}/forensics_bench m4_pairs --limit 1",
        "one multiply-add for each cell of the recursion", "pairs/s", "higher", "≥ 3e3 pairs/s"),
    "nrm_fit": (
        "{bench}/forensics_bench nrm_fit", "{bench}/forensics_bench nrm_fit --limit 1",
        "the sums over nodes of as many EM sweeps", "s", "lower", "< 0.5 s"),
    "exam_report": (
        "{bench}/forensics_bench exam_report", "{bench}/forensics_bench exam_report --limit 1",
        "answers compared and times multiplied, all pairs", "s", "lower", "≤ 2 s"),
}


def once(command):
    done = subprocess.run(ending_with_parent(command.split()), capture_output=True, text=True, timeout=600)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        sys.exit(f"{command}\nfailed ({done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(lines[-1])


def run(name, options):
    ours, limit, limit_name, unit, better, goal = ROWS[name]
    with tempfile.TemporaryDirectory(prefix="invigil-bench-") as folder:
        fill = {"bench": f"{options.build}/bench", "build": options.build, "dir": folder, "here": HERE, "frame_bytes": 25600}
        pairs = []
        for _ in range(options.pairs):
            mine = once(ours.format(**fill))
            fill["frame_bytes"] = int(mine.get("frame_bytes", fill["frame_bytes"]))
            pairs.append((mine["value"], once(limit.format(**fill))["value"]))
    ratios = [a / b for a, b in pairs if b]
    return {"row": name, "ours": statistics.median(a for a, _ in pairs), "limit": statistics.median(b for _, b in pairs), "limit_name": limit_name,
            "ratio": statistics.median(ratios), "unit": unit, "better": better, "pairs": len(pairs), "goal": goal}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in ROWS]
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]}; there are: {', '.join(ROWS)}")
    for name in options.names or ROWS:
        row = run(name, options)
        if options.json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            print(f"{row['row']:22} ours {row['ours']:>12.4g} {row['unit']:9} limit {row['limit']:>12.4g} ({row['limit_name']})  ratio {row['ratio']:.3f}  {row['goal']}", flush=True)


if __name__ == "__main__":
    main()
