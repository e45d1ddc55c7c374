"""A whole installation on loopback in one folder: broker, console, agents, analysis, enrolled and supervised."""
import json
import pathlib
import secrets

from console_api import Console
from programs import Program, Supervisor, free_port, run_once, write_config


class Stand:
    """`build`: where the programs are; `data`: a folder of its own; `say`: where its news go."""

    def __init__(self, build, data, say):
        self.build, self.data, self.supervisor = pathlib.Path(build).resolve(), pathlib.Path(data).resolve(), Supervisor(say)
        self.passwords, self.cbt_ports = {}, {}

    def program(self, name):
        return str(self.build / f"invigil-{name}")

    def start_broker(self, more=None):
        port = free_port(3)
        self.broker_config = self.data / "broker.toml"
        write_config(self.broker_config, {"data": str(self.data / "broker"), "name": "city", "listen.port": port, **(more or {})})
        self.supervisor.add(Program("broker", [self.program("broker"), "--config", self.broker_config], self.data)).wait_for("listening", 20)
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.public_key = self.ask_broker("public-key")

    def ask_broker(self, *words):
        return run_once([self.program("broker"), "--config", str(self.broker_config), *words], what=f"invigil-broker {words[0]}").strip()

    def enrol(self, program, principal, role, values, centre=None):
        """Writes the program's configuration and enrols it with a one-time token; returns the configuration."""
        config = self.data / f"{principal}.toml"
        write_config(config, {"data": str(self.data / principal), "principal": principal, "broker.endpoint": self.endpoint,
                              "broker.public_key": self.public_key, **values})
        token = self.ask_broker("token", "--role", role, "--principal", principal, *(["--centre", centre] if centre else [])).splitlines()[-1]
        run_once([self.program(program), "--config", str(config), "--enrol", "-"], stdin=token + "\n", what=f"enrolling {principal}")
        return config

    def start_console(self):
        self.console_port = free_port()
        self.console_config = self.enrol("console", "main", "console", {"http.port": self.console_port, "web.folder": str(self.build / "web")})
        self.supervisor.add(Program("console", [self.program("console"), "--config", self.console_config], self.data)).wait_for("listening", 30)

    def ask_console(self, *words, stdin=None):
        return run_once([self.program("console"), "--config", str(self.console_config), *words], stdin=stdin, what=f"invigil-console {words[0]}")

    def add_user(self, user, name, role):
        self.passwords[user] = secrets.token_urlsafe(9)
        self.ask_console("user", "add", user, "--role", role, "--display-name", name, "--password-stdin", stdin=self.passwords[user] + "\n")

    def log_in(self, user):
        console = Console(self.console_port)
        console.log_in(user, self.passwords[user])
        return console

    def import_plan(self, plan):
        file = self.data / f"plan-{plan['centre']['id']}.json"
        file.write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
        file.chmod(0o600)
        self.ask_console("import", str(file))

    def start_agent(self, centre, cameras, more=None):
        self.cbt_ports[centre] = free_port()
        values = {"centre": centre, "cbt.port": self.cbt_ports[centre], "cameras": cameras, **(more or {})}
        config = self.enrol("agent", f"agent-{centre}", "agent", values, centre)
        return self.supervisor.add(Program(f"agent-{centre}", [self.program("agent"), "--config", config], self.data))

    def start_analysis(self, values=None):
        config = self.enrol("analysis", "analysis-1", "analysis", values or {})
        return self.supervisor.add(Program("analysis", [self.program("analysis"), "--config", config], self.data))

    def open_session(self, session):
        self.ask_console("open", session)

    def close_session(self, session):
        self.ask_console("close", session)

    def end(self):
        self.supervisor.end()
