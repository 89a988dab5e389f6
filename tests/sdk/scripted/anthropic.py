"""Anthropic Messages and the counting of tokens."""

import json

from .script import Answer, last_user, sse

NAMES = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}


class Messages:
    type = "text/event-stream"

    def __init__(self, body):
        self.body = body
        formats = (body.get("output_config") or {}).get("format") or body.get("output_format")
        self.answer = Answer(last_user(body["messages"]), structured=bool(formats))
        self.streamed = bool(body.get("stream"))

    def error(self, status, message, blocked=False):
        kind = NAMES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}

    def broken(self, message):
        return sse(self.error(502, message), "error")

    def keep_alive(self):
        return self.event("ping")

    def message(self, content, reason, **more):
        given, made = self.answer.sizes
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": self.body["model"], "content": content,
            "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": given, "output_tokens": made if reason else 1}, **more,
        }

    def ending(self):
        if self.answer.blocked:
            details = {"type": "refusal", "category": None, "explanation": self.answer.blocked}
            return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
        return {"stop_reason": "tool_use" if self.answer.tool else "end_turn", "stop_sequence": None}

    def plain(self):
        answer, content = self.answer, []
        if answer.blocked:
            content = [{"type": "text", "text": answer.message}] if answer.message else []
            return {**self.message(content, "refusal"), **self.ending()}
        if answer.reasoning:
            content.append({"type": "thinking", "thinking": answer.reasoning, "signature": "c2lnbmVk"})
        if answer.content:
            content.append({"type": "text", "text": answer.content})
        if answer.tool:
            content.append({"type": "tool_use", "id": "toolu_1", "name": answer.tool_name, "input": json.loads(answer.tool_arguments)})
        return {**self.message(content, None), **self.ending(), "usage": self.message([], "x")["usage"]}

    def event(self, kind, **fields):
        return sse({"type": kind, **fields}, kind)

    def block(self, start, deltas, after=()):
        yield self.event("content_block_start", index=self.index, content_block=start)
        for delta in deltas:
            yield self.event("content_block_delta", index=self.index, delta=delta)
        for delta in after:
            yield self.event("content_block_delta", index=self.index, delta=delta)
        yield self.event("content_block_stop", index=self.index)
        self.index += 1

    def text_block(self, pieces):
        yield from self.block({"type": "text", "text": ""}, ({"type": "text_delta", "text": t} for t in pieces))

    def stream(self):
        answer, self.index = self.answer, 0
        yield self.event("message_start", message=self.message([], None))
        yield self.event("ping")
        if answer.reasoning:
            thinking = ({"type": "thinking_delta", "thinking": t} for t in answer.pieces(answer.reasoning))
            signature = [] if answer.blocked and not answer.text else [{"type": "signature_delta", "signature": "c2lnbmVk"}]
            yield from self.block({"type": "thinking", "thinking": "", "signature": ""}, thinking, signature)
        if answer.content:
            yield from self.text_block(answer.pieces(answer.content))
        if answer.tool:
            parts = (t for t in ["", *answer.pieces(answer.tool_arguments)])
            start = {"type": "tool_use", "id": "toolu_1", "name": answer.tool_name, "input": {}}
            yield from self.block(start, ({"type": "input_json_delta", "partial_json": t} for t in parts))
        if answer.message:
            yield from self.text_block([answer.message])
        yield self.event("message_delta", delta=self.ending(), usage={"output_tokens": answer.sizes[1]})
        yield self.event("message_stop")


class CountTokens(Messages):
    def __init__(self, body):
        super().__init__(body)
        self.streamed = False

    def plain(self):
        return {"input_tokens": self.answer.sizes[0]}
