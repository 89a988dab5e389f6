"""Who may do what at the admin listener: first admin, sessions, tokens, forged requests, and a table of every place."""

import json
import sqlite3
import threading
import time

from visitor import PASSWORD, Visitor, person

ID = "00000000-0000-7000-8000-000000000000"
SESSION, ANYBODY = "session", "anybody"
# What each place asks for, written down apart from the table of the gate.
PLACES = {
    ("GET", "/api/session"): ANYBODY,
    ("GET", "/api/openapi.json"): ANYBODY,
    ("GET", "/api/tokens"): SESSION,
    ("POST", "/api/tokens"): SESSION,
    ("DELETE", f"/api/tokens/{ID}"): SESSION,
    ("PUT", "/api/password"): SESSION,
    ("POST", "/api/session/confirm"): SESSION,
    ("GET", "/api/overview"): "see",
    ("GET", "/api/decisions"): "see",
    ("GET", f"/api/decisions/{ID}"): "see",
    ("GET", "/api/review/queues"): "see",
    ("GET", "/api/review/stats"): "see",
    ("GET", "/api/feedback"): "see",
    ("GET", "/api/satisfaction"): "see",
    ("GET", "/api/policies"): "see",
    ("GET", "/api/policies/house"): "see",
    ("GET", "/api/adapt"): "see",
    ("POST", "/api/playground"): "read",
    ("POST", "/api/playground/tests"): "read",
    ("GET", "/api/review/items"): "judge",
    ("POST", "/api/review/claim"): "judge",
    ("GET", f"/api/review/items/{ID}"): "judge",
    ("POST", f"/api/review/items/{ID}/claim"): "judge",
    ("DELETE", f"/api/review/items/{ID}/claim"): "judge",
    ("POST", f"/api/review/items/{ID}/judgement"): "judge",
    ("DELETE", f"/api/review/items/{ID}/judgement"): "judge",
    ("GET", "/api/review/export?form=labels"): "export",
    ("GET", f"/api/review/items/{ID}/test-case"): "edit",
    ("POST", f"/api/review/items/{ID}/test-case"): "edit",
    ("GET", f"/api/review/items/{ID}/exception"): "edit",
    ("POST", f"/api/review/items/{ID}/exception"): "edit",
    ("POST", "/api/playground/test-case"): "edit",
    ("POST", "/api/adapt/reset"): "edit",
    ("GET", "/api/users"): "manage",
    ("POST", "/api/users"): "manage",
    ("PATCH", f"/api/users/{ID}"): "manage",
    ("DELETE", f"/api/users/{ID}/sessions"): "manage",
    ("DELETE", f"/api/decisions/{ID}/texts"): "manage",
    ("GET", "/api/ledger"): "manage",
    ("GET", "/api/ledger/verify"): "manage",
}
MAY = {
    "viewer": {"see"},
    "reviewer": {"see", "read", "judge"},
    "editor": {"see", "read", "judge", "export", "edit"},
    "admin": {"see", "read", "judge", "export", "edit", "manage"},
}
# What asks for the password again.
CONFIRMED = {
    ("POST", "/api/tokens"), ("GET", "/api/review/export?form=labels"), ("POST", f"/api/review/items/{ID}/test-case"),
    ("POST", f"/api/review/items/{ID}/exception"), ("POST", "/api/playground/test-case"), ("POST", "/api/adapt/reset"),
    ("POST", "/api/users"), ("PATCH", f"/api/users/{ID}"), ("DELETE", f"/api/users/{ID}/sessions"),
    ("DELETE", f"/api/decisions/{ID}/texts"),
}
# What shows text of users besides, and so asks for that too.
ALSO_READ = {(method, f"/api/review/items/{ID}/{kind}") for method in ("GET", "POST") for kind in ("test-case", "exception")}
NASTY = [
    "' OR 1=1 --", "\"; DROP TABLE users; --", "$1", "%_", "名字'); --", "\u202e\u200b", "<img src=x onerror=alert(1)>", "\\",
    "a" * 5000,
]


def until(what, seconds=20.0):
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


def quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def the_first_admin_needs_the_token_that_the_gate_printed(gate):
    visitor = Visitor(gate)
    assert visitor.get("/api/setup")[1] == {"needed": True, "oidc": False, "store": True}
    said = {"token": "x", "name": "root", "password": PASSWORD}
    assert visitor.ask("POST", "/api/setup", said)[0] == 403
    log = (gate.folder / "log").read_text()
    token = log.split("one-time token: ")[-1].split()[0]
    for wrong, status in (({"password": "short"}, 422), ({"name": ""}, 400), ({"name": "gate"}, 400), ({"role": "x"}, 400)):
        assert visitor.ask("POST", "/api/setup", said | {"token": token} | wrong)[0] == status, wrong
    visitor.set_up()
    assert visitor.get("/api/session")[1]["user"]["role"] == "admin"
    again = said | {"token": token, "name": "second"}
    status, refused = Visitor(gate).ask("POST", "/api/setup", again)
    assert (status, refused["error"]["code"]) == (409, "set_up")
    assert Visitor(gate).get("/api/setup")[1]["needed"] is False
    return visitor


def every_place_is_open_to_whom_the_table_says_and_to_nobody_else(gate, root):
    people = {role: person(root, role) for role in MAY}
    nobody = {"nobody": Visitor(gate), "a client": Visitor(gate, token="sk-a"), "a forger": Visitor(gate, token="tgt_" + "A" * 43)}
    wrong = []
    for (method, path), needs in PLACES.items():
        body = {} if method in ("POST", "PUT", "PATCH") else None
        for who, visitor in nobody.items():
            status, said = visitor.ask(method, path, body)
            if status != 401:
                wrong.append((who, method, path, status, said))
        for role, visitor in people.items():
            status, said = visitor.ask(method, path, body)
            may = needs in (ANYBODY, SESSION) or needs in MAY[role]
            code = said["error"]["code"] if isinstance(said, dict) and "error" in said else None
            # An empty password is a wrong one, which is another 403.
            refused = code in ("forbidden", "not_signed_in", "csrf", "confirm_password", "change_password")
            if refused == may or status >= 500 or status == 405 or (not may and status != 403):
                wrong.append((role, method, path, status, said))
    assert not wrong, "\n".join(map(str, wrong))
    known = {(place.split(" ")[0], place.split(" ")[1]) for place in places_of(root)}
    named = {(method, path.split("?")[0].replace(ID, "{}").replace("/house", "/{}")) for method, path in PLACES}
    rest = {("GET", "/api/oidc/login"), ("GET", "/api/oidc/callback"), ("GET", "/api/setup"), ("POST", "/api/setup"), ("POST", "/api/session"), ("DELETE", "/api/session"), ("GET", "/api/live")}
    assert known == named | rest, known ^ (named | rest)
    return people


def places_of(root):
    """Every place that the gate describes, with empty braces."""
    described = root.get("/api/openapi.json")[1]["paths"]
    methods = ("get", "post", "put", "patch", "delete")
    for path, operations in described.items():
        bare = path.replace("{id}", "{}").replace("{name}", "{}")
        yield from (f"{method.upper()} {bare}" for method in operations if method in methods)


def a_token_may_do_what_it_says_and_nothing_of_a_session(gate, people):
    for scope in sorted(MAY["admin"]):
        admin = people["admin"]
        status, made = admin.ask("POST", "/api/tokens", {"name": f"only {scope}", "scopes": [scope]})
        assert status == 201 and made["token"].startswith("tgt_"), made
        program = Visitor(gate, token=made["token"])
        for (method, path), needs in PLACES.items():
            body = {} if method in ("POST", "PUT", "PATCH") else None
            # A program sends no Origin and no CSRF token.
            status, said = program.ask(method, path, body, headers={"Origin": None, "X-CSRF-Token": None})
            expected = needs in (ANYBODY, scope) and (method, path) not in ALSO_READ
            assert (status not in (401, 403)) == expected, (scope, method, path, status, said)
    viewer = people["viewer"]
    assert viewer.ask("POST", "/api/tokens", {"name": "more", "scopes": ["see", "manage"]})[0] == 400
    assert viewer.ask("POST", "/api/tokens", {"name": "none", "scopes": []})[0] == 400
    assert viewer.ask("POST", "/api/tokens", {"name": "long", "scopes": ["see"], "expires_days": 99999})[0] == 400
    # The token is shown once, and never again.
    shown = json.dumps(people["admin"].get("/api/tokens")[1])
    assert "tgt_" not in shown and "hash" not in shown


