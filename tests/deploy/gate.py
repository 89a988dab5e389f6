"""The gate as a process: what manifests say of it, mapped onto this machine."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
TIDEGATE = os.path.abspath(os.environ["TIDEGATE_BIN"])

# How long a process may take to answer. The shipped policies take a debug build some seconds.
PATIENCE = 90.0


def tool(*names: str, why: str) -> str:
    """The first of these programs that is installed; the test is skipped, with the reason, where there is none."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    reason = f"skipped: {' or '.join(names)} is not installed, so {why}"
    print(reason, file=sys.stderr)
    raise unittest.SkipTest(reason)


def succeed(*command: object, **more: object) -> str:
    """What a command says, which has to succeed; what it complains of is the message where it does not."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Ports:
    """A free loopback port for each address that containers have to themselves."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, str], int] = {}

    def of(self, owner: str, port: str) -> int:
        """The port here of a port of a container."""
        if (owner, port) not in self.taken:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.taken[owner, port] = probe.getsockname()[1]
        return self.taken[owner, port]

    def moved(self, owner: str, text: str, names: tuple[str, ...] = ()) -> str:
        """A text of a manifest with its addresses moved: own ones, and `NAME:PORT` of other containers."""
        for name in names:
            text = re.sub(rf"\b{re.escape(name)}:(\d+)", lambda found, name=name: f"127.0.0.1:{self.of(name, found[1])}", text)
        known = "|".join(str(port) for port in self.taken.values())
        own = rf"(?:0\.0\.0\.0|127\.0\.0\.1|localhost):(?!(?:{known})\b)(\d+)" if known else r"(?:0\.0\.0\.0|127\.0\.0\.1|localhost):(\d+)"
        return re.sub(own, lambda found: f"127.0.0.1:{self.of(owner, found[1])}", text)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Nothing of the gate's from the environment of the tests."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    return own | settings


@contextlib.contextmanager
def running(arguments: list[str], settings: dict[str, str], program: str = TIDEGATE, **more: object):
    """A process that is told to stop at the end, and has to end well."""
    process = subprocess.Popen(
        [program, *arguments], env=environment(settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more
    )
    try:
        yield process
        assert process.poll() is None, f"{arguments}: ended by itself\n{process.stderr.read()}"
    except BaseException:
        process.kill()
        _, complaints = process.communicate()
        print(f"{program} {' '.join(arguments)}:\n{complaints[-4000:]}", file=sys.stderr)
        raise
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -signal.SIGTERM), f"{arguments}: exit {process.returncode}\n{complaints}"


def ask(port: int, path: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        payload = None if body is None else json.dumps(body)
        kind = {} if body is None else {"content-type": "application/json"}
        connection.request("GET" if body is None else "POST", path, payload, kind | (headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def wait_for(what: str, attempt) -> None:
    """Tries until it is true."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if attempt():
                return
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


def chat(port: int, text: str, **more: object) -> tuple[int, str]:
    """What a client gets."""
    return ask(port, "/v1/chat/completions", {"model": "demo", "messages": [{"role": "user", "content": text}], **more})
