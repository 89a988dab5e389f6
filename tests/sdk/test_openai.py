"""The official openai Python SDK: each outcome of the gate as an application sees it."""

import os
import json
import pathlib
import urllib.request

import openai
import pytest
from pydantic import BaseModel

BASE = f"http://{os.environ['TIDEGATE_LISTEN']}/v1"
client = openai.OpenAI(base_url=BASE, api_key="test", max_retries=2)


def ask(text, **extra):
    return client.chat.completions.create(model="demo", messages=[{"role": "user", "content": text}], **extra)


def streamed(text, **extra):
    parts, reasons = [], []
    for chunk in ask(text, stream=True, **extra):
        for choice in chunk.choices:
            parts.append(choice.delta.content or "")
            if choice.finish_reason:
                reasons.append(choice.finish_reason)
    return "".join(parts), reasons


def cases(name):
    file = pathlib.Path(__file__).parent.parent / "cases" / name
    # A line of the file may hold U+2028, at which splitlines() would cut.
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]


CASES = cases("completions.jsonl")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_case_of_the_corpus_through_the_proxy(case):
    prompt = f"say: {case['text']}"
    if "key" in case["name"] or "two" in case["name"]:
        pytest.skip("the prompt itself is stopped")
    whole, (content, reasons) = ask(prompt).choices[0], streamed(prompt)
    if "output" in case:
        assert whole.message.content == case["output"]
        assert (content, reasons) == (case["output"], ["stop"])
    else:
        assert whole.finish_reason == "content_filter" and whole.message.content in ("Not here.", "不行。")
        assert content.startswith(case["released"]) and content[len(case["released"]):].strip() in ("Not here.", "不行。")
        assert reasons == ["content_filter"]


@pytest.mark.parametrize("case", cases("prompts.jsonl"), ids=lambda case: case["name"])
def test_every_prompt_of_the_corpus_through_the_proxy(case):
    """What the demo model is told to say shows what it got."""
    prompt = f"say: {case['text']}"
    if "sent" in case:
        if "blorp" in case["sent"]:
            # It reaches the model; what the model says is stopped.
            assert ask(prompt).choices[0].finish_reason == "content_filter"
            return
        assert ask(prompt).choices[0].message.content == case["sent"]
        assert streamed(prompt) == (case["sent"], ["stop"])
        assert client.completions.create(model="demo", prompt=prompt).choices[0].text == case["sent"]
    elif "refused" in case:
        for ask_it in (lambda: ask(prompt), lambda: streamed(prompt), lambda: client.completions.create(model="demo", prompt=prompt)):
            with pytest.raises(openai.BadRequestError) as raised:
                ask_it()
            assert raised.value.code == "content_policy_violation"
            assert "Not here." in raised.value.message or "不行。" in raised.value.message
    else:
        assert ask(case["text"]).choices[0].message.content == case["answered"]
        assert streamed(case["text"]) == (case["answered"], ["content_filter"])


def metric(name):
    text = urllib.request.urlopen(f"http://{os.environ['TIDEGATE_ADMIN__LISTEN']}/metrics").read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("text", ["a plain answer", "一个普通的回答"])
def test_clean_text_passes(text):
    assert ask(f"say: {text}").choices[0].message.content == text
    assert streamed(f"say: {text}") == (text, ["stop"])


def test_a_blocked_prompt_is_a_bad_request_and_is_not_tried_again():
    before = metric("tidegate_decisions_total{action=\"block\",category=\"none\",mode=\"enforce\",phase=\"prompt\"}")
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as raised:
            ask("my key is AKIAIOSFODNN7EXAMPLE", stream=stream)
        assert raised.value.code == "content_policy_violation"
        assert raised.value.status_code == 400
        assert "Not here." in raised.value.message
    after = metric("tidegate_decisions_total{action=\"block\",category=\"none\",mode=\"enforce\",phase=\"prompt\"}")
    assert after - before == 2


def test_a_blocked_prompt_is_answered_in_the_readers_language():
    with pytest.raises(openai.BadRequestError) as raised:
        ask("密钥 AKIAIOSFODNN7EXAMPLE")
    assert "不行。" in raised.value.message


def test_an_answer_in_the_models_place():
    answer = ask("I am sad")
    assert answer.choices[0].message.content == "I am here for you."
    assert answer.choices[0].finish_reason == "content_filter"
    assert streamed("我很难过") == ("我在这里。", ["content_filter"])


