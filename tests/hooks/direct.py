"""What the servers themselves say, asked past the gate, and what should come of it."""

import json

from processes import fetch

# The rules of policies/personal.yaml: entity, language, the least score, placeholder.
PERSONAL = [
    ("EMAIL_ADDRESS", "en", 0.5, "[MAIL]"),
    ("CREDIT_CARD", "en", 0.5, "[CARD]"),
    ("IP_ADDRESS", "en", 0.6, "[ADDRESS]"),
    ("PHONE_NUMBER", "en", 0.5, "[PHONE]"),
    ("CN_MOBILE", "zh", 0.5, "[MOBILE]"),
]
CLASSES = ("fine", "hateful", "violent")


def presidio(world, text, language, **more):
    """Its findings in a text."""
    status, answer = fetch(f"{world.presidio_url}/analyze", {"text": text, "language": language, **more})
    assert status == 200, answer
    return json.loads(answer)


def mlserver(world, text):
    """The probability of each class."""
    tensor = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text]}
    status, answer = fetch(f"{world.mlserver_url}/v2/models/tiny/infer", {"inputs": [tensor]})
    assert status == 200, answer
    (output,) = json.loads(answer)["outputs"]
    return dict(zip(CLASSES, output["data"], strict=True))


def detectors(world, text, *regexes):
    """Their findings in a text."""
    status, answer = fetch(f"{world.detectors_url}/api/v1/text/contents", {"contents": [text], "detector_params": {"regex": regexes}})
    assert status == 200, answer
    (found,) = json.loads(answer)
    return found


def personal(world, text):
    """Where policies/personal.yaml has to act, as the analyzer sees it: start, end, placeholder; in code points."""
    said = {language: presidio(world, text, language) for language in ("en", "zh")}
    places = [
        (one["start"], one["end"], placeholder)
        for entity, language, least, placeholder in PERSONAL
        for one in said[language]
        if one["entity_type"] == entity and one["score"] >= least
    ]
    places.sort()
    assert all(before[1] <= after[0] for before, after in zip(places, places[1:])), f"the sample has findings that overlap: {places}"
    return places


def replaced(text, places):
    """A text with placeholders at these places."""
    for start, end, placeholder in reversed(places):
        text = text[:start] + placeholder + text[end:]
    return text


def in_bytes(text, places):
    """The same places as the gate writes them down: offsets in UTF-8."""
    offset = lambda place: len(text[:place].encode())
    return [[offset(start), offset(end)] for start, end, _ in places]
