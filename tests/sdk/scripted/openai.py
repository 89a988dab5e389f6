"""OpenAI: chat, Responses, legacy completions, embeddings; and Mistral, which is chat with parts."""

import base64
import struct

from .script import Answer, dumps, last_user, sse, text_of

MADE = 1_790_000_000


def usage(answer):
    given, made = answer.sizes
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def error(status, message, answer=None):
    kind, code = ("invalid_request_error", "content_policy_violation") if answer else ("server_error", None)
    return {"error": {"message": message, "type": kind, "param": answer and "messages", "code": code}}


class Chat:
    def __init__(self, body):
        self.body = body
        kind = (body.get("response_format") or {}).get("type", "text")
        self.answer = Answer(last_user(body["messages"]), structured=kind != "text")
        self.mistral = body["model"].startswith("mistral")
        self.streamed = bool(body.get("stream"))
        self.choices = range(body.get("n") or 1)
        self.head = {"id": "chatcmpl-1", "created": MADE, "model": body["model"]}

    type = "text/event-stream"

    def error(self, status, message, blocked=False):
        if self.mistral:
            code = "content_policy_violation" if blocked else "3500"
            kind = "invalid_request_error" if blocked else "internal_server_error"
            return {"object": "error", "message": message, "type": kind, "param": None, "code": code}
        return error(status, message, self.answer if blocked else None)

    def broken(self, message):
        return sse(self.error(502, message))

    def keep_alive(self):
        return b": keep-alive\n\n"

    def finish(self):
        return "content_filter" if self.answer.blocked else "tool_calls" if self.answer.tool else "stop"

    def call(self):
        return {"name": self.answer.tool_name, "arguments": self.answer.tool_arguments}

    def plain(self):
        answer = self.answer
        message, finish = {"role": "assistant", "content": answer.content or None}, self.finish()
        if answer.blocked:
            message["content"] = answer.message
            if answer.structured and not self.mistral:
                message["refusal"], finish = answer.blocked, "stop"
        elif answer.tool:
            message["tool_calls"] = [{"id": "call12345", "type": "function", "function": self.call()}]
        if answer.reasoning and not answer.blocked:
            if self.mistral:
                message["content"] = [self.thinking(answer.reasoning), {"type": "text", "text": answer.content}]
            else:
                message["reasoning_content"] = answer.reasoning
        choices = [{"index": i, "message": message, "finish_reason": finish} for i in self.choices]
        return {**self.head, "object": "chat.completion", "choices": choices, "usage": usage(answer)}

    @staticmethod
    def thinking(text):
        return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}

    def chunk(self, delta, finish=None, index=0, **more):
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return sse({**self.head, "object": "chat.completion.chunk", "choices": [choice], **more})

    def stream(self):
        answer = self.answer
        for i in self.choices:
            yield self.chunk({"role": "assistant", "content": ""}, index=i)
        for token in answer.pieces(answer.reasoning or ""):
            part = {"content": [self.thinking(token)]} if self.mistral else {"reasoning_content": token}
            for i in self.choices:
                yield self.chunk(part, index=i)
        for token in answer.pieces(answer.content):
            for i in self.choices:
                yield self.chunk({"content": token}, index=i)
        if answer.tool:
            yield from self.call_pieces()
        if answer.message:
            for i in self.choices:
                yield self.chunk({"content": "\n" + answer.message}, index=i)
        last = {"usage": usage(answer)} if self.mistral else {}
        for i in self.choices:
            yield self.chunk({"content": ""} if self.mistral else {}, self.finish(), index=i, **last)
        if (self.body.get("stream_options") or {}).get("include_usage"):
            yield sse({**self.head, "object": "chat.completion.chunk", "choices": [], "usage": usage(answer)})
        yield sse("[DONE]")

    def call_pieces(self):
        first = {"index": 0, "id": "call12345", "type": "function", "function": {"name": self.answer.tool_name, "arguments": ""}}
        if self.mistral:
            yield self.chunk({"tool_calls": [{**first, "function": self.call()}]})
            return
        yield self.chunk({"tool_calls": [first]})
        for token in self.answer.pieces(self.answer.tool_arguments):
            yield self.chunk({"tool_calls": [{"index": 0, "function": {"arguments": token}}]})


class Fim(Chat):
    """Mistral's completions between a prompt and a suffix: asked by a prompt, answered as chat."""

    def __init__(self, body):
        super().__init__({**body, "messages": [{"role": "user", "content": body["prompt"]}]})


class Completions:
    def __init__(self, body):
        prompt = body["prompt"]
        self.answer = Answer(prompt if isinstance(prompt, str) else prompt[0])
        self.streamed = bool(body.get("stream"))
        self.head = {"id": "cmpl-1", "object": "text_completion", "created": MADE, "model": body["model"]}

    type = "text/event-stream"

    def error(self, status, message, blocked=False):
        return error(status, message, self.answer if blocked else None)

    broken, keep_alive = Chat.broken, Chat.keep_alive

    def choice(self, text, finish=None):
        return {**self.head, "choices": [{"index": 0, "text": text, "finish_reason": finish, "logprobs": None}]}

    def plain(self):
        answer = self.answer
        finish = "content_filter" if answer.blocked else "stop"
        return {**self.choice(answer.blocked or answer.content, finish), "usage": usage(answer)}

    def stream(self):
        for token in self.answer.pieces(self.answer.content):
            yield sse(self.choice(token))
        if self.answer.blocked:
            yield sse(self.choice("\n" + self.answer.blocked))
        yield sse(self.choice("", "content_filter" if self.answer.blocked else "stop"))
        yield sse("[DONE]")