def test_a_redaction_reads_the_same_whole_and_streamed():
    text = "write to bob@example.com today"
    assert ask(f"say: {text}").choices[0].message.content == "write to [EMAIL] today"
    assert streamed(f"say: {text}") == ("write to [EMAIL] today", ["stop"])


@pytest.mark.parametrize("text, before", [("all is fine and then blorp and more", "all is fine and then "), ("一切都好然后坏词还有", "一切都好然后")])
def test_a_blocked_answer_ends_with_content_filter(text, before):
    answer = ask(f"say: {text}").choices[0]
    assert answer.finish_reason == "content_filter"
    assert answer.message.content in ("Not here.", "不行。")
    content, reasons = streamed(f"say: {text}")
    assert content.startswith(before + "\n") and reasons == ["content_filter"]
    assert "blorp" not in content and "坏词" not in content


def test_the_stream_helper_reads_passed_and_redacted_streams():
    with client.chat.completions.stream(model="demo", messages=[{"role": "user", "content": "say: to bob@example.com now"}]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "to [EMAIL] now"


def test_the_stream_helper_raises_its_own_error_for_a_blocked_stream():
    with pytest.raises(openai.ContentFilterFinishReasonError):
        with client.chat.completions.stream(model="demo", messages=[{"role": "user", "content": "say: fine blorp"}]) as stream:
            stream.get_final_completion()


class Echo(BaseModel):
    echo: str


def test_structured_output_that_is_blocked_has_no_parsed_value():
    def parse(text):
        return client.chat.completions.parse(model="demo", messages=[{"role": "user", "content": text}], response_format=Echo)

    assert parse("hello").choices[0].message.parsed == Echo(echo="hello")
    blocked = parse("hello blorp").choices[0].message
    assert blocked.parsed is None and blocked.refusal == "Not here."


def test_tool_calls_pass_whole_and_blocked_ones_leave_no_trace():
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]
    call = ask('tool: look_up {"q": "a dog"}', tools=tools).choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"q": "a dog"}
    arguments = ""
    for chunk in ask('tool: look_up {"to": "bob@example.com"}', tools=tools, stream=True):
        for choice in chunk.choices:
            for part in choice.delta.tool_calls or []:
                arguments += part.function.arguments or ""
    assert json.loads(arguments) == {"to": "[EMAIL]"}
    blocked = ask('tool: look_up {"q": "blorp"}', tools=tools).choices[0]
    assert not blocked.message.tool_calls and blocked.finish_reason == "content_filter"
    for chunk in ask('tool: look_up {"q": "blorp"}', tools=tools, stream=True):
        assert all(not choice.delta.tool_calls for choice in chunk.choices)


def test_every_choice_is_screened():
    answer = ask("say: blorp", n=2)
    assert [choice.finish_reason for choice in answer.choices] == ["content_filter"] * 2
    _, reasons = streamed("say: fine then blorp", n=2)
    assert reasons == ["content_filter"] * 2


def test_usage_comes_when_it_was_asked_for():
    for text in ("say: fine", "say: fine blorp"):
        chunks = list(ask(text, stream=True, stream_options={"include_usage": True}))
        assert chunks[-1].usage is not None and chunks[-1].choices == []


def test_an_upstream_failure_is_a_typed_error():
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=0).chat.completions.create(model="demo", messages=[{"role": "user", "content": "fail: 503"}])
    with pytest.raises(openai.APIError):
        streamed("cut: 2\nsay: this breaks off in the middle")


def test_models_are_listed():
    assert [model.id for model in client.models.list()] == ["demo"]


def test_legacy_completions():
    answer = client.completions.create(model="demo", prompt="say: mail bob@example.com")
    assert answer.choices[0].text == "mail [EMAIL]"
    text = "".join(chunk.choices[0].text for chunk in client.completions.create(model="demo", prompt="say: fine blorp", stream=True))
    assert text.startswith("fine ") and "blorp" not in text


def test_the_decision_can_be_named():
    raw = client.chat.completions.with_raw_response.create(model="demo", messages=[{"role": "user", "content": "hi"}])
    assert raw.headers["x-tidegate-action"] == "allow" and len(raw.headers["x-tidegate-decision"]) == 36
