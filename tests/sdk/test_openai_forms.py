"""The official openai Python SDK on forms: transcriptions, translations of speech, and changes of images."""

import json

import openai
import pytest

from common import BASE, UPSTREAM, blocked_prompts, describe, gate, gated, raised, received, record, transport_errors

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="test", timeout=20)
# Bytes that are no text, with what looks like the end of a field.
BYTES = b"ID3\x00\xff\xfe\r\n--not the boundary\r\n\x80" + bytes(range(256))
PASSES = ["a plain answer of seven words here", "一个普通的回答，没有什么特别的"]
KEY = "my key is AKIAIOSFODNN7EXAMPLE"
BREAKS = "cut: 3\nsay: this breaks off somewhere in the middle of it"


def shown(text):
    return f"`{json.dumps(text, ensure_ascii=False)}`"


class Form:
    sdk = ""
    field = "file"      # where the file stands
    file = ("a dog.mp3", BYTES, "audio/mpeg")
    code = "content_policy_violation"   # of a prompt that is blocked

    def ask(self, text, api=client):
        """The text of an answer."""
        raise NotImplementedError

    def note(self, outcome, plain=None, streamed=None):
        record(f"openai, {self.sdk}", outcome, plain, streamed)

    def arrived(self):
        """The prompts that have arrived; every file has to be what was sent."""
        requests = [request["body"] for request in received()]
        name, content, kind = self.file
        assert all(body[self.field] == {"filename": name, "type": kind, "hex": content.hex()} for body in requests)
        return [body["prompt"] for body in requests]

    def refused(self, text, code):
        """The error that stands in an answer's place."""
        error = raised(lambda: self.ask(text), openai.BadRequestError)
        assert error.code == code, error
        return error

    @pytest.mark.parametrize("text", PASSES)
    def test_clean_text_passes_and_the_file_arrives_byte_for_byte(self, text):
        assert self.ask(f"say: {text}") == text
        assert self.arrived() == [f"say: {text}"]
        if text.isascii():
            self.note("clean", shown(text))

    @gate
    @pytest.mark.parametrize("text, sent", [
        ("call +44 20 7946 0958 now", "call [PHONE] now"), ('电话 "+44 20 7946 0958"，谢谢', '电话 "[PHONE]"，谢谢')])
    def test_a_redacted_prompt_arrives_redacted_and_the_file_unchanged(self, text, sent):
        answer = self.ask(text)
        assert answer == sent and self.arrived() == [sent]
        if text.isascii():
            self.note("prompt redacted", shown(answer))

    @gate
    @pytest.mark.parametrize("text, read", [
        ("write to bob@example.com today", "write to [EMAIL] today"), ("邮箱zhang@example.cn，谢谢", "邮箱[EMAIL]，谢谢")])
    def test_an_answer_is_redacted(self, text, read):
        answer = self.ask(f"say: {text}")
        assert answer == read
        if text.isascii():
            self.note("answer redacted", shown(answer))

    @gate
    @pytest.mark.parametrize("text, message", [(KEY, "Not here."), ("密钥 AKIAIOSFODNN7EXAMPLE", "不行。")])
    def test_a_blocked_prompt_is_a_typed_error_and_is_not_tried_again(self, text, message):
        before = blocked_prompts()
        error = self.refused(text, self.code)
        assert message in str(error)
        assert blocked_prompts() - before == 1 and received() == []
        if text.isascii():
            self.note("prompt blocked", describe(error))

    @gate
    @pytest.mark.parametrize("text, message", [("a blorp and more", "Not here."), ("好的坏词还有", "不行。")])
    def test_a_blocked_answer_is_a_typed_error_and_is_not_asked_for_again(self, text, message):
        error = self.refused(f"say: {text}", "content_policy_violation")
        assert message in str(error) and "blorp" not in str(error) and "坏词" not in str(error)
        assert len(received()) == 1
        if text.isascii():
            self.note("answer blocked", describe(error))

    @gate
    def test_what_is_said_in_the_models_place_is_the_message_of_an_error(self):
        error = self.refused("I am sad", self.code)
        assert "I am here for you." in str(error) and received() == []
        self.note("answered in the model's place", describe(error))

    def test_an_upstream_error_is_typed(self):
        error = raised(lambda: self.ask("fail: 503"), openai.InternalServerError)
        assert error.status_code == 503 and len(self.arrived()) == 3
        self.note("model fails (503)", describe(error))

    def test_an_upstream_that_breaks_off_does_not_look_like_an_end(self):
        error = raised(lambda: self.ask(BREAKS), (openai.InternalServerError, openai.APIConnectionError))
        assert not gated() or error.status_code == 502
        self.note("model breaks off", describe(error))

    @pytest.mark.skipif(UPSTREAM == BASE, reason="no gate in front of the model")
    def test_a_file_that_no_policy_lets_through_is_refused_by_its_place(self):
        error = raised(lambda: self.ask("a dog", client.with_options(base_url=f"{BASE}/closed/v1")), openai.BadRequestError)
        assert error.code == "content_not_screenable" and f"`{self.field}`" in str(error)
        assert received() == []
        self.note("file not allowed", describe(error))