def what_is_somebody_elses_is_not_there(gate, people):
    admin, reviewer, viewer = people["admin"], people["reviewer"], people["viewer"]
    own = reviewer.ask("POST", "/api/tokens", {"name": "own", "scopes": ["see"]})[1]
    assert viewer.ask("DELETE", f"/api/tokens/{own['id']}")[0] == 404
    assert own["id"] not in json.dumps(viewer.get("/api/tokens")[1])
    assert own["id"] in json.dumps(admin.get("/api/tokens")[1])
    program = Visitor(gate, token=own["token"])
    assert program.get("/api/overview")[0] == 200
    assert admin.ask("DELETE", f"/api/tokens/{own['id']}")[0] == 204
    assert program.get("/api/overview")[0] == 401
    # Nobody makes more of themselves by what they send.
    for body in ({"name": "x", "scopes": ["see"], "user_id": admin.id}, {"name": "x", "scopes": ["see"], "role": "admin"}):
        assert viewer.ask("POST", "/api/tokens", body)[0] == 400, body
    assert viewer.ask("PATCH", f"/api/users/{viewer.id}", {"role": "admin"})[0] == 403
    assert viewer.ask("PUT", "/api/password", {"old": PASSWORD, "new": PASSWORD + "!", "role": "admin"})[0] == 400
    assert admin.ask("PATCH", f"/api/users/{viewer.id}", {"id": ID})[0] == 400
    assert admin.ask("PATCH", f"/api/users/{viewer.id}", {"role": "god"})[0] == 400


def a_change_comes_from_our_page_and_nothing_is_changed_by_looking(gate, root):
    before = root.get("/api/ledger?limit=1")[1]["rows"][0]["seq"]
    token = {"name": "forged", "scopes": ["see"]}
    host = f"127.0.0.1:{gate.admin}"
    for forged in (
        {"X-CSRF-Token": None}, {"X-CSRF-Token": "x"}, {"Origin": None}, {"Origin": "null"}, {"Origin": "http://evil.example"},
        {"Origin": f"http://localhost:{gate.admin + 1}"}, {"Origin": f"http://{host}.evil.example"}, {"Host": "evil.example"},
        {"Host": f"evil.example:{gate.admin}", "Origin": f"http://evil.example:{gate.admin}"},
    ):
        assert root.ask("POST", "/api/tokens", token, headers=forged)[0] == 403, forged
        said = {"name": "root", "password": PASSWORD}
        if forged.keys() & {"Origin", "Host"}:
            # Nobody is signed in as somebody else behind their back.
            assert Visitor(gate).ask("POST", "/api/session", said, headers=forged)[0] == 403, forged
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        assert root.ask("POST", "/api/tokens", json.dumps(token), headers={"Content-Type": kind})[0] == 415, kind
    status, headers, _ = root.send("OPTIONS", "/api/tokens", headers={"Access-Control-Request-Method": "POST"})
    assert status in (403, 405) and not [name for name in headers if name.lower().startswith("access-control-")]
    for (method, path), _needs in PLACES.items():
        if method == "GET" and not path.startswith("/api/review/export"):
            status, headers, _ = root.send("GET", path)
            assert headers["content-security-policy"].startswith("default-src 'none'"), path
            assert headers["x-frame-options"] == "DENY" and headers["cache-control"] == "no-store", path
        if ("GET", path) not in PLACES and method != "GET":
            # What changes something is not there to be looked at.
            assert root.get(path)[0] == 405, path
    assert root.get("/api/ledger?limit=1")[1]["rows"][0]["seq"] == before, "looking changed something"


