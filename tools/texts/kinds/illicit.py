"""Help with crimes: asked for, given, refused; and talk about crime in law, news, defence and fiction."""

from plan import Plan

UNSURE = ("violence", "harassment")  # weapons, stalking, blackmail: the field draws the line differently

PLANS = [
    Plan("illicit", "en", 2400, "ill.prompt", yes=("illicit",), unsure=UNSURE),
    Plan("illicit", "en", 1300, "ill.answer", role="completion", yes=("illicit",), unsure=UNSURE, register="written"),
    Plan("illicit_contrast", "en", 2200, "ill.benign"),
    Plan("refusal", "en", 900, "refusal", role="completion", register="written", bind={"X": "ill.task"}),
]
