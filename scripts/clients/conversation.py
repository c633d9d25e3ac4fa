"""What the Python programs have in common: arguments, questions, and what they print.

    python NAME.py BASE_URL (id | replay) (plain | streamed | helper)

reads the user's questions from standard input, one a line, and prints a JSON line with
the answer that the client saw.
"""

import json
import sys
from collections.abc import Iterator

BASE_URL, HISTORY, WAY = sys.argv[1:]
BY_ID = HISTORY == "id"
MODEL = "scripted"
INSTRUCTIONS = "Be brief."
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def questions() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\n")


def saw(text: str) -> None:
    print(json.dumps({"text": text}), flush=True)


def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"{city}: {-len(city)} degrees"
