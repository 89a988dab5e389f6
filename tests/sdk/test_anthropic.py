"""The official anthropic Python SDK."""

import json

import anthropic
import pytest
from pydantic import BaseModel

from common import BASE, REFUSALS, Seen, gate, raised, received, record
from contract import Contract

client = anthropic.Anthropic(base_url=BASE, api_key="test", timeout=20)
TOOLS = [{"name": "look_up", "description": "Looks up.", "input_schema": {"type": "object", "properties": {}}}]


def asking(text, **more):
    return {"model": "claude-demo", "max_tokens": 500, "messages": [{"role": "user", "content": text}], **more}


def seen(message):
    made = Seen(finish=message.stop_reason)
    for block in message.content:
        if block.type == "text":
            made.text += block.text
        elif block.type == "thinking":
            made.reasoning += block.thinking
        else:
            made.calls.append((block.name, block.input))
    return made


class TestMessages(Contract):
    sdk = "anthropic"
    natural, stopped, called = "end_turn", "refusal", "tool_use"
    refusals = (anthropic.BadRequestError,)
    outages = (anthropic.InternalServerError,)
    breaks = (anthropic.APIError,)
    retries = 2

    def whole(self, text):
        return seen(client.messages.create(**asking(text, tools=TOOLS)))

    def streamed(self, text):
        """By hand from the raw events, as the documentation of the format says."""
        made, json_of = Seen(), {}
        blocks = []
        for event in client.messages.create(**asking(text, tools=TOOLS, stream=True)):
            if event.type == "content_block_start":
                assert event.index == len(blocks), "indices have no gaps"
                blocks.append(event.content_block)
            elif event.type == "content_block_delta":
                delta = event.delta
                made.text += getattr(delta, "text", "")
                made.reasoning += getattr(delta, "thinking", "")
                if delta.type == "input_json_delta":
                    json_of[event.index] = json_of.get(event.index, "") + delta.partial_json
            elif event.type == "message_delta":
                made.finish = event.delta.stop_reason
        made.calls = [(blocks[i].name, json.loads(text)) for i, text in json_of.items()]
        return made


def helper(text, **more):
    with client.messages.stream(**asking(text, tools=TOOLS, **more)) as stream:
        return stream.get_final_message()


def test_the_stream_helper_puts_a_clean_message_together():
    assert seen(helper("say: fine and good")) == Seen("fine and good", "end_turn")
    assert seen(helper('reasoning: hm\ntool: look_up {"q": 1}')) == Seen("", "tool_use", "hm", [("look_up", {"q": 1})])


@gate
def test_the_stream_helper_reads_a_redacted_stream():
    assert seen(helper("say: to bob@example.com now")) == Seen("to [EMAIL] now", "end_turn")


@gate
def test_the_stream_helper_reads_a_blocked_stream_as_a_refusal():
    message = helper("say: all is fine and then blorp")
    assert message.stop_reason == "refusal" and message.content[0].text == "all is fine and then "
    assert "".join(block.text for block in message.content[1:]).strip() in ("", *REFUSALS)
    assert message.usage.output_tokens >= 0
    record("anthropic", "stream helper, answer blocked", streamed=seen(message))


@gate
def test_a_refusal_is_explained_in_its_details():
    whole = client.messages.create(**asking("say: fine blorp"))
    assert whole.stop_details.type == "refusal" and whole.stop_details.explanation == "Not here."
    streamed = helper("say: all is fine and then blorp")
    assert streamed.stop_details is None or streamed.stop_details.explanation == "Not here."


@gate
def test_an_answer_that_is_blocked_has_a_first_block():
    assert client.messages.create(**asking("say: fine blorp")).content[0].text == "Not here."


def test_thinking_keeps_its_signature():
    thinking = client.messages.create(**asking("reasoning: hm\nsay: fine")).content[0]
    assert thinking.signature == helper("reasoning: hm\nsay: fine").content[0].signature == "c2lnbmVk"


class Echo(BaseModel):
    echo: str


def parse(text):
    return client.messages.parse(**asking(text), output_format=Echo)


def test_structured_output_is_parsed():
    assert parse("hello").parsed_output == Echo(echo="hello")


@gate
def test_structured_output_that_is_blocked_has_no_parsed_value():
    blocked = parse("hello blorp")
    assert blocked.parsed_output is None and blocked.stop_reason == "refusal" and blocked.content == []
    assert blocked.stop_details.explanation == "Not here."
    record("anthropic", "structured output blocked", plain="`parsed_output` is `None`, `refusal`")


@gate
def test_structured_output_is_redacted_inside_its_strings():
    assert parse("say: to bob@example.com").parsed_output == Echo(echo="to [EMAIL]")


def test_tokens_are_counted():
    counted = client.messages.count_tokens(model="claude-demo", messages=[{"role": "user", "content": "one two three"}])
    assert counted.input_tokens >= 3


@gate
def test_a_blocked_prompt_is_not_counted_either():
    with pytest.raises(anthropic.BadRequestError):
        client.messages.count_tokens(model="claude-demo", messages=[{"role": "user", "content": "AKIAIOSFODNN7EXAMPLE"}])
    assert received() == [] or all("AKIA" not in str(it) for it in received())


@gate
def test_a_tool_result_that_holds_a_key_is_stopped():
    result = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "AKIAIOSFODNN7EXAMPLE"}]}]
    history = [{"role": "user", "content": "hi"},
               {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}]},
               {"role": "user", "content": result}]
    raised(lambda: client.messages.create(model="claude-demo", max_tokens=9, messages=history, tools=TOOLS), anthropic.BadRequestError)


@gate
def test_a_blocked_prompt_names_the_type_that_the_format_has_for_it():
    error = raised(lambda: client.messages.create(**asking("AKIAIOSFODNN7EXAMPLE")), anthropic.BadRequestError)
    assert error.status_code == 400 and error.body["error"]["type"] == "invalid_request_error" and error.body["type"] == "error"
