"""Prompt injection and jailbreaks, direct and hidden in data; and harmless talk about prompts, rules and roles."""

from plan import Plan

UNSURE = ("illicit", "violence", "harassment")  # what the attacker asks for is not labelled

PLANS = [
    Plan("jailbreak", "en", 2400, "jb.prompt", yes=("jailbreak",), unsure=UNSURE),
    Plan("jailbreak", "en", 250, "jb.answer", role="completion", yes=("jailbreak",), unsure=UNSURE, register="written"),
    Plan("jailbreak_contrast", "en", 2200, "jb.benign"),
    Plan("jailbreak", "zh", 1300, "jb.prompt", yes=("jailbreak",), unsure=UNSURE),
    Plan("jailbreak_contrast", "zh", 1200, "jb.benign"),
]
