"""The official openai Python SDK on the Responses API."""

import json

import openai
import pytest
from pydantic import BaseModel

from common import BASE, Seen, describe, gate, raised, received, record
from contract import Contract

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="test", timeout=20)
TOOLS = [{"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}, "strict": False}]
SDK = "openai, Responses"


def ask(text, **more):
    return client.responses.create(model="demo", input=text, tools=TOOLS, **more)


def ending(response):
    reason = response.incomplete_details and response.incomplete_details.reason
    return f"{response.status}: {reason}" if reason else response.status


def seen(response):
    made = Seen(finish=ending(response))
    for item in response.output:
        if item.type == "message":
            made.text += "".join(getattr(part, "text", "") or getattr(part, "refusal", "") for part in item.content)
        elif item.type == "reasoning":
            made.reasoning += "".join(part.text for part in item.summary)
        elif item.type == "function_call":
            made.calls.append((item.name, json.loads(item.arguments)))
    return made


class TestResponses(Contract):
    sdk = SDK
    natural = called = "completed"
    stopped = "incomplete: content_filter"
    refusals = (openai.BadRequestError,)
    outages = (openai.InternalServerError,)
    breaks = (openai.APIError,)
    failed = ("failed",)
    retries = 2

    def whole(self, text):
        return seen(ask(text))

    def streamed(self, text):
        """By hand from the deltas; what the last event holds has to say the same."""
        made, last, number = Seen(), None, -1
        for event in ask(text, stream=True):
            assert event.sequence_number > number, "sequence numbers grow"
            number = event.sequence_number
            if event.type in ("response.output_text.delta", "response.refusal.delta"):
                made.text += event.delta
            elif event.type == "response.reasoning_summary_text.delta":
                made.reasoning += event.delta
            elif event.type == "response.output_item.done" and event.item.type == "function_call":
                made.calls.append((event.item.name, json.loads(event.item.arguments)))
            elif event.type in ("response.completed", "response.incomplete", "response.failed"):
                last = event.response
        made.finish = ending(last)
        assert last.status == "failed" or seen(last) == made, "the snapshot agrees with the deltas"
        return made


def helper(text, **more):
    with client.responses.stream(model="demo", input=text, tools=TOOLS, **more) as stream:
        return stream.get_final_response()


def test_the_stream_helper_puts_a_clean_response_together():
    assert helper("say: fine and good").output_text == "fine and good"
    assert seen(helper('reasoning: hm\ntool: look_up {"q": 1}')) == Seen("", "completed", "hm", [("look_up", {"q": 1})])


@gate
def test_the_stream_helper_reads_a_redacted_stream():
    assert helper("say: to bob@example.com now").output_text == "to [EMAIL] now"


@gate
def test_the_stream_helper_raises_for_a_blocked_stream_as_for_every_response_that_is_not_completed():
    error = raised(lambda: helper("say: all is fine and then blorp"), RuntimeError)
    assert "response.completed" in str(error)
    record(SDK, "stream helper, answer blocked", streamed=describe(error))


@gate
def test_the_events_of_the_stream_helper_show_the_end_of_a_blocked_stream():
    with client.responses.stream(model="demo", input="say: all is fine and then blorp") as stream:
        events = list(stream)
    assert events[-1].type == "response.incomplete"
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta").startswith("all is fine and then ")


def test_a_conversation_with_roles_and_parts_passes():
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": [{"type": "input_text", "text": "say: fine"}]}]
    assert client.responses.create(model="demo", input=turns, instructions="Be short.").output_text == "fine"


@gate
def test_a_blocked_prompt_names_what_was_wrong():
    error = raised(lambda: ask("AKIAIOSFODNN7EXAMPLE"), openai.BadRequestError)
    assert (error.status_code, error.code, error.param) == (400, "content_policy_violation", "input")


@gate
def test_a_tool_result_that_holds_a_key_is_stopped():
    turns = [{"role": "user", "content": "hi"}, {"type": "function_call", "call_id": "c", "name": "look_up", "arguments": "{}"},
             {"type": "function_call_output", "call_id": "c", "output": "the key AKIAIOSFODNN7EXAMPLE"}]
    raised(lambda: client.responses.create(model="demo", input=turns), openai.BadRequestError)
    assert received() == [] or all("AKIA" not in str(it) for it in received())


class Echo(BaseModel):
    echo: str


def parse(text):
    return client.responses.parse(model="demo", input=text, text_format=Echo)


def test_structured_output_is_parsed():
    assert parse("hello").output_parsed == Echo(echo="hello")


@gate
def test_structured_output_is_redacted_inside_its_strings():
    assert parse("say: to bob@example.com").output_parsed == Echo(echo="to [EMAIL]")


@gate
def test_structured_output_that_is_blocked_has_no_parsed_value():
    blocked = parse("hello blorp")
    assert blocked.output_parsed is None and "blorp" not in blocked.model_dump_json()
    record(SDK, "structured output blocked", plain=f"`output_parsed` is `None`, `{ending(blocked)}`")


@gate
def test_structured_output_that_is_blocked_in_a_stream_is_not_parsed_half():
    with client.responses.stream(model="demo", input="say: all is fine and then blorp", text_format=Echo) as stream:
        kinds = [event.type for event in stream]
    assert kinds[-1] in ("response.incomplete", "response.completed")


def test_embeddings_pass():
    made = client.embeddings.create(model="demo", input=["one", "three"]).data
    assert [round(item.embedding[0]) for item in made] == [3, 5]


@gate
def test_a_text_to_embed_is_screened_like_a_prompt():
    raised(lambda: client.embeddings.create(model="demo", input=["fine", "AKIAIOSFODNN7EXAMPLE"]), openai.BadRequestError)
    assert received() == []
    client.embeddings.create(model="demo", input="call +44 20 7946 0958")
    assert received()[0]["body"]["input"] == "call [PHONE]"


@gate
@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]])
def test_token_numbers_that_nobody_can_read_are_refused(tokens):
    raised(lambda: client.embeddings.create(model="demo", input=tokens), openai.BadRequestError)
