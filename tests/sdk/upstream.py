"""A scripted model server on the loopback address that speaks every dialect natively; it needs Python alone.

    python3 upstream.py [PORT] [--play]

PORT 0 (the default) takes a free one; the address is printed. The last user message tells it what to do (`scripted/script.py`).
`GET /received` gives the requests that have arrived, `DELETE /received` forgets them. With `--play` it answers as the gate
would under `policies/sdk.yaml` (`scripted/play.py`), which tells whether an SDK takes the shapes as the tests expect.
"""

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from scripted import anthropic, cohere, forms, gemini, ollama, openai
from scripted.play import play, play_body
from scripted.script import BreakOff, dumps

PATHS = {
    "/v1/chat/completions": openai.Chat,
    "/v1/responses": openai.Responses,
    "/v1/completions": openai.Completions,
    "/v1/embeddings": openai.Embeddings,
    "/v1/fim/completions": openai.Fim,
    "/v1/audio/transcriptions": forms.Transcriptions,
    "/v1/audio/translations": forms.Translations,
    "/v1/images/edits": forms.ImageEdits,
    "/v1/messages": anthropic.Messages,
    "/v1/messages/count_tokens": anthropic.CountTokens,
    "/api/chat": ollama.Ollama,
    "/api/generate": ollama.Ollama,
    "/v2/chat": cohere.Cohere,
}
GEMINI = re.compile(r"/v1(?:beta)?/models/([^/:]+):(generateContent|streamGenerateContent|countTokens)$")
PLAYS = "--play" in sys.argv
DIED = "The model's answer ended before it was complete."


class Received:
    """The requests that have arrived, the last hundred of them, and how many prompts were played as blocked."""

    def __init__(self):
        self.lock, self.requests, self.blocked = threading.Lock(), [], 0

    def add(self, path, body):
        with self.lock:
            self.requests = [*self.requests, {"path": path, "body": body}][-100:]


received = Received()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, *_):
        pass

    def reply(self, status, value, kind="application/json"):
        body = value.encode() if isinstance(value, str) else dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/received":
            self.reply(200, {"plays": PLAYS, "requests": received.requests})
        elif path == "/metrics":
            self.reply(200, f'tidegate_decisions_total{{action="block",phase="prompt"}} {received.blocked}\n', "text/plain")
        elif path == "/api/tags":
            self.reply(200, ollama.tags())
        elif path == "/v1/models":
            self.reply(200, {"object": "list", "data": [{"id": "demo", "object": "model", "created": 1, "owned_by": "demo"}]})
        else:
            self.reply(404, {"error": {"message": "no such path", "type": "invalid_request_error"}})

    def do_DELETE(self):
        received.requests = []
        self.reply(200, {})

    def body(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def model(self, body):
        url = urlsplit(self.path)
        if found := GEMINI.search(url.path):
            query = parse_qs(url.query)
            return gemini.Gemini(body, *found.groups(), (query.get("alt") or query.get("$alt") or [""])[0])
        made = PATHS.get(url.path)
        return made and made(body)

    def do_POST(self):
        raw = self.body()
        if PLAYS:
            raw = play_body(raw)
        sort = self.headers.get("content-type", "")
        body = forms.read_form(raw, sort) if sort.startswith("multipart/") else json.loads(raw)
        model = self.model(body)
        if model is None:
            received.add(self.path, body)
            return self.reply(404, {"error": {"message": f"no such path: {self.path}", "type": "invalid_request_error"}})
        answer = model.answer
        if PLAYS:
            play(answer, json.dumps(body, ensure_ascii=False))
        if answer.refused:
            received.blocked += 1
            if not isinstance(model, gemini.Gemini) or model.method == "countTokens":
                return self.reply(400, model.error(400, f"content_policy_violation: {answer.refused}", blocked=True))
        elif not answer.responds:
            received.add(self.path, body)
        if answer.fail:
            return self.reply(int(answer.fail), model.error(int(answer.fail), "The scripted model fails."))
        if model.streamed:
            return self.stream(model)
        if answer.cut is not None:
            if PLAYS:
                return self.reply(502, model.error(502, DIED))
            self.close_connection = True
            return None
        if answer.blocked and getattr(model, "stopped_is_error", False):
            return self.reply(400, model.error(400, f"content_policy_violation: {answer.blocked}", blocked=True))
        said = model.plain()
        return self.reply(200, said, "text/plain" if isinstance(said, str) else "application/json")

    def chunk(self, data=b""):
        """A chunk of the answer; an empty one is the last."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def rest(self, model):
        """A silence; the gate fills it with what the format has for that."""
        if PLAYS:
            for _ in range(2):
                self.chunk(model.keep_alive())
        time.sleep(float(model.answer.rest))

    def stream(self, model):
        self.send_response(200)
        self.send_header("content-type", model.type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            for number, event in enumerate(model.stream()):
                if model.answer.rest and number in (0, 4):
                    self.rest(model)
                self.chunk(event)
            self.chunk()
        except BreakOff:
            if PLAYS:
                self.chunk(model.broken(DIED))
                self.chunk()
            self.close_connection = True
        except OSError:
            # The gate leaves when it has stopped an answer.
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A client may leave whenever it likes.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    ports = [int(word) for word in sys.argv[1:] if word.isdigit()]
    server = Server(("127.0.0.1", ports[0] if ports else 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
