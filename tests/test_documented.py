"""README, CONTRIBUTING and docs/: commands that work, outputs of the code as it is."""

import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents.collect import collect, patches_page
from documents.samples import names, with_samples
from harness.app import ServerFactory, environment
from harness.event_loop import EventLoopThread

from vllm_responses_fix.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    file
    for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*"))
    if file.suffix in (".md", ".yaml") or file.name.endswith("Dockerfile")
)
_COMMAND = re.compile(
    r"(?:^ {4,}(?:\$ )?|^\$ |`)"
    r"(scripts/[\w./]+\.sh\b[^`#\n]*|vllm-responses-fix [a-z][^`#\n]*)",
    re.MULTILINE,
)
# An option of run.sh itself.
_RELEASE = re.compile(r"(?<=scripts/run\.sh )--release \S+ ")


def _commands() -> Iterator[tuple[str, ...]]:
    found = {
        tuple(shlex.split(_RELEASE.sub("", match[1].rstrip("\\ "))))
        for file in DOCUMENTS
        if file.suffix == ".md"
        for match in _COMMAND.finditer(file.read_text("utf-8"))
    }
    return iter(sorted(found))


COMMANDS = list(_commands())
# In capitals, a name stands for any.
SCRIPTS = sorted(
    {c[1] for c in COMMANDS if c[0] == "scripts/run.sh" and len(c) > 1} - {"NAME"}
)


def _options(command: tuple[str, ...]) -> list[str]:
    return [word.partition("=")[0] for word in command if word.startswith("--")]


def test_the_documents_have_commands() -> None:
    assert {c[0] for c in COMMANDS} >= {
        "scripts/demo.sh",
        "scripts/matrix.sh",
        "scripts/run.sh",
        "scripts/test.sh",
        "vllm-responses-fix",
    }
    assert {"benchmarks", "check_demo_model", "show_prompts"} <= set(SCRIPTS)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_no_script_is_run_by_any_other_python(file: Path) -> None:
    assert not re.search(r"python3? scripts/", file.read_text("utf-8"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_is_there(command: tuple[str, ...]) -> None:
    if command[0].endswith(".sh"):
        script = ROOT / command[0]
        subprocess.run(["bash", "-n", str(script)], check=True)
        # The others are there to be sourced.
        assert script.stat().st_mode & 0o100 or "environment" in script.name


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_explains_itself(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = ROOT / "scripts" / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(script), "--help"])
    monkeypatch.setattr(sys, "path", [str(script.parent), *sys.path])

    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")

    assert ended.value.code in (0, None)
    usage = capsys.readouterr().out
    for command in COMMANDS:
        if command[:2] == ("scripts/run.sh", name):
            assert [o for o in _options(command) if o not in usage] == []


def test_run_says_what_there_is() -> None:
    run = subprocess.run(
        [str(ROOT / "scripts" / "run.sh"), "no_such_script"],
        capture_output=True,
        text=True,
    )

    assert run.returncode == 2
    assert "there is no scripts/no_such_script.py" in run.stderr
    for name in SCRIPTS:
        assert f"  {name} " in run.stderr


@pytest.mark.parametrize("script", ["scripts/matrix.sh", "scripts/clients.sh"])
def test_options_of_a_script_for_the_shell(script: str) -> None:
    run = subprocess.run([str(ROOT / script), "--help"], capture_output=True, text=True)

    for command in COMMANDS:
        if command[0] == script:
            assert [o for o in _options(command) if o not in run.stderr] == []


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c[0] == "vllm-responses-fix"], ids=" ".join
)
def test_a_command_of_the_kit(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command[1], "--help"])

    assert ended.value.code == 0
    usage = capsys.readouterr().out
    assert [o for o in _options(command) if o not in usage] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    if file.suffix != ".md":
        return
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text("utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= 1250


def test_outputs_are_those_of_the_code(
    chat_server_factory: ServerFactory, event_loop_thread: EventLoopThread
) -> None:
    with environment():
        samples, picture = event_loop_thread.run(collect(chat_server_factory))

    shown = {name for file in DOCUMENTS for name in names(file.read_text("utf-8"))}
    samples["patches"] = patches_page()
    # The demo's are its model's.
    assert shown == {*samples, "demo"}
    due = "run scripts/run.sh write_documents"
    for file in DOCUMENTS:
        text = file.read_text("utf-8")
        assert text == with_samples(text, samples), due
    assert (ROOT / "docs" / "turn3.svg").read_text("utf-8") == picture, due
