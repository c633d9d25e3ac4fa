"""The ways in, in Python processes of their own."""

import json
import os
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest
import vllm
import vllm.entrypoints.openai.responses.serving
from processes import IMPORT_SERVING, SERVING, run

from vllm_responses_fix.places import held_by

pytestmark = pytest.mark.activation

VERSION = vllm.__version__.partition("+")[0]
# Whether the name that the server calls leads to the kit.
(CALLER,) = (
    module.__name__
    for module in held_by("construct_input_messages")
    if not module.__name__.endswith(".responses.utils")
)
REPORT = f"""
import json, sys
caller = sys.modules[{CALLER!r}]
print("REPORT", json.dumps(caller.construct_input_messages.__module__))
"""


def is_patched(result: subprocess.CompletedProcess[str]) -> bool:
    (line,) = [x for x in result.stdout.splitlines() if x.startswith("REPORT ")]
    module = json.loads(line.removeprefix("REPORT "))
    assert module.startswith(("vllm_responses_fix.", "vllm.entrypoints."))
    return module.startswith("vllm_responses_fix.")


def logged(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What the kit has logged; releases differ in where vLLM's log goes."""
    output = (result.stdout + result.stderr).splitlines()
    return [line for line in output if "vllm-responses-fix: " in line]


PLUGINS_THEN_SERVING = f"""
import_vllm()
from vllm.plugins import load_general_plugins
load_general_plugins()
import {SERVING}
"""
SERVING_THEN_PLUGINS = f"""
import_vllm()
import {SERVING}
from vllm.plugins import load_general_plugins
load_general_plugins()
"""


@pytest.mark.parametrize("code", [PLUGINS_THEN_SERVING, SERVING_THEN_PLUGINS])
def test_installed_it_is_active_as_a_plugin(installed: Path, code: str) -> None:
    result = run(code + REPORT, installed, VLLM_PLUGINS="responses_fix")
    assert is_patched(result)
    lines = logged(result)
    assert len(lines) == 1
    assert f"active on vLLM {VERSION}" in lines[0]


def test_installed_but_filtered_by_vllm_plugins(installed: Path) -> None:
    result = run(PLUGINS_THEN_SERVING + REPORT, installed, VLLM_PLUGINS="other")
    assert not is_patched(result)


def test_the_hook_of_a_copy_that_is_not_installed(unpacked: Path) -> None:
    result = run(IMPORT_SERVING + REPORT, unpacked, VLLM_PLUGINS="other")
    assert is_patched(result)


def test_all_ways_in_at_once(installed: Path, unpacked: Path) -> None:
    code = f"""
import vllm_responses_fix
vllm_responses_fix.install()
{SERVING_THEN_PLUGINS}
vllm_responses_fix.install()
serving = sys.modules[{SERVING!r}]
import inspect, sys
assert "vllm" in inspect.getsource(serving)
"""
    hook = installed / "vllm_responses_fix" / "hook"
    result = run("import sys\n" + code + REPORT, hook, unpacked, installed)
    assert is_patched(result)
    lines = logged(result)
    assert len(lines) == 1


def test_switched_off_by_the_environment(unpacked: Path) -> None:
    result = run(IMPORT_SERVING + REPORT, unpacked, VLLM_RESPONSES_FIX="0")
    assert not is_patched(result)


def test_vllm_warns_of_nothing_that_only_a_probe_has_sent(unpacked: Path) -> None:
    def warnings(**environ: str) -> int:
        result = run(IMPORT_SERVING, unpacked, **environ)
        return (result.stdout + result.stderr).count("WARNING")

    assert warnings() == warnings(VLLM_RESPONSES_FIX="0")


def test_a_wrong_value_stops_the_server_with_a_clear_error(unpacked: Path) -> None:
    result = run(IMPORT_SERVING, unpacked, check=False, VLLM_RESPONSES_FIX="banana")
    assert result.returncode != 0
    assert "VLLM_RESPONSES_FIX='banana'" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["status", "--verbose"], ["status", "--json"]])
def test_status_without_a_server(installed: Path, arguments: list[str]) -> None:
    code = f"""
from vllm_responses_fix.cli import main
import_vllm()
raise SystemExit(main({arguments!r}))
"""
    # Here vLLM sets up its log before the command can say where it goes.
    environ = {
        "VLLM_LOGGING_STREAM": "ext://sys.stderr",
        "VLLM_PLUGINS": "responses_fix",
    }
    result = run(code, installed, **environ)
    for name in (VERSION, "construct_input_messages", "issues/43244"):
        assert name in result.stdout
    if "--json" in arguments:
        status = json.loads(result.stdout)
        assert status["state"] == "applied"
        assert status["patches"][0]["state"] == "applied"


def test_status_for_who_has_only_the_hook(unpacked: Path) -> None:
    """As docs/install.md has it: the folder of the copy, before that of its hook."""
    code = """
from vllm_responses_fix.cli import main
import_vllm()
raise SystemExit(main(["status"]))
"""
    environ = {"VLLM_LOGGING_STREAM": "ext://sys.stderr", "VLLM_PLUGINS": "other"}
    result = run(code, unpacked.parents[1], unpacked, **environ)
    assert result.stdout.startswith(f"Active on vLLM {VERSION}: all ")


def test_the_version_is_that_of_the_installed_kit(installed: Path) -> None:
    command = installed / "bin" / "vllm-responses-fix"
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    printed = subprocess.check_output([command, "--version"], env=environ, text=True)
    (distribution,) = distributions(name="vllm-responses-fix", path=[str(installed)])
    assert printed.strip() == distribution.version


def test_hook_path_is_the_folder_with_the_hook(installed: Path) -> None:
    command = installed / "bin" / "vllm-responses-fix"
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    printed = subprocess.check_output([command, "hook-path"], env=environ, text=True)
    assert (Path(printed.strip()) / "sitecustomize.py").is_file()
