"""Threats, wishes to hurt, glorified violence, gore; and violence in news, fiction, games, sport and figures of speech."""

from plan import Plan

UNSURE = ("harassment", "illicit")

PLANS = [
    Plan("violence", "en", 1800, "vio.prompt", yes=("violence",), unsure=UNSURE),
    Plan("violence", "en", 700, "vio.answer", role="completion", yes=("violence",), unsure=UNSURE, register="written"),
    Plan("violence_contrast", "en", 2000, "vio.benign"),
    Plan("refusal", "en", 400, "refusal", role="completion", register="written", bind={"X": "vio.task"}),
    Plan("violence", "zh", 1000, "vio.prompt", yes=("violence",), unsure=UNSURE),
    Plan("violence", "zh", 300, "vio.answer", role="completion", yes=("violence",), unsure=UNSURE, register="written"),
    Plan("violence_contrast", "zh", 1100, "vio.benign"),
    Plan("refusal", "zh", 250, "refusal", role="completion", register="written", bind={"X": "vio.task"}),
]
