"""Insults and bullying of persons; and complaints, rough talk, quoting, support for those who are bullied."""

from plan import Plan

PLANS = [
    Plan("harassment", "en", 1160, "har.prompt", yes=("harassment",), unsure=("hate", "sexual")),
    Plan("harassment", "en", 380, "har.answer", role="completion", yes=("harassment",), unsure=("hate", "sexual"), register="written"),
    Plan("harassment_contrast", "en", 1160, "har.benign"),
    Plan("refusal", "en", 150, "refusal", role="completion", register="written", bind={"X": "har.task"}),
    Plan("harassment", "zh", 1500, "har.prompt", yes=("harassment",), unsure=("hate", "sexual")),
    Plan("harassment", "zh", 300, "har.answer", role="completion", yes=("harassment",), unsure=("hate", "sexual"), register="written"),
    Plan("harassment_contrast", "zh", 1350, "har.benign"),
    Plan("refusal", "zh", 90, "refusal", role="completion", register="written", bind={"X": "har.task"}),
]
