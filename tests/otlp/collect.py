"""A collector for the gate's spans that reads them by OpenTelemetry's own definitions (the package opentelemetry-proto).

It starts the gate with its demo model, a classifier and itself as collector, sends requests, and compares the spans with what
was sent. Loopback only; everything that is started is ended by its id.
"""

import http.server
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

HERE = pathlib.Path(__file__).parent
PATIENCE = 20.0
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
SECRET = "collector-token"


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans, and is the classifier too."""

    protocol_version = "HTTP/1.1"
    spans: list = []
    resources: list = []
    broken: list = []
    refusals = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/classify":
            text = json.loads(body)["text"]
            self.answer(200, json.dumps({"score": 0.9 if "zorp" in text else 0.1}).encode())
            return
        if Collector.refusals:
            Collector.refusals -= 1
            self.answer(503, b"")
            return
        headers = (self.path, self.headers["content-type"], self.headers["authorization"])
        if headers != ("/v1/traces", "application/x-protobuf", SECRET):
            Collector.broken.append(headers)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            Collector.resources.append(attributes(resource.resource))
            for scope in resource.scope_spans:
                Collector.spans.extend(scope.spans)
        self.answer(200, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def attributes(of):
    values = {}
    for pair in of.attributes:
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind)
        if kind == "array_value":
            value = [one.string_value for one in value.values]
        values[pair.key] = value
    return values


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, check):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            found = check()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {PATIENCE} s")


def ask(port, text, stream=False, headers=None):
    body = {"model": "demo", "stream": stream, "messages": [{"role": "user", "content": text}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            answer.read()
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        error.read()
        return error.code, error.headers


def of_trace(trace, count):
    """The spans of a trace by their names, once there are so many."""
    found = lambda: [span for span in Collector.spans if span.trace_id.hex() == trace]
    wait_for(f"{count} spans of {trace}", lambda: len(found()) >= count)
    spans = {span.name: span for span in found()}
    assert len(found()) == count, [span.name for span in found()]
    return spans


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return answer.read().decode()


def passes(port):
    status, headers = ask(port, "mail bob@example.com please", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert status == 200, status
    spans = of_trace(TRACE, 5)
    request, prompt = spans["tidegate.request"], spans["apply_guardrail prompt"]
    completion, chat, guard = (spans[name] for name in ("apply_guardrail completion", "chat demo", "classify guard"))
    assert request.kind == Span.SPAN_KIND_SERVER and request.parent_span_id.hex() == PARENT
    for child in (prompt, completion, chat):
        assert child.parent_span_id == request.span_id, child.name
        assert request.start_time_unix_nano <= child.start_time_unix_nano <= child.end_time_unix_nano, child.name
        assert child.end_time_unix_nano <= request.end_time_unix_nano, child.name
    assert guard.parent_span_id == prompt.span_id and guard.kind == Span.SPAN_KIND_CLIENT
    assert prompt.start_time_unix_nano <= guard.start_time_unix_nano <= guard.end_time_unix_nano
    assert abs(request.end_time_unix_nano / 1e9 - time.time()) < 60
    said = attributes(request)
    assert (said["http.response.status_code"], said["tidegate.dialect"], said["gen_ai.request.model"]) == (
        200,
        "openai.chat",
        "demo",
    ), said
    said = attributes(prompt)
    assert said["gen_ai.operation.name"] == "apply_guardrail" and said["gen_ai.guardrail.policy.id"] == "traced"
    assert (said["gen_ai.guardrail.result.type"], said["tidegate.rules"]) == ("redact", ["mail"]), said
    decisions = {attributes(span)["tidegate.decision_id"] for span in (prompt, completion)}
    assert len(decisions) == 2 and headers["x-tidegate-decision"] in decisions
    assert attributes(guard)["tidegate.classifier"] == "guard"
    assert all(span.status.code == Status.STATUS_CODE_UNSET for span in spans.values())


def blocked(port):
    trace = "1" * 32
    for text in ("you idiot", "a zorp", "这个蠢货"):
        trace = f"{int(trace, 16) + 1:032x}"
        status, headers = ask(port, text, headers={"traceparent": f"00-{trace}-{PARENT}-01"})
        assert status == 400, status
        spans = of_trace(trace, 3)
        said = attributes(spans["apply_guardrail prompt"])
        assert said["gen_ai.guardrail.result.type"] == "block" and said["tidegate.enforced"] is True
        assert said["tidegate.decision_id"] == headers["x-tidegate-decision"]
        # A text that is blocked is no failure of the gate.
        assert all(span.status.code == Status.STATUS_CODE_UNSET for span in spans.values()), spans


def refused(port):
    """What meets no policy is one span, with the reason in a word of the gate's and no text of the request."""
    trace = "7" * 32
    texts = (
        ("/v1/zorp", b"{}", 404, "unknown_path"),
        ("/v1/chat/completions?zorp=1", b"{}", 400, "unknown_query_parameter"),
        ("/v1/chat/completions", b'{"zorp": 1, "zorp": 2}', 400, "duplicate_key"),
        ("/v1/chat/completions", json.dumps({"zorp": "zorp" * 20_000}).encode(), 413, "body_too_large"),
    )
    for path, body, status, reason in texts:
        trace = f"{int(trace, 16) + 1:032x}"
        headers = {"content-type": "application/json", "traceparent": f"00-{trace}-{PARENT}-01"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
        try:
            urllib.request.urlopen(request, timeout=PATIENCE)
            raise AssertionError(f"{path} passed")
        except urllib.error.HTTPError as error:
            assert error.code == status, (path, error.code)
        span = of_trace(trace, 1)["tidegate.request"]
        said = attributes(span)
        assert (said["http.response.status_code"], said["error.type"]) == (status, reason), said
        assert span.parent_span_id.hex() == PARENT and span.status.code == Status.STATUS_CODE_UNSET
        assert "zorp" not in str(span), span


def streams(port):
    trace = "2" * 32
    ask(port, "tell me a story", True, {"traceparent": f"00-{trace}-{PARENT}-01"})
    spans = of_trace(trace, 5)
    assert attributes(spans["tidegate.request"])["tidegate.stream"] is True
    assert attributes(spans["apply_guardrail completion"])["tidegate.outcome"] == "complete"


def unkept(port):
    trace = "3" * 32
    ask(port, "hello", headers={"traceparent": f"00-{trace}-{PARENT}-00"})
    before = len(Collector.spans)
    ask(port, "hello")
    wait_for("a trace of the gate's own", lambda: len(Collector.spans) >= before + 5)
    own = [span for span in Collector.spans[before:] if span.name == "tidegate.request"]
    assert own and not own[0].parent_span_id
    assert not [span for span in Collector.spans if span.trace_id.hex() == trace]


def outage(port, admin):
    """A collector that does not answer costs spans at last, and no request anything."""
    Collector.refusals = 1
    ask(port, "again", headers={"traceparent": f"00-{'4' * 32}-{PARENT}-01"})
    of_trace("4" * 32, 5)
    Collector.refusals = 10**6
    ask(port, "lost", headers={"traceparent": f"00-{'5' * 32}-{PARENT}-01"})
    wait_for(
        "spans that failed",
        lambda: any(
            line.startswith('tidegate_trace_spans_total{outcome="failed"}') and not line.endswith(" 0")
            for line in metrics(admin).splitlines()
        ),
    )
    assert ask(port, "still fine")[0] == 200
    Collector.refusals = 0


def main():
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{collector.server_address[1]}"
    port, admin = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "policies").mkdir()
        (root / "policies/traced.yaml").write_text((HERE / "policy.yaml").read_text())
        (root / "tidegate.yaml").write_text(
            f"""version: 1
listen: 127.0.0.1:{port}
admin: {{ listen: 127.0.0.1:{admin} }}
upstreams: {{ demo: {{ builtin: demo }} }}
endpoints: {{ guard: {{ url: '{at}' }} }}
routes: [{{ id: chat, match: {{ path: '/v1/*' }}, upstream: demo, policy: traced }}]
drain: {{ delay: 0s }}
limits: {{ body: 64KiB }}
log: {{ decisions: {{ to: none }} }}
telemetry: {{ otlp: '{at}', headers: {{ authorization: {{ env: COLLECTOR_TOKEN }} }} }}
"""
        )
        environment = {"PATH": os.environ["PATH"], "COLLECTOR_TOKEN": SECRET, "TIDEGATE_DEMO_RATE": "0"}
        command = [os.environ["TIDEGATE_BIN"], "serve", "--config", str(root / "tidegate.yaml")]
        with open(root / "log", "wb") as log:
            gate = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=log)
        try:
            wait_for("the gate", lambda: metrics(admin))
            passes(port)
            blocked(port)
            refused(port)
            streams(port)
            unkept(port)
            outage(port, admin)
            ask(port, "the last one", headers={"traceparent": f"00-{'6' * 32}-{PARENT}-01"})
            gate.terminate()
            assert gate.wait(timeout=PATIENCE) == 0
            # What was said just before the end is sent too.
            of_trace("6" * 32, 5)
        except BaseException:
            print((root / "log").read_text())
            raise
        finally:
            if gate.poll() is None:
                gate.kill()
                gate.wait()
    assert not Collector.broken, Collector.broken
    assert all(one["service.name"] == "tidegate" for one in Collector.resources)
    collector.shutdown()
    print(f"otlp: {len(Collector.spans)} spans read as the protocol says")


main()
