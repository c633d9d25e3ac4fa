"""A request without input continues an answer that was cut short, chained too."""

import pytest
from harness.answers import chat_text
from harness.client import Client, Conversation
from harness.scripted_engine import Answer
from harness.vllm_compat import construct_input_messages
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

QUESTION = "Tell me a story."
DONE = Answer("the end.")


@pytest.mark.guards("continued-answers")
async def test_the_last_item_decides() -> None:
    said = {
        "type": "message",
        "role": "assistant",
        "id": "msg_1",
        "status": "incomplete",
        "content": [{"type": "output_text", "text": "Once", "annotations": []}],
    }
    replayed = ResponsesRequest(input=[said])
    chained = ResponsesRequest(input=[], previous_response_id="resp_1")
    construct_input_messages(
        request_input=[], prev_msg=[], prev_response_output=replayed.input
    )

    rendered = chained.build_chat_params(None, "auto").chat_template_kwargs

    assert rendered["continue_final_message"]
    as_replayed = replayed.build_chat_params(None, "auto").chat_template_kwargs
    assert rendered == as_replayed


@pytest.mark.kit_alone
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reasoning", ["", "A story."])
async def test_a_truncated_answer(
    either_chat: Client, stream: bool, reasoning: str
) -> None:
    cut = Answer(chat_text("Once upon", reasoning=reasoning), truncated=True)
    first = await either_chat.create({"input": QUESTION, "stream": stream}, cut)
    conversation = Conversation().extended(QUESTION, first)

    chained = await either_chat.create(conversation.chain_body([]), DONE)
    replayed = await either_chat.create(conversation.replay_body([]), DONE)

    assert chained.status == replayed.status == 200
    assert chained.prompt.token_ids == replayed.prompt.token_ids
    # The next turn is not taken for one without input.
    asked = await either_chat.create(conversation.chain_body("And then?"), DONE)
    again = await either_chat.create(conversation.replay_body("And then?"), DONE)
    assert asked.prompt.token_ids == again.prompt.token_ids