class Embeddings:
    streamed = False

    def __init__(self, body):
        self.body, given = body, body["input"]
        self.texts = [given] if isinstance(given, str) else given
        self.answer = Answer("\n".join(text for text in self.texts if isinstance(text, str)))

    error = Completions.error

    def plain(self):
        def vector(text):
            numbers = [float(len(str(text))), 0.5]
            if self.body.get("encoding_format") == "base64":
                return base64.b64encode(struct.pack("<2f", *numbers)).decode()
            return numbers
        data = [{"object": "embedding", "index": i, "embedding": vector(text)} for i, text in enumerate(self.texts)]
        return {"object": "list", "model": self.body["model"], "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}


class Responses:
    type = "text/event-stream"
    keep_alive = Chat.keep_alive

    def __init__(self, body):
        self.body, given = body, body["input"]
        kind = ((body.get("text") or {}).get("format") or {}).get("type", "text")
        self.answer = Answer(given if isinstance(given, str) else last_user(given), structured=kind != "text")
        self.streamed = bool(body.get("stream"))

    def error(self, status, message, blocked=False):
        made = error(status, message, self.answer if blocked else None)
        made["error"]["param"] = made["error"]["param"] and "input"
        return made

    def broken(self, message):
        return self.event("error", **self.error(502, message))

    def response(self, status, output):
        given, made = self.answer.sizes
        filled = None if status == "in_progress" else {
            "input_tokens": given, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": made, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": given + made,
        }
        return {
            "id": "resp_1", "object": "response", "created_at": MADE, "status": status, "error": None,
            "incomplete_details": {"reason": "content_filter"} if status == "incomplete" else None,
            "instructions": self.body.get("instructions"), "max_output_tokens": None, "metadata": {},
            "model": self.body["model"], "output": output, "parallel_tool_calls": True, "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None}, "store": True, "temperature": 1.0,
            "text": self.body.get("text") or {"format": {"type": "text"}}, "tool_choice": "auto",
            "tools": self.body.get("tools") or [], "top_p": 1.0, "truncation": "disabled", "usage": filled,
        }

    @staticmethod
    def part(text):
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def message_item(self, text, status="completed"):
        return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": [self.part(text)]}

    @staticmethod
    def reasoning_item(text):
        return {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}

    def call_item(self, arguments, status="completed"):
        return {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": self.answer.tool_name,
                "arguments": arguments, "status": status}

    def plain(self):
        answer = self.answer
        if answer.blocked:
            shown = [self.message_item(answer.message)] if answer.responds and answer.message else []
            return self.response("incomplete", shown)
        output = [self.reasoning_item(answer.reasoning)] if answer.reasoning else []
        output.append(self.call_item(answer.tool_arguments) if answer.tool else self.message_item(answer.content))
        return self.response("completed", output)

    def stream(self):
        self.number = -1
        self.output = []
        yield self.event("response.created", response=self.response("in_progress", []))
        yield self.event("response.in_progress", response=self.response("in_progress", []))
        if self.answer.reasoning:
            yield from self.reasoning_events(self.answer)
        if self.answer.tool:
            yield from self.call_events(self.answer)
        elif self.answer.content:
            yield from self.message_events(self.answer)
        elif self.answer.responds:
            self.answer.text = self.answer.message
            yield from self.message_events(self.answer)
        status = "incomplete" if self.answer.blocked else "completed"
        yield self.event(f"response.{status}", response=self.response(status, self.output))

    def event(self, kind, **fields):
        self.number += 1
        return sse({"type": kind, "sequence_number": self.number, **fields}, kind)

    def item_added(self, item):
        return self.event("response.output_item.added", output_index=len(self.output), item=item)

    def item_done(self, item):
        self.output.append(item)
        return self.event("response.output_item.done", output_index=len(self.output) - 1, item=item)

    def reasoning_events(self, answer):
        at = {"item_id": "rs_1", "output_index": len(self.output), "summary_index": 0}
        yield self.item_added({"id": "rs_1", "type": "reasoning", "summary": []})
        yield self.event("response.reasoning_summary_part.added", **at, part={"type": "summary_text", "text": ""})
        for token in answer.pieces(answer.reasoning):
            yield self.event("response.reasoning_summary_text.delta", **at, delta=token)
        yield self.event("response.reasoning_summary_text.done", **at, text=answer.reasoning)
        yield self.event("response.reasoning_summary_part.done", **at, part={"type": "summary_text", "text": answer.reasoning})
        yield self.item_done(self.reasoning_item(answer.reasoning))

    def message_events(self, answer):
        at = {"item_id": "msg_1", "output_index": len(self.output), "content_index": 0}
        status = "incomplete" if answer.blocked else "completed"
        yield self.item_added({**self.message_item("", "in_progress"), "content": []})
        yield self.event("response.content_part.added", **at, part=self.part(""))
        for token in answer.pieces(answer.content):
            yield self.event("response.output_text.delta", **at, delta=token, logprobs=[])
        if answer.blocked and answer.structured:
            return
        yield self.event("response.output_text.done", **at, text=answer.content, logprobs=[])
        yield self.event("response.content_part.done", **at, part=self.part(answer.content))
        yield self.item_done(self.message_item(answer.content, status))

    def call_events(self, answer):
        at = {"item_id": "fc_1", "output_index": len(self.output)}
        yield self.item_added(self.call_item("", "in_progress"))
        for token in answer.pieces(answer.tool_arguments):
            yield self.event("response.function_call_arguments.delta", **at, delta=token)
        yield self.event("response.function_call_arguments.done", **at, name=answer.tool_name, arguments=answer.tool_arguments)
        yield self.item_done(self.call_item(answer.tool_arguments))
