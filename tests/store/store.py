"""The store through a real gate: in SQLite, and in a real PostgreSQL. STORE_KILLS: how often the gate is killed (25)."""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from gate import Gate
from receiver import SECRET, Receiver
from postgres import Postgres, programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("STORE_KILLS", "25"))
WRITERS = 4
NASTY = ["' OR 1=1 --", "\"; DROP TABLE feedback; --", "$1", "?1", "\\", "%_", "名字'); --", "\u202e\u200b"]


def until(what, seconds=20.0):
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def contract(server):
    env = dict(os.environ)
    if server:
        env["TIDEGATE_TEST_POSTGRES"] = server.url()
    command = ["cargo", "test", "--locked", "--quiet", "--lib", "store::"]
    subprocess.run(command, cwd=ROOT, env=env, check=True)


def what_is_said_is_kept_and_led_to_its_queue(gate):
    status, allowed, _ = gate.chat("hello 你好")
    assert status == 200, status
    status, answer = gate.tell(allowed, label="false_negative", category="hate", comment="漏了")
    assert (status, answer["status"]) == (201, "in_review"), answer
    assert gate.tell(allowed, label="false_negative", category="hate", comment="漏了") == (200, answer)
    assert json.loads(gate.get(f"/v1/feedback/{answer['id']}")[2]) == answer
    # Nobody else has this decision, nor this opinion.
    for key in ("sk-b", None):
        assert gate.tell(allowed, key=key, thumbs="up")[0] == 404
        assert gate.get(f"/v1/feedback/{answer['id']}", key=key)[0] == 404
    status, blocked, _ = gate.chat("you blockhead")
    assert status == 400, status
    status, answer = gate.tell(blocked, kind="appeal", comment="it was a joke")
    assert (status, answer["kind"]) == (201, "appeal"), answer
    status, answer = gate.tell(allowed, rating=9, scale=10)
    assert (status, answer["status"]) == (201, "received"), answer
    status, _, _ = gate.chat("a doubtful word")
    assert status == 200, status
    # The same key for something else is a mistake of the caller.
    assert gate.tell(allowed, idempotency="k", thumbs="up")[0] == 201
    assert gate.tell(allowed, idempotency="k", thumbs="down")[0] == 422
    # The demo model repeats what it is told, so the doubtful word is doubtful twice.
    queues = {"reports": 1, "appeals": 1, "verdicts": 2, "samples": 1}
    for queue, items in queues.items():
        series = f'tidegate_review_items{{queue="{queue}",state="open"}}'
        assert until(lambda: gate.metric(series) == items), (queue, gate.metric(series))
    assert gate.metric('tidegate_feedback_ratings_total{answer="promoter",route="chat",scale="10"}') == 1


def what_is_nasty_is_only_text(gate):
    for nasty in NASTY:
        # As much is said of one decision as is kept of one.
        _, decision, _ = gate.chat("hello", model=f"m\0{nasty}")
        assert gate.tell(decision, comment=nasty, kind="report")[0] == 201, nasty
        assert gate.tell(decision, reporter=nasty, thumbs="up")[0] == 201, nasty
        named = all(c.isascii() and (c.isalnum() or c in "_-./") for c in nasty)
        assert gate.tell(decision, category=nasty, thumbs="up")[0] == (201 if named else 400), nasty
        assert gate.tell(nasty, thumbs="up")[0] == 400, nasty
        key = nasty.encode().decode("latin-1")
        assert gate.get("/v1/feedback/x", key=key)[0] == 404, nasty
        if nasty.isascii():
            assert gate.tell(decision, idempotency=nasty, thumbs="down")[0] in (200, 201), nasty
    bad = {
        b"": 400, b"{": 400, b"[]": 400, b'{"decision_id":1}': 400, b'{"thumbs":"up"}': 400,
        b'{"decision_id":"\xff"}': 400, b"x" * 20_000: 413,
    }
    for body, status in bad.items():
        assert gate.request("POST", "/v1/feedback", body)[0] == status, body[:40]
    assert gate.request("DELETE", "/v1/feedback", b"")[0] == 405
    assert gate.request("POST", "/v1/feedback", b"{}", headers={"content-type": "text/plain"})[0] == 415


class Writer(threading.Thread):
    """Gives opinions without pause, and remembers which were acknowledged."""

    def __init__(self, name, gates):
        super().__init__(daemon=True)
        self.name, self.gates = name, gates
        self.acknowledged, self.unsure, self.decisions, self.done = {}, [], [], False

    def run(self):
        number = 0
        while not self.done:
            gate, key = random.choice(self.gates), f"{self.name}-{number}"
            number += 1
            try:
                if number % 5 == 1 or not self.decisions:
                    status, decision, _ = gate.chat(f"a doubtful word {number}", key=f"sk-{self.name}")
                    if status == 200:
                        self.decisions.append(decision)
                if not self.decisions:
                    continue
                # A decision of a moment before the end may be lost: nobody was told that it is kept.
                decision = self.decisions[-1]
                said = {"rating": number % 5 + 1, "scale": 5} if number % 2 else {"kind": "report"}
                status, answer = gate.tell(decision, key=f"sk-{self.name}", idempotency=key, **said)
                if status == 201:
                    self.acknowledged[key] = (answer["id"], decision, said)
                elif status == 404:
                    self.decisions.pop()
                else:
                    assert status == 503, (status, answer)
                    time.sleep(0.02)
            except (OSError, json.JSONDecodeError):
                time.sleep(0.02)


