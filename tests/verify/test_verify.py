"""`verify` against stock and patched servers."""

from collections.abc import Callable
from typing import Any

import models
import pytest
from harness.client import Client

Verify = Callable[..., Any]
Listen = Callable[..., str]

LOST_BY_STOCK = ["tool-call", "parallel-calls", "reasoning", "system-item", "stream"]


@pytest.mark.guards("reconstruction")
def test_a_patched_server_is_equal(
    chat: Client, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(chat, models.able))

    assert set(verified.states.values()) == {"equal"}
    assert verified.exit_code == 0
    for check in verified.report["checks"]:
        assert check["compared_by"] == ["token ids"]
        assert check["remark"] == ""


@pytest.mark.usefixtures("stock")
def test_a_stock_server_differs(chat: Client, listen: Listen, verify: Verify) -> None:
    verified = verify(listen(chat, models.able))

    # The model reasons in every answer, and stock loses that.
    assert set(verified.states.values()) == {"different"}
    assert verified.exit_code == 1
    assert "Install vllm-responses-fix" in verified.conclusion


@pytest.mark.usefixtures("stock")
def test_what_stock_loses_of_a_model_without_reasoning(
    chat: Client, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(chat, models.one_call_at_a_time))

    lost = [name for name, state in verified.states.items() if state == "different"]
    assert lost == ["tool-call", "parallel-calls", "system-item", "stream"]
    assert verified.states["reasoning"] == "skipped"
    assert verified.check("tool-call")["turn"] == 2
    parting = verified.check("tool-call")["difference"]
    assert parting["before"].endswith("Oslo?<|im_end|>\\n<|im_start|>")
    assert parting["replayed"].startswith("assistant\\nWell.")
    assert "get_weather" in parting["replayed"]
    assert "get_weather" not in parting["chained"]
