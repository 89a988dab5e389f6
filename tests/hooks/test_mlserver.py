"""An ONNX model in MLServer through the gate, by the protocol of KServe."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import direct
import samples

# What the gate says where it cuts an answer.
STOPPED = "\nThis content was stopped by the content policy."


def shown(answer):
    """What came of the model's answer."""
    return answer.text.removesuffix(STOPPED)


@pytest.mark.parametrize("text", ["you vermin", "such a bad, bad day", "坏 坏", "你们都坏坏", "good day", "好", "a day", "😀 nothing of it"])
def test_a_prompt_is_stopped_where_the_model_says_so_and_nowhere_else(world, text):
    said = direct.mlserver(world, text)["hateful"]
    answer = world.ask("toxic", text)
    if said >= 0.7:
        assert (answer.status, answer.code) == (400, "content_policy_violation"), answer.raw
    else:
        assert (answer.status, answer.text) == (200, f"You said: {text}"), answer.raw
    record = world.said_by(answer, "prompt", "toxic")
    assert record["score"] == pytest.approx(max(said, direct.mlserver(world, text)["violent"]), abs=1e-6)


def test_the_samples_have_both_kinds(world):
    assert direct.mlserver(world, "你们都坏坏")["hateful"] >= 0.7 > 0.4 > direct.mlserver(world, "好")["hateful"]


def test_a_score_between_two_thresholds_gets_the_milder_action(world):
    text = "a good one and a bad one"
    assert 0.4 <= direct.mlserver(world, text)["hateful"] < 0.7
    answer = world.ask("toxic", text)
    (record,) = world.records(answer, "prompt")
    assert (answer.status, record["action"], [rule["id"] for rule in record["rules"]]) == (200, "tag", ["doubt"])


@pytest.mark.parametrize("language", samples.CLEAN)
@pytest.mark.parametrize("model", ["toxic", "flowing"])
def test_a_clean_answer_passes_whole_and_streamed(world, model, language):
    for stream in (False, True):
        answer = world.ask(model, f"tell clean {language}", stream)
        assert (answer.status, answer.text, answer.finish) == (200, samples.CLEAN[language], "stop"), stream
        assert world.said_by(answer, "completion", model)["asked"] > 1


@pytest.mark.parametrize("language", samples.BAD)
def test_nothing_of_a_bad_block_is_sent_where_the_answer_waits(world, language):
    said, mark = samples.BAD[language], samples.MARK[language]
    assert direct.mlserver(world, said[said.index(mark) - 20:][:60])["hateful"] >= 0.7
    streamed = world.ask("toxic", f"tell tale {language}", stream=True)
    assert (streamed.status, streamed.finish) == (200, "content_filter"), streamed.raw[-400:]
    assert mark not in streamed.raw
    # The blocks before it came through, and nothing else of what the model said.
    assert streamed.text.endswith(STOPPED) and said.startswith(shown(streamed)) and len(shown(streamed)) >= 200
    whole = world.ask("toxic", f"tell tale {language}")
    assert mark not in whole.raw and "content_filter" in whole.raw, whole.raw
    (record,) = world.records(streamed, "completion")
    assert record["action"] == "block"


@pytest.mark.parametrize("language", samples.BAD)
def test_an_answer_that_flows_is_cut_and_never_ends_well(world, language):
    answer = world.ask("flowing", f"tell tale {language}", stream=True)
    assert answer.finish == "content_filter", answer.raw[-400:]
    assert answer.text.endswith(STOPPED) and samples.BAD[language].startswith(shown(answer))
    assert len(shown(answer)) < len(samples.BAD[language])
    assert world.said_by(answer, "completion", "flowing")["score"] >= 0.7


def test_a_long_text_is_read_window_by_window_to_its_end(world):
    # Of the whole text the model would say that it is fine: the good words outweigh what stands at the end.
    text = f"{'good day ' * 60}{'the tide comes in '.replace('good', '') * 90}you vermin"
    assert len(text) > 2_000 and direct.mlserver(world, text)["hateful"] < 0.1
    assert direct.mlserver(world, text[-900:])["hateful"] >= 0.7
    answer = world.ask("toxic", text)
    assert (answer.status, answer.code) == (400, "content_policy_violation"), answer.raw
    assert world.counted("tidegate_classifier_requests_total", classifier="toxic", outcome="ok") > 0


def test_texts_that_share_a_call_each_get_their_own_verdict(world):
    texts = [f"{'you vermin' if n % 3 == 0 else 'good day'}, number {n} 第{n}位" for n in range(60)]
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda text: world.ask("toxic", text), texts))
    for text, answer in zip(texts, answers, strict=True):
        assert answer.status == (400 if "vermin" in text else 200), (text, answer.raw)
        if answer.status == 200:
            assert answer.text == f"You said: {text}"


def test_classes_in_a_wrong_order_are_found_by_the_self_test_alone(world):
    assert direct.mlserver(world, "good day")["fine"] >= 0.7
    for text in ("hello", "you vermin"):
        answer = world.ask("swapped", text)
        assert (answer.status, answer.code) == (503, "moderation_unavailable"), answer.raw
        assert world.said_by(answer, "prompt", "swapped")["unavailable"] == "self_test"
    ready = world.ready()
    assert "self-test failed (self_test.good[0]: the highest score is 0.8" in ready["swapped"], ready
    assert "the classifier fails its self-test" in world.gate.log.read_text()
    assert world.counted("tidegate_classifier_requests_total", classifier="swapped", outcome="self_test") >= 2
    assert world.counted("tidegate_classifier_requests_total", classifier="swapped", outcome="ok") == 0


def test_self_tests_that_the_servers_pass_are_shown_as_passed(world):
    ready = world.ready()
    for name in ("english", "chinese", "toxic", "detector"):
        assert "circuit closed, self-test passed" in ready[name], ready


def test_a_model_that_the_server_does_not_have_is_no_clean_text(world):
    answer = world.ask("missing", "hello")
    assert (answer.status, answer.code) == (503, "moderation_unavailable"), answer.raw
    assert world.said_by(answer, "prompt", "missing")["unavailable"] == "error"
