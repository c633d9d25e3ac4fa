"""The bug report's three turns, which stock vLLM loses and the kit keeps."""

from __future__ import annotations

import pytest

from scripts.demo import bug_report
from scripts.demo.client import Client
from scripts.demo.server import Server

plain_and_streamed = pytest.mark.parametrize("stream", [False, True])


@plain_and_streamed
def test_stock_loses_the_call(stock_server: Server, stream: bool) -> None:
    with Client(stock_server.url) as client:
        asked, answered, recalled = bug_report.run(client, stream=stream)

    assert asked.passed
    # The result is the client's own input. What goes missing is the call it is for.
    assert answered.result_in_prompt
    assert not answered.call_in_prompt
    assert not recalled.call_in_prompt
    assert not bug_report.recalls(answered.reply)
    assert not bug_report.recalls(recalled.reply)


@plain_and_streamed
def test_the_kit_keeps_the_call(patched_server: Server, stream: bool) -> None:
    with Client(patched_server.url) as client:
        turns = bug_report.run(client, stream=stream)

    for turn in turns:
        assert turn.reply.prompt_token_ids == turn.replayed.prompt_token_ids
    for turn in turns[1:]:
        assert turn.call_in_prompt
        assert turn.result_in_prompt
        assert bug_report.recalls(turn.reply)
