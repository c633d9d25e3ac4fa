"""LiteLLM with its provider for vLLM: `previous_response_id`, or all items."""

import json
from typing import Any

import litellm
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


def send(**body: Any) -> dict[str, Any]:
    if WAY == "plain":
        return litellm.responses(**body).model_dump()
    for event in litellm.responses(**body, stream=True):
        if event.type == "response.completed":
            response = event.response
    return response.model_dump()


def text_of(output: list[dict[str, Any]]) -> str:
    messages = [item for item in output if item["type"] == "message"]
    return "".join(part["text"] for item in messages for part in item["content"])


def results(output: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "type": "function_call_output",
            "call_id": item["call_id"],
            "output": get_weather(**json.loads(item["arguments"])),
        }
        for item in output
        if item["type"] == "function_call"
    ]


body: dict[str, Any] = {
    "model": f"hosted_vllm/{MODEL}",
    "api_base": BASE_URL,
    "max_retries": 0,
    "instructions": INSTRUCTIONS,
    "tools": [TOOL],
}
history: list[Any] = []
for question in questions():
    new_input: list[Any] = [{"role": "user", "content": question}]
    while new_input:
        history += new_input
        response = send(**body, input=new_input if BY_ID else history)
        history += response["output"]
        if BY_ID:
            body["previous_response_id"] = response["id"]
        new_input = results(response["output"])
    saw(text_of(response["output"]))
