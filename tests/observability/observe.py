"""Starts a model, a classifier, the gate and Prometheus, sends traffic, and asks Prometheus what the dashboard and the alerts see."""

import base64
import http.client
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BIN = os.environ["TIDEGATE_BIN"]
SCRAPE_SECONDS = 1
# Grafana takes at least four scrapes.
RATE_INTERVAL = "8s"
# What people said is counted over what a dashboard shows.
RANGE = "1m"
TRAFFIC_SECONDS = 16
PATIENCE_SECONDS = 40
# `for:` of every alert in this run.
FOR = "2s"
PROMETHEUS = """
global: {{ scrape_interval: {scrape}s, evaluation_interval: {scrape}s }}
rule_files: [rules.yml]
scrape_configs:
  - job_name: tidegate
    static_configs: [{{ targets: ["127.0.0.1:{admin}"] }}]
"""

failures = []


def expect(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}")


def waits(check, what, seconds=PATIENCE_SECONDS):
    """What `check` gives, as soon as it gives something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = check()
        if found:
            return found
        time.sleep(0.2)
    failures.append(f"within {seconds} s not seen: {what}")
    print(failures[-1])
    return None


class Classifier(BaseHTTPRequestHandler):
    """Finds hate in what has `zorp` in it, and breaks at `broken`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        text = json.loads(self.rfile.read(int(self.headers["content-length"])))["text"]
        said = json.dumps({"scores": {"hate": 0.9 if "zorp" in text else 0.1}}).encode()
        self.send_response(500 if "broken" in text else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)


class Ops(BaseHTTPRequestHandler):
    """A webhook; remembers what it was told of."""

    told = set()

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.told.add(json.loads(self.rfile.read(int(self.headers["content-length"])))["type"])
        self.send_response(204)
        self.end_headers()


def served(handler):
    """The address of a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def started(work, name, command, **more):
    log = open(work / f"{name}.log", "wb")
    return subprocess.Popen(command, stdout=log, stderr=log, **more)


def fetched(url, seconds=10):
    """The body, or None where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.read().decode()
    except OSError:
        return None


