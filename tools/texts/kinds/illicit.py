"""Help with crimes: asked for, given, refused; and talk about crime in law, news, defence and fiction."""

from plan import Plan

UNSURE = ("violence", "harassment")  # weapons, stalking, blackmail: the field draws the line differently

PLANS = [
    Plan("illicit", "en", 2400, "ill.prompt", yes=("illicit",), unsure=UNSURE),
    Plan("illicit", "en", 1300, "ill.answer", role="completion", yes=("illicit",), unsure=UNSURE, register="written"),
    Plan("illicit_contrast", "en", 2200, "ill.benign"),
    Plan("refusal", "en", 900, "refusal", role="completion", register="written", bind={"X": "ill.task"}),
    Plan("illicit", "zh", 1700, "ill.prompt", yes=("illicit",), unsure=UNSURE),
    Plan("illicit", "zh", 700, "ill.answer", role="completion", yes=("illicit",), unsure=UNSURE, register="written"),
    Plan("gambling", "zh", 800, "gamble", yes=("illicit",)),
    Plan("fraud", "zh", 800, "fraud", yes=("illicit",), unsure=("harassment",)),
    Plan("illicit_contrast", "zh", 1900, "ill.benign"),
    Plan("refusal", "zh", 700, "refusal", role="completion", register="written", bind={"X": "ill.task"}),
]
