# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import asyncio
from unittest.mock import MagicMock

from vllm.entrypoints.openai.engine.protocol import RequestResponseMetadata
from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest
from vllm.entrypoints.openai.responses.serving import OpenAIServingResponses
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.sampling_params import SamplingParams


def _serving():
    engine_client = MagicMock()
    engine_client.model_config.hf_config.model_type = "test"
    engine_client.model_config.get_diff_sampling_param.return_value = {}
    serving = OpenAIServingResponses(
        engine_client=engine_client,
        models=MagicMock(),
        openai_serving_render=MagicMock(),
        request_logger=None,
        chat_template=None,
        chat_template_content_format="auto",
    )
    serving.enable_store = True
    return serving


async def _generate(context):
    completion = CompletionOutput(
        index=0,
        text="Hello",
        token_ids=[1],
        cumulative_logprob=0.0,
        logprobs=None,
        finish_reason="stop",
    )
    context.append_output(
        RequestOutput(
            request_id="resp_1",
            prompt="Hi",
            prompt_token_ids=[7],
            prompt_logprobs=None,
            outputs=[completion],
            finished=True,
        )
    )
    yield context


async def _stream(serving, request):
    context = SimpleContext()
    events = serving.responses_stream_generator(
        request,
        SamplingParams(max_tokens=16),
        _generate(context),
        context,
        "test-model",
        MagicMock(),
        RequestResponseMetadata(request_id=request.request_id),
    )
    return [event async for event in events]


def test_stored_items_have_the_ids_of_the_stream():
    serving = _serving()
    request = ResponsesRequest(input="Hi", stream=True, store=True)

    events = asyncio.run(_stream(serving, request))

    (added,) = (e for e in events if e.type == "response.output_item.added")
    (done,) = (e for e in events if e.type == "response.output_item.done")
    (stored,) = serving.response_store[request.request_id].output
    assert stored.content[0].text == "Hello"
    assert added.item.id == done.item.id == stored.id
    assert events[-1].response.output[0].id == stored.id