def posted(port, path, body):
    """The status, and the decision's id where there is one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("x-tidegate-decision")
    finally:
        connection.close()


def chat(port, text, stream=False, content=None, path="/v1/chat/completions"):
    return posted(port, path, {"model": "demo", "stream": stream, "messages": [{"role": "user", "content": content or text}]})


# What is asked, and what is said of the decision.
OPINIONS = [
    ("say: good evening", {"thumbs": "up"}),
    ("say: good evening", {"rating": 9, "scale": 10}),
    ("a grenade", {"label": "false_positive"}),
    ("say: good evening", {"rating": 2, "scale": 5}),
    ("say: good evening", {"kind": "report"}),
    ("a grenade", {"kind": "appeal"}),
]


def opinion(port, n):
    text, said = OPINIONS[n // len(KINDS) % len(OPINIONS)]
    _, decision = chat(port, f"{text}, number {n}")
    status, _ = posted(port, "/v1/feedback", {"decision_id": decision, **said})
    if status != 201:
        raise http.client.HTTPException(f"feedback {said} was answered with {status}")


PICTURE = [{"type": "text", "text": "what is it"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
KINDS = [
    lambda port, n: chat(port, f"say: good morning {n}"),
    lambda port, n: chat(port, f"say: a longer answer that streams, number {n}, word by word", stream=True),
    lambda port, n: chat(port, f"a grenade, number {n}"),
    lambda port, n: chat(port, f"write to ada{n}@example.org", stream=n % 2 == 0),
    lambda port, n: chat(port, f"you nincompoop {n}"),
    lambda port, n: chat(port, f"you scallywag {n}"),
    lambda port, n: chat(port, f"so zorp {n}"),
    lambda port, n: chat(port, f"broken {n}"),
    # Split, so that the word is in the answer alone.
    lambda port, n: chat(port, f"say: well {n}, ada@example.org has a scallywag " + "and more " * 8, stream=True),
    lambda port, n: chat(port, "fail: 503"),
    lambda port, n: chat(port, "", content=PICTURE),
    lambda port, n: chat(port, "hi", path="/nowhere"),
    lambda port, n: chat(port, "cut me", stream=True),
    opinion,
]


class Traffic:
    """Two clients that send every kind again and again, until they are told to stop."""

    def __init__(self, port):
        self.port, self.stop, self.sent, self.broken = port, threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(2)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        turn = number
        while not self.stop.is_set():
            try:
                KINDS[turn % len(KINDS)](self.port, turn)
            except (OSError, http.client.HTTPException) as error:
                self.broken.append(repr(error))
            self.sent, turn = self.sent + 1, turn + 1
            time.sleep(0.02)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)


class Prometheus:
    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, path, **query):
        text = fetched(f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}")
        return json.loads(text)["data"] if text else None

    def is_ready(self):
        return fetched(f"{self.address}/-/ready") is not None

    def values(self, expression):
        """The numbers of an expression now; what is no number is left out."""
        answer = self.ask("query", query=expression)
        found = [float(sample["value"][1]) for sample in answer["result"]] if answer else []
        return [value for value in found if not math.isnan(value)]

    def seen_since(self, expression, since):
        answer = self.ask("query_range", query=expression, start=since, end=time.time(), step=1)
        return bool(answer and answer["result"])

    def firing(self):
        alerts = (self.ask("alerts") or {}).get("alerts", [])
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def substituted(expression):
    """An expression of the dashboard with what Grafana puts in for its variables when all are chosen."""
    for name, value in {"$__rate_interval": RATE_INTERVAL, "$__range": RANGE, "$job": ".+", "$instance": ".+"}.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def check_dashboard(prometheus, began, without):
    """Every panel shows something, but those `without` what they are about."""
    dashboard = json.loads((ROOT / "config/grafana/tidegate-overview.json").read_text(encoding="utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    expect(without <= {panel["title"] for panel in panels}, f"these are no panels: {without}")
    panels = [panel for panel in panels if panel["title"] not in without]
    asked = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
    empty = asked
    # A busy machine may scrape late, so what is empty is asked again.
    until = time.monotonic() + PATIENCE_SECONDS
    while empty and time.monotonic() < until:
        time.sleep(0.2)
        empty = [(title, text) for title, text in empty if not prometheus.values(substituted(text))]
    for title, text in empty:
        expect(False, f'panel "{title}" has no data: {text}')
    for one in dashboard["annotations"]["list"]:
        expect(prometheus.seen_since(substituted(one["expr"]), began), f"annotation \"{one['name']}\" was never seen")
    for name in ("job", "instance"):
        query = next(one for one in dashboard["templating"]["list"] if one["name"] == name)["query"]["query"]
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        found = prometheus.ask(f"label/{label}/values", **{"match[]": substituted(selector)})
        expect(found, f"variable {name} has no values: {query}")
    print(f"dashboard: {len(panels)} panels, {len(asked)} expressions asked")


def judged(prometheus, work, environment):
    """Has reviewers judge decisions of a rule; the panels that have nothing to show where this build has no `tidegate review`."""
    # Before anybody judges, so that the first judgement counts.
    waits(lambda: len(prometheus.values('tidegate_review_decisions_total{queue="reports",rule="weapons"} == 0')) == 3,
          "what people may say of a rule that waits for them stands at 0")
    command = lambda *words: subprocess.run(
        [BIN, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    if "\n  review " not in command("--help").stdout:
        print("skipped: this build has no `tidegate review`, so nobody judges")
        return {"Overturned by reviewers"}
    config = ["--config", str(work / "tidegate.yaml")]
    listed = command("review", "list", "--queue", "reports", "--rule", "weapons", "--format", "json", *config)
    items = [json.loads(line)["item"] for line in listed.stdout.splitlines()][:2]
    expect(items, f"no item of the rule waits: {listed.stdout}{listed.stderr}")
    for item, judgement in zip(items, ["overturned", "upheld"]):
        done = command("review", "judge", item, judgement, "--reviewer", "ann", *config)
        expect(done.returncode == 0, f"{judgement} {item}: {done.stdout}{done.stderr}")
    waits(lambda: prometheus.values('tidegate_review_decisions_total{queue="reports",rule="weapons",verdict="overturned"} == 1'),
          "a judgement is counted")
    return set()


def check_exposition(text, listed):
    """What the gate shows is what it declares, and promtool finds nothing wrong with it."""
    promtool("check", "metrics", text=text)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    for metric in listed:
        name = metric["name"]
        expect(kinds.get(name) == metric["type"], f"{name} is {kinds.get(name)}, declared as {metric['type']}")
        labels = {label for label in metric["labels"].split(", ") if label}
        for shown in re.findall(rf"^{name}(?:_bucket|_sum|_count)?(?:{{(.*)}})? ", text, re.M):
            names = set(re.findall(r'(\w+)="', shown)) - {"le"}
            expect(names == labels, f"{name} has labels {names}, declared {labels}")
    own = {name for name in kinds if name.startswith(("tidegate_", "tokio_"))}
    expect(own == {metric["name"] for metric in listed}, f"not declared: {own - {metric['name'] for metric in listed}}")
    print(f"exposition: {len(listed)} metrics, {len(re.findall(r'^[a-z]', text, re.M))} series, {len(text)} bytes")


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0, f"promtool {' '.join(arguments[:2])}: {done.stdout}{done.stderr}")


def check_files():
    rules = ROOT / "config/prometheus"
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(rules / "rules.yml"))
    promtool("test", "rules", str(rules / "rules.test.yml"))
    promtool("check", "config", str(rules / "prometheus.yml"))


def edited(policy, text):
    """Edits a policy as editors do: the whole file at once."""
    new = policy.with_suffix(".new")
    new.write_text(text)
    new.replace(policy)


def observe(work, running):
    data, admin, model, port = free_ports(4)
    for name in ("tidegate.yaml", "policies"):
        source = HERE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, work / name)
    rules = (ROOT / "config/prometheus/rules.yml").read_text(encoding="utf-8")
    (work / "rules.yml").write_text(re.sub(r"(?m)^(\s+for:) .*$", rf"\1 {FOR}", rules))
    (work / "prometheus.yml").write_text(PROMETHEUS.format(scrape=SCRAPE_SECONDS, admin=admin))

    running.append(started(work, "model", [BIN, "mock-upstream", "--listen", f"127.0.0.1:{model}", "--rate", "200"]))
    environment = {
        **os.environ,
        "TIDEGATE_LISTEN": f"127.0.0.1:{data}",
        "TIDEGATE_ADMIN__LISTEN": f"127.0.0.1:{admin}",
        "TIDEGATE_LOG__DECISIONS__TO": str(work / "decisions.jsonl"),
        "TIDEGATE_UPSTREAMS__MODEL__URL": f"http://127.0.0.1:{model}",
        "TIDEGATE_ENDPOINTS__JUDGE__URL": served(Classifier),
        "TIDEGATE_WEBHOOKS__OPS__URL": served(Ops),
        "OPS_SECRET": "whsec_" + base64.b64encode(os.urandom(32)).decode(),
    }
    gate = started(work, "gate", [BIN, "serve", "--config", str(work / "tidegate.yaml")], env=environment)
    running.append(gate)
    running.append(started(work, "prometheus", [
        "prometheus", f"--config.file={work / 'prometheus.yml'}", f"--storage.tsdb.path={work / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]))
    prometheus = Prometheus(port)
    ready = lambda: gate.poll() is not None or fetched(f"http://127.0.0.1:{admin}/readyz")
    waits(ready, "the gate is ready")
    waits(prometheus.is_ready, "Prometheus is ready")
    expect(gate.poll() is None, "the gate did not start")
    if gate.poll() is not None or not prometheus.is_ready():
        for name in ("gate", "model", "prometheus"):
            print(f"{name}: {(work / f'{name}.log').read_text(errors='replace')[-2000:]}")
        return

    began = time.time()
    # Before traffic, so that every rate sees the first event.
    waits(lambda: prometheus.values('up{job="tidegate"} == 1'), "the gate is scraped")
    traffic = Traffic(data)
    policy = work / "policies/observed.yaml"
    good = policy.read_text()
    edited(policy, good.replace("[nincompoop]", "[nincompoop, blockhead]"))
    waits(lambda: prometheus.values('tidegate_policy_reloads_total{outcome="ok"} > 1'), "a policy edit is applied")
    edited(policy, good.replace("action: block", "action: blok"))
    waits(lambda: "TidegatePolicyReloadFailed" in prometheus.firing(), "TidegatePolicyReloadFailed fires")
    edited(policy, good)
    waits(lambda: "TidegatePolicyReloadFailed" not in prometheus.firing(), "TidegatePolicyReloadFailed ends")
    waits(lambda: "TidegateFailingOpen" in prometheus.firing(), "TidegateFailingOpen fires")
    time.sleep(max(0.0, began + TRAFFIC_SECONDS - time.time()))
    without = judged(prometheus, work, environment)
    check_dashboard(prometheus, began, without)
    unwanted = prometheus.firing() & {
        "TidegateDown", "TidegateAuditLoss", "TidegatePanics", "TidegateFailingClosed", "TidegateStoreAway",
        "TidegateReviewBacklog", "TidegateRuleOverturned",
    }
    expect(not unwanted, f"these alerts fire without a cause: {unwanted}")
    waits(lambda: Ops.told == {"policy.refused", "feedback.appeal"}, "the webhook is told of an edit that was refused, and of an appeal")
    traffic.end()
    expect(not traffic.broken, f"requests broke: {traffic.broken[:3]}")
    print(f"traffic: {traffic.sent} requests")
    listed = subprocess.run([BIN, "list", "metrics", "--format", "json"], capture_output=True, text=True, check=True)
    check_exposition(fetched(f"http://127.0.0.1:{admin}/metrics"), json.loads(listed.stdout)["items"])

    gate.send_signal(signal.SIGKILL)
    gate.wait(10)
    waits(lambda: "TidegateDown" in prometheus.firing(), "TidegateDown fires when the gate is killed")


def main():
    check_files()
    running = []
    work = Path(tempfile.mkdtemp(prefix="tidegate-observability-"))
    try:
        observe(work, running)
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(work, ignore_errors=True)
    if failures:
        sys.exit(f"{len(failures)} expectations failed")
    print("ok")


main()
