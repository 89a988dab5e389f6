"""Hatred of groups; and, about the same groups and more often, neutral, positive, curious and condemning sentences."""

from plan import Plan

UNSURE = ("harassment", "violence")

PLANS = [
    Plan("hate", "en", 1700, "hate.prompt", yes=("hate",), unsure=UNSURE, groups="groups"),
    Plan("hate", "en", 600, "hate.answer", role="completion", yes=("hate",), unsure=UNSURE, register="written", groups="groups"),
    Plan("identity", "en", 3400, "id.prompt", groups="groups"),
    Plan("identity", "en", 1200, "id.answer", role="completion", register="written", groups="groups"),
    Plan("hate", "zh", 1000, "hate.prompt", yes=("hate",), unsure=UNSURE, groups="groups"),
    Plan("hate", "zh", 300, "hate.answer", role="completion", yes=("hate",), unsure=UNSURE, register="written", groups="groups"),
    Plan("identity", "zh", 2000, "id.prompt", groups="groups"),
    Plan("identity", "zh", 600, "id.answer", role="completion", register="written", groups="groups"),
]
