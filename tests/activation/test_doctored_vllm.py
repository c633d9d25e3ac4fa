"""A vLLM that nobody has tried: a copy of the installed one, doctored."""

import json
import os
import shutil
from pathlib import Path

import pytest
import vllm
from processes import IMPORT_SERVING, run

from vllm_responses_fix.releases import RELEASES

pytestmark = pytest.mark.activation

NEAREST = vllm.__version__.partition("+")[0]
UTILS = "entrypoints/openai/responses/utils.py"
DEFINITION = "def construct_input_messages("
STATUS = f"""{IMPORT_SERVING}
import json
import vllm
assert vllm.__version__ == NEXT, vllm.__version__
import vllm_responses_fix
print("REPORT", json.dumps(vllm_responses_fix.status().to_dict()))
"""


@pytest.fixture
def doctored(tmp_path: Path) -> Path:
    """A folder with a copy of vLLM that calls itself a release after `NEAREST`.

    No other known release has its functions, whichever of them this is.
    """
    folder = tmp_path / "site"
    # Links, as the compiled libraries have hundreds of MB.
    shutil.copytree(
        Path(vllm.__file__).parent,
        folder / "vllm",
        copy_function=os.symlink,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    rewrite(folder, "__init__.py", "", f"\n__version__ = {next_release()!r}\n")
    return folder


def next_release() -> str:
    major, minor, patch = NEAREST.split(".")
    version = f"{major}.{minor}.{int(patch) + 9}"
    assert version not in RELEASES
    return version


def rewrite(folder: Path, file: str, old: str, new: str) -> None:
    """Replace a text in a file of the copy; an empty one is its end."""
    path = folder / "vllm" / file
    source = path.read_text()
    assert old in source
    path.unlink()
    path.write_text(source.replace(old, new) if old else source + new)


def status_of(vllm_folder: Path, hook: Path) -> dict[str, object]:
    result = run(f"NEXT = {next_release()!r}\n{STATUS}", hook, vllm_folder)
    (line,) = [x for x in result.stdout.splitlines() if x.startswith("REPORT ")]
    return json.loads(line.removeprefix("REPORT "))


def test_the_same_functions_are_patched(doctored: Path, unpacked: Path) -> None:
    rewrite(doctored, UTILS, DEFINITION, f"# Moved by a comment.\n{DEFINITION}")
    status = status_of(doctored, unpacked)
    assert status["state"] == "applied"
    assert status["vllm"] == next_release()
    assert status["reason"] == f"its functions are those of vLLM {NEAREST}"


def test_a_changed_function_leaves_all_as_it_was(
    doctored: Path, unpacked: Path
) -> None:
    change_construct_input_messages(doctored)
    status = status_of(doctored, unpacked)
    assert status["state"] == "refused"
    changed = "responses.utils.construct_input_messages is not the code this kit knows"
    assert changed in str(status["reason"])
    assert f"compared with {NEAREST}" in str(status["reason"])


def test_strict_stops_a_server_that_would_be_stock(
    doctored: Path, unpacked: Path
) -> None:
    change_construct_input_messages(doctored)
    environ = {"VLLM_RESPONSES_FIX_STRICT": "1"}
    result = run(IMPORT_SERVING, unpacked, doctored, check=False, **environ)
    assert result.returncode != 0
    assert f"not {next_release()}" in result.stderr.splitlines()[-1]


def change_construct_input_messages(doctored: Path) -> None:
    head = f"{DEFINITION}\n    *,\n"
    rewrite(doctored, UTILS, head, f"{head}    fork: None = None,\n")
