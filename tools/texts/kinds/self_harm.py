"""Self-harm and suicide: intent, seeking, egging on; and prevention, worry for others, recovery, figures of speech."""

from plan import Plan

UNSURE = ("harassment", "violence")  # egging somebody on is also harassment

PLANS = [
    Plan("self_harm", "en", 1700, "self.prompt", yes=("self_harm",), unsure=UNSURE),
    Plan("self_harm", "en", 600, "self.answer", role="completion", yes=("self_harm",), unsure=UNSURE, register="written"),
    Plan("self_harm_contrast", "en", 1500, "self.benign"),
    Plan("self_harm_contrast", "en", 500, "self.care", role="completion", register="written"),
    Plan("refusal", "en", 200, "refusal", role="completion", register="written", bind={"X": "self.task"}),
    Plan("self_harm", "zh", 1000, "self.prompt", yes=("self_harm",), unsure=UNSURE),
    Plan("self_harm", "zh", 300, "self.answer", role="completion", yes=("self_harm",), unsure=UNSURE, register="written"),
    Plan("self_harm_contrast", "zh", 1000, "self.benign"),
    Plan("self_harm_contrast", "zh", 300, "self.care", role="completion", register="written"),
    Plan("refusal", "zh", 100, "refusal", role="completion", register="written", bind={"X": "self.task"}),
]
