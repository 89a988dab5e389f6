"""Prompt injection and jailbreaks, direct and hidden in data; and harmless talk about prompts, rules and roles."""

from plan import Plan

UNSURE = ("illicit", "violence", "harassment")  # what the attacker asks for is not labelled

PLANS = [
    Plan("jailbreak", "en", 1850, "jb.prompt", yes=("jailbreak",), unsure=UNSURE),
    Plan("jailbreak", "en", 190, "jb.answer", role="completion", yes=("jailbreak",), unsure=UNSURE, register="written"),
    Plan("jailbreak_contrast", "en", 1690, "jb.benign"),
    Plan("jailbreak", "zh", 1000, "jb.prompt", yes=("jailbreak",), unsure=UNSURE),
    Plan("jailbreak_contrast", "zh", 920, "jb.benign"),
    Plan("jailbreak", "zh", 150, "jb.answer", role="completion", yes=("jailbreak",), unsure=UNSURE, register="written"),
    Plan("jailbreak_contrast", "en", 400, "jb.refuse", role="completion", register="written"),
    Plan("jailbreak_contrast", "zh", 250, "jb.refuse", role="completion", register="written"),
]
