"""What the suite starts: the servers, a model, and the gate between them and the tests. Each is ended by its own id."""

import itertools
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
GATE = os.environ.get("TIDEGATE_BIN", "tidegate")
# How long a server may take until it answers; importing its libraries takes most of it.
PATIENCE = 90
NUMBERS = itertools.count(1)
# Everything is on the loopback address, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_ports(count):
    """Ports that are free now, so that a server of somebody else is neither in the way nor tested."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def fetch(url, body=None, headers=()):
    """Status and text of an answer, whatever the status."""
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **dict(headers)})
    try:
        with OPENER.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


class Process:
    """A program that can be killed and started again on its port."""

    def __init__(self, name, command, health, folder, cwd=HERE, environment=()):
        self.name, self.command, self.health, self.cwd = name, [str(part) for part in command], health, cwd
        self.log, self.output = folder / f"{name}.log", folder / f"{name}.out"
        self.environment = {**os.environ, **dict(environment)}
        self.child = None

    def launch(self):
        with open(self.log, "ab") as log, open(self.output, "ab") as output:
            self.child = subprocess.Popen(self.command, cwd=self.cwd, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=log)

    def wait(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.child.poll() is not None:
                break
            try:
                if fetch(self.health)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{self.name} does not answer:\n{self.log.read_text(errors='replace')[-4000:]}")

    def start(self):
        self.launch()
        self.wait()

    def runs(self):
        return self.child is not None and self.child.poll() is None

    def kill(self):
        if self.runs():
            self.child.kill()
        if self.child:
            self.child.wait()

    def stop(self):
        if self.runs():
            self.child.terminate()
            try:
                self.child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                pass
        self.kill()


class Answer:
    """What a client of the gate reads."""

    def __init__(self, status, headers, raw, number):
        self.status, self.headers, self.raw, self.request_id = status, headers, raw, number
        self.is_stream = raw.startswith("data:") or "\ndata:" in raw
        self.events = [json.loads(line[6:]) for line in raw.splitlines() if line.startswith("data: {")]
        self.body = None if self.is_stream else json.loads(raw)

    @property
    def choices(self):
        bodies = self.events if self.is_stream else [self.body]
        return [choice for body in bodies for choice in body.get("choices", [])]

    @property
    def text(self):
        parts = [choice.get("delta", choice.get("message")) for choice in self.choices]
        return "".join(part.get("content") or "" for part in parts)

    @property
    def finish(self):
        reasons = [choice.get("finish_reason") for choice in self.choices]
        return next((reason for reason in reversed(reasons) if reason), None)

    @property
    def code(self):
        bodies = self.events if self.is_stream else [self.body]
        return next((body["error"]["code"] for body in bodies if "error" in body), None)


class World:
    """All of them."""

    def __init__(self, folder, script):
        self.folder = folder
        (self.data, self.admin, self.model_port, presidio, mlserver, detectors, grpc, metrics) = free_ports(8)
        local = lambda port: f"http://127.0.0.1:{port}"
        self.presidio_url, self.mlserver_url, self.detectors_url = local(presidio), local(mlserver), local(detectors)
        servers = HERE / "servers"
        (folder / "script.jsonl").write_text(script, encoding="utf-8")
        self.presidio = Process("presidio", [sys.executable, servers / "presidio.py", presidio], f"{self.presidio_url}/health", folder)
        self.mlserver = Process(
            "mlserver", [pathlib.Path(sys.executable).parent / "mlserver", "start", "."], f"{self.mlserver_url}/v2/models/tiny/ready", folder,
            cwd=servers / "kserve", environment={
                "MLSERVER_HTTP_PORT": str(mlserver), "MLSERVER_GRPC_PORT": str(grpc), "MLSERVER_METRICS_PORT": str(metrics),
                "MLSERVER_METRICS_DIR": str(folder / "metrics")})
        self.detectors = Process("detectors", [sys.executable, servers / "detectors.py", detectors], f"{self.detectors_url}/health", folder)
        self.model = Process(
            "model", [GATE, "mock-upstream", "--listen", f"127.0.0.1:{self.model_port}", "--script", folder / "script.jsonl", "--rate", "1000"],
            f"{local(self.model_port)}/v1/models", folder)
        self.gate = Process(
            "gate", [GATE, "serve", "--config", HERE / "tidegate.yaml", "--no-watch"], f"{local(self.admin)}/readyz", folder, environment={
                "TIDEGATE_LISTEN": f"127.0.0.1:{self.data}", "TIDEGATE_ADMIN__LISTEN": f"127.0.0.1:{self.admin}",
                "TIDEGATE_UPSTREAMS__MODEL__URL": local(self.model_port), "TIDEGATE_ENDPOINTS__PRESIDIO__URL": self.presidio_url,
                "TIDEGATE_ENDPOINTS__MLSERVER__URL": self.mlserver_url, "TIDEGATE_ENDPOINTS__DETECTORS__URL": self.detectors_url})

    @property
    def all(self):
        return [self.presidio, self.mlserver, self.detectors, self.model, self.gate]

    def start(self):
        """Starts what does not run."""
        new = [one for one in self.all if not one.runs()]
        for one in new:
            if one is not self.gate:
                one.launch()
        for one in new:
            # The gate comes last, so that self-tests find their servers.
            if one is self.gate:
                one.launch()
            one.wait()

    def stop(self):
        for one in reversed(self.all):
            one.stop()

    def ask(self, model, text, stream=False, escaped=False, on_text=None):
        """Sends a prompt through the front door, its characters as they are or as escapes of JSON. `on_text` is called with all
        that has come, each time that more has."""
        number = f"r{next(NUMBERS)}"
        body = {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.data}/v1/chat/completions", json.dumps(body, ensure_ascii=escaped).encode(),
            {"content-type": "application/json", "authorization": "Bearer x", "x-request-id": number})
        try:
            with OPENER.open(request, timeout=60) as answer:
                raw = b""
                while piece := answer.read1(65_536):
                    raw += piece
                    if on_text:
                        on_text(raw.decode(errors="ignore"))
                return Answer(answer.status, answer.headers, raw.decode(), number)
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, refused.headers, refused.read().decode(), number)

    def records(self, answer, phase):
        """What the gate wrote down about this request; it may come a little later than the answer."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            lines = [json.loads(line) for line in self.gate.output.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
            ours = [line for line in lines if line.get("request_id") == answer.request_id and line.get("phase") == phase]
            if ours:
                return ours
            time.sleep(0.05)
        raise AssertionError(f"no record of {answer.request_id}")

    def said_by(self, answer, phase, classifier):
        """What a classifier said, as the record of this request has it."""
        (record,) = self.records(answer, phase)
        return next(one for one in record["classifiers"] if one["name"] == classifier)

    def counted(self, name, **labels):
        """A counter of the metrics page; 0 where there is none."""
        lines = fetch(f"http://127.0.0.1:{self.admin}/metrics")[1].splitlines()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        ours = [line for line in lines if line.startswith(f"{name}{{") and all(one in line for one in wanted)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in ours)

    def ready(self):
        """What `/readyz?verbose` says of each classifier."""
        status, text = fetch(f"http://127.0.0.1:{self.admin}/readyz?verbose")
        assert status == 200, text
        lines = [line.removeprefix("classifier ") for line in text.splitlines() if line.startswith("classifier ")]
        return {line.split("@")[0]: line for line in lines}
