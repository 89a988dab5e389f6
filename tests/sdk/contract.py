"""What every SDK has to see, whatever its wire format. A suite says how to ask and what its own endings are called."""

import pytest

from common import REFUSALS, Seen, blocked_prompts, describe, gate, gated, raised, received, record, status_of, transport_errors

PASSES = ["a plain answer of seven words here", "一个普通的回答，没有什么特别的"]
BLOCKED = [
    ("all is fine and then blorp and more", "all is fine and then "),
    ("一切都好然后坏词还有", "一切都好然后"),
]


class Contract:
    sdk = ""                 # name of the package
    natural = "stop"         # how an answer ends that was let go on
    stopped = "content_filter"   # how one ends that was stopped
    called = "tool_calls"    # how one ends that calls a tool
    failed = ()              # how a stream ends whose model died, where it raises nothing
    refusals = ()            # exceptions of a blocked prompt
    outages = ()             # exceptions of a model that is ill
    breaks = ()              # exceptions of a model that died
    retries = 0              # how often an ill model is asked again
    calls_tools = reasons = True

    def whole(self, text, **more) -> Seen:
        raise NotImplementedError

    def streamed(self, text, **more) -> Seen:
        raise NotImplementedError

    def note(self, outcome, plain=None, streamed=None):
        record(self.sdk, outcome, plain, streamed)

    @pytest.mark.parametrize("text", PASSES)
    def test_clean_text_passes_unchanged(self, text):
        plain, streamed = self.whole(f"say: {text}"), self.streamed(f"say: {text}")
        assert plain == streamed == Seen(text, self.natural)
        if text.isascii():
            self.note("clean", plain, streamed)

    def test_what_keeps_a_silent_stream_open_is_not_seen(self):
        streamed = self.streamed("rest: 0.4\nsay: fine after a long silence")
        assert streamed == Seen("fine after a long silence", self.natural)

    @gate
    @pytest.mark.parametrize("text, read", [
        ("write to bob@example.com today", "write to [EMAIL] today"), ("邮箱zhang@example.cn，谢谢", "邮箱[EMAIL]，谢谢")])
    def test_a_redaction_reads_the_same_whole_and_streamed(self, text, read):
        plain, streamed = self.whole(f"say: {text}"), self.streamed(f"say: {text}")
        assert plain == streamed == Seen(read, self.natural)
        if text.isascii():
            self.note("answer redacted", plain, streamed)

    @gate
    def test_a_redacted_prompt_arrives_redacted(self):
        plain, streamed = self.whole("call +44 20 7946 0958 now"), self.streamed("call +44 20 7946 0958 now")
        assert plain == streamed == Seen("call [PHONE] now", self.natural)
        arrived = received()
        assert len(arrived) == 2
        assert all("[PHONE]" in str(it["body"]) and "7946" not in str(it["body"]) for it in arrived)
        self.note("prompt redacted", plain, streamed)

    @gate
    @pytest.mark.parametrize("text, message", [
        ("my key is AKIAIOSFODNN7EXAMPLE", "Not here."), ("密钥 AKIAIOSFODNN7EXAMPLE", "不行。")])
    def test_a_blocked_prompt_is_a_typed_error_and_is_not_tried_again(self, text, message):
        before = blocked_prompts()
        plain = raised(lambda: self.whole(text), self.refusals)
        streamed = raised(lambda: self.streamed(text), self.refusals)
        assert message in str(plain) and message in str(streamed)
        assert blocked_prompts() - before == 2 and received() == []
        if text.isascii():
            self.note("prompt blocked", describe(plain), describe(streamed))

    @gate
    @pytest.mark.parametrize("text, message", [("I am sad", "I am here for you."), ("我很难过", "我在这里。")])
    def test_a_prompt_can_be_answered_in_the_models_place(self, text, message):
        plain, streamed = self.whole(text), self.streamed(text)
        assert plain.text.strip() == streamed.text.strip() == message
        assert received() == []
        if text.isascii():
            self.note("answered in the model's place", plain, streamed)

    @gate
    @pytest.mark.parametrize("text, before", BLOCKED)
    def test_a_blocked_answer_ends_in_the_formats_own_way(self, text, before):
        plain = self.whole(f"say: {text}")
        assert plain.finish == self.stopped and plain.text in ("", *REFUSALS)
        assert len(received()) == 1
        self.note("answer blocked", plain)

    @gate
    @pytest.mark.parametrize("text, before", BLOCKED)
    def test_a_blocked_stream_keeps_the_text_before_and_ends_in_the_formats_own_way(self, text, before):
        streamed = self.streamed(f"say: {text}")
        assert streamed.text.startswith(before) and streamed.finish == self.stopped
        assert streamed.text.removeprefix(before).strip() in ("", *REFUSALS)
        assert len(received()) == 1
        if text.isascii():
            self.note("answer blocked", streamed=streamed)

    @gate
    def test_an_answer_blocked_in_its_first_word_leaks_nothing(self):
        streamed = self.streamed("say: blorp and more")
        assert streamed.text.strip() in ("", *REFUSALS) and streamed.finish == self.stopped

    def test_a_tool_call_passes(self):
        self.needs(self.calls_tools)
        plain, streamed = (ask('tool: look_up {"q": "a dog", "n": [1, 2.5]}') for ask in (self.whole, self.streamed))
        assert plain.calls == streamed.calls == [("look_up", {"q": "a dog", "n": [1, 2.5]})]
        assert plain.finish == streamed.finish == self.called
        self.note("tool call", plain, streamed)

    @gate
    def test_a_tool_call_is_redacted_inside_its_arguments(self):
        self.needs(self.calls_tools)
        plain, streamed = (ask('tool: look_up {"to": "bob@example.com", "n": 1}') for ask in (self.whole, self.streamed))
        assert plain.calls == streamed.calls == [("look_up", {"to": "[EMAIL]", "n": 1})]
        self.note("tool call redacted", plain, streamed)

    @gate
    def test_a_blocked_tool_call_leaves_no_trace(self):
        self.needs(self.calls_tools)
        plain, streamed = (ask('tool: look_up {"q": "a blorp"}') for ask in (self.whole, self.streamed))
        assert plain.calls == streamed.calls == []
        assert plain.finish == streamed.finish == self.stopped
        self.note("tool call blocked", plain, streamed)

    def test_reasoning_passes(self):
        self.needs(self.reasons)
        plain, streamed = (ask("reasoning: let me think about it\nsay: fine") for ask in (self.whole, self.streamed))
        assert plain == streamed == Seen("fine", self.natural, "let me think about it")

    @gate
    def test_reasoning_that_is_blocked_stops_the_answer(self):
        self.needs(self.reasons)
        plain, streamed = (ask("reasoning: let me think of blorp and then\nsay: all fine") for ask in (self.whole, self.streamed))
        for seen in (plain, streamed):
            assert seen.finish == self.stopped and "all fine" not in seen.text
            assert "blorp" not in seen.reasoning and "then" not in seen.reasoning
        self.note("reasoning blocked", plain, streamed)

    def test_an_upstream_error_is_typed(self):
        plain = raised(lambda: self.whole("fail: 503"), self.outages)
        assert len(received()) == 1 + self.retries
        streamed = raised(lambda: self.streamed("fail: 503"), self.outages)
        assert status_of(plain) == status_of(streamed) == 503
        self.note("model fails (503)", describe(plain), describe(streamed))

    def test_an_upstream_that_breaks_off_does_not_look_like_an_end(self):
        text = "cut: 3\nsay: this breaks off somewhere in the middle of it"
        breaks = self.breaks + transport_errors()
        plain = raised(lambda: self.whole(text), self.outages + breaks)
        assert not gated() or status_of(plain) >= 500
        try:
            streamed = self.streamed(text)
            assert streamed.finish in self.failed
        except breaks as error:
            assert not 400 <= (status_of(error) or 0) < 500
            streamed = describe(error)
        self.note("model breaks off", describe(plain), streamed)

    @staticmethod
    def needs(ability):
        if not ability:
            pytest.skip("not a thing of this format")
