"""Ollama's own paths: NDJSON, streamed unless told otherwise."""

import json

from .script import Answer, dumps, last_user


def escaped(value):
    """JSON as Go writes it."""
    return dumps(value).translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "\u2028\u2029<>&"})


class Ollama:
    type = "application/x-ndjson"

    def __init__(self, body):
        self.body = body
        self.chat = "messages" in body
        prompt = last_user(body["messages"]) if self.chat else body.get("prompt", "")
        self.answer = Answer(prompt, structured=bool(body.get("format")))
        self.streamed = body.get("stream", True)
        if self.answer.tool and not self.chat:
            self.answer.tool = None

    def error(self, status, message, blocked=False):
        return {"error": message}

    def broken(self, message):
        return (dumps(self.error(502, message)) + "\n").encode()

    def keep_alive(self):
        return (dumps(self.line("")) + "\n").encode()

    def line(self, text="", done=None, **more):
        message = {"message": {"role": "assistant", "content": text, **more}} if self.chat else {"response": text, **more}
        made = {"model": self.body["model"], "created_at": "2026-11-01T10:00:00.000000Z", **message, "done": bool(done)}
        if done:
            given, written = self.answer.sizes
            made.update(done_reason=done, total_duration=5, load_duration=1, prompt_eval_count=given,
                        prompt_eval_duration=2, eval_count=written, eval_duration=2)
            if not self.chat and not (self.answer.blocked or self.answer.redacted):
                made["context"] = [1, 2, 3]
        return made

    def calls(self):
        call = {"name": self.answer.tool_name, "arguments": json.loads(self.answer.tool_arguments)}
        return {"tool_calls": [{"function": call}]}

    def plain(self):
        answer = self.answer
        if answer.blocked:
            return self.line(answer.message or "", "content_filter")
        more = self.calls() if answer.tool else {}
        if answer.reasoning:
            more["thinking"] = answer.reasoning
        return self.line(answer.content, "stop", **more)

    def stream(self):
        for line in self.lines():
            yield (escaped(line) + "\n").encode()

    def lines(self):
        answer = self.answer
        for token in answer.pieces(answer.reasoning or ""):
            yield self.line(thinking=token)
        for token in answer.pieces(answer.content):
            yield self.line(token)
        if answer.tool:
            yield self.line(**self.calls())
        if answer.message:
            yield self.line("\n" + answer.message)
        yield self.line("", "content_filter" if answer.blocked else "stop")


def tags():
    return {"models": [{"name": "demo:latest", "model": "demo:latest", "modified_at": "2026-11-01T10:00:00Z", "size": 1,
                        "digest": "0" * 64, "details": {"family": "demo"}}]}
