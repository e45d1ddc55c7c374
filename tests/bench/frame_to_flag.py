#!/usr/bin/python3
"""Milliseconds from a frame at the agent until the incident that rests on it stands in the log: one room camera over RTSP.

  frame_to_flag.py --build DIR [--seconds 60]

The picture goes dark again and again, and people leave their seats. Each incident record tells when it was written (at_us) and
the last frame it rests on (to_us, the agent's wall clock; one machine, one clock). One JSON line: the p99.
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
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    with tempfile.TemporaryDirectory(prefix="invigil-bench-") as folder:
        stand = Stand(build, folder, lambda text: None)
        try:
            stand.start_broker()
            stand.start_console()
            stand.add_user("inspector", "王督导", "inspector")
            opens = time.time() + 5
            script = [f"dark {t} {t + 8}" for t in range(14, int(options.seconds), 20)]
            script += [f"seat_empty {t} {t + 9} {i % 6}" for i, t in enumerate(range(10, int(options.seconds), 6))]
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
            delays = [(incident["at_us"] - incident["to_us"]) / 1e3 for _, incident in page.every if incident["kind"] in ("dark", "seat_empty")]
            if len(delays) < 3:
                raise SystemExit(f"only {len(delays)} incidents arrived: {[i['kind'] for _, i in page.every]}")
            print(json.dumps({"value": quantile(delays, 0.99), "unit": "ms", "p50": quantile(delays, 0.5), "records": len(delays)}))
        finally:
            stand.end()


if __name__ == "__main__":
    main()
