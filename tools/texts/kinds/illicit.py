"""Help with crimes: asked for, given, refused; and talk about crime in law, news, defence and fiction."""

from plan import Plan

UNSURE = ("violence", "harassment")  # weapons, stalking, blackmail: the field draws the line differently

PLANS = [
    Plan("illicit", "en", 1850, "ill.prompt", yes=("illicit",), unsure=UNSURE),
    Plan("illicit", "en", 1000, "ill.answer", role="completion", yes=("illicit",), unsure=UNSURE, register="written"),
    Plan("illicit_contrast", "en", 1690, "ill.benign"),
    Plan("refusal", "en", 690, "refusal", role="completion", register="written", bind={"X": "ill.task"}),
    Plan("illicit", "zh", 1310, "ill.prompt", yes=("illicit",), unsure=UNSURE),
    Plan("illicit", "zh", 540, "ill.answer", role="completion", yes=("illicit",), unsure=UNSURE, register="written"),
    Plan("gambling", "zh", 620, "gamble", yes=("illicit",)),
    Plan("fraud", "zh", 620, "fraud", yes=("illicit",), unsure=("harassment",)),
    Plan("illicit_contrast", "zh", 1460, "ill.benign"),
    Plan("refusal", "zh", 540, "refusal", role="completion", register="written", bind={"X": "ill.task"}),
]
