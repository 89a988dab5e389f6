"""The kinds of rows, one module each; every module has PLANS."""

from kinds import code, everyday, harassment, hate, illicit, jailbreak, self_harm, sexual, violence

MODULES = [everyday, code, illicit, violence, self_harm, harassment, hate, sexual, jailbreak]
PLANS = [plan for module in MODULES for plan in module.PLANS]
