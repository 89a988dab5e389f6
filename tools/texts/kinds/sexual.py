"""Sexual content between adults; and health, education, art, love, clothes, animals."""

from plan import Plan

PLANS = [
    Plan("sexual", "en", 1160, "sex.prompt", yes=("sexual",)),
    Plan("sexual", "en", 620, "sex.answer", role="completion", yes=("sexual",), register="written"),
    Plan("sexual_contrast", "en", 1080, "sex.benign"),
    Plan("refusal", "en", 120, "refusal", role="completion", register="written", bind={"X": "sex.task"}),
    Plan("sexual", "zh", 920, "sex.prompt", yes=("sexual",), unsure=("illicit",)),
    Plan("sexual", "zh", 310, "sex.answer", role="completion", yes=("sexual",), register="written"),
    Plan("sexual_contrast", "zh", 850, "sex.benign"),
]
