"""A server that is told of what happens, and checks each signature with the library of Standard Webhooks."""

import http.server
import json
import threading

from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMgbG9uZyE="


class Receiver:
    """Answers `statuses` in turn, then 204. `told` has what was signed well, `refused` the rest."""

    def __init__(self, statuses=()):
        self.told, self.refused, self.ids, self.plain = [], [], [], []
        statuses = list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = statuses.pop(0) if statuses else 204
                if self.path == "/slack":
                    receiver.plain.append(json.loads(body))
                else:
                    receiver.ids.append(self.headers["webhook-id"])
                    try:
                        told = Webhook(SECRET).verify(body.decode(), dict(self.headers.items()))
                        if status == 204:
                            receiver.told.append(told)
                    except Exception as error:  # whatever the library says of it
                        receiver.refused.append(repr(error))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def kinds(self):
        return [told["type"] for told in self.told]
