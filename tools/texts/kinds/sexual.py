"""Sexual content between adults; and health, education, art, love, clothes, animals."""

from plan import Plan

PLANS = [
    Plan("sexual", "en", 1500, "sex.prompt", yes=("sexual",)),
    Plan("sexual", "en", 800, "sex.answer", role="completion", yes=("sexual",), register="written"),
    Plan("sexual_contrast", "en", 1400, "sex.benign"),
    Plan("refusal", "en", 150, "refusal", role="completion", register="written", bind={"X": "sex.task"}),
    Plan("sexual", "zh", 1200, "sex.prompt", yes=("sexual",), unsure=("illicit",)),
    Plan("sexual", "zh", 400, "sex.answer", role="completion", yes=("sexual",), register="written"),
    Plan("sexual_contrast", "zh", 1100, "sex.benign"),
]
