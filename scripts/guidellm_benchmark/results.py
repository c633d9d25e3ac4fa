"""What GuideLLM's report says of the requests it made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Turn:
    """One request of a conversation.

    Attributes:
        conversation: its number, in the order they were begun.
        number: which of the conversation's requests, from 1.
        items: the types of the request's input items.
        is_chained: the request named a previous response.
        request_bytes: the length of its JSON body.
        first_token_ms: from the request to the first token of the answer.
        error: why there is no answer; then there are no tokens either.
    """

    conversation: int
    number: int
    items: tuple[str, ...]
    is_chained: bool
    request_bytes: int
    prompt_tokens: int = 0
    cached_tokens: int = 0
    first_token_ms: float = 0.0
    error: str | None = None


def read_turns(report: dict[str, Any]) -> list[Turn]:
    """The turns in GuideLLM's JSON report, failed and unfinished ones included.

    It may lack the very last request, if the benchmark was over before that was.
    """
    (benchmark,) = report["benchmarks"]
    groups = benchmark["requests"]
    failed = groups["errored"] + groups["incomplete"]
    errors = {r["request_id"]: r["info"]["error"] or "not finished" for r in failed}
    requests = groups["successful"] + failed
    requests.sort(key=lambda request: request["request_start_time"] or 0)
    conversations: dict[str, int] = {}
    for request in requests:
        name = request["info"]["conversation_id"]
        conversations.setdefault(name, len(conversations) + 1)
    return [
        _turn(
            request,
            conversations[request["info"]["conversation_id"]],
            errors.get(request["request_id"]),
        )
        for request in requests
    ]


def _turn(request: dict[str, Any], conversation: int, error: str | None) -> Turn:
    body = json.loads(request["request_args"] or "{}").get("body", {})
    # As httpx writes it, which GuideLLM sends requests with.
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Turn(
        conversation=conversation,
        number=request["info"]["turn_index"] + 1,
        items=tuple(item.get("type") or item["role"] for item in body.get("input", ())),
        is_chained="previous_response_id" in body,
        request_bytes=len(content.encode()),
        prompt_tokens=request["prompt_tokens"] or 0,
        cached_tokens=request["cached_tokens"] or 0,
        first_token_ms=request["time_to_first_token_ms"] or 0.0,
        error=error,
    )
