"""LangChain's models for OpenAI (chat and Responses) and Anthropic."""

import anthropic
import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from common import BASE, Seen, describe, gate, record
from contract import Contract

chat = ChatOpenAI(model="demo", base_url=f"{BASE}/v1", api_key="test", timeout=20)
responses = ChatOpenAI(model="demo", base_url=f"{BASE}/v1", api_key="test", timeout=20, use_responses_api=True)
claude = ChatAnthropic(model="claude-demo", base_url=BASE, api_key="test", timeout=20, max_tokens=500)


@tool
def look_up(q: str) -> str:
    """Looks up."""
    return q


class Chain(Contract):
    model = chat

    def seen(self, message):
        made = Seen(finish=self.finish(message.response_metadata))
        for block in [message.content] if isinstance(message.content, str) else message.content:
            if isinstance(block, str):
                made.text += block
            elif block.get("type") in ("text", "refusal"):
                made.text += block.get("text") or block.get("refusal") or ""
            elif block.get("type") == "thinking":
                made.reasoning += block.get("thinking") or ""
            elif block.get("type") == "reasoning":
                made.reasoning += "".join(part.get("text", "") for part in block.get("summary", []))
        made.calls = [(call["name"], call["args"]) for call in message.tool_calls]
        return made

    def finish(self, metadata):
        return metadata.get("finish_reason") or metadata.get("stop_reason")

    def whole(self, text):
        return self.seen(self.model.bind_tools([look_up]).invoke(text))

    def streamed(self, text):
        made = None
        for chunk in self.model.bind_tools([look_up]).stream(text):
            made = chunk if made is None else made + chunk
        return self.seen(made)


class TestChat(Chain):
    sdk = "langchain-openai"
    reasons = False
    refusals = (openai.BadRequestError,)
    outages = (openai.InternalServerError,)
    breaks = (openai.APIError,)
    retries = 2


class TestResponses(Chain):
    sdk = "langchain-openai, Responses"
    model = responses
    natural = called = "completed"
    stopped = "incomplete"
    refusals = (openai.BadRequestError,)
    outages = (openai.InternalServerError,)
    breaks = (openai.APIError, ValueError)
    retries = 2

    def finish(self, metadata):
        return metadata.get("status")


class TestAnthropic(Chain):
    sdk = "langchain-anthropic"
    model = claude
    natural, stopped, called = "end_turn", "refusal", "tool_use"
    refusals = (anthropic.BadRequestError,)
    outages = (anthropic.InternalServerError,)
    breaks = (anthropic.APIError,)
    retries = 2


class Echo(BaseModel):
    echo: str


def structured(model, text, **more):
    try:
        return model.with_structured_output(Echo, method="json_schema", **more).invoke(text)
    except Exception as error:
        return error


def test_structured_output_is_parsed():
    for model in (chat, responses, claude):
        assert structured(model, "hello") == Echo(echo="hello")


@gate
def test_structured_output_that_is_blocked_is_no_value():
    for name, model in (("langchain-openai", chat), ("langchain-openai, Responses", responses), ("langchain-anthropic", claude)):
        blocked = structured(model, "hello blorp")
        assert not isinstance(blocked, Echo) and "blorp" not in str(blocked)
        record(name, "structured output blocked", plain=describe(blocked) if isinstance(blocked, Exception) else f"`{blocked}`")
