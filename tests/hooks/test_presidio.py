"""Presidio through the gate: what it points at is taken out, to the character."""

import pytest

import direct
import samples


def rule_spans(world, answer, phase):
    """Where the gate acted, as its record has it."""
    (record,) = world.records(answer, phase)
    return sorted(span for rule in record["rules"] for span in rule["spans"])


@pytest.mark.parametrize("before", samples.BEFORE)
def test_a_prompt_loses_exactly_what_presidio_points_at(world, before):
    for name, finding in samples.PERSONAL.items():
        text = f"{samples.BEFORE[before]}{finding}{samples.BEHIND}{samples.BEFORE[before]}{finding}."
        places = direct.personal(world, text)
        assert len(places) == 2, f"Presidio finds {name} twice: {places}"
        for escaped in (False, True):
            answer = world.ask("personal", text, escaped=escaped)
            assert answer.status == 200, answer.raw
            # The model says what it was sent.
            assert answer.text == f"You said: {direct.replaced(text, places)}"
            assert rule_spans(world, answer, "prompt") == direct.in_bytes(text, places)


def test_a_text_of_many_windows_loses_what_presidio_points_at_in_the_whole(world):
    text = "".join(f"潮水😀 {'é' * (n % 17)} call 212-555-01{n:02} now, " for n in range(60))
    found = direct.presidio(world, text, "en", entities=["PHONE_NUMBER"], context=["phone"])
    places = sorted((one["start"], one["end"], "[PHONE]") for one in found)
    assert len(places) == 60
    answer = world.ask("told", text)
    assert answer.text == f"You said: {direct.replaced(text, places)}"


@pytest.mark.parametrize("language", samples.LETTERS)
def test_an_answer_loses_exactly_what_presidio_points_at_whole_and_streamed(world, language):
    said = samples.LETTERS[language]
    places = direct.personal(world, said)
    assert len(places) == 10, places
    for stream in (False, True):
        answer = world.ask("personal", f"tell letter {language}", stream)
        assert (answer.status, answer.finish) == (200, "stop"), answer.raw
        assert answer.text == direct.replaced(said, places), f"stream: {stream}"
        asked = world.said_by(answer, "completion", "english")
        assert asked["asked"] > 1 and asked["unavailable"] is None, asked


def test_thresholds_are_those_of_the_policy_and_scores_those_of_presidio(world):
    text = "😀 Ruf 212-555-0187 an"
    # Without a word about telephones beside it the analyzer is not sure.
    (unsure,) = direct.presidio(world, text, "en", entities=["PHONE_NUMBER"])
    (sure,) = direct.presidio(world, text, "en", entities=["PHONE_NUMBER"], context=["phone"])
    assert unsure["score"] < 0.5 <= sure["score"]
    answer = world.ask("personal", text)
    assert answer.text == f"You said: {text}"
    assert world.said_by(answer, "prompt", "english")["score"] == unsure["score"]
    answer = world.ask("told", text)
    assert answer.text == "You said: 😀 Ruf [PHONE] an"
    assert world.said_by(answer, "prompt", "told")["score"] == sure["score"]


def test_each_language_is_asked_for_its_own_entities(world):
    text = "张伟的手机是 13987654321 ，邮件 zhang.wei@example.com"
    english, chinese = (direct.presidio(world, text, language) for language in ("en", "zh"))
    assert [one["entity_type"] for one in english if one["score"] >= 0.5] == ["EMAIL_ADDRESS"]
    assert "CN_MOBILE" in [one["entity_type"] for one in chinese]
    answer = world.ask("personal", text)
    assert answer.text == "You said: 张伟的手机是 [MOBILE] ，邮件 [MAIL]"
    assert world.said_by(answer, "prompt", "chinese")["score"] == 0.6


def test_an_error_of_presidio_is_never_taken_for_a_clean_text(world):
    before = world.counted("tidegate_classifier_requests_total", classifier="french", outcome="error")
    answer = world.ask("french", "Bonjour, écrivez à alice@example.com")
    assert (answer.status, answer.code) == (503, "moderation_unavailable")
    assert world.said_by(answer, "prompt", "french")["unavailable"] == "error"
    assert world.counted("tidegate_classifier_requests_total", classifier="french", outcome="error") == before + 1
