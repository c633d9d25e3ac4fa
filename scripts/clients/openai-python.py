"""OpenAI's SDK: `create`, `create` with `stream=True`, and `stream`."""

import json
from typing import Any

from conversation import (
    BASE_URL,
    BY_ID,
    INSTRUCTIONS,
    MODEL,
    TOOL,
    WAY,
    get_weather,
    questions,
    saw,
)
from openai import OpenAI
from openai.types.responses import Response


def send(body: dict[str, Any]) -> Response:
    if WAY == "plain":
        return sdk.responses.create(**body)
    if WAY == "helper":
        with sdk.responses.stream(**body) as stream:
            return stream.get_final_response()
    for event in sdk.responses.create(**body, stream=True):
        if event.type == "response.completed":
            response = event.response
    return response


def results(response: Response) -> list[Any]:
    return [
        {
            "type": "function_call_output",
            "call_id": item.call_id,
            "output": get_weather(**json.loads(item.arguments)),
        }
        for item in response.output
        if item.type == "function_call"
    ]


sdk = OpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
body: dict[str, Any] = {"model": MODEL, "instructions": INSTRUCTIONS, "tools": [TOOL]}
history: list[Any] = []
for question in questions():
    new_input: list[Any] = [{"role": "user", "content": question}]
    while new_input:
        history += new_input
        response = send({**body, "input": new_input if BY_ID else history})
        history += response.output
        if BY_ID:
            body["previous_response_id"] = response.id
        new_input = results(response)
    saw(response.output_text)