class Streamed(Form):
    last = ""           # the type of the last event

    def events(self, text):
        """The events of a stream, as far as it gets, and what it raises then."""
        got = []
        try:
            for event in self.stream(text):
                got.append(event)
        except (openai.APIError, *transport_errors()) as error:
            return got, error
        return got, None

    def whole(self, text):
        """The events of a stream that ends as it should."""
        got, error = self.events(text)
        assert error is None and got[-1].type == self.last
        return got

    @gate
    def test_a_blocked_prompt_is_refused_before_a_stream_begins(self):
        got, error = self.events(KEY)
        assert isinstance(error, openai.BadRequestError) and error.code == self.code
        assert got == [] and received() == []
        self.note("prompt blocked", streamed=describe(error))

    def test_an_upstream_error_is_typed_before_a_stream_begins(self):
        got, error = self.events("fail: 503")
        assert got == [] and isinstance(error, openai.InternalServerError)
        self.note("model fails (503)", streamed=describe(error))

    def test_a_stream_that_breaks_off_does_not_look_like_an_end(self):
        got, error = self.events(f"rest: 0.4\n{BREAKS}")
        assert error is not None and all(event.type != self.last for event in got)
        self.note("model breaks off", streamed=describe(error))


class TestTranscriptions(Streamed):
    sdk, last = "transcriptions", "transcript.text.done"

    def ask(self, text, api=client):
        return api.audio.transcriptions.create(model="whisper-1", file=self.file, prompt=text).text

    def stream(self, text):
        return client.audio.transcriptions.create(model="gpt-4o-transcribe", file=self.file, prompt=text, stream=True)

    def said(self, events):
        return "".join(event.delta for event in events if event.type == "transcript.text.delta")

    @pytest.mark.parametrize("text", ["rest: 0.4\nsay: " + text for text in PASSES])
    def test_a_clean_stream_passes_and_its_silences_are_not_seen(self, text):
        got = self.whole(text)
        assert self.said(got) == got[-1].text == text.partition("say: ")[2]
        assert self.arrived() == [text]
        if text.isascii():
            self.note("clean", streamed=shown(self.said(got)))

    @gate
    @pytest.mark.parametrize("outcome, text, read", [
        ("answer redacted", "say: write to bob@example.com today", "write to [EMAIL] today"),
        ("prompt redacted", "call +44 20 7946 0958 now", "call [PHONE] now")])
    def test_a_redaction_reads_the_same_in_pieces_and_in_the_last_event(self, outcome, text, read):
        got = self.whole(text)
        assert self.said(got) == got[-1].text == read
        self.arrived()
        self.note(outcome, streamed=shown(read))

    @gate
    @pytest.mark.parametrize("before, rest, message", [
        ("all is fine and then ", "blorp and more", "Not here."), ("一切都好然后", "坏词还有", "不行。")])
    def test_a_blocked_stream_keeps_the_text_before_and_raises(self, before, rest, message):
        got, error = self.events(f"say: {before}{rest}")
        assert self.said(got) == before and all(event.type != self.last for event in got)
        assert isinstance(error, openai.APIError) and error.code == "content_policy_violation" and message in str(error)
        assert len(received()) == 1
        if before.isascii():
            self.note("answer blocked", streamed=f"{shown(before)}, {describe(error)}")

    @gate
    @pytest.mark.parametrize("kind", ["json", "verbose_json", "text", "srt", "vtt"])
    def test_a_transcript_is_screened_in_whatever_form_it_comes(self, kind):
        def transcript(text):
            answer = client.audio.transcriptions.create(model="whisper-1", file=self.file, prompt=f"say: {text}", response_format=kind)
            return answer if isinstance(answer, str) else answer.model_dump_json()

        assert "a fine day" in transcript("a fine day")
        redacted = transcript("to bob@example.com now")
        assert "to [EMAIL] now" in redacted and "bob@" not in redacted
        assert raised(lambda: transcript("a blorp"), openai.BadRequestError).code == self.code


class TestTranslations(Form):
    sdk = "translations"

    def ask(self, text, api=client):
        return api.audio.translations.create(model="whisper-1", file=self.file, prompt=text).text


class TestImageEdits(Streamed):
    sdk, last = "image edits", "image_edit.completed"
    field, file, code = "image", ("a dog.png", BYTES, "image/png"), "moderation_blocked"

    def ask(self, text, api=client):
        return api.images.edit(model="gpt-image-2", image=self.file, prompt=text).data[0].revised_prompt

    def stream(self, text):
        return client.images.edit(model="gpt-image-2", image=self.file, prompt=text, stream=True, partial_images=2)

    @gate
    @pytest.mark.parametrize("outcome, text, sent", [
        ("clean", "say: a plain dog", "say: a plain dog"), ("prompt redacted", "call +44 20 7946 0958 now", "call [PHONE] now")])
    def test_a_stream_of_pictures_passes_whole(self, outcome, text, sent):
        got = self.whole(text)
        assert [event.type for event in got[:-1]] == ["image_edit.partial_image"] * (len(got) - 1) and len(got) > 1
        assert self.arrived() == [sent]
        self.note(outcome, streamed=f"pictures, `{got[-1].type}`")

    @gate
    def test_several_pictures_and_a_mask_arrive_as_they_are(self):
        files = [(f"{number}.png", BYTES[number:], "image/png") for number in range(3)]
        client.images.edit(model="gpt-image-2", image=files[:2], mask=files[2], prompt="call +44 20 7946 0958 now")
        [request] = received()
        assert request["body"]["prompt"] == "call [PHONE] now"
        arrived = [*request["body"]["image[]"], request["body"]["mask"]]
        assert arrived == [{"filename": name, "type": kind, "hex": content.hex()} for name, content, kind in files]
