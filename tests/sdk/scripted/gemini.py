"""Gemini: generateContent, streamGenerateContent as SSE and as a JSON array, countTokens."""

import json

from .script import Answer, dumps, last_user, sse

STATUS = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


class Gemini:
    def __init__(self, body, model, method, alt):
        self.model, self.method, self.sse = model, method, alt == "sse"
        self.type = "text/event-stream" if self.sse else "application/json"
        self.streamed = method == "streamGenerateContent"
        config = body.get("generationConfig") or {}
        structured = config.get("responseMimeType") == "application/json"
        contents = (body.get("generateContentRequest") or body).get("contents") or []
        self.answer = Answer(last_user([contents] if isinstance(contents, dict) else contents, "parts"), structured)

    def error(self, status, message, blocked=False):
        return {"error": {"code": status, "message": message, "status": STATUS.get(status, "INTERNAL")}}

    def broken(self, message):
        failure = self.error(503, message)
        return sse(failure, end="\r\n") if self.sse else (",\r\n" + dumps(failure) + "]").encode()

    def keep_alive(self):
        return b"data: {}\r\n\r\n" if self.sse else b" "

    def chunk(self, parts, finish=None, usage=False):
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        given, made = self.answer.sizes
        counts = {"promptTokenCount": given, "candidatesTokenCount": made, "totalTokenCount": given + made}
        return {"candidates": [candidate], **({"usageMetadata": counts} if usage else {}), "modelVersion": self.model, "responseId": "r1"}

    def refusal(self):
        """A prompt that is refused: Gemini says so with 200 and no candidates."""
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": self.model, "responseId": "r1"}

    def call(self):
        return {"functionCall": {"name": self.answer.tool_name, "args": json.loads(self.answer.tool_arguments)}}

    def plain(self):
        answer = self.answer
        if answer.refused:
            return self.refusal()
        if self.method == "countTokens":
            return {"totalTokens": answer.sizes[0]}
        if answer.blocked:
            return self.chunk([{"text": answer.message}] if answer.message else [], "SAFETY", usage=True)
        parts = [{"text": answer.reasoning, "thought": True}] if answer.reasoning else []
        if answer.content:
            parts.append({"text": answer.content})
        if answer.tool:
            parts.append(self.call())
        return self.chunk(parts, "STOP", usage=True)

    def chunks(self):
        answer = self.answer
        if answer.refused:
            yield self.refusal()
            return
        for token in answer.pieces(answer.reasoning or ""):
            yield self.chunk([{"text": token, "thought": True}])
        for token in answer.pieces(answer.content):
            yield self.chunk([{"text": token}])
        if answer.tool:
            yield self.chunk([self.call()])
        if answer.blocked:
            yield self.chunk([{"text": "\n" + answer.message}] if answer.message else [], "SAFETY", usage=True)
        else:
            yield self.chunk([{"text": ""}], "STOP", usage=True)

    def stream(self):
        if self.sse:
            for chunk in self.chunks():
                yield sse(chunk, end="\r\n")
            return
        before = "["
        for chunk in self.chunks():
            yield (before + dumps(chunk)).encode()
            before = ",\r\n"
        yield b"]"
