"""Code, logs, stack traces, queries and data: as prompts and as completions."""

from plan import Plan

PLANS = [
    Plan("code", "en", 920, "code.any", register="raw"),
    Plan("code", "en", 920, "code.any", role="completion", register="raw"),
]
