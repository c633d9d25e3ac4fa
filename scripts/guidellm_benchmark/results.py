"""What GuideLLM's report says of the requests it made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Turn:
    """One request of a conversation.

    Attributes:
        number: which of the conversation's requests, from 1.
        items: the types of the request's input items.
        is_chained: the request named a previous response.
        request_bytes: the length of its JSON body.
        first_token_ms: from the request to the first token of the answer.
        error: why there is no answer; then there are no tokens either.
    """

    number: int
    items: tuple[str, ...]
    is_chained: bool
    request_bytes: int
    prompt_tokens: int = 0
    cached_tokens: int = 0
    first_token_ms: float = 0.0
    error: str | None = None


def read_turns(report: dict[str, Any]) -> list[Turn]:
    """The turns in GuideLLM's JSON report, failed and unfinished ones included."""
    (benchmark,) = report["benchmarks"]
    requests = benchmark["requests"]
    return [
        *(_turn(request) for request in requests["successful"]),
        *(
            _turn(request, error=request["info"]["error"] or "not finished")
            for request in requests["errored"] + requests["incomplete"]
        ),
    ]


def _turn(request: dict[str, Any], error: str | None = None) -> Turn:
    body = json.loads(request["request_args"] or "{}").get("body", {})
    # As httpx writes it, which GuideLLM sends requests with.
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Turn(
        number=request["info"]["turn_index"] + 1,
        items=tuple(item.get("type") or item["role"] for item in body.get("input", ())),
        is_chained="previous_response_id" in body,
        request_bytes=len(content.encode()),
        prompt_tokens=request["prompt_tokens"] or 0,
        cached_tokens=request["cached_tokens"] or 0,
        first_token_ms=request["time_to_first_token_ms"] or 0.0,
        error=error,
    )
