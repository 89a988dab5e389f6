"""The official google-genai Python SDK."""

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from common import BASE, REFUSALS, Seen, blocked_prompts, gate, raised, received, record
from contract import Contract

SDK = "google-genai"
TOOLS = [types.Tool(function_declarations=[types.FunctionDeclaration(name="look_up", parameters_json_schema={"type": "object"})])]
PLAIN = types.GenerateContentConfig(tools=TOOLS, automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True))


def client_of(**options):
    return genai.Client(api_key="test", http_options=types.HttpOptions(base_url=BASE, timeout=20_000, **options))


client = client_of()


def add(made, answer):
    """One answer or one chunk: what the application reads from it."""
    if answer.prompt_feedback:
        made.finish = f"prompt: {answer.prompt_feedback.block_reason.value}"
    for candidate in (answer.candidates or [])[:1]:
        for part in (candidate.content and candidate.content.parts) or []:
            if part.text and part.thought:
                made.reasoning += part.text
            elif part.text:
                made.text += part.text
            elif part.function_call:
                made.calls.append((part.function_call.name, part.function_call.args))
        if candidate.finish_reason:
            made.finish = candidate.finish_reason.value
    return made


class Stopped:
    """Gemini names the reason for which it stopped; which one depends on the rule."""

    KNOWN = {"SAFETY", "SPII", "BLOCKLIST", "PROHIBITED_CONTENT"}

    def __eq__(self, other):
        return other in self.KNOWN


class TestGenerateContent(Contract):
    sdk = SDK
    natural = called = "STOP"
    stopped = Stopped()
    outages = breaks = (errors.APIError,)

    def whole(self, text, **more):
        return add(Seen(), client.models.generate_content(model="gemini-demo", contents=text, config=PLAIN, **more))

    def streamed(self, text, **more):
        made = Seen()
        for chunk in client.models.generate_content_stream(model="gemini-demo", contents=text, config=PLAIN, **more):
            add(made, chunk)
        return made

    @gate
    @pytest.mark.parametrize("text", ["my key is AKIAIOSFODNN7EXAMPLE", "密钥 AKIAIOSFODNN7EXAMPLE"])
    def test_a_blocked_prompt_is_a_typed_error_and_is_not_tried_again(self, text, message=None):
        """Gemini has no error for it: the answer has no candidates and says why."""
        before = blocked_prompts()
        plain, streamed = self.whole(text), self.streamed(text)
        for seen in (plain, streamed):
            assert seen.finish.startswith("prompt: ") and seen.text == ""
        assert blocked_prompts() - before == 2 and received() == []
        self.note("prompt blocked", plain, streamed)

    @gate
    def test_an_answer_blocked_in_its_first_word_leaks_nothing(self):
        streamed = self.streamed("say: blorp and more")
        assert streamed.text.strip() in ("", *REFUSALS)
        assert streamed.finish.removeprefix("prompt: ") in Stopped.KNOWN


@gate
def test_a_blocked_prompt_has_no_text_and_no_candidates():
    answer = client.models.generate_content(model="gemini-demo", contents="AKIAIOSFODNN7EXAMPLE")
    assert answer.text is None and not answer.candidates


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_both_versions_of_the_path_are_served(version):
    other = client_of(api_version=version)
    assert other.models.generate_content(model="gemini-demo", contents="say: fine").text == "fine"
    assert f"/{version}/models/" in received()[0]["path"]


def test_a_chat_keeps_its_history():
    chat = client.chats.create(model="gemini-demo")
    assert chat.send_message("say: one").text == "one"
    assert "".join(chunk.text for chunk in chat.send_message_stream("say: two three")) == "two three"
    history = [part.text for turn in chat.get_history() for part in turn.parts]
    assert history[:3] == ["say: one", "one", "say: two three"] and "".join(history[3:]) == "two three"


@gate
def test_a_chat_goes_on_after_a_blocked_prompt():
    chat = client.chats.create(model="gemini-demo")
    chat.send_message("AKIAIOSFODNN7EXAMPLE")
    assert chat.send_message("say: fine").text == "fine"
    assert all("AKIA" not in str(turn) for turn in chat.get_history(curated=True))


@gate
def test_a_function_response_that_holds_a_key_is_stopped():
    turns = [types.Content(role="user", parts=[types.Part(text="hi")]),
             types.Content(role="model", parts=[types.Part.from_function_call(name="look_up", args={})]),
             types.Content(role="user", parts=[types.Part.from_function_response(name="look_up", response={"out": "AKIAIOSFODNN7EXAMPLE"})])]
    assert client.models.generate_content(model="gemini-demo", contents=turns).prompt_feedback.block_reason


class Echo(BaseModel):
    echo: str


JSON = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Echo)


def parse(text):
    return client.models.generate_content(model="gemini-demo", contents=text, config=JSON)


def test_structured_output_is_parsed():
    assert parse("hello").parsed == Echo(echo="hello")


@gate
def test_structured_output_is_redacted_inside_its_strings():
    assert parse("say: to bob@example.com").parsed == Echo(echo="to [EMAIL]")


@gate
def test_structured_output_that_is_blocked_has_no_parsed_value():
    blocked = parse("hello blorp")
    assert blocked.parsed is None and not blocked.text
    record(SDK, "structured output blocked", plain=f"`parsed` is `None`, `{blocked.candidates[0].finish_reason.value}`")


def test_tokens_are_counted():
    assert client.models.count_tokens(model="gemini-demo", contents="one two three").total_tokens >= 3


@gate
def test_a_blocked_prompt_is_not_counted_either():
    raised(lambda: client.models.count_tokens(model="gemini-demo", contents="AKIAIOSFODNN7EXAMPLE"), errors.ClientError)
    assert all("AKIA" not in str(it) for it in received())
