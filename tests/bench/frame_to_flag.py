#!/usr/bin/python3
"""Milliseconds from a frame at the agent until the incident that rests on it is in the log and on an open page: one room camera, RTSP.

  frame_to_flag.py --build DIR [--seconds 50]

People leave their seats, then the picture is covered and goes dark. An incident's first record tells
the last frame it rests on (to_us, the agent's wall clock; one machine, one clock); the page's clock stops when it arrives there,
which is later than the log, so the figure is an upper bound. One JSON line: the p99.
"""
import argparse
import json
import pathlib
import tempfile
import time

from latency import Page, many_seats, quantile

import story
from programs import Program
from stand import Stand


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=float, default=50)
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    with tempfile.TemporaryDirectory(prefix="invigil-bench-") as folder:
        stand = Stand(build, folder, lambda text: None)
        try:
            stand.start_broker()
            stand.start_console()
            stand.add_user("inspector", "王督导", "inspector")
            opens = time.time() + 5
            end = int(options.seconds)
            script = [f"covered {end - 20} {end - 13}", f"dark {end - 9} {end - 1}"]
            script += [f"seat_empty {8 + 2 * seat} {end - 22} {seat}" for seat in range(6)]
            settings = {"generator": str(build / "demo/invigil-demo-rooms"), "start_us": int(opens * 1e6), "fps": 10, "width": 1280, "height": 720,
                        "mounts": [{"path": "/r0", "seed": 5, "room": 0, "script": script}]}
            server = stand.supervisor.add(Program("cameras", ["/usr/bin/python3", pathlib.Path(story.__file__).parent / "rtsp_server.py"], folder, json.dumps(settings)))
            port = int(server.wait_for("port", 20).split()[1])
            plan, session, _ = many_seats("bench", 1, 6, opens)
            for index, seat in enumerate(plan["centre"]["rooms"][0]["seats"]):
                seat["polygons"][0]["points"] = story.seat_polygon(index)
            stand.import_plan(plan)
            stand.start_agent("bench", {"cam-r0": f"rtsp://127.0.0.1:{port}/r0"})
            stand.start_analysis().wait_for("ready", 30)
            stand.supervisor.begin()
            page = Page(stand.log_in("inspector"))
            page.start()
            stand.open_session(session)
            time.sleep(max(0, opens + options.seconds - time.time()))
            first = {}
            for arrived, incident in page.every:  # later records of the same incident only lengthen it
                first.setdefault(incident["id"], (arrived, incident))
            delays = [arrived * 1e3 - incident["to_us"] / 1e3 for arrived, incident in first.values()]
            if len(delays) < 3:
                raise SystemExit(f"only {len(delays)} incidents arrived: {[i['kind'] for _, i in first.values()]}")
            print(json.dumps({"value": quantile(delays, 0.99), "unit": "ms", "p50": quantile(delays, 0.5), "records": len(delays)}))
        finally:
            stand.end()


if __name__ == "__main__":
    main()
