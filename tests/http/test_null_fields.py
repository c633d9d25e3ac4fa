"""`null` for what is not set, as clients send it that write every field."""

import pytest
from harness.answers import chat_answer, final, harmony_answer
from harness.client import Client
from tool_conversation import WEATHER_TOOL

pytestmark = pytest.mark.guards("null-fields")

# The optional fields of OpenAI's schema, and those that some clients write as null.
OPENAI = (
    "background",
    "conversation",
    "include",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
)
VLLM = ("request_id", "include_reasoning", "priority", "stop", "ignore_eos", "seed")
OWN = ("id", "created_at", "completed_at", "output")


@pytest.fixture(params=["chat", "harmony"])
def client(request: pytest.FixtureRequest) -> Client:
    """A client of each of vLLM's two ways to a prompt."""
    return request.getfixturevalue(request.param)


async def test_null_is_the_default(client: Client) -> None:
    is_harmony = client.server.app.state.openai_serving_responses.use_harmony
    answer = harmony_answer(final("Hi.")) if is_harmony else chat_answer("Hi.")
    plain = await client.create({"input": "Hi."}, answer)
    nulls = dict.fromkeys((*OPENAI, *VLLM))
    nulled = await client.create({"input": "Hi.", **nulls}, answer)
    assert nulled.status == 200, nulled.body
    assert nulled.prompt.token_ids == plain.prompt.token_ids
    for name in set(plain.body) - set(OWN):
        assert nulled.body[name] == plain.body[name], name
    assert (await client.retrieve(nulled.id)).body == nulled.body
    # It has no default.
    assert (await client.create({**nulls, "input": None}, answer)).status == 400


@pytest.mark.parametrize("name", ["service_tier", "store", "tools", "tool_choice"])
async def test_each_by_itself(chat: Client, name: str) -> None:
    made = await chat.create({"input": "Hi.", name: None}, "Hello.")
    assert (await chat.retrieve(made.id)).body == made.body
    with_tools = {"input": "Hi.", "tools": [WEATHER_TOOL], name: None}
    assert (await chat.create(with_tools, "Hello.")).status == 200
