"""Threats, wishes to hurt, glorified violence, gore; and violence in news, fiction, games, sport and figures of speech."""

from plan import Plan

UNSURE = ("harassment", "illicit")

PLANS = [
    Plan("violence", "en", 1390, "vio.prompt", yes=("violence",), unsure=UNSURE),
    Plan("violence", "en", 540, "vio.answer", role="completion", yes=("violence",), unsure=UNSURE, register="written"),
    Plan("violence_contrast", "en", 1540, "vio.benign"),
    Plan("refusal", "en", 310, "refusal", role="completion", register="written", bind={"X": "vio.task"}),
    Plan("violence", "zh", 770, "vio.prompt", yes=("violence",), unsure=UNSURE),
    Plan("violence", "zh", 230, "vio.answer", role="completion", yes=("violence",), unsure=UNSURE, register="written"),
    Plan("violence_contrast", "zh", 850, "vio.benign"),
    Plan("refusal", "zh", 190, "refusal", role="completion", register="written", bind={"X": "vio.task"}),
]
