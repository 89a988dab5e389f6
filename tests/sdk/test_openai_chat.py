"""The official openai Python SDK on chat; what is special to it stands in test_openai.py."""

import json

import openai
from pydantic import BaseModel

from common import BASE, Seen, describe, gate, raised, record
from contract import Contract

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="test", timeout=20)
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]


def asking(text, **more):
    return {"model": "demo", "messages": [{"role": "user", "content": text}], **more}


class TestChat(Contract):
    sdk = "openai"
    refusals = (openai.BadRequestError,)
    outages = (openai.InternalServerError,)
    breaks = (openai.APIError,)
    retries = 2

    def whole(self, text):
        choice = client.chat.completions.create(**asking(text, tools=TOOLS)).choices[0]
        message = choice.message
        calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
        return Seen(message.content or "", choice.finish_reason, getattr(message, "reasoning_content", ""), calls)

    def streamed(self, text):
        made, calls = Seen(), {}
        for chunk in client.chat.completions.create(**asking(text, tools=TOOLS, stream=True)):
            for choice in chunk.choices:
                made.text += choice.delta.content or ""
                made.reasoning += getattr(choice.delta, "reasoning_content", "") or ""
                made.finish = choice.finish_reason or made.finish
                for part in choice.delta.tool_calls or []:
                    name, arguments = calls.get(part.index, ("", ""))
                    calls[part.index] = (name + (part.function.name or ""), arguments + (part.function.arguments or ""))
        made.calls = [(name, json.loads(arguments)) for name, arguments in calls.values()]
        return made


class TestCompletions(Contract):
    sdk = "openai, completions"
    calls_tools = reasons = False
    refusals = (openai.BadRequestError,)
    outages = (openai.InternalServerError,)
    breaks = (openai.APIError,)
    retries = 2

    def whole(self, text):
        choice = client.completions.create(model="demo", prompt=text).choices[0]
        return Seen(choice.text, choice.finish_reason)

    def streamed(self, text):
        made = Seen()
        for chunk in client.completions.create(model="demo", prompt=text, stream=True):
            for choice in chunk.choices:
                made.text += choice.text
                made.finish = choice.finish_reason or made.finish
        return made


@gate
def test_the_stream_helper_raises_its_own_error_for_a_blocked_stream():
    def helper():
        with client.chat.completions.stream(**asking("say: all is fine and then blorp")) as stream:
            stream.get_final_completion()
    record("openai", "stream helper, answer blocked", streamed=describe(raised(helper, openai.ContentFilterFinishReasonError)))


class Echo(BaseModel):
    echo: str


@gate
def test_structured_output_that_is_blocked_has_no_parsed_value():
    blocked = client.chat.completions.parse(response_format=Echo, **asking("hello blorp")).choices[0]
    assert blocked.message.parsed is None and blocked.message.refusal == "Not here."
    record("openai", "structured output blocked", plain=f"`parsed` is `None`, `refusal` is `{json.dumps(blocked.message.refusal)}`, `{blocked.finish_reason}`")
