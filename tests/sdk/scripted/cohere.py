"""Cohere v2 chat."""

from .script import Answer, last_user, sse


class Cohere:
    type = "text/event-stream"

    def __init__(self, body):
        structured = (body.get("response_format") or {}).get("type") == "json_object"
        self.answer = Answer(last_user(body["messages"]), structured)
        self.streamed = bool(body.get("stream"))

    def error(self, status, message, blocked=False):
        return {"id": "err-1", "message": message}

    def broken(self, message):
        return self.event("message-end", delta={"finish_reason": "ERROR", "error": message})

    def keep_alive(self):
        return b": keep-alive\n\n"

    def usage(self):
        given, made = self.answer.sizes
        counts = {"input_tokens": given, "output_tokens": made}
        return {"billed_units": counts, "tokens": counts}

    def finish(self):
        return "COMPLETE" if self.answer.blocked or not self.answer.tool else "TOOL_CALL"

    def call(self, arguments):
        return {"id": "call_1", "type": "function", "function": {"name": self.answer.tool_name, "arguments": arguments}}

    def plain(self):
        answer, message = self.answer, {"role": "assistant"}
        content = []
        if answer.reasoning and not answer.blocked:
            content.append({"type": "thinking", "thinking": answer.reasoning})
        text = (answer.message or "") if answer.blocked else answer.content
        if text:
            content.append({"type": "text", "text": text})
        if answer.tool and not answer.blocked:
            message["tool_plan"] = "I will call it."
            message["tool_calls"] = [self.call(answer.tool_arguments)]
        if content:
            message["content"] = content
        return {"id": "c1", "finish_reason": self.finish(), "message": message, "usage": self.usage()}

    @staticmethod
    def event(kind, **fields):
        return sse({"type": kind, **fields}, kind)

    def content(self, index, kind, pieces):
        yield self.event("content-start", index=index, delta={"message": {"content": {"type": kind, kind: ""}}})
        for token in pieces:
            yield self.event("content-delta", index=index, delta={"message": {"content": {kind: token}}})
        yield self.event("content-end", index=index)

    def stream(self):
        answer, index = self.answer, 0
        yield self.event("message-start", id="c1", delta={"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}})
        if answer.reasoning:
            yield from self.content(index, "thinking", answer.pieces(answer.reasoning))
            index += 1
        if answer.tool:
            yield from self.call_events()
        pieces = answer.pieces(answer.content)
        if answer.message:
            pieces = [*pieces, "\n" + answer.message]
        if answer.content or answer.message:
            yield from self.content(index, "text", pieces)
        yield self.event("message-end", id="c1", delta={"finish_reason": self.finish(), "usage": self.usage()})
        yield sse("[DONE]")

    def call_events(self):
        for token in ("I will", " call it."):
            yield self.event("tool-plan-delta", delta={"message": {"tool_plan": token}})
        yield self.event("tool-call-start", index=0, delta={"message": {"tool_calls": self.call("")}})
        for token in self.answer.pieces(self.answer.tool_arguments):
            yield self.event("tool-call-delta", index=0, delta={"message": {"tool_calls": {"function": {"arguments": token}}}})
        yield self.event("tool-call-end", index=0)
