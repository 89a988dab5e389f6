"""Signing in by another system, a real OpenID Connect provider in Python, and what comes of each way to go wrong."""

import json
import urllib.parse

import httpx
import oidc_provider_mock
from visitor import Visitor

CLIENT, SECRET = "gate", "a secret & more"


def settings(issuer, admin):
    roles = "{ mods: reviewer, ops: admin }"
    return (
        f"issuer: '{issuer}', client_id: {CLIENT}, client_secret: {{ env: OIDC_SECRET }}, "
        f"redirect: 'http://127.0.0.1:{admin}/api/oidc/callback', roles: {roles}"
    )


class Traveller(Visitor):
    """Somebody whose browser follows redirects to the provider and back."""

    def leave(self, path="/api/oidc/login"):
        status, headers, said = self.send("GET", path)
        assert status == 303, (status, said)
        return headers["location"]

    def authorise(self, door, subject):
        """The provider's page, signed as this person; where it sends them."""
        answer = httpx.post(door, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        back = urllib.parse.urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"

    def come_back(self, path):
        """Where the gate sends them, and what the console says of them then."""
        cookies, self.cookie = self.cookie, None
        status, headers, said = self.send("GET", path, headers={"Cookie": cookies})
        assert status == 303, (status, said)
        given = [line.split(";")[0] for line in headers.get_all("set-cookie")]
        self.cookie = next((line for line in given if line.startswith("tidegate=")), None)
        return headers["location"], self.get("/api/session")[1]


def people_sign_in_with_the_role_that_their_groups_give(gate, issuer):
    def known(subject, **claims):
        assert httpx.put(f"{issuer}/users/{urllib.parse.quote(subject)}", json=claims).status_code == 204

    def travel(subject):
        traveller = Traveller(gate)
        return traveller, *traveller.come_back(traveller.authorise(traveller.leave(), subject))

    assert Visitor(gate).get("/api/setup")[1]["oidc"] is True
    known("s-ann", preferred_username="ann", groups=["mods", "x"])
    ann, place, session = travel("s-ann")
    assert place == "/console/" and session["user"]["name"] == "ann", (place, session)
    assert session["user"]["role"] == "reviewer" and not session["has_password"] and not session["must_change"]
    ann.csrf = session["csrf"]
    assert ann.ask("POST", "/api/tokens", {"name": "t", "scopes": ["see"]})[0] == 201
    # Nobody gets in by a password that does not exist.
    for password in ("", "ann", "None"):
        assert Visitor(gate).ask("POST", "/api/session", {"name": "ann", "password": password})[0] == 401
    # What the provider says now counts, and what was open with more rights ends.
    known("s-ann", preferred_username="ann", groups=["ops"])
    again, _, session = travel("s-ann")
    assert session["user"]["role"] == "admin" and session["user"]["id"] and ann.get("/api/session")[0] == 401
    # Two people of one name are two people; nobody takes over the one who was there first.
    known("s-other", preferred_username="Ann", groups=["mods"])
    _, _, other = travel("s-other")
    assert other["user"]["id"] != session["user"]["id"] and other["user"]["name"] != "ann", other
    for subject, claims in (("s-none", {}), ("s-wrong", {"groups": ["admin"]}), ("s-odd", {"groups": {"ops": 1}})):
        known(subject, **claims)
        _, place, said = travel(subject)
        assert place == "/console/#/sign-in?error=no_role" and "error" in said, (place, said)
    # An admin shuts somebody out.
    again.csrf = session["csrf"]
    assert again.ask("PATCH", f"/api/users/{other['user']['id']}", {"disabled": True})[0] == 200
    assert travel("s-other")[1].endswith("error=refused")
    assert again.ask("PATCH", f"/api/users/{other['user']['id']}", {"password": "a long word of ours"})[0] == 409


def whoever_did_not_leave_does_not_come_back(gate):
    ann = Traveller(gate)
    back = ann.authorise(ann.leave(), "s-ann")
    # Another browser brings what Ann's was given: a sign-in in her name, or hers in mine.
    thief = Traveller(gate)
    assert thief.come_back(back)[0].endswith("error=expired")
    thief.leave()
    assert thief.come_back(back)[0].endswith("error=expired")
    assert ann.come_back(back)[0] == "/console/"
    ann.cookie = None
    assert ann.come_back(back)[0].endswith("error=expired")
    for wrong in ("", "?state=x", "?code=x", "?error=access_denied", "?code=%00&state=%ff"):
        gone = Traveller(gate)
        assert gone.come_back(f"/api/oidc/callback{wrong}")[0].endswith("error=expired"), wrong
        # Nor with what a browser was given, if it is not what comes back.
        gone.leave()
        assert gone.come_back(f"/api/oidc/callback{wrong}")[0].endswith("error=expired"), wrong
    bob = Traveller(gate)
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(bob.leave()).query)["state"][0]
    assert bob.come_back(f"/api/oidc/callback?state={state}&error=access_denied")[0].endswith("error=declined")
    bob.cookie = None
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(bob.leave("/api/oidc/login?again=true")).query)
    assert state["prompt"] == ["login"] and state["code_challenge_method"] == ["S256"]
    assert bob.come_back(f"/api/oidc/callback?state={state['state'][0]}&code=made-up")[0].endswith("error=provider")


def all_of(start):
    """`start` makes a gate with more lines of its server file, given the address of the provider."""
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        with start(issuer) as gate:
            people_sign_in_with_the_role_that_their_groups_give(gate, issuer)
            whoever_did_not_leave_does_not_come_back(gate)
            log = (gate.folder / "log").read_text()
            assert SECRET not in log and "code=" not in log
            state = json.dumps(gate.get("/readyz", port=gate.admin)[2])
            assert "ready" in state