def nothing_acknowledged_is_lost(gates, kills, count):
    """Kills gates again and again while people speak; `count` says how many opinions there are, and how many acts of giving one."""
    writers = [Writer(f"w{number}", gates) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(kills):
        time.sleep(random.uniform(0.05, 0.3))
        gate = random.choice(gates)
        gate.kill()
        gate.start()
    time.sleep(0.5)
    for writer in writers:
        writer.done = True
    for writer in writers:
        writer.join(60)
    told = 0
    for writer in writers:
        for key, (identity, decision, said) in writer.acknowledged.items():
            status, answer = gates[0].tell(decision, key=f"sk-{writer.name}", idempotency=key, **said)
            assert (status, answer.get("id")) == (200, identity), (key, status, answer)
            told += 1
    rows, acts = count()
    # One act for each opinion: none came twice, and none without the other.
    assert rows == acts >= told > kills, (rows, acts, told)
    return told


def the_ledger_is_sound(gate):
    code, said, errors = gate.review("ledger", "--verify")
    assert code == 0, (code, said, errors)


def others_are_told(folder):
    """What happens goes to those who asked: signed, without texts, tried again, and to Slack as a line."""
    with Receiver([503, 500]) as receiver:
        hooks = (
            "webhooks:\n"
            f"  ops: {{ url: 'http://127.0.0.1:{receiver.port}/hook', secret: {{ file: secret }},\n"
            "    events: [decision.stopped, feedback.appeal, policy.refused, policy.applied] }\n"
            f"  team: {{ url: 'http://127.0.0.1:{receiver.port}/slack', body: slack, events: [decision.review] }}\n"
        )
        folder.mkdir(parents=True)
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        with Gate(folder, "{ url: 'sqlite:state.db' }", hooks) as gate:
            _, decision, _ = gate.chat("you blockhead, secret words")
            assert until(lambda: receiver.kinds() == ["decision.stopped"]), receiver.kinds()
            # The same message came three times, each signed anew.
            assert len(receiver.ids) == 3 and len(set(receiver.ids)) == 1, receiver.ids
            stopped = receiver.told[0]["data"]
            assert (stopped["decision"], stopped["rule"], stopped["category"]) == (decision, "insult", "harassment")
            assert "secret words" not in json.dumps(receiver.told)
            assert gate.tell(decision, kind="appeal", comment="unfair")[0] == 201
            assert until(lambda: len(receiver.told) == 2), receiver.kinds()
            assert receiver.told[1]["data"]["decision"] == decision and "unfair" not in json.dumps(receiver.told)
            gate.chat("a doubtful word <!channel>")
            assert until(lambda: receiver.plain), "Slack was told nothing"
            line = receiver.plain[0]["text"]
            assert line.startswith("Tidegate: a decision asks for a person") and "rule doubt" in line, line
            policy = folder / "policies/house.yaml"
            good = policy.read_text()
            policy.write_text("version: 1\nname: house\nrules: nonsense\n")
            gate.process.send_signal(signal.SIGHUP)
            assert until(lambda: "policy.refused" in receiver.kinds()), receiver.kinds()
            policy.write_text(good + "# touched\n")
            gate.process.send_signal(signal.SIGHUP)
            assert until(lambda: receiver.kinds()[-1] == "policy.applied"), receiver.kinds()
            assert receiver.kinds().count("policy.refused") == 1, receiver.kinds()
            sent = gate.metric('tidegate_webhook_messages_total{outcome="sent",webhook="ops"}')
            assert sent == len(receiver.told), (sent, receiver.kinds())
            assert not receiver.refused, receiver.refused
            gate.stop()
    print("webhooks: told, signed as the library of Standard Webhooks reads it")


def in_sqlite(folder):
    store = "{ url: 'sqlite:state.db', text: full }"
    file = folder / "state.db"

    def ask(sql):
        with sqlite3.connect(file, timeout=10) as database:
            return database.execute(sql).fetchall()

    with Gate(folder, store) as gate:
        what_is_said_is_kept_and_led_to_its_queue(gate)
        what_is_nasty_is_only_text(gate)
        assert file.stat().st_mode & 0o777 == 0o600
        # Whoever looks into the file takes nothing from the gate: neither its locks nor its journal.
        assert ask("PRAGMA journal_mode") == [("wal",)]
        assert (folder / "state.db-wal").exists()
        what_is_said = ask("SELECT count(*) FROM feedback")[0][0]
        _, decision, _ = gate.chat("after somebody has looked")
        assert gate.tell(decision, thumbs="up")[0] == 201
        assert ask("SELECT count(*) FROM feedback")[0][0] == what_is_said + 1
        told = nothing_acknowledged_is_lost(
            [gate], KILLS, lambda: ask("SELECT (SELECT count(*) FROM feedback), (SELECT count(*) FROM ledger WHERE act = 'feedback')")[0]
        )
        assert ask("PRAGMA integrity_check") == [("ok",)]
        the_ledger_is_sound(gate)
        gate.stop()
    print(f"sqlite: killed {KILLS} times, {told} acknowledged opinions, none lost")


def in_postgres(folder, server):
    server.query("postgres", "CREATE DATABASE gates")
    store = f"{{ url: '{server.url('gates')}' }}"
    one, other = Gate(folder / "one", store), Gate(folder / "other", store)
    with one, other:
        what_is_said_is_kept_and_led_to_its_queue(one)
        what_is_nasty_is_only_text(one)
        # What one gate has decided the other one hears about, at once.
        for _ in range(20):
            _, decision, _ = one.chat("hello")
            assert other.tell(decision, thumbs="up")[0] == 201
        count = "SELECT (SELECT count(*) FROM feedback), (SELECT count(*) FROM ledger WHERE act = 'feedback')"
        told = nothing_acknowledged_is_lost(
            [one, other], KILLS, lambda: tuple(map(int, server.query("gates", count).split("|")))
        )
        the_ledger_is_sound(one)
        a_database_that_goes_away_stops_no_traffic(one, server)
        a_database_that_stands_still_holds_nobody_up(one, server)
        the_ledger_is_sound(other)
        one.stop()
        other.stop()
        # A gate that starts while the database is away serves, and finds it later.
        server.stop(signal.SIGQUIT)
        with Gate(folder / "late", store) as late:
            assert late.chat("hello")[0] == 200
            assert late.metric("tidegate_store_up") == 0
            server.start()
            assert until(lambda: late.tell(late.chat("hello")[1], thumbs="up")[0] == 201)
    with Gate(folder / "strict", store.replace(" }", ", required: true }")) as strict:
        assert strict.chat("hello")[0] == 200
        server.stop(signal.SIGQUIT)
        # The first request may meet a store that nobody knows to be away.
        assert until(lambda: strict.chat("hello")[0] == 503)
        server.start()
        assert until(lambda: strict.chat("hello")[0] == 200)
    print(f"postgres: two gates, killed {KILLS} times, {told} acknowledged opinions, none lost")


def a_database_that_stands_still_holds_nobody_up(gate, server):
    _, decision, _ = gate.chat("hello")
    server.stand_still(True)
    try:
        # Whoever waits is told, and those after them at once.
        assert gate.tell(decision, thumbs="up")[0] == 503
        began = time.monotonic()
        assert until(lambda: gate.tell(decision, thumbs="up")[0] == 503 and time.monotonic() - began < 30)
        assert gate.chat("hello")[0] == 200
        assert until(lambda: gate.metric("tidegate_store_up") == 0)
    finally:
        server.stand_still(False)
    assert until(lambda: gate.tell(decision, thumbs="down")[0] in (200, 201), 40)


def a_database_that_goes_away_stops_no_traffic(gate, server):
    _, decision, _ = gate.chat("hello")
    assert gate.tell(decision, thumbs="up")[0] == 201
    server.query("gates", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidegate'")
    assert until(lambda: gate.tell(decision, thumbs="down")[0] in (200, 201))
    server.stop(signal.SIGQUIT)
    status, headers, _ = gate.request("POST", "/v1/feedback", {"decision_id": decision, "kind": "report"})
    assert (status, headers.get("retry-after")) == (503, "1"), status
    assert until(lambda: gate.metric("tidegate_store_up") == 0)
    assert gate.chat("hello")[0] == 200
    # More waits than goes in one transaction, and traffic does not stop while the database comes back.
    for number in range(300):
        assert gate.chat(f"hello {number}")[0] == 200
    _, late, _ = gate.chat("said while nobody could write it down")
    back = threading.Event()
    traffic = threading.Thread(target=lambda: [gate.chat("hello") for _ in iter(back.is_set, True)], daemon=True)
    traffic.start()
    server.start()
    assert until(lambda: gate.tell(decision, kind="report")[0] in (200, 201))
    back.set()
    traffic.join(30)
    assert until(lambda: gate.metric("tidegate_store_up") == 1)
    # It waited in the gate.
    assert gate.tell(late, thumbs="up")[0] == 201


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-store-"))
    try:
        if programs() is None:
            print("skipped: PostgreSQL is not installed (apt-get install postgresql), so only SQLite is tried")
            contract(None)
            others_are_told(folder / "told")
            in_sqlite(folder / "sqlite")
            return
        others_are_told(folder / "told")
        in_sqlite(folder / "sqlite")
        with Postgres() as server:
            contract(server)
            in_postgres(folder, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
