"""The official mistralai Python SDK."""

import json

from mistralai.client import Mistral
from mistralai.client.errors import MistralError, ResponseValidationError, SDKError
from pydantic import BaseModel

from common import BASE, Seen, gate, raised, received, record
from contract import Contract

client = Mistral(api_key="test", server_url=BASE, timeout_ms=20_000)
TOOLS = [{"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": {"type": "object", "properties": {}}}}]


def asking(text, **more):
    return {"model": "mistral-demo", "messages": [{"role": "user", "content": text}], **more}


def add(made, message, finish):
    content = message.content or ""
    for part in [content] if isinstance(content, str) else content:
        if isinstance(part, str):
            made.text += part
        elif part.type == "thinking":
            made.reasoning += "".join(it.text for it in part.thinking)
        else:
            made.text += part.text
    made.calls += [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
    if isinstance(finish, str):
        made.finish = finish
    return made


class TestChat(Contract):
    sdk = "mistralai"
    failed = ("error",)
    refusals = outages = (SDKError,)
    breaks = (MistralError,)

    def whole(self, text):
        choice = client.chat.complete(**asking(text, tools=TOOLS)).choices[0]
        return add(Seen(), choice.message, choice.finish_reason)

    def streamed(self, text):
        made = Seen()
        for event in client.chat.stream(**asking(text, tools=TOOLS)):
            for choice in event.data.choices:
                add(made, choice.delta, choice.finish_reason)
        return made


class TestFim(Contract):
    sdk = "mistralai, FIM"
    calls_tools = reasons = False
    failed = ("error",)
    refusals = outages = (SDKError,)
    breaks = (MistralError,)

    def whole(self, text):
        choice = client.fim.complete(model="mistral-demo", prompt=text, suffix="end").choices[0]
        return add(Seen(), choice.message, choice.finish_reason)

    def streamed(self, text):
        made = Seen()
        for event in client.fim.stream(model="mistral-demo", prompt=text, suffix="end"):
            for choice in event.data.choices:
                add(made, choice.delta, choice.finish_reason)
        return made

    @gate
    def test_a_suffix_that_holds_a_key_is_stopped(self):
        raised(lambda: client.fim.complete(model="mistral-demo", prompt="def f", suffix="AKIAIOSFODNN7EXAMPLE"), SDKError)
        assert received() == []


@gate
def test_a_blocked_prompt_has_the_body_of_the_path():
    """On the path that it shares with OpenAI's chat, that is OpenAI's; on a path of its own, Mistral's."""
    error = raised(lambda: client.chat.complete(**asking("AKIAIOSFODNN7EXAMPLE")), SDKError)
    body = json.loads(error.body)["error"]
    assert error.status_code == 400 and body["code"] == "content_policy_violation"
    error = raised(lambda: client.fim.complete(model="mistral-demo", prompt="AKIAIOSFODNN7EXAMPLE"), SDKError)
    body = json.loads(error.body)
    assert error.status_code == 400 and body["object"] == "error" and body["code"] == "content_policy_violation"
    assert body["type"] == "invalid_request_error" and "Not here." in body["message"]


class Echo(BaseModel):
    echo: str


def parse(text):
    return client.chat.parse(response_format=Echo, **asking(text)).choices[0]


def test_structured_output_is_parsed():
    assert parse("hello").message.parsed == Echo(echo="hello")


@gate
def test_structured_output_is_redacted_inside_its_strings():
    assert parse("say: to bob@example.com").message.parsed == Echo(echo="to [EMAIL]")


@gate
def test_structured_output_that_is_blocked_has_no_parsed_value():
    blocked = parse("hello blorp")
    assert not blocked.message.parsed and not blocked.message.content
    record("mistralai", "structured output blocked", plain=f"`parsed` is empty, `{blocked.finish_reason}`")
