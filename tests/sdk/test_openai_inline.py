"""The official openai Python SDK on the `moderation` field of chat and Responses requests, which the gate honours itself."""

import openai
import pytest

from common import BASE, gate, received

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="test", timeout=20)


def asked(input="score", output="score"):
    policy = {"input": {"mode": input}, "output": {"mode": output}}
    return {"model": "omni-moderation-latest", "policy": policy}


def chat(text, moderation, **more):
    return client.chat.completions.create(model="demo", messages=[{"role": "user", "content": text}], moderation=moderation, **more)


def respond(text, moderation, **more):
    return client.responses.create(model="demo", input=text, moderation=moderation, **more)


def flagged(result):
    assert (result.type, result.model) == ("moderation_result", "omni-moderation-latest")
    assert set(result.category_scores) == set(result.categories) == set(result.category_applied_input_types)
    return {name for name, applies in result.categories.items() if applies} if result.flagged else set()


def of_chat(direction):
    assert direction.type == "moderation_results"
    return [flagged(result) for result in direction.results]


@gate
@pytest.mark.parametrize("text, found", [("a fine day", set()), ("what a quorl", {"harassment"}), ("一个怪词", {"harassment"})])
def test_a_chat_tells_what_was_found_and_the_model_does_not_see_the_field(text, found):
    answer = chat(text, asked())
    assert answer.choices[0].finish_reason == "stop"
    assert of_chat(answer.moderation.input) == [found]
    assert len(of_chat(answer.moderation.output)) == 1
    assert all("moderation" not in request["body"] for request in received())


@gate
def test_a_streamed_chat_tells_it_in_a_chunk_without_choices():
    chunks = list(chat("what a quorl", asked(), stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and of_chat(chunks[-1].moderation.input) == [{"harassment"}]
    assert [chunk.moderation for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    with client.chat.completions.stream(model="demo", messages=[{"role": "user", "content": "a fine day"}], moderation=asked()) as stream:
        assert stream.get_final_completion().choices[0].finish_reason == "stop"


@gate
def test_responses_tell_it_in_the_answer_plain_and_streamed():
    answer = respond("what a quorl", asked())
    assert answer.status == "completed" and flagged(answer.moderation.input) == {"harassment"}
    assert all("moderation" not in request["body"] for request in received())
    last = list(respond("what a quorl", asked(), stream=True))[-1]
    assert last.type == "response.completed" and flagged(last.response.moderation.input) == {"harassment"}


@gate
def test_what_is_flagged_is_blocked_where_that_is_asked_for():
    for ask in (chat, respond):
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError) as raised:
                ask("what a quorl", asked(input="block"), stream=stream)
            assert raised.value.code == "content_policy_violation"
    assert received() == []


@gate
def test_what_the_model_says_is_told_and_stopped_where_that_is_asked_for():
    text = "say: all is well and then florp"
    assert chat(text, asked()).choices[0].finish_reason == "stop"
    plain = chat(text, asked(output="block"))
    assert plain.choices[0].finish_reason == "content_filter" and of_chat(plain.moderation.output) == [{"harassment"}]
    chunks = list(chat(text, asked(output="block"), stream=True))
    said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said.startswith("all is well and then ") and "florp" not in said
    assert of_chat(chunks[-1].moderation.output) == [{"harassment"}]
    response = respond(text, asked(output="block"))
    assert response.status == "incomplete" and flagged(response.moderation.output) == {"harassment"}
    last = list(respond(text, asked(output="block"), stream=True))[-1]
    assert last.type == "response.incomplete" and flagged(last.response.moderation.output) == {"harassment"}
    assert "florp" not in response.output_text + last.response.output_text


@gate
def test_what_cannot_be_asked_raises_with_its_place():
    for ask in (chat, respond):
        with pytest.raises(openai.BadRequestError) as raised:
            ask("a fine day", asked(output="deny"))
        assert (raised.value.code, raised.value.param) == ("invalid_field", "moderation.policy.output.mode")
    assert received() == []
