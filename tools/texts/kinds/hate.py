"""Hatred of groups; and, about the same groups and more often, neutral, positive, curious and condemning sentences."""

from plan import Plan

UNSURE = ("harassment", "violence")

PLANS = [
    Plan("hate", "en", 1650, "hate.prompt", yes=("hate",), unsure=UNSURE, groups="groups"),
    Plan("hate", "en", 460, "hate.answer", role="completion", yes=("hate",), unsure=UNSURE, register="written", groups="groups"),
    Plan("identity", "en", 2620, "id.prompt", groups="groups"),
    Plan("identity", "en", 920, "id.answer", role="completion", register="written", groups="groups"),
    Plan("people", "en", 3400, "people.prompt", groups="groups", balanced=True),
    Plan("people", "en", 500, "people.answer", role="completion", register="written", groups="groups", balanced=True),
    Plan("hate", "zh", 1150, "hate.prompt", yes=("hate",), unsure=UNSURE, groups="groups"),
    Plan("hate", "zh", 230, "hate.answer", role="completion", yes=("hate",), unsure=UNSURE, register="written", groups="groups"),
    Plan("identity", "zh", 1540, "id.prompt", groups="groups"),
    Plan("identity", "zh", 460, "id.answer", role="completion", register="written", groups="groups"),
    Plan("people", "zh", 3700, "people.prompt", groups="groups", balanced=True),
    Plan("people", "zh", 500, "people.answer", role="completion", register="written", groups="groups", balanced=True),
]