def who_guesses_waits_and_is_told_nothing(gate, root):
    person(root, "viewer", "guessed")
    answers = []
    for name in ("guessed", "nobody of this name"):
        guesser = Visitor(gate, source="127.0.0.9")
        for _ in range(5):
            answers.append(guesser.ask("POST", "/api/session", {"name": name, "password": "wrong wrong wrong"}))
        status, headers, said = guesser.send("POST", "/api/session", {"name": name.upper(), "password": PASSWORD})
        assert (status, said["error"]["code"]) == (429, "too_many") and int(headers["retry-after"]) > 60, said
    assert all(answer == answers[0] and answer[0] == 401 for answer in answers), answers
    # Whatever comes from elsewhere, the owner gets in, and whoever is in may give the password again.
    for number in range(20, 32):
        for _ in range(5):
            Visitor(gate, source=f"127.0.0.{number}").ask("POST", "/api/session", {"name": "root", "password": "wrong wrong wrong"})
    assert root.ask("POST", "/api/session/confirm", {"password": PASSWORD})[0] == 200
    Visitor(gate).sign_in("root")
    assert Visitor(gate).ask("POST", "/api/session", {"name": "n" * 900_000, "password": PASSWORD})[0] == 401
    # From elsewhere the owner gets in.
    Visitor(gate, source="127.0.0.8").sign_in("guessed")
    # A cookie that somebody planted is not taken over.
    planted = Visitor(gate)
    planted.cookie = "tidegate=planted"
    assert planted.sign_in("guessed").cookie != "tidegate=planted"
    thief = Visitor(gate)
    for name in ("tidegate=planted", planted.cookie.replace("tidegate=", "__Host-tidegate=")):
        thief.cookie = name
        assert thief.get("/api/session")[0] == 401, name
    two = Visitor(gate)
    two.cookie = f"{planted.cookie}; tidegate=planted"
    assert two.get("/api/session")[0] == 401


