"""What `status` tells an operator, and programs."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import vllm
from hidden_sources import knowing_up_to

import vllm_responses_fix
from vllm_responses_fix import activation
from vllm_responses_fix.cli import main
from vllm_responses_fix.patches import PATCHES

HOOK = Path(vllm_responses_fix.__file__).parent / "hook"
VERSION = vllm.__version__.partition("+")[0]


@pytest.fixture(autouse=True)
def from_stock(stock: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts uninstalled, where vLLM would find the kit."""
    monkeypatch.setenv("VLLM_PLUGINS", "responses_fix")
    yield
    vllm_responses_fix.uninstall()


def test_one_line_of_verdict_and_one_line_a_patch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["status"]) == 0
    verdict, *lines = capsys.readouterr().out.splitlines()
    assert verdict.startswith(f"Active on vLLM {VERSION}: all ")
    assert [line.split()[1].rstrip(":") for line in lines] == [p.name for p in PATCHES]


def test_what_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation, "PATCHES", knowing_up_to(PATCHES, "0.20.0"))
    assert main(["status"]) == 1
    verdict, *lines = capsys.readouterr().out.splitlines()
    assert verdict.startswith(f"Active on vLLM {VERSION} in part: ")
    (line,) = (line for line in lines if line.startswith("! reconstruction: refused ("))
    assert "is not code this kit knows" in line


def test_vllm_plugins_leaves_the_kit_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_PLUGINS", "other")
    assert main(["status"]) == 1
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict.startswith("Not active here: VLLM_PLUGINS=other leaves the kit out")
    for cure in ("add responses_fix", "hook-path", "PYTHONPATH"):
        assert cure in verdict

    assert main(["status", "--json"]) == 1
    assert "add responses_fix" in json.loads(capsys.readouterr().out)["filtered"]


def test_the_hook_needs_no_plugin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_PLUGINS", "other")
    monkeypatch.syspath_prepend(str(HOOK))
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("Active on ")


@pytest.mark.parametrize(
    "name",
    [
        "VLLM_RESPONSES_FIX",
        "VLLM_RESPONSES_FIX_DISABLE",
        "VLLM_RESPONSES_FIX_STRICT",
        "VLLM_RESPONSES_FIX_STORE",
    ],
)
def test_a_wrong_setting_is_json_too(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "banana")
    assert main(["status", "--json"]) == 2
    status = json.loads(capsys.readouterr().out)
    assert status["state"] == "refused"
    assert name in status["reason"]

    assert main(["status"]) == 2
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict.startswith("A server does not start here: ")
    assert name in verdict


def test_strict_is_said_and_not_raised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_STRICT", "1")
    monkeypatch.setattr(activation, "PATCHES", knowing_up_to(PATCHES, "0.20.0"))
    assert main(["status", "--json"]) == 1
    status = json.loads(capsys.readouterr().out)
    states = {patch["name"]: patch["state"] for patch in status["patches"]}
    assert states["reconstruction"] == "refused"


@pytest.mark.parametrize(
    ("environ", "is_off"),
    [
        ({}, True),
        ({"VLLM_RESPONSES_FIX_STORE": "auto"}, False),
        ({"VLLM_ENABLE_RESPONSES_API_STORE": "1"}, False),
        ({"VLLM_RESPONSES_FIX": "0"}, False),
    ],
)
def test_the_start_line_says_how_to_turn_the_store_on(
    environ: dict[str, str],
    is_off: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("VLLM_RESPONSES_FIX_STORE", "VLLM_ENABLE_RESPONSES_API_STORE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    # Releases differ in what they do with vLLM's own log.
    caplog.set_level(logging.INFO, logger=activation.logger.name)
    activation.logger.addHandler(caplog.handler)
    try:
        vllm_responses_fix.install()
    finally:
        activation.logger.removeHandler(caplog.handler)
    (line,) = {record.getMessage() for record in caplog.records}
    assert ("VLLM_RESPONSES_FIX_STORE=auto turns the store on" in line) == is_off
    assert os.environ.get("VLLM_RESPONSES_FIX") == "0" or "active on vLLM" in line
