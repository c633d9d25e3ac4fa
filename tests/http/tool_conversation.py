"""The bug report's conversation, for tests that need one."""

import json

from harness.client import Item

WEATHER_TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Get current weather for a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
    "strict": False,
}
QUESTION = "What is the weather in San Francisco?"
FOLLOW_UP = "What temperature did you find and what was the condition?"


def result_of(call: Item, text: str = "") -> list[Item]:
    """The client's answer to a call."""
    output = text or json.dumps({"temp": "65F", "condition": "foggy"})
    return [
        {
            "type": "function_call_output",
            "call_id": call["call_id"],
            "output": output,
        }
    ]


def calls_of(output: list[Item]) -> list[Item]:
    return [item for item in output if item["type"] == "function_call"]


def user(text: str) -> Item:
    return {"type": "message", "role": "user", "content": text}
