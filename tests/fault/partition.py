#!/usr/bin/env python3
"""Bad networks between agent and broker, by a TCP proxy of our own (proxy.py): every round one of the faults below, for a while, under
events and a looped camera. Afterwards, on request, two figures: how fast a backlog is caught up, and how late events come over 256 kbit/s.

Planted defect: while the link is down the agent loses its log (as if it kept nothing): what it had accepted must be missed.
"""
import shutil
import time

from campaign import count_events, judge, quantile, read_log, run
from installation import CENTRE, SESSION, Installation
from programs import free_port, run_once
from proxy import Proxy

# name: (what set() is told, longest seconds)
FAULTS = {
    "down": ({"mode": "down"}, 3),
    "reset": ({"mode": "reset"}, 0.3),
    "black_hole": ({"mode": "black_hole"}, 5),
    "half_open": ({"mode": "half_open"}, 5),
    "delay": ({"delay_s": 0.5}, 3),
    "trickle": ({"rate": 200}, 3),
    "slow": ({"rate": 32000}, 3),
}


def film(folder, seconds, kilobits):
    """A camera that needs about `kilobits` a second."""
    file = folder / "film.mp4"
    run_once(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=10,noise=alls=40:allf=t", "-t", str(seconds),
              "-c:v", "libx264", "-b:v", f"{kilobits}k",
              "-maxrate", f"{kilobits}k", "-bufsize", f"{kilobits}k", "-preset", "ultrafast", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p",
              str(file)], what="making the film")
    return file


def start(options, tally, folder, kilobits):
    state = {}

    def through_proxy(endpoint):
        port, mine = int(endpoint.rsplit(":", 1)[1]), free_port(3)
        state["proxy"] = Proxy({mine + n: port + n for n in range(3)}).begin()
        return f"tcp://127.0.0.1:{mine}"

    stand = Installation(options.build, folder, tally, seats=options.seats, pause_s=0.05, seed=options.seed, camera="cam1",
                         camera_file=film(folder, 240 if options.figures else 30, kilobits),
                         values={"agent": {"camera.loop_files": True}}, agent_endpoint=through_proxy)
    return stand, state


def lose_the_spool(stand):
    time.sleep(0.5)
    stand.kill("agent")
    shutil.rmtree(stand.folder("agent") / "log")
    stand.start("agent")
    time.sleep(0.5)


def catch_up(stand, tally, proxy, seconds):
    """Recorded seconds caught up in a second: the link is down for `seconds`, then free."""
    proxy.set("down")
    time.sleep(seconds)
    waiting = stand.agent_status()["broker"]["backlog_records"]
    proxy.set()
    took = stand.until(120, "the backlog", stand.drained)  # the wait for the next attempt to connect included
    tally.figures["catch_up_backlog_records"], tally.figures["catch_up_s"] = waiting, round(took, 3)
    tally.figures["catch_up_factor"] = round(seconds / max(took, 0.01), 1)


def slow_link(stand, tally, proxy, seconds):
    """How late events are at the broker when the link carries 256 kbit/s and the camera needs more."""
    for seat in stand.seats:
        seat.pause_s = 0.5  # about 8 events a second: a quarter of the link would do for them
    stand.until(60, "the backlog", stand.drained)
    proxy.set(rate=32000)
    first = {s.seat: len(s.accepted) for s in stand.seats}
    begun, seen, lags = time.monotonic(), 0, {}
    accepted_at = lambda key: next(s for s in stand.seats if f"{SESSION}/{s.seat}" == key[0]).sent_at.get(key[1])
    while time.monotonic() < begun + seconds:
        records, end = read_log(stand.build, stand.folder("broker"), seen)
        seen, now = end["end"], time.monotonic()
        for key in count_events(records):
            at = accepted_at(key)
            if at and at > begun:
                lags[key] = now - at
        time.sleep(0.1)
    expected = sum(1 for s in stand.seats for n in s.accepted[first[s.seat]:] if begun < s.sent_at[n] < begun + seconds - 2)
    tally.figures["slow_events"], tally.figures["slow_events_expected"] = len(lags), expected
    tally.figures["slow_event_lag_p50_s"], tally.figures["slow_event_lag_p99_s"] = quantile(list(lags.values()),
                                                                                            0.5), quantile(list(lags.values()), 0.99)
    tally.figures["slow_video_backlog"] = stand.agent_status()["broker"]["backlog_records"]
    proxy.set()


def campaign(options, tally, folder, dice):
    stand, state = start(options, tally, folder, 1000 if options.figures else 200)
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    try:
        stand.begin(without=("analysis",))
        proxy = state["proxy"]
        while tally.sums["rounds"] < options.rounds and time.monotonic() < end:
            name = "down" if options.planted else dice.choice(list(FAULTS))
            change, longest = FAULTS[name]
            instant = dice.uniform(0, 0.5)
            time.sleep(instant)
            proxy.set(**change)
            tally.struck(name, instant)
            if options.planted:
                lose_the_spool(stand)
            else:
                time.sleep(dice.uniform(0.1, longest))
            before, since = stand.agent_status()["broker"]["acked_records"], time.monotonic()
            proxy.set()
            tally.sums["rounds"] += 1
            if options.planted:
                break
            stand.until(60, "an acknowledgement", lambda: stand.answered("broker", since, before))
            tally.recovered(name, time.monotonic() - since)
        if options.figures:
            catch_up(stand, tally, proxy, 30)
            slow_link(stand, tally, proxy, 20)
        if not stand.settle(20 if options.planted else 90):
            tally.extra["wedged"] += 1
            tally.sums["undetected"] += 1
        tally.extra["carried_bytes"] = proxy.carried
    finally:
        stand.end()
        if "proxy" in state:
            state["proxy"].end()
    judge(tally, stand, check_verify=not options.planted)


def more(parser):
    parser.add_argument("--seats", type=int, default=4)
    parser.add_argument("--figures", action="store_true", help="also: catch-up on a free link, lag of events at 256 kbit/s")


if __name__ == "__main__":
    run("partition", 14, campaign, more)
