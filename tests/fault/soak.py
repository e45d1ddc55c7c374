#!/usr/bin/env python3
"""An exam day in small, without faults: agents × cameras × seats for --minutes. Memory, descriptors and disk of every program are sampled
from /proc; the slopes are those of a straight line through the second half (the first is start-up and caches).

Counted as undetected: a descriptor slope over --fd-limit an hour; nothing else, because memory and time of a shared machine prove nothing
in minutes. Long runs are for people to read. Planted defect: a process that opens a file a second is sampled as well.
"""
import os
import subprocess
import sys
import threading
import time

from campaign import compare, quantile, read_log, run, verify
from installation import LoadSeat, SMALL, token_of
from partition import film
from stand import Stand


LEAK = """
import time
held = []
while True:
    held.append(open("/dev/null"))
    time.sleep(0.2)
"""


def plan_of(centre, cameras, seats, day):
    """A room a camera; the seats are spread over the rooms."""
    seat = lambda c, i: {"id": f"{centre}-r{c}-s{i:03d}", "row": i // 10 + 1, "column": i % 10 + 1}
    rooms = [{"id": f"{centre}-r{c}", "name": "机房", "cameras": [{"id": f"{centre}-cam{c}", "name": "前方"}],
              "seats": [seat(c, i) for i in range(c, seats, cameras)]} for c in range(cameras)]
    listed = [(r["id"], s["id"]) for r in rooms for s in r["seats"]]
    return {"schema_version": 1, "id": f"{centre}-plan", "institution": {"id": f"inst-{centre}", "name": "样例学校", "kind": "school"},
            "centre": {"id": centre, "name": "样例考点", "rooms": rooms},
            "sessions": [{"id": f"{centre}-session", "title": "理论知识考试", "occupation": "电工", "level": "senior",
                          "rooms": [r["id"] for r in rooms],
                          "starts": f"{day}T00:00:00Z", "ends": f"{day}T23:59:00Z",
                          "roster": [{"id": f"k-{s}", "name": "考生"} for _, s in listed],
                          "assignments": [{"room": r, "seat": s, "candidate": f"k-{s}", "token": token_of(s)} for r, s in listed],
                          "staff": [{"id": "j1", "name": "监考员", "role": "invigilator", "rooms": [rooms[0]["id"]]}]}]}, [s for _,
                                                                                                                        s in listed]


class SoakSeat(LoadSeat):
    """Notes how long each accepted event took."""

    def __init__(self, session, took, *args):
        super().__init__(*args)
        self.session, self.took = session, took

    def offer(self, event):
        begun = time.monotonic()
        done = super().offer(event)
        if done:
            self.took.append(time.monotonic() - begun)
            self.sent_at.clear()
        return done


def sample(pid):
    """(RSS in KiB, descriptors) of a process and its children."""
    with open(f"/proc/{pid}/status") as status:
        rss = next((int(x.split()[1]) for x in status if x.startswith("VmRSS")), 0)
    return rss, len(os.listdir(f"/proc/{pid}/fd"))


def disk_kib(folder):
    return int(subprocess.run(["du", "-sk", str(folder)], capture_output=True, text=True).stdout.split()[0])


def slope_per_hour(points):
    """Least squares over the second half of (seconds, value)."""
    points = points[len(points) // 2:]
    if len(points) < 3:
        return 0.0
    mean_t, mean_v = sum(t for t, _ in points) / len(points), sum(v for _, v in points) / len(points)
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return round(3600 * sum((t - mean_t) * (v - mean_v) for t, v in points) / spread, 1) if spread else 0.0


def start(options, tally, folder):
    stand = Stand(options.build, folder, tally.say)
    stand.start_broker({"checkpoint.every": "10s"})
    stand.start_console()
    stand.add_user("inspector", "inspector", "inspector")
    file, seats, day = film(folder, 120, 300), [], time.strftime("%Y-%m-%d", time.gmtime())
    stop, took = threading.Event(), []
    for number in range(options.agents):
        centre = f"c{number}"
        plan, names = plan_of(centre, options.cameras, options.seats, day)
        stand.import_plan(plan)
        stand.start_agent(centre, {f"{centre}-cam{c}": str(file) for c in range(options.cameras)},
                          {**SMALL["agent"], "camera.loop_files": True}).wait_for("listening", 30)
        seats += [SoakSeat(f"{centre}-session", took, stand.cbt_ports[centre], name, 1 / options.rate, stop,
                           options.seed) for name in names]
    plain = {f"c{n}-cam{c}": "plain" for n in range(options.agents) for c in range(options.cameras)}
    stand.start_analysis({"percepts": plain}).wait_for("ready", 60)
    for number in range(options.agents):
        stand.open_session(f"c{number}-session")
    stand.supervisor.begin()
    return stand, seats, stop, took


def watch(options, stand, tally):
    """Samples until the time is over; {program: {"rss": […], "descriptors": […], "disk": […]}}."""
    leak = subprocess.Popen([sys.executable, "-c", LEAK]) if options.planted else None
    watched = {p.name: p.process.pid for p in stand.supervisor.programs} | ({"leak": leak.pid} if leak else {})
    series = {name: {"rss_kib": [], "descriptors": [], "disk_kib": []} for name in watched}
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + (options.minutes or 1) * 60:
            now = time.monotonic() - begun
            for name, pid in watched.items():
                rss, descriptors = sample(pid)
                series[name]["rss_kib"].append((now, rss))
                series[name]["descriptors"].append((now, descriptors))
                folder = stand.data / {"console": "main", "analysis": "analysis-1"}.get(name, name)
                if folder.exists():
                    series[name]["disk_kib"].append((now, disk_kib(folder)))
            time.sleep(options.every)
    finally:
        if leak:
            leak.kill()
            leak.wait()
    for name, kinds in series.items():
        found = tally.figures.setdefault("programs", {})[name] = {kind: {"first": p[0][1], "last": p[-1][1],
                                                                         "per_hour": slope_per_hour(p)} for kind, p in kinds.items() if p}
        counts = [n for _, n in kinds["descriptors"]]
        if found["descriptors"]["per_hour"] > options.fd_limit and counts[-1] - counts[len(counts) // 2] > 3:
            tally.sums["undetected"] += 1
            tally.note(f"{name}: descriptors grow by {found['descriptors']['per_hour']} an hour")


def campaign(options, tally, folder, dice):
    stand, seats, stop, took = start(options, tally, folder)
    try:
        for seat in seats:
            seat.start()
        watch(options, stand, tally)
        stop.set()
        for seat in seats:
            seat.join(15)
        time.sleep(3)
        restarts = {p.name: p.restarts for p in stand.supervisor.programs if p.restarts}
        tally.sums["undetected"] += len(restarts)
        if restarts:
            tally.note(f"ended by themselves: {restarts}")
    finally:
        stop.set()
        stand.end()
    records, _ = read_log(stand.build, stand.data / "broker")
    lost, twice = compare(records, [(f"{s.session}/{s.seat}", n) for s in seats for n in s.accepted], [])
    for key, value in (("rounds", 1), ("accepted", sum(len(s.accepted) for s in seats)), ("lost", len(lost)), ("duplicated", len(twice))):
        tally.sums[key] += value
    tally.sums["undetected"] += verify(stand.build, stand.data / "broker")[0] != 0
    tally.figures["ack_p50_ms"], tally.figures["ack_p99_ms"] = round(1e3 * quantile(took, 0.5), 1), round(1e3 * quantile(took, 0.99), 1)


def more(parser):
    parser.add_argument("--agents", type=int, default=2)
    parser.add_argument("--cameras", type=int, default=2, help="of each agent")
    parser.add_argument("--seats", type=int, default=20, help="of each agent")
    parser.add_argument("--rate", type=float, default=1, help="events a second of each seat")
    parser.add_argument("--every", type=float, default=2, help="seconds between samples")
    parser.add_argument("--fd-limit", type=float, default=600, help="descriptors more an hour that count as a leak")


if __name__ == "__main__":
    run("soak", 1, campaign, more)
