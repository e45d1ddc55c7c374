"""Simulated exam clients: one thread a seat, speaking the agent's own HTTP contract, doing what the story says."""
import datetime
import http.client
import json
import random
import threading
import time


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Seat(threading.Thread):
    """A candidate at a computer. `planted`: what this one does wrong; times count from `opens` (epoch seconds)."""

    def __init__(self, address, session, seat, token, seed, opens, planted, stop):
        super().__init__(daemon=True, name=seat)
        self.address, self.session, self.seat, self.token = address, session, seat, token
        self.dice = random.Random(f"{seed}/{seat}")
        self.opens, self.planted, self.stop = opens, {p.kind: p for p in planted}, stop
        self.seq, self.item, self.connection, self.refused, self.accepted = 0, 0, None, 0, set()
        self.begun = time.monotonic()

    # -- speaking --

    def event(self, kind, data=None):
        self.seq += 1
        return {"seq": self.seq, "type": kind, "at": iso(time.time()), "mono_ms": int((time.monotonic() - self.begun) * 1000), "data": data or {}}

    def send(self, *events):
        """Sends until the agent has it: an exam client keeps its events when the agent is away."""
        body = json.dumps({"session": self.session, "seat": self.seat, "events": list(events)})
        while not self.stop.is_set():
            try:
                host, port = self.address()
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(host, port, timeout=5)
                self.connection.request("POST", "/v1/cbt/events", body, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
                answer = self.connection.getresponse()
                text = answer.read()
                if answer.status < 500 and not (answer.status == 409 and b"open" in text and b"conflict" not in text):
                    if answer.status == 200:
                        self.accepted.update(e["seq"] for e in events)
                    elif answer.status != 409:
                        self.refused += 1
                    return answer.status
            except (OSError, http.client.HTTPException):
                self.connection = None
            self.stop.wait(0.3)
        return 0

    # -- living --

    def answer(self, at_least=0):
        self.item += 1
        item = f"q{self.item:03d}"
        self.send(self.event("item.answered", {"item": item, "answer": self.dice.choice("ABCD")}))

    def now(self):
        return time.time() - self.opens

    def run(self):
        self.send(self.event("assessment.opened"), self.event("assessment.started"))
        next_answer = self.now() + self.dice.uniform(2, 9)
        next_beat = self.now()
        pending = sorted((p for k, p in self.planted.items()), key=lambda p: p.from_s)
        while not self.stop.wait(0.1):
            now = self.now()
            silent = self.planted.get("silent_seat")
            if silent and silent.from_s <= now < silent.to_s:
                continue
            while pending and now >= pending[0].from_s:
                self.misbehave(pending.pop(0))
                next_answer = self.now() + self.dice.uniform(8, 12)
            away = self.planted.get("screen_room_disagree")
            hurried = away is not None and away.from_s <= now < away.to_s
            empty = self.planted.get("seat_empty")
            if empty and empty.from_s - 2 <= now < empty.to_s + 2:
                next_answer = max(next_answer, now + 1)  # nobody there, nothing answered
            if now >= next_beat:
                self.send(self.event("heartbeat"))
                next_beat = now + 2
            if now >= next_answer:
                self.send(self.event("item.shown", {"item": f"q{self.item + 1:03d}"}))
                self.answer()
                next_answer = now + (self.dice.uniform(4, 6) if hurried else self.dice.uniform(7, 14))

    def misbehave(self, planted):
        pause = lambda seconds: self.stop.wait(seconds)
        if planted.kind == "focus_lost_then_answer":
            self.send(self.event("focus.lost"))
            pause(6)
            self.send(self.event("focus.gained"))
            pause(0.8)
            self.answer()
        elif planted.kind == "paste":
            self.send(self.event("clipboard.paste", {"chars": 180}))
        elif planted.kind == "answer_burst":
            for _ in range(8):
                self.answer()
                pause(0.35)
        elif planted.kind == "event_gap":
            self.seq += 5
            self.send(self.event("heartbeat"))
        elif planted.kind == "event_conflict":
            forged = self.event("item.answered", {"item": f"q{self.item:03d}", "answer": "A"})
            self.send(forged)
            self.send({**forged, "data": {**forged["data"], "answer": "D"}})


class ExamSeat(Seat):
    """A candidate whose events are given: [act, item, from, to, at_s, client_s]. The exam runs faster than its own clock: `pace` seconds of
    the client's clock pass in a second."""

    def __init__(self, address, session, seat, token, opens, begins_s, pace, events, stop):
        super().__init__(address, session, seat, token, 0, opens, [], stop)
        self.begins_s, self.pace, self.events = begins_s, pace, events

    def at(self, client_s, kind, data=None):
        event = self.event(kind, data)
        event["mono_ms"] = 1000 + int(client_s * 1000)
        return event

    def told(self, act, item, before, answer, client_s):
        data = {"item": item}
        if act != "item.shown":
            data["answer"] = answer
        if act == "item.changed" and before:
            data["previous_answer"] = before
        return self.at(client_s, act, data)

    def run(self):
        self.send(self.at(0, "assessment.opened"), self.at(0, "assessment.started"))
        due, next_beat, newest = 0, self.now() + 4, 0.0
        while due < len(self.events) and not self.stop.is_set():
            here = (self.now() - self.begins_s) * self.pace
            batch = []
            while due < len(self.events) and self.events[due][4] <= here:
                act, item, before, answer, _, client_s = self.events[due]
                batch.append(self.told(act, item, before, answer, client_s))
                newest, due = max(newest, client_s), due + 1
            if self.now() >= next_beat:
                batch.append(self.at(newest, "heartbeat"))
                next_beat = self.now() + 4
            if batch:
                self.send(*batch)
            self.stop.wait(1.0)
        if not self.stop.is_set():
            self.send(self.at(newest, "assessment.submitted"))
