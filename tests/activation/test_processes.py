"""The ways in, in Python processes of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vllm_responses_fix

pytestmark = pytest.mark.activation

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(vllm_responses_fix.__file__).parent
SERVING = "vllm.entrypoints.openai.responses.serving"
# Whether the name that the server calls leads to the kit.
REPORT = f"""
import json, sys
serving = sys.modules[{SERVING!r}]
print("REPORT", json.dumps(serving.construct_input_messages.__module__))
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the kit, as an operator would."""
    folder = tmp_path_factory.mktemp("installed")
    source = tmp_path_factory.mktemp("source") / "kit"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*", "tests", "build", "*.egg-info"),
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(folder), str(source)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hook folder of a copy of the package that is on no path."""
    copy = tmp_path_factory.mktemp("mounted") / "kit" / "vllm_responses_fix"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy / "hook"


def run(
    code: str, *pythonpath: Path, check: bool = True, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run Python code from an empty folder, with only this of our environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VLLM_", "PYTHON"))
    }
    clean.update(environ, VLLM_NO_USAGE_STATS="1")
    clean["PYTHONPATH"] = os.pathsep.join(map(str, pythonpath))
    result = subprocess.run(
        [sys.executable, "-c", _PLATFORM + code],
        env=clean,
        cwd=pythonpath[0] if pythonpath else "/",
        capture_output=True,
        text=True,
    )
    if check:
        assert result.returncode == 0, result.stderr
    return result


# A CUDA build finds no platform on a machine without a GPU; see tests/harness.
_PLATFORM = f"""
def import_vllm():
    import sys
    sys.path.insert(0, {str(ROOT / "tests")!r})
    from harness.platform import prepare_vllm
    prepare_vllm()
    sys.path.pop(0)
"""


def is_patched(result: subprocess.CompletedProcess[str]) -> bool:
    (line,) = [x for x in result.stdout.splitlines() if x.startswith("REPORT ")]
    module = json.loads(line.removeprefix("REPORT "))
    assert module.startswith(("vllm_responses_fix.", "vllm.entrypoints."))
    return module.startswith("vllm_responses_fix.")


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
ONLY_SERVING = f"import_vllm()\nimport {SERVING}\n"


@pytest.mark.parametrize("code", [PLUGINS_THEN_SERVING, SERVING_THEN_PLUGINS])
def test_installed_it_is_active_as_a_plugin(installed: Path, code: str) -> None:
    result = run(code + REPORT, installed, VLLM_PLUGINS="responses_fix")
    assert is_patched(result)
    lines = [x for x in result.stdout.splitlines() if "vllm-responses-fix" in x]
    assert len(lines) == 1
    assert "active on vLLM 0.21.0" in lines[0]


def test_installed_but_filtered_by_vllm_plugins(installed: Path) -> None:
    result = run(PLUGINS_THEN_SERVING + REPORT, installed, VLLM_PLUGINS="other")
    assert not is_patched(result)


def test_the_hook_of_a_copy_that_is_not_installed(unpacked: Path) -> None:
    result = run(ONLY_SERVING + REPORT, unpacked, VLLM_PLUGINS="other")
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
    lines = [x for x in result.stdout.splitlines() if "vllm-responses-fix" in x]
    assert len(lines) == 1


def test_switched_off_by_the_environment(unpacked: Path) -> None:
    result = run(ONLY_SERVING + REPORT, unpacked, VLLM_RESPONSES_FIX="0")
    assert not is_patched(result)


def test_strict_stops_a_server_that_would_be_stock(unpacked: Path) -> None:
    code = f"""
import_vllm()
import vllm
vllm.__version__ = "0.99.0"
import {SERVING}
"""
    environ = {"VLLM_RESPONSES_FIX_STRICT": "1"}
    result = run(code, unpacked, check=False, **environ)
    assert result.returncode != 0
    assert "not 0.99.0" in result.stderr.splitlines()[-1]


def test_a_wrong_value_stops_the_server_with_a_clear_error(unpacked: Path) -> None:
    result = run(ONLY_SERVING, unpacked, check=False, VLLM_RESPONSES_FIX="banana")
    assert result.returncode != 0
    assert "VLLM_RESPONSES_FIX='banana'" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"]])
def test_status_without_a_server(installed: Path, arguments: list[str]) -> None:
    code = f"""
from vllm_responses_fix.cli import main
import_vllm()
raise SystemExit(main({arguments!r}))
"""
    # Here vLLM sets up its log before the command can say where it goes.
    result = run(code, installed, VLLM_LOGGING_STREAM="ext://sys.stderr")
    for name in ("0.21.0", "construct_input_messages", "issues/43244"):
        assert name in result.stdout
    if "--json" in arguments:
        status = json.loads(result.stdout)
        assert status["state"] == "applied"
        assert status["patches"][0]["state"] == "applied"


def test_hook_path_is_the_folder_with_the_hook(installed: Path) -> None:
    command = installed / "bin" / "vllm-responses-fix"
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    printed = subprocess.check_output([command, "hook-path"], env=environ, text=True)
    assert (Path(printed.strip()) / "sitecustomize.py").is_file()
