"""The official ollama Python SDK."""

import json

import ollama

from common import BASE, REFUSALS, Seen, gate, raised, received, record
from contract import Contract

client = ollama.Client(host=BASE, timeout=20)
TOOLS = [{"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": {"type": "object", "properties": {}}}}]
SCHEMA = {"type": "object", "properties": {"echo": {"type": "string"}}}


def ask(text, **more):
    return client.chat(model="demo", messages=[{"role": "user", "content": text}], tools=TOOLS, **more)


def add(made, line):
    made.text += line.message.content or ""
    made.reasoning += line.message.thinking or ""
    made.calls += [(call.function.name, call.function.arguments) for call in line.message.tool_calls or []]
    if line.done:
        made.finish = line.done_reason
    return made


class TestChat(Contract):
    sdk = "ollama"
    called = "stop"
    refusals = outages = breaks = (ollama.ResponseError,)

    def whole(self, text):
        return add(Seen(), ask(text))

    def streamed(self, text):
        made = Seen()
        for line in ask(text, stream=True):
            assert made.finish is None, "nothing comes after the end"
            add(made, line)
        return made


class TestGenerate(Contract):
    sdk = "ollama, generate"
    calls_tools = False
    refusals = outages = breaks = (ollama.ResponseError,)

    @staticmethod
    def add(made, line):
        made.text += line.response or ""
        made.reasoning += line.thinking or ""
        if line.done:
            made.finish = line.done_reason
        return made

    def whole(self, text):
        return self.add(Seen(), client.generate(model="demo", prompt=text))

    def streamed(self, text):
        made = Seen()
        for line in client.generate(model="demo", prompt=text, stream=True):
            self.add(made, line)
        return made

    def test_what_the_model_remembers_passes_with_a_clean_answer(self):
        assert client.generate(model="demo", prompt="say: fine").context == [1, 2, 3]

    @gate
    def test_what_the_model_remembers_of_a_redacted_text_is_not_given_out(self):
        assert not client.generate(model="demo", prompt="say: to bob@example.com").context
        *_, last = client.generate(model="demo", prompt="say: to bob@example.com", stream=True)
        assert not last.context


@gate
def test_a_blocked_prompt_is_a_response_error_with_its_status():
    for stream in (False, True):
        error = raised(lambda: list(ask("AKIAIOSFODNN7EXAMPLE", stream=stream)), ollama.ResponseError)
        assert error.status_code == 400 and "Not here." in error.error


def test_structured_output_is_json():
    assert json.loads(ask("hello", format=SCHEMA).message.content) == {"echo": "hello"}


@gate
def test_structured_output_is_redacted_inside_its_strings():
    assert json.loads(ask("say: to bob@example.com", format=SCHEMA).message.content) == {"echo": "to [EMAIL]"}


@gate
def test_structured_output_that_is_blocked_is_empty():
    blocked = ask("hello blorp", format=SCHEMA)
    assert not blocked.message.content and blocked.done_reason == "content_filter"
    record("ollama", "structured output blocked", plain="no text, `content_filter`")


@gate
def test_a_tool_result_that_holds_a_key_is_stopped():
    turns = [{"role": "user", "content": "hi"}, {"role": "tool", "content": "AKIAIOSFODNN7EXAMPLE", "tool_name": "look_up"}]
    raised(lambda: client.chat(model="demo", messages=turns), ollama.ResponseError)
    assert received() == []


@gate
def test_line_separators_beside_a_redaction_do_not_break_the_lines():
    lines = ask("say: one\u2028bob@example.com\u2028two", stream=True)
    assert "".join(line.message.content for line in lines) == "one\u2028[EMAIL]\u2028two"


def test_models_are_listed():
    assert [model.model for model in client.list().models] == ["demo:latest"]