def whoever_has_to_change_the_password_can_do_nothing_else(gate, root):
    first = "the first 口令 12345"
    row = root.ask("POST", "/api/users", {"name": "new-admin", "role": "admin", "password": first})[1]
    new = Visitor(gate).sign_in("new-admin", first)
    for (method, path), _needs in PLACES.items():
        if (method, path) not in {("GET", "/api/session"), ("PUT", "/api/password")}:
            status, said = new.ask(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
            # What is open to everybody who is signed in comes before what is asked of this one.
            assert (status, said["error"]["code"]) == (403, "change_password"), (method, path, status, said)
    assert new.ask("PUT", "/api/password", {"old": first, "new": PASSWORD})[0] == 204
    token = new.ask("POST", "/api/tokens", {"name": "t", "scopes": ["see"]})[1]["token"]
    assert Visitor(gate, token=token).get("/api/overview")[0] == 200
    # A new password of an admin, and a sign-out everywhere, end programs too.
    assert root.ask("PATCH", f"/api/users/{row['id']}", {"password": first})[0] == 200
    assert Visitor(gate, token=token).get("/api/overview")[0] == 401
    assert new.get("/api/session")[0] == 401
    assert root.ask("PATCH", f"/api/users/{row['id']}", {"role": "viewer"})[0] == 200


def a_password_that_is_looked_at_while_it_is_replaced_opens_nothing(gate, root):
    """Sign-ins and changes wait in a queue; what an admin does meanwhile comes first."""
    old, new = "the first 口令 12345", "the second 口令 12345"
    for number in range(3):
        row = root.ask("POST", "/api/users", {"name": f"racer-{number}", "role": "admin", "password": old})[1]
        inside = Visitor(gate).sign_in(f"racer-{number}", old)
        ended = []

        def act(visitor, *words):
            ended.append((visitor, visitor.ask(*words)))

        door = Visitor(gate, source="127.0.0.40")
        jobs = [
            threading.Thread(target=act, args=(Visitor(gate, source=f"127.0.0.{50 + n}"), "POST", "/api/session", {"name": "x", "password": "y" * 20}))
            for n in range(6)
        ]
        jobs.append(threading.Thread(target=act, args=(inside, "PUT", "/api/password", {"old": old, "new": PASSWORD})))
        jobs.append(threading.Thread(target=act, args=(door, "POST", "/api/session", {"name": f"racer-{number}", "password": old})))
        for job in jobs:
            job.start()
        status, said = root.ask("PATCH", f"/api/users/{row['id']}", {"password": new})
        assert status == 200, said
        for job in jobs:
            job.join()
        # Whatever came first, what the admin set last is what stands.
        assert inside.get("/api/session")[0] == 401, ended
        assert door.get("/api/session")[0] == 401, ended
        assert Visitor(gate, source=f"127.0.0.{60 + number}").ask("POST", "/api/session", {"name": f"racer-{number}", "password": old})[0] == 401
        assert root.ask("PATCH", f"/api/users/{row['id']}", {"role": "viewer"})[0] == 200


def sessions_end(gate, root):
    def rows(sql, *values):
        with sqlite3.connect(gate.folder / "state.db", timeout=10) as database:
            return database.execute(sql, values).fetchall()

    somebody = person(root, "reviewer", "passing")
    assert somebody.ask("DELETE", "/api/session", headers={"X-CSRF-Token": None})[0] == 403
    old = somebody.cookie
    assert somebody.ask("DELETE", "/api/session")[0] == 204
    somebody.cookie = old
    assert somebody.get("/api/session")[0] == 401
    for change in ("seen = seen - 1860000", "ends = 0"):
        somebody.sign_in("passing")
        rows(f"UPDATE sessions SET {change} WHERE user_id = ?", somebody.id)
        assert somebody.get("/api/session")[0] == 401, change
    # What asks for the password again.
    admin = person(root, "admin")
    rows("UPDATE sessions SET confirmed = NULL WHERE user_id = ?", admin.id)
    for method, path in sorted(CONFIRMED):
        body = {} if method in ("POST", "PUT", "PATCH") else None
        status, said = admin.ask(method, path, body)
        assert (status, said["error"]["code"]) == (403, "confirm_password"), (method, path, said)
    assert admin.ask("POST", "/api/session/confirm", {"password": "no"})[0] == 403
    assert admin.ask("POST", "/api/session/confirm", {"password": PASSWORD})[0] == 200
    for method, path in sorted(CONFIRMED):
        body = {} if method in ("POST", "PUT", "PATCH") else None
        said = admin.ask(method, path, body)[1]
        assert not isinstance(said, dict) or said.get("error", {}).get("code") != "confirm_password", (method, path)
    # The last admin stays one.
    others = [row for row in root.get("/api/users")[1]["rows"] if row["role"] == "admin" and row["name"] != "root"]
    for row in others:
        assert root.ask("PATCH", f"/api/users/{row['id']}", {"role": "viewer"})[0] == 200
    own = root.get("/api/session")[1]["user"]["id"]
    for change in ({"role": "editor"}, {"disabled": True}):
        status, said = root.ask("PATCH", f"/api/users/{own}", change)
        assert (status, said["error"]["code"]) == (409, "last_admin"), said


def a_live_feed_ends_with_the_right_to_see_it(gate, root):
    for change in (
        lambda who: root.ask("PATCH", f"/api/users/{who.id}", {"disabled": True})[0],
        lambda who: root.ask("PATCH", f"/api/users/{who.id}", {"role": "reviewer"})[0],
        lambda who: root.ask("DELETE", f"/api/users/{who.id}/sessions")[0],
        lambda who: who.ask("DELETE", "/api/session")[0],
    ):
        somebody = person(root, "viewer")
        connection, feed = somebody.live()
        assert feed.status == 200, feed.status
        gate.chat("hello")
        while not feed.fp.readline().startswith(b"event: decision"):
            pass
        assert change(somebody) in (200, 204)
        began = time.monotonic()
        connection.sock.settimeout(10)
        # The last chunk, or the end of the connection.
        while feed.fp.readline() not in (b"0\r\n", b""):
            pass
        assert time.monotonic() - began < 5
        connection.close()


def what_is_nasty_is_only_text(gate, root):
    users = len(root.get("/api/users")[1]["rows"])
    for nasty in NASTY:
        for path in (
            "/api/decisions?action={}", "/api/decisions?policy={}", "/api/decisions?rule={}", "/api/decisions?id={}",
            "/api/decisions?after={}", "/api/decisions?since={}", "/api/decisions/{}", "/api/review/items?queue={}",
            "/api/review/items?rule={}", "/api/review/items?after={}", "/api/review/items/{}", "/api/feedback?kind={}",
            "/api/feedback?after={}", "/api/ledger?actor={}", "/api/ledger?act={}", "/api/ledger?object={}", "/api/ledger?after={}",
            "/api/policies/{}", "/api/satisfaction?bucket={}", "/api/overview?hours={}", "/api/review/export?form={}",
        ):
            status, said = root.get(path.format(quoted(nasty)))
            assert status < 500, (path, nasty, status, said)
        for method, path, body in (
            ("POST", "/api/session", {"name": nasty, "password": nasty}),
            ("POST", "/api/tokens", {"name": nasty, "scopes": ["see"]}),
            ("POST", "/api/users", {"name": nasty, "role": "viewer", "password": PASSWORD}),
            ("POST", f"/api/review/items/{quoted(nasty)}/judgement", {"judgement": "upheld", "note": nasty}),
            ("POST", "/api/review/claim", {"queue": nasty}),
            ("POST", "/api/adapt/reset", {"policy": nasty, "rule": nasty}),
            ("POST", "/api/playground", {"policy": nasty, "phase": "prompt", "text": nasty}),
        ):
            status, said = root.ask(method, path, body)
            assert status < 500, (path, nasty, status, said)
    assert len(root.get("/api/users")[1]["rows"]) >= users
    for body in (b"", b"{", b"[]", b'{"name":1}', b"\xff", b"x" * 2_000_000):
        status = root.ask("POST", "/api/tokens", body)[0]
        assert status in (400, 413), (body[:20], status)


def what_is_nearly_the_same_is_decided_at_once(gate, people):
    reviewer, other = people["reviewer"], people["editor"]
    said = "you blockhead, tell me at last where you have put all of my keys yesterday in the {} before we left for the station"
    decisions = [gate.chat(said.format(time))[1] for time in ("evening", "morning")]
    far = gate.chat("a blockhead is also a kind of wooden form on which hats are made")[1]

    def item_of(decision):
        rows = reviewer.get(f"/api/decisions/{decision}")[1].get("items")
        return rows[0]["item"] if rows else None

    assert until(lambda: all(map(item_of, [*decisions, far])))
    own, near = map(item_of, decisions)
    shown = reviewer.get(f"/api/review/items/{own}")[1]["alike"]
    assert [row["item"] for row in shown if not row["same"]] == [near], shown
    assert other.ask("POST", f"/api/review/items/{item_of(far)}/claim", {})[0] == 200
    elsewhere = reviewer.get("/api/review/items?queue=verdicts&limit=1")[1]["rows"]
    also = [near, item_of(far), ID, *(row["item"] for row in elsewhere)]
    status, judged = reviewer.ask("POST", f"/api/review/items/{own}/judgement", {"judgement": "upheld", "near": also})
    # What somebody else has, what is not there and what another rule decided is left out.
    assert status == 200 and {row["item"] for row in judged["items"]} == {own, near}, judged
    assert judged["left_out"] == len(also) - 1 and all(row["outcome"] == "upheld" for row in judged["items"]), judged
    assert reviewer.ask("POST", f"/api/review/items/{near}/judgement", {"judgement": "upheld", "near": ["x"] * 21})[0] == 400


def the_ledger_has_it_all_and_verifies(root):
    assert root.get("/api/ledger/verify")[1]["faults"] == []
    acts, after = set(), ""
    while after is not None:
        page = root.get(f"/api/ledger?limit=200{after}")[1]
        acts |= {row["act"] for row in page["rows"]}
        after = page["next"] and f"&after={page['next']}"
    expected = {"set_up", "sign_in", "sign_out", "password", "add_user", "change_user", "end_sessions", "add_token", "revoke_token", "refused"}
    assert expected <= acts, expected - acts


def nothing_of_it_is_on_the_data_listener(gate):
    for path in ("/api/session", "/console/", "/api/setup"):
        assert gate.get(path)[0] in (404, 405), path


def all_of(gate):
    root = the_first_admin_needs_the_token_that_the_gate_printed(gate)
    people = every_place_is_open_to_whom_the_table_says_and_to_nobody_else(gate, root)
    a_token_may_do_what_it_says_and_nothing_of_a_session(gate, people)
    what_is_somebody_elses_is_not_there(gate, people)
    a_change_comes_from_our_page_and_nothing_is_changed_by_looking(gate, root)
    who_guesses_waits_and_is_told_nothing(gate, root)
    whoever_has_to_change_the_password_can_do_nothing_else(gate, root)
    a_password_that_is_looked_at_while_it_is_replaced_opens_nothing(gate, root)
    sessions_end(gate, root)
    a_live_feed_ends_with_the_right_to_see_it(gate, root)
    what_is_nearly_the_same_is_decided_at_once(gate, people)
    what_is_nasty_is_only_text(gate, root)
    nothing_of_it_is_on_the_data_listener(gate)
    the_ledger_has_it_all_and_verifies(root)
    log = (gate.folder / "log").read_text()
    assert PASSWORD not in log and "tgt_" not in log and root.cookie.split("=")[1] not in log
