"""An installation under fault: broker, console, one agent, analysis on loopback, several seats sending, somebody deciding."""
import http.client
import json
import os
import random
import signal
import threading
import time

import campaign  # noqa: F401  (makes the demonstration's modules visible)
from programs import Failed, Program
from seats import iso
from stand import Stand

CENTRE, SESSION = "f1", "f1-session"
# Small files, so that rounds meet the ends of segments and copies of disks are quick.
SMALL = {"broker": {"log.segment": "1MiB", "log.reserve": "1MiB", "checkpoint.every": "1s"},
         "agent": {"limits.log_segment": "1MiB", "limits.video_reserve": "2MiB", "limits.event_reserve": "1MiB"}}


def plan(seats, camera=None):
    room = {"id": "r1", "name": "第一机房", "cameras": [{"id": camera, "name": "前方"}] if camera else [],
            "seats": [{"id": f"s{i:03d}", "row": i // 10 + 1, "column": i % 10 + 1} for i in range(seats)]}
    today = time.strftime("%Y-%m-%dT00:00:00", time.gmtime())
    return {"schema_version": 1, "id": "f1-plan", "institution": {"id": "inst-f1", "name": "样例学校", "kind": "school"},
            "centre": {"id": CENTRE, "name": "样例考点", "rooms": [room]},
            "sessions": [{"id": SESSION, "title": "理论知识考试", "occupation": "电工", "level": "senior", "rooms": ["r1"], "starts": f"{today}Z",
                          "ends": today.replace("T00:00:00", "T23:59:00Z"),
                          "roster": [{"id": f"k-{s['id']}", "name": "考生"} for s in room["seats"]],
                          "assignments": [{"room": "r1", "seat": s["id"], "candidate": f"k-{s['id']}",
                                           "token": token_of(s["id"])} for s in room["seats"]],
                          "staff": [{"id": "j1", "name": "监考员", "role": "invigilator", "rooms": ["r1"]}]}]}


def token_of(seat):
    return f"token-of-{seat}-0123456789abcdef"


class LoadSeat(threading.Thread):
    """An exam client that keeps an event until the agent has answered. `accepted`: numbers answered with 200.

    `careless` is the planted defect: it counts an event as accepted once it is sent, or answered with an error, and does not send it again.
    """

    def __init__(self, port, seat, pause_s, stop, seed, careless=False):
        super().__init__(daemon=True, name=seat)
        self.port, self.seat, self.pause_s, self.stop, self.careless = port, seat, pause_s, stop, careless
        self.session = SESSION
        self.dice, self.accepted, self.refused, self.seq, self.connection = random.Random(f"{seed}/{seat}"), [], [], 0, None
        self.last_accepted, self.sent_at = 0.0, {}  # monotonic; accepted at, by number

    def event(self):
        self.seq += 1
        kind, data = ("clipboard.paste", {"chars": 180}) if self.seq % 97 == 50 else ("item.answered",
                                                                                      {"item": f"q{self.seq % 90 + 1:03d}",
                                                                                       "answer": self.dice.choice("ABCD")})
        return {"seq": self.seq, "type": kind, "at": iso(time.time()), "mono_ms": int(time.monotonic() * 1000), "data": data}

    def post(self, event):
        """The answer's status and text; OSError and the like when there is none."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = json.dumps({"session": self.session, "seat": self.seat, "events": [event]})
        self.connection.request("POST", "/v1/cbt/events", body, {"Authorization": f"Bearer {token_of(self.seat)}",
                                                                 "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def offer(self, event):
        """One try; True when the event is done with."""
        try:
            status, text = self.post(event)
        except (OSError, http.client.HTTPException) as error:
            refused_connection = isinstance(error, ConnectionRefusedError)
            self.connection = None
            if self.careless and not refused_connection:
                self.accepted.append(event["seq"])
                return True
            return False
        if status == 200:
            now = time.monotonic()
            self.accepted.append(event["seq"])
            self.last_accepted, self.sent_at[event["seq"]] = now, now
            return True
        if self.careless and status >= 500:
            self.accepted.append(event["seq"])
            return True
        if status >= 500 or (status in (404, 409) and b"conflict" not in text):  # the agent learns of the session after a start
            return False
        self.refused.append((event["seq"], status, text[:200].decode(errors="replace")))
        return True

    def run(self):
        while not self.stop.is_set():
            event = self.event()
            while not self.offer(event) and not self.stop.is_set():
                self.stop.wait(0.02)
            self.stop.wait(self.dice.uniform(0, 2 * self.pause_s))


class Decider(threading.Thread):
    """An inspector who decides on whatever is open. `decisions`: the records of the confirmed answers."""

    def __init__(self, installation):
        super().__init__(daemon=True, name="decider")
        self.installation, self.decisions, self.console = installation, [], None

    def run(self):
        stop = self.installation.stop
        while not stop.wait(0.3):
            try:
                self.console = self.console or self.installation.log_in("inspector")
                for incident in self.console.json("GET", "/v1/incidents?state=all&order=time&limit=5")["incidents"]:
                    status, text = self.console.ask("POST", f"/v1/incidents/{incident['id']}/opinions",
                                                    {"outcome": "confirm", "reason": "回放与记录一致。", "violation_code": "C1.8"}, attempts=1)
                    if status == 201:
                        self.decisions.append(json.loads(text)["opinion"]["record"])
                    if stop.wait(0.1):
                        return
            except (Failed, OSError, ValueError, KeyError):
                self.console = None


class Installation(Stand):
    """`preload`: {program: environment} for what is started with another disk or clock. Programs are started again by the campaign, not by
    a supervisor."""

    def __init__(self, build, folder, tally, seats=4, pause_s=0.02, seed=1, careless=False, values=None, camera=None, camera_file=None,
                 agent_endpoint=None):
        super().__init__(build, folder, tally.say)
        self.tally, self.stop, self.programs, self.environment = tally, threading.Event(), {}, {}
        self.seat_count, self.pause_s, self.seed, self.careless = seats, pause_s, seed, careless
        self.values = {name: {**SMALL.get(name, {}), **(values or {}).get(name, {})} for name in ("broker", "console", "agent", "analysis")}
        self.camera, self.camera_file, self.agent_endpoint = camera, camera_file, agent_endpoint
        self.seats, self.decider = [], None

    def folder(self, name):
        return self.data / {"broker": "broker", "console": "main", "agent": f"agent-{CENTRE}", "analysis": "analysis-1"}[name]

    def begin(self, without=()):
        """Everything up, the session open, the seats sending."""
        self.start_broker(self.values["broker"])
        self.start_console()
        self.add_user("inspector", "inspector", "inspector")
        self.import_plan(plan(self.seat_count, self.camera))
        direct = self.endpoint
        if self.agent_endpoint:
            self.endpoint = self.agent_endpoint(direct)
        self.start_agent(CENTRE, {self.camera: str(self.camera_file)} if self.camera else {}, self.values["agent"]).wait_for("listening",
                                                                                                                             30)
        self.endpoint = direct
        if "analysis" not in without:
            self.start_analysis(self.values["analysis"]).wait_for("ready", 60)
        self.programs = {p.name.split("-")[0]: p for p in self.supervisor.programs}
        self.open_session(SESSION)
        self.seats = [LoadSeat(self.cbt_ports[CENTRE], f"s{i:03d}", self.pause_s, self.stop, self.seed,
                               self.careless) for i in range(self.seat_count)]
        for seat in self.seats:
            seat.start()
        self.until(30, "the first events", lambda: all(s.accepted for s in self.seats))

    def begin_deciding(self):
        self.decider = Decider(self)
        self.decider.start()

    def accepted(self):
        return [(f"{SESSION}/{s.seat}", n) for s in self.seats for n in list(s.accepted)]

    def decisions(self):
        return list(self.decider.decisions) if self.decider else []

    def until(self, seconds, what, question):
        """Waits until question() is true; returns the seconds that took."""
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            try:
                if question():
                    return time.monotonic() - begun
            except (OSError, http.client.HTTPException, ValueError, Failed):
                pass
            time.sleep(0.01)
        raise Failed(f"{what}: not within {seconds} s")

    def agent_status(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.cbt_ports[CENTRE], timeout=5)
        try:
            connection.request("GET", "/v1/status")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    # -- faults --

    def kill(self, name, how=signal.SIGKILL):
        process = self.programs[name].process
        process.send_signal(how)
        if how == signal.SIGKILL:
            process.wait()

    def start(self, name):
        """Starts a dead program; returns when (monotonic)."""
        program = self.programs[name]
        program.heard = len(program.words())
        saved = {key: os.environ.get(key) for key in self.environment.get(name, {})}
        os.environ.update(self.environment.get(name, {}))
        try:
            program.start()
        finally:
            for key, value in saved.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})
        return time.monotonic()

    def answered(self, name, since, acked_before=0):
        """Has the program given its first durable answer since it was started?"""
        if name == "agent":
            return any(s.last_accepted > since for s in self.seats)
        if name == "broker":
            link = self.agent_status()["broker"]
            return link["connected"] and link["acked_records"] > acked_before
        if name == "console":
            return self.log_in("inspector").json("GET", "/v1/sessions")["sessions"][0]["id"] == SESSION
        return "ready" in self.programs[name].words()[self.programs[name].heard:]

    def recover(self, name, limit_s=60, acked_before=None):
        """Starts a killed program and measures until its first durable answer. `acked_before`: of the agent, when the broker ended."""
        if acked_before is None:
            acked_before = self.agent_status()["broker"]["acked_records"] if name == "broker" and self.programs["agent"].alive() else 0
        since = self.start(name)
        self.until(limit_s, f"{name}'s first answer", lambda: self.alive_or_fail(name) and self.answered(name, since, acked_before))
        seconds = time.monotonic() - since
        self.tally.recovered(name, seconds)
        return seconds

    def alive_or_fail(self, name):
        program = self.programs[name]
        if not program.alive():
            raise SystemExit(f"{name} ended by itself ({program.process.returncode}):\n{program.words()[-2000:]}")
        return True

    def drained(self):
        link = self.agent_status()["broker"]
        return link["connected"] and link["backlog_records"] == 0

    def settle(self, seconds=60):
        """No more load; True when everything the agent had is at the broker."""
        self.stop.set()
        for seat in self.seats:
            seat.join(15)
        if self.decider:
            self.decider.join(30)
        try:
            # Heartbeats go on, so that the backlog is zero only for moments: the newest event must be below what was acknowledged.
            self.until(seconds, "the agent's backlog", self.drained)
            return True
        except Failed as error:
            self.tally.note(f"{error}; {self.agent_status()['broker']}")
            return False

    def end(self):
        self.stop.set()
        for program in self.programs.values():
            if program.alive():
                program.process.send_signal(signal.SIGCONT)
        super().end()
