"""`verify` against the real engine."""

from __future__ import annotations

import json

import pytest

from scripts.demo.server import Server
from vllm_responses_fix.cli import main


def _verify(server: Server, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    code = main(["verify", "--base-url", server.url, "--json"])
    report = json.loads(capsys.readouterr().out)
    return code, {check["check"]: check for check in report["checks"]}


def test_a_patched_server_is_equal(
    patched_server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = _verify(patched_server, capsys)

    differences = [check for check in checks.values() if check["difference"]]
    assert differences == []
    assert checks["tool-call"]["compared_by"] == ["token ids"]
    assert code == 0


def test_a_stock_server_differs(
    stock_server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = _verify(stock_server, capsys)

    assert checks["tool-call"]["state"] == "different"
    assert checks["text"]["state"] == "equal"
    assert code == 1
