"""The detectors of TrustyAI through the gate, by the detector API of FMS."""

import pytest

import direct
import samples

ASKED = ("email", "credit-card", "us-social-security-number")


@pytest.mark.parametrize("before", samples.BEFORE)
def test_a_prompt_loses_exactly_what_a_detector_points_at(world, before):
    text = f"{samples.BEFORE[before]}bob@example.com{samples.BEHIND} 078-05-1120, {samples.BEFORE[before]}eve@example.org."
    found = direct.detectors(world, text, *ASKED)
    # The third one has a label that says that nothing is wrong.
    assert sorted(one["detection"] for one in found) == ["email_address", "email_address", "social_security_number"]
    places = sorted((one["start"], one["end"], "[MAIL]") for one in found if one["detection"] == "email_address")
    answer = world.ask("detected", text)
    assert (answer.status, answer.text) == (200, f"You said: {direct.replaced(text, places)}"), answer.raw
    (record,) = world.records(answer, "prompt")
    assert sorted(record["rules"][0]["spans"]) == direct.in_bytes(text, places)


def test_a_label_decides_which_rule_acts(world):
    text = "谢谢 😀 4111 1111 1111 1111"
    (found,) = direct.detectors(world, text, *ASKED)
    assert (found["detection"], found["score"]) == ("credit_card", 1.0)
    answer = world.ask("detected", text)
    assert (answer.status, answer.code) == (400, "content_policy_violation")
    # The same digits without a right check digit are no card, says the server.
    other = text.replace("1111 1111 1111", "1111 1111 1112")
    assert direct.detectors(world, other, *ASKED) == []
    assert world.ask("detected", other).text == f"You said: {other}"


@pytest.mark.parametrize("language", samples.LETTERS)
def test_an_answer_with_a_card_number_is_stopped_and_addresses_are_taken_out(world, language):
    answer = world.ask("detected", f"tell letter {language}", stream=True)
    said = samples.LETTERS[language]
    found = direct.detectors(world, said, *ASKED)
    if language == "en":
        assert answer.finish == "content_filter" and "4111" not in answer.raw
        return
    places = sorted((one["start"], one["end"], "[MAIL]") for one in found)
    assert len(places) == 5
    assert (answer.finish, answer.text) == ("stop", direct.replaced(said, places))


def test_a_finding_that_no_label_names_makes_the_answer_unreadable(world):
    assert world.ask("unnamed", "write to bob@example.com").text == "You said: write to [MAIL]"
    (found,) = direct.detectors(world, "ping 198.51.100.23", "email", "ipv4")
    assert found["detection"] == "ipv4"
    answer = world.ask("unnamed", "ping 198.51.100.23")
    assert (answer.status, answer.code) == (503, "moderation_unavailable")
    assert world.said_by(answer, "prompt", "unnamed")["unavailable"] == "unreadable"
    # Nobody can open the circuit for others with such texts.
    assert world.ask("unnamed", "write to eve@example.com").text == "You said: write to [MAIL]"
