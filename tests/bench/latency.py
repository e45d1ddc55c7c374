"""What the latency benchmarks share: an open page's WebSocket, a plan of many seats, percentiles."""
import json
import pathlib
import sys
import threading
import time

import websocket

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "demo"))
import story  # noqa: E402  (the path above makes it visible)


def quantile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))] if ordered else float("nan")


def many_seats(centre, rooms, seats_a_room, opens):
    """A plan of one centre; returns it and (session, {seat: token})."""
    plan, _ = story.plan("north", 1, opens, 600)
    session = plan["sessions"][0]
    template = plan["centre"]["rooms"][0]["seats"][0]
    plan["centre"].update(id=centre, rooms=[])
    session.update(id=f"{centre}-session", rooms=[], roster=[], assignments=[], staff=[])
    tokens = {}
    for room in range(rooms):
        name = f"r{room}"
        seats = [{**template, "id": f"{name}-{i:02d}", "row": i // 10 + 1, "column": i % 10 + 1,
                  "polygons": [{"camera": f"cam-{name}", "points": template["polygons"][0]["points"]}]} for i in range(seats_a_room)]
        plan["centre"]["rooms"].append({"id": name, "name": name, "cameras": [{"id": f"cam-{name}", "name": name}], "seats": seats})
        session["rooms"].append(name)
        for seat in seats:
            tokens[seat["id"]] = f"token-{seat['id']}-0123456789abcdef"
            session["roster"].append({"id": f"c-{seat['id']}", "name": "考生"})
            session["assignments"].append({"room": name, "seat": seat["id"], "candidate": f"c-{seat['id']}", "token": tokens[seat["id"]]})
    plan["id"] = f"{centre}-plan"
    return plan, session["id"], tokens


class Page(threading.Thread):
    """An open page: notes when each incident arrives for the first time. `arrived`: {(kind, seat): (time, incident)}."""

    def __init__(self, console):
        super().__init__(daemon=True)
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{console.port}/v1/live", cookie=console.cookie, origin=f"http://127.0.0.1:{console.port}")
        self.arrived, self.every = {}, []

    def run(self):
        try:
            while True:
                message = self.socket.recv()
                now = time.time()
                if not isinstance(message, str):
                    continue
                frame = json.loads(message)
                if frame.get("type") == "incident":
                    incident = frame["incident"]
                    self.every.append((now, incident))
                    for seat in incident["seats"] or [""]:
                        self.arrived.setdefault((incident["kind"], seat), (now, incident))
        except (websocket.WebSocketException, OSError, ValueError):
            return
