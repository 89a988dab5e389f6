"""Plays the gate with the policy of `policies/sdk.yaml`, so that what the tests expect can be tried without one.

It is nothing but a few regexes over what the scripted model is about to say; the shapes are those of the dialects' modules.
"""

import re

KEY = r"AKIA[A-Z0-9]{16}"
MAIL = re.compile(r"[\w.]+@[\w.]*\w", re.A)
PHONE = re.compile(rb"\+\d[\d -]{8,}\d")


def message(of, en, zh):
    return zh if re.search(r"[\u4e00-\u9fff]", of) else en


def play_body(raw):
    """The body as it would go on to the model."""
    return PHONE.sub(b"[PHONE]", raw)


def play(answer, raw):
    numbers = r'"input": \[\[?\d'
    if re.search(f"{KEY}|zorp|脏词|{numbers}", raw):
        answer.refused = message(answer.prompt, "Not here.", "不行。")
        return
    if re.search("(?i)i am sad|我很难过", answer.prompt):
        answer.blocked, answer.responds = message(answer.prompt, "I am here for you.", "我在这里。"), True
        answer.text, answer.reasoning, answer.tool = "", None, None
        return
    for part in ("prompt", "text", "reasoning", "tool"):
        said = getattr(answer, part)
        if not said:
            continue
        if part != "prompt":
            said, redactions = MAIL.subn("[EMAIL]", said)
            answer.redacted |= redactions > 0
            stop = re.search(KEY + "|blorp|坏词", said)
            if stop and not answer.blocked:
                answer.blocked = message(answer.prompt, "Not here.", "不行。")
                said = said[: stop.start()]
                if part == "tool":
                    said = None
                if part == "reasoning":
                    answer.text, answer.tool = "", None
        setattr(answer, part, said)
