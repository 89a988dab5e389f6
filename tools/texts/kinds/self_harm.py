"""Self-harm and suicide: intent, seeking, egging on; and prevention, worry for others, recovery, figures of speech."""

from plan import Plan

UNSURE = ("harassment", "violence")  # egging somebody on is also harassment

PLANS = [
    Plan("self_harm", "en", 1310, "self.prompt", yes=("self_harm",), unsure=UNSURE),
    Plan("self_harm", "en", 460, "self.answer", role="completion", yes=("self_harm",), unsure=UNSURE, register="written"),
    Plan("self_harm_contrast", "en", 1160, "self.benign"),
    Plan("self_harm_contrast", "en", 380, "self.care", role="completion", register="written"),
    Plan("refusal", "en", 150, "refusal", role="completion", register="written", bind={"X": "self.task"}),
    Plan("self_harm", "zh", 770, "self.prompt", yes=("self_harm",), unsure=UNSURE),
    Plan("self_harm", "zh", 230, "self.answer", role="completion", yes=("self_harm",), unsure=UNSURE, register="written"),
    Plan("self_harm_contrast", "zh", 770, "self.benign"),
    Plan("self_harm_contrast", "zh", 230, "self.care", role="completion", register="written"),
    Plan("refusal", "zh", 80, "refusal", role="completion", register="written", bind={"X": "self.task"}),
]
