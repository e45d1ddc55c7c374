#!/usr/bin/python3
"""Milliseconds from an accepted test event until its flag stands on an open page: agent, broker, analysis and console are real.

  event_to_flag.py --build DIR [--seats 150] [--rate 5] [--seconds 30]

Each seat sends `rate` events a second; once in the run it pastes. The clock starts with the time the agent stamps when it takes the
event in, just before it is made durable and accepted, and stops when the flag has arrived at the page: a little more than what is
asked for. `from_sent_p99` starts when the request is sent. One JSON line: the p99.
"""
import argparse
import concurrent.futures
import http.client
import json
import multiprocessing
import random
import tempfile
import threading
import time

from latency import Page, many_seats, quantile

from stand import Stand  # found through latency's path
from seats import iso

CONNECTIONS = 8


def drive(port, session, tokens, options, begin, share, pasted, failures):
    """Sends for its share of the seats over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    seqs = dict.fromkeys(tokens, 0)
    dice = random.Random(share)
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
        time.sleep(max(0, due - time.time()))
        seat = seats[turn % len(seats)]
        turn += 1
        if time.time() >= paste_at[seat]:
            paste_at[seat] = float("inf")
            pasted[seat] = time.time()
            post(seat, ("clipboard.paste", {"chars": 200}))
        else:
            post(seat, ("heartbeat", {}))


def load(port, session, tokens, options, begin):
    """All seats, in a process of its own, so that the page's clock waits for none of this. Returns ({seat: when it pasted}, refusals)."""
    pasted, failures, listed = {}, [], list(tokens.items())
    workers = [threading.Thread(target=drive, args=(port, session, dict(listed[i::CONNECTIONS]), options, begin, i, pasted, failures))
               for i in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return pasted, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seats", type=int, default=150)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="invigil-bench-") as folder, \
            concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as generator:
        generator.submit(time.time).result()  # started before anything is measured
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
            pasted, failures = generator.submit(load, stand.cbt_ports["bench"], session, tokens, options, time.time()).result()
            end = time.time() + 5
            while time.time() < end and any(("paste", seat) not in page.arrived for seat in pasted):
                time.sleep(0.05)
            arrived = {seat: page.arrived[("paste", seat)] for seat in pasted if ("paste", seat) in page.arrived}
            if failures or len(arrived) < len(pasted):
                raise SystemExit(f"{len(pasted) - len(arrived)} of {len(pasted)} flags did not arrive; refused: {failures[:3]}")
            accepted = [at * 1e3 - incident["from_us"] / 1e3 for at, incident in arrived.values()]
            sent = [(arrived[seat][0] - at) * 1e3 for seat, at in pasted.items()]
            print(json.dumps({"value": quantile(accepted, 0.99), "unit": "ms", "p50": quantile(accepted, 0.5), "p90": quantile(accepted, 0.9),
                              "from_sent_p99": quantile(sent, 0.99), "from_sent_p50": quantile(sent, 0.5), "flags": len(accepted)}))
        finally:
            stand.end()


if __name__ == "__main__":
    main()
