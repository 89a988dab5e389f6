"""Sends bodies through the gate, and compares what real parsers read in what arrives behind it."""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bodies import TERM, known, made_up

BIN = os.environ["TIDEGATE_BIN"]
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
COUNT = int(os.environ.get("DIFFERENTIAL_COUNT", "1500"))
MAIL = "ada@example.org"
SERVER = """version: 1
listen: 127.0.0.1:{data}
admin: {{ listen: 127.0.0.1:{admin} }}
upstreams: {{ model: {{ url: 'http://127.0.0.1:{model}' }} }}
routes: [{{ id: all, match: {{ path: /* }}, upstream: model, policy: p }}]
policies: {{ watch: false }}
log: {{ level: error, decisions: {{ to: none }} }}
"""
POLICY = """version: 1
name: p
mode: enforce
rules:
  - { id: weapons, words: [grenade], action: block }
  - { id: mail, detect: [email], action: redact }
"""
UNASKED = object()
arrived = {}


class Model(BaseHTTPRequestHandler):
    """Keeps every body by the id of its request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        arrived.setdefault(self.headers["x-request-id"], []).append(body)
        said = b"{}"
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)


def texts(value):
    """Every key and text; objects are lists of pairs, so that of two equal keys both are there."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    if isinstance(value, Pairs):
        return [text for key, one in value.pairs for text in [key, *texts(one)]]
    return []


class Pairs:
    def __init__(self, pairs):
        self.pairs = pairs


def last_of(pairs):
    return Pairs(list(dict(pairs).items()))


def first_of(pairs):
    return Pairs(list(dict(reversed(pairs)).items()))


def go(key):
    """As Go compares the names of fields."""
    return key.replace("\u017f", "s").replace("\u212a", "k").lower()


def fields(value, fold):
    """What a server that knows the names of fields reads of the model and of each message, the last of several."""
    if not isinstance(value, Pairs):
        return None
    named = {fold(key): one for key, one in value.pairs}
    messages = named.get("messages")
    inner = [fields_of(one, fold) for one in messages] if isinstance(messages, list) else None
    return json.dumps([shown(named.get("model")), inner])


def fields_of(message, fold):
    named = {fold(key): one for key, one in message.pairs} if isinstance(message, Pairs) else {}
    return [shown(named.get("role")), shown(named.get("content"))]


def shown(value):
    return texts(value) if isinstance(value, Pairs | list) else value


def loads(sent, hook):
    try:
        return json.loads(sent, object_pairs_hook=hook)
    except (ValueError, RecursionError):
        return None


def read_by_python(sent):
    """What several servers in Python, and one like Go's, read; nothing where one of them reads nothing."""
    lossy = sent.decode("utf-8", errors="replace")
    readers = {
        "python": loads(sent, last_of),
        "python, first key": loads(sent, first_of),
        "python, all keys": loads(sent, Pairs),
        "python, lossy": loads(lossy, last_of),
    }
    read = {name: None if value is None else texts(value) for name, value in readers.items()}
    whole = readers["python, all keys"]
    return read, (fields(whole, str), fields(whole, go))


def read_by_node(bodies):
    if not shutil.which("node"):
        return [UNASKED] * len(bodies)
    lines = "\n".join(base64.b64encode(body).decode() for body in bodies)
    node = Path(__file__).with_name("read.mjs")
    out = subprocess.run(["node", node], input=lines + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in out.stdout.split("\n") if line]


def faults(sent, received, by_node):
    """What is wrong with what arrived."""
    read, (exact, folded) = read_by_python(received)
    if by_node is not UNASKED:
        read["node"] = by_node
    found = []
    for name, said in read.items():
        if said is None:
            found.append(f"{name} cannot read what passed")
            continue
        if Counter(said) != Counter(read["python"] or []):
            found.append(f"{name} reads other texts")
        if any(TERM in text.lower() for text in said):
            found.append(f"{name} reads the forbidden term")
        if any(MAIL in text for text in said):
            found.append(f"{name} reads what was to be redacted")
    if exact != folded:
        found.append("a server that folds the names of fields reads others")
    if sent != received and b"[EMAIL]" not in received:
        found.append("bytes were changed though nothing was redacted")
    return found


def send(port, number, path, sent, sort):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"content-type": sort, "x-request-id": f"case-{number}"}
    connection.request("POST", path, sent, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said


def free(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    return [one.getsockname()[1] for one in sockets]


def start(folder, model):
    data, admin = free(2)
    (folder / "policies").mkdir()
    (folder / "policies/p.yaml").write_text(POLICY)
    (folder / "tidegate.yaml").write_text(SERVER.format(data=data, admin=admin, model=model))
    gate = subprocess.Popen([BIN, "serve", "--config", folder / "tidegate.yaml"], stderr=subprocess.DEVNULL)
    for _ in range(200):
        if subprocess.run([BIN, "health", "--url", f"http://127.0.0.1:{admin}/readyz"], capture_output=True).returncode == 0:
            return gate, data
        time.sleep(0.1)
    gate.kill()
    sys.exit("the gate did not start")


def main():
    model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    failures, passed, refused = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        gate, port = start(Path(folder), model.server_address[1])
        try:
            cases = [("/v1/chat/completions", sent, sort, f"{what}", (status, code)) for what, sent, sort, status, code in known()]
            for number in range(COUNT):
                cases.append((*made_up(SEED * 1_000_000 + number), f"made up, seed {SEED} number {number}", None))
            for number, (path, sent, sort, what, expected) in enumerate(cases):
                status, said = send(port, number, path, sent, sort)
                bodies = arrived.pop(f"case-{number}", [])
                # The model's answer is no stream, which some of the bodies ask for.
                broke = status >= 500 and not (status == 502 and bodies)
                if broke or (expected and status != expected[0]):
                    failures.append(f"{what}: status {status}: {said[:200]!r}")
                if expected and expected[1] and f'"{expected[1]}"'.encode() not in said:
                    failures.append(f"{what}: {expected[1]} is not in {said[:200]!r}")
                if len(bodies) > 1 or (bodies and status not in (200, 502)):
                    failures.append(f"{what}: arrived {len(bodies)} times with status {status}")
                passed += [(what, sent, body) for body in bodies]
                refused += [] if bodies else [sent]
        finally:
            gate.terminate()
            gate.wait()
    by_node = read_by_node([body for _, _, body in passed])
    for (what, sent, body), node in zip(passed, by_node, strict=True):
        failures += [f"{what}: {fault}: {sent[:300]!r}" for fault in faults(sent, body, node)]
    # What was refused shows that there is something to find.
    odd = sum(any("other" in fault or "term" in fault for fault in faults(sent, sent, UNASKED)) for sent in refused)
    assert odd > len(refused) // 10, "the bodies are not read differently by any two parsers"
    print(f"{len(cases)} bodies: {len(passed)} passed, {len(refused)} were refused, {odd} of these are read differently; {len(failures)} failures")
    sys.exit("\n".join(failures[:20]) if failures else 0)


main()
