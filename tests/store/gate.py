"""A gate of one's own with a store, and what is said to it."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

PATIENCE = 60  # seconds that a gate may take to start, in a build for development on a busy machine

POLICY = """version: 1
name: house
rules:
  - { id: doubt, words: [doubtful], category: harassment, action: review }
  - { id: insult, words: [blockhead], category: harassment, action: block }
review: { sample: { allowed: 0%, blocked: 100% } }
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gate:
    """A gate in a folder of its own; `store` is a line of the server file, `access` members of `admin` there, given its port."""

    def __init__(self, folder, store, more="", access=lambda port: "", policy=POLICY):
        self.folder = pathlib.Path(folder)
        self.port, self.admin = free_port(), free_port()
        (self.folder / "policies").mkdir(parents=True, exist_ok=True)
        (self.folder / "policies/house.yaml").write_text(policy)
        self.config = self.folder / "tidegate.yaml"
        self.config.write_text(
            f"version: 1\nlisten: '127.0.0.1:{self.port}'\nadmin: {{ listen: '127.0.0.1:{self.admin}'{access(self.admin)} }}\n"
            f"store: {store}\nlimits: {{ feedback: 1000000 }}\nlog: {{ decisions: {{ to: none }} }}\n{more}"
            "upstreams: { model: { builtin: demo } }\n"
            "routes:\n  - { id: chat, match: { path: '/v1/*' }, upstream: model, policy: house }\n"
        )
        self.process = None

    def start(self):
        log = open(self.folder / "log", "ab")
        command = [os.environ["TIDEGATE_BIN"], "serve", "--config", self.config]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.get("/readyz", port=self.admin)[0] == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the gate does not start:\n" + (self.folder / "log").read_text()[-3000:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(PATIENCE)
            assert code == 0, f"the gate ended with {code}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()

    def request(self, method, path, body=None, key="sk-a", port=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        try:
            head = {"content-type": "application/json", **(headers or {})}
            if key:
                head["authorization"] = f"Bearer {key}"
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            connection.request(method, path, body, head)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), text
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def chat(self, text, model="demo", **more):
        """The status, the decision's id, and the body."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        status, headers, text = self.request("POST", "/v1/chat/completions", body, **more)
        return status, headers.get("x-tidegate-decision"), text

    def tell(self, decision, key="sk-a", idempotency=None, **said):
        """The status and the answer, of feedback."""
        headers = {"idempotency-key": idempotency} if idempotency else None
        status, _, text = self.request("POST", "/v1/feedback", {"decision_id": decision, **said}, key=key, headers=headers)
        return status, json.loads(text)

    def metric(self, line):
        """The value of a series."""
        found = [row for row in self.get("/metrics", port=self.admin)[2].splitlines() if row.startswith(line + " ")]
        assert found, f"there is no series {line}"
        return float(found[0].rsplit(" ", 1)[1])

    def review(self, *words):
        """What `tidegate review` says: exit code, output, errors."""
        command = [os.environ["TIDEGATE_BIN"], "review", *words, "--config", self.config]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        return ran.returncode, ran.stdout, ran.stderr
