"""What the suites share: where the gate and the model are, what arrived there, and what an application sees.

SDK_BASE is where the SDKs go: the gate, or the scripted model itself. SDK_UPSTREAM is the scripted model behind it (left
out, SDK_BASE is the model). SDK_METRICS is the gate's metrics page. SDK_MATRIX is a file that takes what the applications saw.
"""

import json
import os
import urllib.request
from dataclasses import dataclass, field
from importlib import metadata

import pytest

BASE = os.environ.get("SDK_BASE", "").rstrip("/")
UPSTREAM = os.environ.get("SDK_UPSTREAM") or BASE
METRICS = os.environ.get("SDK_METRICS") or f"{BASE}/metrics"
REFUSALS = ("Not here.", "不行。")

gate = pytest.mark.gate


def fetch(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=20) as answer:
        return answer.read().decode()


def received():
    """The requests that arrived at the model since they were last forgotten."""
    return json.loads(fetch(f"{UPSTREAM}/received"))["requests"]


def forget():
    fetch(f"{UPSTREAM}/received", "DELETE")


def gated():
    """Whether somebody screens: the gate, or the model that plays it."""
    return UPSTREAM != BASE or json.loads(fetch(f"{UPSTREAM}/received"))["plays"]


def blocked_prompts():
    """How many prompts the gate has stopped so far, each try of a client counted."""
    lines = [line for line in fetch(METRICS).splitlines() if line.startswith("tidegate_decisions_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'action="block"' in line and 'phase="prompt"' in line)


def transport_errors():
    """What a stream ends with that breaks off, where no gate puts it into words."""
    if gated():
        return ()
    import httpx
    import httpx2
    return httpx.TransportError, httpx2.TransportError, ConnectionError


@dataclass
class Seen:
    """What an application reads from an answer."""

    text: str = ""
    finish: object = None
    reasoning: str = ""
    calls: list = field(default_factory=list)

    def __str__(self):
        parts = [f"`{json.dumps(self.text, ensure_ascii=False)}`"] if self.text else [] if self.calls else ["no text"]
        parts += [f"call `{name}({json.dumps(arguments, ensure_ascii=False)})`" for name, arguments in self.calls]
        return ", ".join([*parts, f"`{self.finish}`"])


def status_of(error):
    """The HTTP status in an exception, where it has one."""
    return next((value for name in ("status_code", "code", "status") if isinstance(value := getattr(error, name, None), int)), None)


def describe(error):
    """An exception as an application tells it from others."""
    status = status_of(error)
    code = getattr(error, "code", None) or getattr(error, "type", None)
    known = [str(part) for part in dict.fromkeys((status, code)) if isinstance(part, (int, str))]
    return f"`{type(error).__name__}`" + (f" ({', '.join(known)})" if known else "")


def record(sdk, outcome, plain=None, streamed=None):
    """Notes for the matrix of docs/dialects.md what the application saw."""
    if not os.environ.get("SDK_MATRIX"):
        return
    name = f"{sdk} (Python)"
    entry = {"sdk": name, "version": metadata.version(sdk.split(",")[0]), "outcome": outcome}
    entry |= {how: str(seen) for how, seen in (("plain", plain), ("streamed", streamed)) if seen is not None}
    with open(os.environ["SDK_MATRIX"], "a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def raised(ask, kinds):
    """The exception that an application has to handle."""
    with pytest.raises(kinds) as caught:
        ask()
    return caught.value
