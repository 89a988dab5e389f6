"""Somebody at the admin listener: a browser by hand, with what browsers send and what they do not."""

import http.client
import json
import re

PASSWORD = "a long word 长长的口令"


class Visitor:
    """Requests with a cookie, or with a token. `source` is the address on this machine that it comes from."""

    def __init__(self, gate, token=None, source="127.0.0.1"):
        self.gate, self.token, self.source = gate, token, source
        self.cookie = self.csrf = None
        self.headers = {}

    def send(self, method, path, body=None, headers=None, raw=False):
        """The status, the headers and the body, as JSON if it is any. A header that is None is left out."""
        host = f"127.0.0.1:{self.gate.admin}"
        head = {"Host": host}
        if method not in ("GET", "HEAD"):
            head |= {"Origin": f"http://{host}", "X-CSRF-Token": self.csrf}
        if body is not None:
            head["Content-Type"] = "application/json"
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        head |= {"Cookie": self.cookie, "Authorization": self.token and f"Bearer {self.token}"}
        head |= headers or {}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.gate.admin, timeout=30, source_address=(self.source, 0)
        )
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in head.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None or method not in ("GET", "HEAD"):
                body = (body or "").encode() if isinstance(body or "", str) else body
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            text = answer.read().decode()
            for cookie in answer.headers.get_all("set-cookie") or []:
                self.cookie = cookie.split(";")[0]
            is_json = "json" in (answer.headers.get("content-type") or "") and not raw
            read = json.loads(text) if is_json and text else text
            return answer.status, answer.headers, read
        finally:
            connection.close()

    def get(self, path, **more):
        status, _, body = self.send("GET", path, **more)
        return status, body

    def ask(self, method, path, body=None, **more):
        status, _, read = self.send(method, path, body, **more)
        return status, read

    def entered(self, answer):
        """Takes what a sign-in answered."""
        status, body = answer
        assert status == 201, (status, body)
        self.csrf = body["csrf"]
        return self

    def set_up(self, name="root"):
        """Becomes the first admin, with the token that the gate printed."""
        log = (self.gate.folder / "log").read_text()
        self.setup_token = re.findall(r"one-time token: (\S+)", log)[-1]
        said = {"token": self.setup_token, "name": name, "password": PASSWORD}
        return self.entered(self.ask("POST", "/api/setup", said))

    def sign_in(self, name, password=PASSWORD):
        return self.entered(self.ask("POST", "/api/session", {"name": name, "password": password}))

    def live(self):
        """An open live feed: the connection and the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gate.admin, timeout=30)
        head = {"Cookie": self.cookie} if self.cookie else {"Authorization": f"Bearer {self.token}"}
        connection.request("GET", "/api/live", headers=head)
        return connection, connection.getresponse()


def person(root, role, name=None):
    """A user of this role who has changed the password that an admin gave, signed in."""
    name = name or f"{role}-{len(root.get('/api/users')[1]['rows'])}"
    first = "the first 口令 12345"
    status, row = root.ask("POST", "/api/users", {"name": name, "role": role, "password": first})
    assert status == 201, row
    visitor = Visitor(root.gate).sign_in(name, first)
    status, said = visitor.ask("PUT", "/api/password", {"old": first, "new": PASSWORD})
    assert status == 204, said
    visitor.id, visitor.name = row["id"], name
    return visitor
