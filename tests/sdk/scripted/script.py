"""The little language in which a prompt tells the scripted model what to do, and what comes of it.

Each line of the last user message may be a directive, as of the gate's own demo model; without one the model echoes. Beyond
those, `rest: 1.5` is silent for so many seconds before the first event and again after the fourth.
"""

import json
import re

TOKEN = re.compile(r"\s?[\u2e80-\u9fff]|\s*[^\s\u2e80-\u9fff]{1,6}|\s+")


def tokens(text):
    """A word with the blank before it, long words in pieces, Chinese by the character."""
    return TOKEN.findall(text)


class BreakOff(Exception):
    """The model server dies in the middle of its answer."""


class Answer:
    """What the model is going to say."""

    def __init__(self, prompt, structured=False):
        self.prompt, self.structured = prompt, structured
        self.say = self.reasoning = self.tool = self.fail = self.cut = self.rest = None
        # What `play` alone sets:
        self.blocked = None    # the message in place of what was stopped
        self.refused = None    # the prompt does not reach the model at all
        self.redacted = False  # something was taken out of it
        self.responds = False  # the message is an answer in the model's place
        self._read(prompt)
        self.text = prompt if self.say is None else self.say
        if self.tool:
            self.text = ""

    def _read(self, rest):
        while rest:
            line, _, after = rest.partition("\n")
            said = re.match(r"\s*(?:say:|说：) *(.*)", rest, re.S)
            if said:
                self.say = said[1]
                return
            name, _, value = line.strip().partition(":")
            if name in ("reasoning", "tool", "fail", "cut", "rest"):
                setattr(self, name, value.strip())
            rest = after

    @property
    def content(self):
        """The text; as JSON where JSON was asked for."""
        if self.structured and self.text:
            whole = dumps({"echo": self.text})
            return whole.removesuffix('"}') if self.blocked else whole
        return self.text

    @property
    def tool_name(self):
        return self.tool.split(" ", 1)[0]

    @property
    def tool_arguments(self):
        return self.tool.partition(" ")[2].strip() or "{}"

    @property
    def message(self):
        """The message that a reader may see: none in an answer that has to be JSON."""
        return None if self.structured else self.blocked

    def pieces(self, text):
        """The text token by token, until the model breaks off."""
        for token in tokens(text):
            if self.cut is not None:
                if int(self.cut) <= 0:
                    raise BreakOff
                self.cut = int(self.cut) - 1
            yield token

    @property
    def sizes(self):
        return len(tokens(self.prompt)), len(tokens(self.content)) + len(tokens(self.reasoning or ""))


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(content, field="text"):
    """The text of a message, be it a string or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(part if isinstance(part, str) else part.get(field) or "" for part in content or [])


def last_user(messages, content="content"):
    """The text of the last message of the user; a message without a role is one."""
    for message in reversed(messages):
        if message.get("role", "user") == "user":
            return text_of(message.get(content))
    return ""


def sse(data, event=None, end="\n"):
    head = f"event: {event}{end}" if event else ""
    return f"{head}data: {data if isinstance(data, str) else dumps(data)}{end}{end}".encode()
