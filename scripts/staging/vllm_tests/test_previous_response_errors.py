# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from unittest.mock import MagicMock

import pytest

from vllm.entrypoints.openai.responses.protocol import (
    ResponsesRequest,
    ResponsesResponse,
)
from vllm.entrypoints.openai.responses.serving import OpenAIServingResponses
from vllm.sampling_params import SamplingParams


@pytest.fixture
def serving():
    engine_client = MagicMock()
    engine_client.model_config.hf_config.model_type = "test"
    engine_client.model_config.get_diff_sampling_param.return_value = {}
    return OpenAIServingResponses(
        engine_client,
        MagicMock(),
        MagicMock(),
        request_logger=None,
        chat_template=None,
        chat_template_content_format="auto",
    )


def _store(serving, status):
    request = ResponsesRequest(input="Hi")
    response = ResponsesResponse.from_request(
        request,
        SamplingParams(max_tokens=16),
        model_name="test-model",
        created_time=0,
        output=[],
        status=status,
    )
    serving.response_store[response.id] = response
    return response


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_unfinished_response_can_not_be_continued(serving, status):
    previous = _store(serving, status)
    request = ResponsesRequest(input="And?", previous_response_id=previous.id)

    error = serving._validate_create_responses_input(request).error

    assert error.code == 400
    assert error.param == "previous_response_id"
    assert status in error.message


def test_id_of_a_stored_response_can_not_be_used_again(serving):
    previous = _store(serving, "completed")
    request = ResponsesRequest(input="Hi", request_id=previous.id)

    error = serving._validate_create_responses_input(request).error

    assert error.code == 400
    assert error.param == "request_id"


def test_not_found_error_says_that_there_is_no_store(serving):
    serving.enable_store = False
    missing = serving._make_not_found_error("resp_1").error
    serving.enable_store = True
    unknown = serving._make_not_found_error("resp_1").error

    assert "VLLM_ENABLE_RESPONSES_API_STORE" in missing.message
    assert "VLLM_ENABLE_RESPONSES_API_STORE" not in unknown.message
