"""Threats, wishes to hurt, glorified violence, gore; and violence in news, fiction, games, sport and figures of speech."""

from plan import Plan

UNSURE = ("harassment", "illicit")

PLANS = [
    Plan("violence", "en", 2300, "vio.prompt", yes=("violence",), unsure=UNSURE),
    Plan("violence", "en", 600, "vio.answer", role="completion", yes=("violence",), unsure=UNSURE, register="written"),
    Plan("violence_contrast", "en", 2000, "vio.benign"),
    Plan("refusal", "en", 310, "refusal", role="completion", register="written", bind={"X": "vio.task"}),
    Plan("violence", "zh", 1550, "vio.prompt", yes=("violence",), unsure=UNSURE),
    Plan("violence", "zh", 280, "vio.answer", role="completion", yes=("violence",), unsure=UNSURE, register="written"),
    Plan("violence_contrast", "zh", 1500, "vio.benign"),
    Plan("refusal", "zh", 190, "refusal", role="completion", register="written", bind={"X": "vio.task"}),
]
