"""Starts Invigil's programs for the demonstration, enrols them, and restarts what dies."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time


def free_port(count=1):
    """A port P on loopback such that P … P+count-1 are free. Below the ports the kernel gives to connecting sockets: one of those could
    take the port of a program while that is down."""
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        held = []
        try:
            for offset in range(count):
                more = socket.socket()
                held.append(more)
                more.bind(("127.0.0.1", port + offset))
            return port
        except OSError:
            continue
        finally:
            for s in held:
                s.close()


def ending_with_parent(command):
    """The same command, ended by SIGTERM when the thread that starts it ends, however that one ends: nothing is left running behind a
    driver that was killed. The process id stays the command's own (setpriv, from util-linux, replaces itself)."""
    return ["setpriv", "--pdeathsig", "TERM", *(str(c) for c in command)]


class Failed(Exception):
    """A step of the demonstration failed; the text says which and shows the program's own words."""


def run_once(command, stdin=None, what="", timeout=60):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise Failed(f"{what or command[0]} failed ({done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


class Program:
    """One supervised process. Its own words go to <data>/<name>.log."""

    def __init__(self, name, command, data, stdin_text=None):
        self.name, self.command, self.log = name, [str(c) for c in command], pathlib.Path(data) / f"{name}.log"
        self.stdin_text, self.process, self.restarts, self.wanted = stdin_text, None, 0, False

    def start(self):
        self.wanted = True
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(ending_with_parent(self.command), stdin=subprocess.PIPE if self.stdin_text else subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        if self.stdin_text:
            self.process.stdin.write(self.stdin_text.encode())
            self.process.stdin.close()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        self.wanted = False
        if self.alive():
            self.process.terminate()

    def wait(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def words(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for(self, text, seconds):
        """Waits until the program has said `text`; returns the line."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.words().splitlines():
                if text in line:
                    return line
            if not self.alive():
                raise Failed(f"{self.name} ended:\n{self.words()[-3000:]}")
            time.sleep(0.05)
        raise Failed(f"{self.name} did not say \"{text}\" within {seconds} s:\n{self.words()[-3000:]}")


class Supervisor:
    """Restarts what dies, at once the first time and then with a growing pause."""

    def __init__(self, say):
        self.programs, self.say, self.ending = [], say, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def add(self, program):
        program.start()
        self.programs.append(program)
        return program

    def begin(self):
        self.thread.start()

    def watch(self):
        while not self.ending.wait(0.2):
            for program in self.programs:
                if program.wanted and not program.alive():
                    program.restarts += 1
                    self.say(f"{program.name} ended ({program.process.returncode}); starting it again")
                    self.ending.wait(min(5, 0.2 * program.restarts))
                    if program.wanted and not self.ending.is_set():
                        program.start()

    def end(self):
        self.ending.set()
        if self.thread.is_alive():
            self.thread.join()
        for program in reversed(self.programs):
            program.stop()
        for program in reversed(self.programs):
            if program.process is not None:
                program.wait(8)
        for program in self.programs:  # a child of theirs that outlived them
            try:
                os.killpg(program.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError, AttributeError):
                pass


def write_config(path, values):
    """A TOML file from {"section.key": value}; tables are dicts."""
    top, sections = [], {}
    text = lambda v: str(v).lower() if isinstance(v, bool) else str(v) if isinstance(v, (int, float)) else \
        "[" + ", ".join(text(x) for x in v) + "]" if isinstance(v, list) else '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'
    for key, value in values.items():
        if isinstance(value, dict):
            sections.setdefault(key, []).extend(f'"{k}" = {text(v)}' for k, v in value.items())
        elif "." in key:
            section, name = key.rsplit(".", 1)
            sections.setdefault(section, []).append(f"{name} = {text(value)}")
        else:
            top.append(f"{key} = {text(value)}")
    lines = top + [line for name, body in sections.items() for line in ("", f"[{name}]", *body)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.chmod(path, 0o600)
