"""OpenAI's forms: transcriptions and translations of sound, and changes of images. The field `prompt` says what to do."""

import re

from .openai import MADE, Chat, error, usage
from .script import Answer, sse

PICTURE = "iVBORw0KGgo="


def read_form(raw, sort):
    """The fields by their names, lists where names end in `[]`; of files their name, type and bytes."""
    boundary = re.search(r'boundary="?([^";]+)', sort)[1].encode()
    fields = {}
    for part in raw.split(b"--" + boundary)[1:-1]:
        head, _, value = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        head = head.decode()
        name = re.search(r'\bname="([^"]*)"', head)[1]
        if file := re.search(r'\bfilename="([^"]*)"', head):
            kind = re.search(r"(?i)content-type: *(\S+)", head)
            value = {"filename": file[1], "type": kind and kind[1], "hex": value.hex()}
        else:
            value = value.decode()
        if name.endswith("[]"):
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value
    return fields


class Form:
    """What all forms have in common. An answer that is stopped is an error in their place."""

    type = "text/event-stream"
    stopped_is_error = True
    keep_alive = Chat.keep_alive

    def __init__(self, body):
        self.body, self.answer = body, Answer(body.get("prompt") or "")
        self.streamed = body.get("stream") == "true"

    def error(self, status, message, blocked=False):
        return error(status, message, self.answer if blocked else None)

    def broken(self, message):
        return self.event("error", **self.error(502, message))

    def event(self, kind, **fields):
        return sse({"type": kind, **fields})


def stamp(seconds, point):
    return f"00:00:{seconds:02}{point}000"


class Transcriptions(Form):
    def plain(self):
        """The transcript; a string is an answer that is no JSON."""
        said, kind = self.answer.text, self.body.get("response_format", "json")
        if kind == "text":
            return f"{said}\n"
        if kind == "srt":
            return f"1\n{stamp(0, ',')} --> {stamp(2, ',')}\n{said}\n"
        if kind == "vtt":
            return f"WEBVTT\n\n{stamp(0, '.')} --> {stamp(2, '.')}\n{said}\n"
        if kind == "verbose_json":
            segment = {"id": 0, "seek": 0, "start": 0.0, "end": 2.0, "text": said, "tokens": [1, 2], "temperature": 0.0,
                       "avg_logprob": -0.1, "compression_ratio": 1.0, "no_speech_prob": 0.0}
            return {"task": "transcribe", "language": "english", "duration": 2.0, "text": said, "segments": [segment]}
        return {"text": said, "usage": {"type": "duration", "seconds": 2}}

    def stream(self):
        for token in self.answer.pieces(self.answer.text):
            yield self.event("transcript.text.delta", delta=token)
        if self.answer.blocked:
            yield self.event("error", **self.error(400, f"content_policy_violation: {self.answer.blocked}", blocked=True))
            return
        yield self.event("transcript.text.done", text=self.answer.text)
        yield sse("[DONE]")


class Translations(Transcriptions):
    """As transcriptions, and never streamed."""

    def __init__(self, body):
        super().__init__(body)
        self.streamed = False


class ImageEdits(Form):
    def error(self, status, message, blocked=False):
        if blocked and (self.answer.refused or self.answer.responds):
            return {"error": {"message": message, "type": "image_generation_user_error", "param": None, "code": "moderation_blocked"}}
        return super().error(status, message, blocked)

    def plain(self):
        return {"created": MADE, "data": [{"b64_json": PICTURE, "revised_prompt": self.answer.text}]}

    def picture(self, kind, **more):
        return self.event(f"image_edit.{kind}", b64_json=PICTURE, created_at=MADE, size="1024x1024", quality="high",
                          background="opaque", output_format="png", **more)

    def stream(self):
        # A picture for each word, so that one can break off in between.
        for number, _ in enumerate(self.answer.pieces(self.answer.text)):
            yield self.picture("partial_image", partial_image_index=number)
        counted = usage(self.answer)
        given, made, total = counted["prompt_tokens"], counted["completion_tokens"], counted["total_tokens"]
        yield self.picture("completed", usage={
            "input_tokens": given, "output_tokens": made, "total_tokens": total,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": given}})
