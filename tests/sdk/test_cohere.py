"""The official cohere Python SDK, v2."""

import json

import cohere
from cohere.core.api_error import ApiError

from common import BASE, Seen, gate, raised, received, record
from contract import Contract

client = cohere.ClientV2(api_key="test", base_url=BASE, timeout=20)
TOOLS = [{"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": {"type": "object", "properties": {}}}}]
FORMAT = {"type": "json_object", "schema": {"type": "object", "properties": {"echo": {"type": "string"}}, "required": ["echo"]}}


def asking(text, **more):
    return {"model": "command-demo", "messages": [{"role": "user", "content": text}], **more}


def seen(answer):
    made = Seen(finish=answer.finish_reason)
    for part in answer.message.content or []:
        if part.type == "text":
            made.text += part.text
        else:
            made.reasoning += part.thinking
    made.calls = [(call.function.name, json.loads(call.function.arguments)) for call in answer.message.tool_calls or []]
    return made


class TestChat(Contract):
    """The format has no ending of its own for an answer that was stopped: it ends as if it were complete."""

    sdk = "cohere"
    natural = stopped = "COMPLETE"
    called = "TOOL_CALL"
    failed = ("ERROR",)
    refusals = (cohere.BadRequestError,)
    outages = (ApiError,)
    breaks = (ApiError,)
    retries = 2

    def whole(self, text):
        return seen(client.chat(**asking(text, tools=TOOLS)))

    def streamed(self, text):
        made, open_parts = Seen(), set()
        for event in client.chat_stream(**asking(text, tools=TOOLS)):
            if event.type == "content-start":
                open_parts.add(event.index)
            elif event.type == "content-delta":
                assert event.index in open_parts, "a part is opened before its text comes"
                made.text += event.delta.message.content.text or ""
                made.reasoning += event.delta.message.content.thinking or ""
            elif event.type == "content-end":
                open_parts.remove(event.index)
            elif event.type == "tool-call-start":
                call = event.delta.message.tool_calls
                made.calls.append((call.function.name, call.function.arguments or ""))
            elif event.type == "tool-call-delta":
                name, arguments = made.calls[-1]
                made.calls[-1] = (name, arguments + event.delta.message.tool_calls.function.arguments)
            elif event.type == "message-end":
                assert not open_parts or event.delta.finish_reason == "ERROR", "every part is closed"
                made.finish = event.delta.finish_reason
        made.calls = [(name, json.loads(arguments)) for name, arguments in made.calls]
        return made


def test_the_plan_of_a_tool_call_passes():
    assert client.chat(**asking('tool: look_up {"q": 1}', tools=TOOLS)).message.tool_plan == "I will call it."


def test_structured_output_is_json():
    assert json.loads(client.chat(**asking("hello", response_format=FORMAT)).message.content[0].text) == {"echo": "hello"}


@gate
def test_structured_output_is_redacted_inside_its_strings():
    answer = client.chat(**asking("say: to bob@example.com", response_format=FORMAT))
    assert json.loads(answer.message.content[0].text) == {"echo": "to [EMAIL]"}


@gate
def test_structured_output_that_is_blocked_is_empty():
    blocked = seen(client.chat(**asking("hello blorp", response_format=FORMAT)))
    assert not blocked.text
    record("cohere", "structured output blocked", plain=blocked)


@gate
def test_a_blocked_prompt_has_the_body_of_the_format():
    error = raised(lambda: client.chat(**asking("AKIAIOSFODNN7EXAMPLE")), cohere.BadRequestError)
    assert error.status_code == 400 and "Not here." in error.body["message"]


@gate
def test_a_document_that_holds_a_key_is_stopped():
    documents = [{"id": "1", "data": {"title": "notes", "snippet": "the key AKIAIOSFODNN7EXAMPLE"}}]
    raised(lambda: client.chat(**asking("hi", documents=documents)), cohere.BadRequestError)
    assert received() == []
