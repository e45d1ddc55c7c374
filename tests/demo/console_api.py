"""The demonstration's own use of the console's HTTP API, as any client would use it."""
import http.client
import http.cookies
import json

from programs import Failed


class Console:
    def __init__(self, port):
        self.port, self.cookie = port, ""

    def ask(self, method, path, body=None, attempts=3):
        for attempt in range(attempts):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                headers = {"Content-Type": "application/json", "X-Invigil": "1"}
                if self.cookie:
                    headers["Cookie"] = self.cookie
                connection.request(method, path, json.dumps(body) if body is not None else None, headers)
                answer = connection.getresponse()
                content = answer.read()
                for name, value in answer.getheaders():
                    if name.lower() == "set-cookie":
                        jar = http.cookies.SimpleCookie(value)
                        self.cookie = "; ".join(f"{k}={m.value}" for k, m in jar.items())
                return answer.status, content
            except (OSError, http.client.HTTPException) as error:
                if attempt + 1 == attempts:
                    raise Failed(f"the console does not answer {method} {path}: {error}") from error

    def json(self, method, path, body=None):
        status, content = self.ask(method, path, body)
        if status >= 300:
            raise Failed(f"{method} {path}: {status} {content[:500].decode(errors='replace')}")
        return json.loads(content) if content else {}

    def log_in(self, user, password):
        self.json("POST", "/v1/login", {"user": user, "password": password})

    def incidents(self):
        """Every effective incident, all pages."""
        found, after = [], ""
        while True:
            page = self.json("GET", f"/v1/incidents?state=all&order=time&limit=200{after}")
            found += page["incidents"]
            if not page.get("next"):
                return found
            after = f"&after={page['next']}"
