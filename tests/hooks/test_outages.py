"""What comes of traffic when a server dies under it, hangs, is not there yet, and comes back."""

import itertools
import os
import signal
import threading
import time

import pytest

import direct
import processes
import samples

NUMBERS = itertools.count(1)
# For each server: the policy that asks it, its classifiers, a text that it is asked about and must not pass, and what of it.
SERVERS = {
    "presidio": ("personal", ["english", "chinese"], "write to alice{}@example.com 谢谢", "alice"),
    "mlserver": ("toxic", ["toxic"], "vermin number {} 坏", "vermin"),
    "detectors": ("detected", ["detector"], "😀 write to alice{}@example.com", "alice"),
}


def recovers(world, model, text):
    """Waits until the circuit lets calls through again, which takes 8 s at most."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        answer = world.ask(model, f"{text} {next(NUMBERS)}")
        if answer.code != "moderation_unavailable":
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{model} does not come back: {world.ready()}")


class Traffic:
    """Clients that keep asking, each time with another text."""

    def __init__(self, world, model, text):
        self.answers, self.over = [], threading.Event()
        self.threads = [threading.Thread(target=self.keep_asking, args=(world, model, text)) for _ in range(4)]

    def keep_asking(self, world, model, text):
        while not self.over.is_set():
            number = next(NUMBERS)
            self.answers.append((number, world.ask(model, text.format(number))))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, wanted, which, what=lambda: True):
        """Until so many of such answers have come, and that holds."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if sum(map(which, [answer for _, answer in list(self.answers)])) >= wanted and what():
                return
            time.sleep(0.05)
        raise AssertionError(f"{[answer.status for _, answer in self.answers]}")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_is_killed_under_traffic_lets_nothing_pass_unread_and_is_asked_again_when_it_is_back(world, name):
    model, classifiers, text, part = SERVERS[name]
    server = getattr(world, name)
    unjudged = lambda: sum(
        world.counted("tidegate_classifier_requests_total", classifier=one, outcome=outcome)
        for one in classifiers for outcome in ("error", "rejected", "timeout"))
    blocked = lambda: sum(world.counted("tidegate_fallbacks_total", classifier=one, fallback="block") for one in classifiers)
    unjudged_before, blocked_before = unjudged(), blocked()
    is_silent = lambda answer: answer.code == "moderation_unavailable"
    is_open = lambda: any(
        world.counted("tidegate_classifier_circuit_state", classifier=one, state=state) for one in classifiers for state in ("open", "half_open"))
    with Traffic(world, model, text) as traffic:
        traffic.wait_for(8, lambda answer: not is_silent(answer))
        server.kill()
        # Texts that wait together share a call, and the circuit counts calls.
        traffic.wait_for(20, is_silent, is_open)
    assert not any(part in answer.raw for _, answer in traffic.answers), "a text passed that nobody has read"
    silent = [answer for _, answer in traffic.answers if is_silent(answer)]
    assert {answer.status for answer in silent} == {503} and all(int(answer.headers["retry-after"]) >= 1 for answer in silent)
    assert unjudged() > unjudged_before and blocked() >= blocked_before + len(silent)
    ready = world.ready()
    assert any("circuit open" in ready[one] or "circuit half" in ready[one] for one in classifiers), ready
    (record,) = world.records(silent[-1], "prompt")
    assert record["action"] == "unavailable" and record["classifiers"][0]["unavailable"] in ("error", "rejected")
    # The one server's outage is not the others'.
    for other in SERVERS.keys() - {name}:
        assert world.ask(SERVERS[other][0], f"good day {next(NUMBERS)}").status == 200

    server.start()
    answer = recovers(world, model, "good day")
    assert answer.status == 200 and answer.text.startswith("You said: good day"), answer.raw
    judged = world.ask(model, text.format(next(NUMBERS)))
    assert not is_silent(judged) and part not in judged.raw, judged.raw
    assert all("circuit closed" in world.ready()[one] for one in classifiers), world.ready()
    assert all(world.counted("tidegate_classifier_circuit_state", classifier=one, state="closed") == 1 for one in classifiers)


@pytest.mark.parametrize("model", ["toxic", "flowing"])
def test_a_server_that_is_killed_under_a_stream_ends_the_stream(world, model):
    killed_at = []

    def kill(raw):
        if raw.count('"content"') >= 60 and not killed_at:
            world.mlserver.kill()
            killed_at.append(len(processes.Answer(200, {}, raw[: raw.rindex("\n\n") + 2], "").text))

    answer = world.ask(model, f"tell long {model}", stream=True, on_text=kill)
    assert killed_at and answer.status == 200
    assert (answer.code, answer.finish) == ("moderation_unavailable", None), answer.raw[-600:]
    assert samples.LONG.startswith(answer.text)
    # What waits gets no further than what was judged when the server died; what flows is at most so many blocks ahead.
    ahead = (2 if model == "toxic" else 10) * 600
    assert len(answer.text) <= killed_at[0] + ahead < len(samples.LONG)
    world.mlserver.start()
    assert recovers(world, model, "good day").status == 200


def test_a_server_that_hangs_costs_its_time_and_no_more(world):
    assert world.ask("impatient", "good day to begin with").status == 200
    os.kill(world.mlserver.child.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = world.ask("impatient", "good day while it hangs")
        took = time.monotonic() - began
    finally:
        os.kill(world.mlserver.child.pid, signal.SIGCONT)
    assert (answer.status, answer.code) == (503, "moderation_unavailable"), answer.raw
    assert world.said_by(answer, "prompt", "impatient")["unavailable"] == "timeout"
    assert took < 10
    assert recovers(world, "impatient", "good day").status == 200
    assert world.ask("impatient", "you vermin at last").code == "content_policy_violation"


def test_a_gate_that_starts_before_its_classifier_lets_nothing_pass_until_the_self_test_has_passed(world):
    world.gate.stop()
    world.detectors.kill()
    world.gate.start()
    answer = world.ask("detected", "good day")
    assert (answer.status, answer.code) == (503, "moderation_unavailable"), answer.raw
    assert "self-test failed" in world.ready()["detector"], world.ready()
    world.detectors.start()
    assert recovers(world, "detected", "good day").status == 200
    assert "circuit closed, self-test passed" in world.ready()["detector"], world.ready()
    text = "write to bob@example.com"
    (found,) = direct.detectors(world, text, "email")
    assert world.ask("detected", text).text == f"You said: {direct.replaced(text, [(found['start'], found['end'], '[MAIL]')])}"
