"""The official openai Python SDK on moderations, which the gate answers itself."""

import openai
import pytest
from openai.types import Moderation

from common import BASE, gate, received

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="test", timeout=20)
CATEGORIES = {field.alias or name for name, field in Moderation.model_fields["categories"].annotation.model_fields.items()}


def flagged(categories):
    return {name for name, applies in categories.model_dump(by_alias=True).items() if applies}


@gate
def test_a_text_is_judged_by_the_policy_and_no_model_is_asked():
    answer = client.moderations.create(input="what a zorp")
    assert answer.id.startswith("modr-") and answer.model == "omni-moderation-latest"
    [result] = answer.results
    assert result.flagged and flagged(result.categories) == {"harassment"}
    assert result.category_scores.harassment == 1.0 and result.category_scores.hate == 0.0
    assert result.category_applied_input_types.harassment == ["text"]
    for part in (result.categories, result.category_scores, result.category_applied_input_types):
        assert set(part.model_dump(by_alias=True)) == CATEGORIES
    assert received() == []


@gate
def test_each_of_several_texts_has_a_result_and_parts_have_one():
    answer = client.moderations.create(model="omni-moderation-2024-09-26", input=["fine", "脏词", "13812345678"])
    assert [result.flagged for result in answer.results] == [False, True, False]
    parts = [{"type": "text", "text": "a zo"}, {"type": "text", "text": "rp"}]
    assert [result.flagged for result in client.moderations.create(input=parts).results] == [True]


@gate
def test_a_model_of_the_older_api_has_fewer_categories():
    [result] = client.moderations.create(model="text-moderation-latest", input="zorp").results
    assert result.flagged and len(result.categories.model_dump(by_alias=True, exclude_unset=True)) == 11


@gate
def test_what_cannot_be_judged_raises_as_it_does_at_openai():
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    with pytest.raises(openai.BadRequestError) as raised:
        client.moderations.create(input=[image, image])
    assert (raised.value.code, raised.value.param) == ("too_many_images", "input")
    with pytest.raises(openai.BadRequestError) as raised:
        client.moderations.create(input=None)
    assert raised.value.code == "missing_required_parameter"
