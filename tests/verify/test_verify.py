"""`verify` against stock and patched servers."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import models
import pytest
from harness.client import Client
from harness.scripted_engine import Script
from hidden_sources import knowing_up_to

import vllm_responses_fix
from vllm_responses_fix import activation
from vllm_responses_fix.cli import main
from vllm_responses_fix.patches import PATCHES
from vllm_responses_fix.places import held_by
from vllm_responses_fix.verify.run import REPORT_TO

Verify = Callable[..., Any]
Listen = Callable[..., str]


@pytest.mark.guards("reconstruction")
@pytest.mark.parametrize("template", ["chat", "chat_parts"])
def test_a_patched_server_is_equal(
    template: str, request: pytest.FixtureRequest, listen: Listen, verify: Verify
) -> None:
    client: Client = request.getfixturevalue(template)
    verified = verify(listen(client.server, models.able))

    assert set(verified.states.values()) == {"equal"}
    assert verified.exit_code == 0
    for check in verified.report["checks"]:
        assert check["compared_by"] == ["token ids"]
        assert check["remark"] == ""
    assert verified.report["responses_kept"] == 0


@pytest.mark.usefixtures("stock")
def test_a_stock_server_differs(chat: Client, listen: Listen, verify: Verify) -> None:
    verified = verify(listen(chat.server, models.able))

    # The model reasons in every answer, and stock loses that.
    assert set(verified.states.values()) == {"different"}
    assert verified.exit_code == 1
    assert "The server does not have vllm-responses-fix" in verified.conclusion


def _without_a_patch(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_DISABLE", "reconstruction")
    vllm_responses_fix.install()
    return "These patches are switched off there: reconstruction."


def _off(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("VLLM_RESPONSES_FIX", "0")
    vllm_responses_fix.install()
    return "vllm-responses-fix is off there: VLLM_RESPONSES_FIX=0."


def _refused(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(activation, "PATCHES", knowing_up_to(PATCHES, "0.20.0"))
    status = vllm_responses_fix.install()
    reasons = "; ".join(f"{patch.name}: {patch.reason}" for patch in status.refused)
    return (
        f"vllm-responses-fix could not put in all that vLLM {status.vllm} needs: "
        f"{reasons}. Report this: {REPORT_TO}"
    )


def _active(monkeypatch: pytest.MonkeyPatch) -> str:
    """Something else has come after the kit."""
    status = vllm_responses_fix.install()
    name = "construct_input_messages"
    for module in held_by(name):
        mended = vars(module)[name]

        def lossy(mended: Any = mended, **arguments: Any) -> Any:
            return mended(**{**arguments, "prev_response_output": None})

        monkeypatch.setattr(module, name, lossy)
    return (
        f"vllm-responses-fix is active there, with all that vLLM {status.vllm} needs. "
        f"Report this: {REPORT_TO}"
    )


@pytest.mark.parametrize("serve", [_without_a_patch, _off, _refused, _active])
def test_what_the_kit_says_of_itself_is_the_cure(
    serve: Callable[[pytest.MonkeyPatch], str],
    stock: None,
    request: pytest.FixtureRequest,
    listen: Listen,
    verify: Verify,
) -> None:
    with pytest.MonkeyPatch.context() as changed:
        cure = serve(changed)
        client: Client = request.getfixturevalue("chat")
        verified = verify(listen(client.server, models.able))
    vllm_responses_fix.uninstall()

    assert verified.exit_code == 1
    assert cure in verified.conclusion


@pytest.mark.usefixtures("stock")
def test_what_stock_loses_of_a_model_without_reasoning(
    chat: Client, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(chat.server, models.one_call_at_a_time))

    lost = [name for name, state in verified.states.items() if state == "different"]
    assert lost == ["tool-call", "parallel-calls", "system-item", "stream"]
    assert verified.states["reasoning"] == "skipped"
    assert verified.check("tool-call")["turn"] == 2
    parting = verified.check("tool-call")["difference"]
    assert parting["before"].endswith("assistant\\nWell.<|im_end|>\\n")
    assert "get_weather" in parting["replayed"]
    assert parting["chained"].startswith("<|im_start|>tool tool_call_id=")


@pytest.mark.guards("harmony-reconstruction")
def test_a_patched_gpt_oss_server_is_equal(
    harmony: Client, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(harmony.server, models.gpt_oss))

    assert set(verified.states.values()) == {"equal"}
    assert verified.exit_code == 0
    for check in verified.report["checks"]:
        assert check["compared_by"] == ["messages"]


@pytest.mark.usefixtures("stock")
def test_a_stock_gpt_oss_server_differs(
    harmony: Client, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(harmony.server, models.gpt_oss))

    assert verified.exit_code == 1
    parting = verified.check("instructions")["difference"]
    assert parting["where"] == "message 2"
    assert "Answer in English." in parting["chained"]
    assert "Answer in French." in parting["replayed"]
    # The call that the stream showed is not the one that was stored.
    assert verified.check("stream")["turn"] == 2
    parting = verified.check("stream")["difference"]
    assert parting["where"] == "the answer"
    assert parting["chained"].startswith("refused: No call message found for ")
    assert parting["replayed"] == "answered"


@pytest.mark.guards("reconstruction")
def test_a_model_is_made_to_call(chat: Client, listen: Listen, verify: Verify) -> None:
    verified = verify(listen(chat.server, models.forced_to_call))

    assert verified.states["tool-call"] == "equal"
    assert verified.states["parallel-calls"] == "equal"
    assert "brought the second" in verified.check("parallel-calls")["remark"]
    assert verified.exit_code == 0


@pytest.mark.parametrize("model", [models.able, models.never_calling])
def test_it_asks_no_more_than_it_says(
    chat: Client,
    listen: Listen,
    verify: Verify,
    capsys: pytest.CaptureFixture[str],
    model: Script,
) -> None:
    assert main(["verify", "--list"]) == 0
    listed = capsys.readouterr().out
    (most,) = re.findall(
        r"All together at most (\d+) requests and (\d+) generated tokens", listed
    )
    prompts = chat.server.engine.prompts

    verified = verify(listen(chat.server, model))

    (requests, tokens) = map(int, most)
    assert verified.report["requests"] <= requests
    limits = [p.sampling_params.max_tokens for seen in prompts.values() for p in seen]
    assert len(limits) == verified.report["requests"]
    assert sum(limits) <= tokens
    for name in verified.states:
        assert f"\n{name} " in f"\n{listed}"


@pytest.mark.usefixtures("stock")
def test_what_is_printed(
    chat: Client, listen: Listen, capsys: pytest.CaptureFixture[str]
) -> None:
    url = listen(chat.server, models.one_call_at_a_time)

    assert main(["verify", "--base-url", url]) == 1

    printed = capsys.readouterr()
    assert printed.err == ""
    assert "= text            2 turns equal, by token ids" in printed.out
    assert "! tool-call       turn 2 differs: token " in printed.out
    words = " ".join(printed.out.split())
    assert "by id: <|im_start|>tool tool_call_id=" in words
    assert "replayed: <|im_start|>assistant\\n" in words
    assert "- reasoning       not checked" in printed.out
    *_, paragraph = printed.out.split("\n\n")
    said = " ".join(paragraph.split())
    assert "does not have vllm-responses-fix" in " ".join(said.split())
    assert re.search(r"The server keeps \d+ stored responses", said)


@pytest.mark.usefixtures("stock")
def test_a_narrow_window(
    chat: Client,
    listen: Listen,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    url = listen(chat.server, models.one_call_at_a_time)

    main(["verify", "--base-url", url])

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[1:])) <= 40


@pytest.mark.usefixtures("stock")
def test_a_page_shows_the_prompts_side_by_side(
    chat: Client, listen: Listen, verify: Verify, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    verify(listen(chat.server, models.one_call_at_a_time), "--html", str(page))

    html = page.read_text("utf-8")
    _, _, section = html.partition('<section id="tool-call">')
    section, _, _ = section.partition("</section>")
    assert "Turn 2 differs: token " in section
    chained, replayed = re.findall(r"<pre>.*?</pre>", section, re.DOTALL)[-2:]
    assert "<mark> (nothing here) </mark>" in chained
    assert "get_weather" in re.findall(r"<mark.*?</mark>", replayed, re.DOTALL)[0]
    for text in (chained, replayed):
        assert text.count("&lt;|im_start|&gt;user") == 1
    assert "<details><summary>Turn 2: equal, compared by token ids" in html
    # Nothing is fetched, and nothing runs.
    assert not re.search(r"src=|<script|<link|url\(", html)


@pytest.mark.usefixtures("stock")
def test_a_page_of_a_gpt_oss_server(
    harmony: Client, listen: Listen, verify: Verify, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    verify(listen(harmony.server, models.gpt_oss), "--html", str(page))

    html = page.read_text("utf-8")
    assert "Turn 2 differs: message 2" in html
    assert "Turn 2 differs: the answer" in html
    assert "refused: No call message found for " in html


def test_a_terminal_shows_progress(
    chat: Client,
    listen: Listen,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    verified = verify(listen(chat.server, models.able))

    shown = terminal.getvalue().split("\r\x1b[K")
    for number, name in enumerate(verified.states):
        assert f"[{'#' * number}{'.' * (8 - number)}] {name} ..." in shown
    assert shown[-1] == ""


def test_commands_import_what_they_need() -> None:
    code = """
import sys
import vllm_responses_fix
from vllm_responses_fix.cli import main
main(["hook-path"])
assert not {m for m in sys.modules if "verify" in m or m == "urllib.request"}
main(["verify", "--base-url", "nowhere"])
assert "vllm" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
