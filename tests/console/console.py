"""The console through a real gate. CONSOLE_SEED draws other requests for the description of the interface."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "store"))

import access  # noqa: E402
import identity  # noqa: E402
from gate import Gate  # noqa: E402
from visitor import Visitor  # noqa: E402

STORE = "{ url: 'sqlite:state.db', text: full, key: { env: STORE_KEY } }"
POLICY = """version: 1
name: house
record: { text: full }
rules:
  - { id: doubt, words: [doubtful], category: harassment, action: review }
  - { id: insult, words: [blockhead, 傻瓜], category: harassment, action: block }
  - { id: plans, words: [poison him, 下毒], category: violence, severity: critical, action: review }
  - { id: cards, detect: credit_card, category: pii, action: redact }
review: { sample: { allowed: 100%, blocked: 100% } }
"""


@contextlib.contextmanager
def gate(**more):
    folder = tempfile.mkdtemp(prefix="tidegate-console-")
    try:
        with Gate(folder, STORE, **{"policy": POLICY, **more}) as started:
            yield started
            started.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def interface_is_as_it_describes_itself(started):
    """Requests drawn from the description of the interface: no fault, and no answer that is not described."""
    root = Visitor(started).set_up()
    every = ["see", "read", "judge", "export", "edit", "manage"]
    token = root.ask("POST", "/api/tokens", {"name": "every", "scopes": every})[1]["token"]
    base = f"http://127.0.0.1:{started.admin}"
    command = [
        str(pathlib.Path(sys.executable).parent / "schemathesis"), "run", f"{base}/api/openapi.json", "--url", base,
        "-H", f"Authorization: Bearer {token}", "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--phases", "examples,coverage,fuzzing", "--max-examples", os.environ.get("CONSOLE_EXAMPLES", "10"), "--seed", os.environ.get("CONSOLE_SEED", "1"),
        "--exclude-path", "/api/live", "--exclude-path-regex", "^/api/oidc/", "--request-timeout", "20", "--no-color", "--generation-database", "none",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def main():
    os.environ |= {"STORE_KEY": "k" * 48, "TIDEGATE_DEMO_RATE": "0"}
    os.environ["OIDC_SECRET"] = identity.SECRET
    parts = {
        "access": lambda: with_gate(access.all_of),
        "identity": lambda: identity.all_of(lambda issuer: gate(access=lambda port: f", auth: {{ oidc: {{ {identity.settings(issuer, port)} }} }}")),
        "interface": lambda: with_gate(interface_is_as_it_describes_itself),
    }
    if shutil.which("chromium"):
        import browser

        parts["browser"] = lambda: with_gate(browser.all_of)
    else:
        print("skipped: chromium is not installed (apt-get install chromium), so no page is looked at")
    for name in sys.argv[1:] or parts:
        began = time.monotonic()
        parts[name]()
        print(f"{name}: fine ({time.monotonic() - began:.0f} s)", flush=True)


def with_gate(part):
    with gate() as started:
        part(started)


if __name__ == "__main__":
    main()
