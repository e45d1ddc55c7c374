#!/usr/bin/python3
"""Milliseconds from a test event sent to the agent until its flag stands on an open page: agent, broker, analysis and console are real.

  event_to_flag.py --build DIR [--seats 150] [--rate 5] [--seconds 30]

Each seat sends `rate` events a second; once in the run it pastes. The clock starts when the request is sent, which is before the
event is accepted, so the figure is an upper bound. One JSON line: the p99.
"""
import argparse
import http.client
import json
import random
import tempfile
import threading
import time

from latency import Page, many_seats, quantile

from stand import Stand  # found through latency's path
from seats import iso


def drive(port, session, tokens, options, begin, pasted, failures):
    """Sends for its share of the seats over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    seqs = dict.fromkeys(tokens, 0)
    dice = random.Random(len(tokens))
    paste_at = {seat: begin + dice.uniform(3, options.seconds - 3) for seat in tokens}
    turn = 0
    seats = list(tokens)

    def post(seat, *events):
        listed = []
        for kind, data in events:
            seqs[seat] += 1
            listed.append({"seq": seqs[seat], "type": kind, "at": iso(time.time()), "mono_ms": int(time.monotonic() * 1000), "data": data})
        connection.request("POST", "/v1/cbt/events", json.dumps({"session": session, "seat": seat, "events": listed}),
                           {"Authorization": f"Bearer {tokens[seat]}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            failures.append((answer.status, answer.read()[:200]))
        answer.read()

    for seat in seats:
        post(seat, ("assessment.opened", {}), ("assessment.started", {}))
    started = time.time()
    while time.time() < begin + options.seconds:
        due = started + turn / (options.rate * len(seats))
        if due > time.time():
            time.sleep(due - time.time())
        seat = seats[turn % len(seats)]
        turn += 1
        if time.time() >= paste_at[seat]:
            paste_at[seat] = float("inf")
            pasted[seat] = time.time()
            post(seat, ("clipboard.paste", {"chars": 200}))
        else:
            post(seat, ("heartbeat", {}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seats", type=int, default=150)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="invigil-bench-") as folder:
        stand = Stand(options.build, folder, lambda text: None)
        try:
            stand.start_broker()
            stand.start_console()
            stand.add_user("inspector", "王督导", "inspector")
            plan, session, tokens = many_seats("bench", 3, options.seats // 3, time.time())
            stand.import_plan(plan)
            stand.start_agent("bench", {})
            stand.start_analysis().wait_for("ready", 30)
            stand.supervisor.begin()
            page = Page(stand.log_in("inspector"))
            page.start()
            stand.open_session(session)
            time.sleep(2)  # the agent learns of the opening; nothing is measured yet
            pasted, failures, shares = {}, [], 8
            begin = time.time()
            listed = list(tokens.items())
            workers = [threading.Thread(target=drive, args=(stand.cbt_ports["bench"], session, dict(listed[i::shares]), options, begin, pasted, failures))
                       for i in range(shares)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            end = time.time() + 5
            while time.time() < end and any(("paste", seat) not in page.arrived for seat in pasted):
                time.sleep(0.05)
            latencies = [(page.arrived[("paste", seat)][0] - at) * 1e3 for seat, at in pasted.items() if ("paste", seat) in page.arrived]
            if failures or len(latencies) < len(pasted):
                raise SystemExit(f"{len(pasted) - len(latencies)} of {len(pasted)} flags did not arrive; refused: {failures[:3]}")
            print(json.dumps({"value": quantile(latencies, 0.99), "unit": "ms", "p50": quantile(latencies, 0.5), "flags": len(latencies)}))
        finally:
            stand.end()


if __name__ == "__main__":
    main()
