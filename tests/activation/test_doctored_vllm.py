"""A vLLM that nobody has tried: a copy of the installed one, doctored."""

import ast
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import vllm
from harness.model_folder import write_chat_model
from harness.vllm_compat import is_since
from processes import IMPORT_SERVING, run

from vllm_responses_fix.settings import VARIABLES
from vllm_responses_fix.store.settings import VARIABLES as STORE_VARIABLES

pytestmark = pytest.mark.activation

NEAREST = vllm.__version__.partition("+")[0]
UTILS = "entrypoints/openai/responses/utils.py"
SERVING_FILE = "entrypoints/openai/responses/serving.py"
EDITED_METHODS = (
    "_create_responses",
    "responses_stream_generator",
    "responses_full_generator",
    "_render_resolved_response_inputs",
)
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
    """A folder with a copy of vLLM that calls itself a release after `NEAREST`."""
    folder = tmp_path / "site"
    # Links, as the compiled libraries have hundreds of MB.
    shutil.copytree(
        Path(vllm.__file__).parent,
        folder / "vllm",
        copy_function=os.symlink,
    )
    rewrite(folder, "__init__.py", "", f"\n__version__ = {next_release()!r}\n")
    return folder


def next_release() -> str:
    major, minor, patch = NEAREST.split(".")
    return f"{major}.{minor}.{int(patch) + 9}"


def rewrite(folder: Path, file: str, old: str, new: str) -> None:
    """Replace a text in a file of the copy; an empty one is its end."""
    path = folder / "vllm" / file
    source = path.read_text()
    assert old in source
    path.unlink()
    path.write_text(source.replace(old, new) if old else source + new)


def status_of(vllm_folder: Path, hook: Path) -> dict[str, Any]:
    result = run(f"NEXT = {next_release()!r}\n{STATUS}", hook, vllm_folder)
    (line,) = [x for x in result.stdout.splitlines() if x.startswith("REPORT ")]
    return json.loads(line.removeprefix("REPORT "))


def states(status: dict[str, Any]) -> dict[str, str]:
    return {patch["name"]: patch["state"] for patch in status["patches"]}


def test_edits_that_do_not_matter_to_a_patch(doctored: Path, unpacked: Path) -> None:
    """What upstream does to these functions from one release to the next."""
    rewrite(doctored, UTILS, DEFINITION, f"# Moved by a comment.\n{DEFINITION}")
    serving = doctored / "vllm" / SERVING_FILE
    for definition in EDITED_METHODS:
        if f"    async def {definition}(" in serving.read_text():
            begin_body(
                serving,
                definition,
                "begun_at = time.time()",
                'logger.debug("at %s", begun_at)',
            )
    rewrite(
        doctored,
        SERVING_FILE,
        "    def _validate_create_responses_input(\n        self, "
        "request: ResponsesRequest\n    )",
        "    def _validate_create_responses_input(\n        self, "
        "request: ResponsesRequest, lenient: bool = False\n    )",
    )
    status = status_of(doctored, unpacked)
    assert status["vllm"] == next_release()
    assert set(states(status).values()) <= {"applied", "not needed"}


def begin_body(path: Path, function: str, *statements: str) -> None:
    """Begin the body of a function with other statements."""
    source = path.read_text()
    tree = ast.parse(source)
    (found,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == function
    )
    lines = source.splitlines(keepends=True)
    first = found.body[0]
    indent = " " * first.col_offset
    begin = "".join(f"{indent}{statement}\n" for statement in statements)
    lines.insert(first.lineno - 1, begin)
    path.unlink()
    path.write_text("".join(lines))


def test_a_changed_function_keeps_only_its_patch_out(
    doctored: Path, unpacked: Path
) -> None:
    change_construct_input_messages(doctored)
    status = status_of(doctored, unpacked)
    refused = [p for p in status["patches"] if p["state"] == "refused"]
    assert [patch["name"] for patch in refused] == ["reconstruction"]
    changed = "responses.utils.construct_input_messages is not code this kit knows"
    assert changed in refused[0]["reason"]


def test_a_changed_harmony_function_leaves_the_chat_path_whole(
    doctored: Path, unpacked: Path
) -> None:
    harmony = doctored / "vllm" / "entrypoints/openai/responses/harmony.py"
    begin_body(harmony, "_parse_final_message", "forked = True")
    result = run(IMPORT_SERVING, unpacked, doctored)
    (line,) = [
        line
        for line in (result.stdout + result.stderr).splitlines()
        if "vllm-responses-fix: " in line
    ]
    assert "refused: harmony-preambles (" in line
    assert "responses.harmony._parse_final_message is not code" in line
    status = status_of(doctored, unpacked)
    of_chat = {p["name"] for p in status["patches"] if p["path"] != "harmony"}
    assert {states(status)[name] for name in of_chat} <= {"applied", "not needed"}


SERVE = """
import_vllm()
from types import SimpleNamespace
from vllm.engine import arg_utils
from vllm.usage.usage_lib import UsageContext
# Only the arguments and the model's configuration are read; no weights.
arguments = arg_utils.AsyncEngineArgs(model=MODEL, skip_tokenizer_init=True)
arguments.create_engine_config(usage_context=UsageContext.OPENAI_API_SERVER)
print("STARTED")
"""


def test_strict_stops_a_server_that_would_be_stock(
    doctored: Path, unpacked: Path, tmp_path: Path
) -> None:
    change_construct_input_messages(doctored)
    model = write_chat_model(tmp_path / "model")
    serve = f"MODEL = {str(model)!r}\n{SERVE}"
    environ = {"VLLM_RESPONSES_FIX_STRICT": "1"}
    result = run(serve, unpacked, doctored, check=False, **environ)
    assert result.returncode == 1
    assert "STARTED" not in result.stdout
    last = result.stderr.splitlines()[-1]
    assert "VLLM_RESPONSES_FIX_STRICT=1 asks not to start" in last
    assert "construct_input_messages" in last


def test_a_wrong_store_stops_a_server_before_its_model_is_loaded(
    unpacked: Path, tmp_path: Path
) -> None:
    model = write_chat_model(tmp_path / "model")
    serve = f"MODEL = {str(model)!r}\n{SERVE}"
    environ = {"VLLM_RESPONSES_FIX_STORE": "mysql://user:secret@host/database"}
    result = run(serve, unpacked, check=False, **environ)
    assert result.returncode == 1
    assert "STARTED" not in result.stdout
    assert "VLLM_RESPONSES_FIX_STORE" in result.stderr.splitlines()[-1]
    assert "secret" not in result.stdout + result.stderr


VLLM_SERVE = """
import_vllm()
from vllm.entrypoints.cli import serve

def launched(*_, **__):
    print("STARTED")
    raise SystemExit(0)

# There is no engine on this machine.
serve.launch_core_engines = launched
parser = serve.FlexibleArgumentParser()
command = serve.ServeSubcommand()
command.subparser_init(parser.add_subparsers(dest="subparser"))
arguments = ["serve", MODEL, "--host", "127.0.0.1", "--port", "0"]
command.cmd(parser.parse_args(arguments))
"""
RUST = {"VLLM_USE_RUST_FRONTEND": "1", "VLLM_RUST_FRONTEND_PATH": "/bin/false"}
NO_EFFECT = "vllm-responses-fix has no effect on this server"


@pytest.mark.skipif(not is_since("0.22.0"), reason="0.21 has no Rust front end")
@pytest.mark.parametrize("strict", ["0", "1"])
def test_the_rust_front_end_is_said_to_be_without_the_kit(
    strict: str, unpacked: Path, tmp_path: Path
) -> None:
    model = write_chat_model(tmp_path / "model")
    serve = f"MODEL = {str(model)!r}\n{VLLM_SERVE}"
    environ = {**RUST, "VLLM_RESPONSES_FIX_STRICT": strict}
    result = run(serve, unpacked, check=False, **environ)
    if strict == "1":
        assert result.returncode == 1
        assert "STARTED" not in result.stdout
        assert NO_EFFECT in result.stderr.splitlines()[-1]
    else:
        assert "STARTED" in result.stdout
        assert (result.stdout + result.stderr).count(NO_EFFECT) == 1


GRPC_SERVE = """
import sys
from types import ModuleType
import_vllm()
from vllm.entrypoints.cli import serve
from vllm.v1.engine.async_llm import AsyncLLM

class Missing(ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})

# What `pip install vllm[grpc]` brings, and what is not reached here.
for name in (
    "grpc",
    "grpc_health", "grpc_health.v1", "grpc_health.v1.health_pb2_grpc",
    "grpc_reflection", "grpc_reflection.v1alpha", "grpc_reflection.v1alpha.reflection",
    "smg_grpc_proto", "smg_grpc_servicer", "smg_grpc_servicer.vllm",
    "smg_grpc_servicer.vllm.health_servicer", "smg_grpc_servicer.vllm.servicer",
):
    sys.modules[name] = Missing(name)

def loaded(*_, **__):
    print("STARTED")
    raise SystemExit(0)

# There is no engine on this machine.
AsyncLLM.from_vllm_config = loaded
parser = serve.FlexibleArgumentParser()
command = serve.ServeSubcommand()
command.subparser_init(parser.add_subparsers(dest="subparser"))
command.cmd(parser.parse_args(["serve", MODEL, "--grpc"]))
"""


@pytest.mark.parametrize("strict", ["0", "1"])
def test_a_grpc_server_is_said_to_be_without_the_kit(
    strict: str, unpacked: Path, tmp_path: Path
) -> None:
    model = write_chat_model(tmp_path / "model")
    serve = f"MODEL = {str(model)!r}\n{GRPC_SERVE}"
    result = run(serve, unpacked, check=False, VLLM_RESPONSES_FIX_STRICT=strict)
    if strict == "1":
        assert result.returncode == 1
        assert "STARTED" not in result.stdout
        assert NO_EFFECT in result.stderr.splitlines()[-1]
    else:
        assert "STARTED" in result.stdout, result.stderr
        assert (result.stdout + result.stderr).count(NO_EFFECT) == 1


def test_the_kit_s_variables_are_known_to_vllm(unpacked: Path, tmp_path: Path) -> None:
    model = write_chat_model(tmp_path / "model")
    strict_check = SERVE.replace(
        "skip_tok", "fail_on_environ_validation=True, skip_tok"
    )
    serve = f"MODEL = {str(model)!r}\n{strict_check}"
    environ = {
        "VLLM_RESPONSES_FIX": "1",
        "VLLM_RESPONSES_FIX_DISABLE": "prompt-end",
        "VLLM_RESPONSES_FIX_STRICT": "1",
        "VLLM_RESPONSES_FIX_PROMPT_CACHE_BYTES": "1MiB",
        "VLLM_RESPONSES_FIX_CHECK_TOKENS": "0",
        "VLLM_RESPONSES_FIX_STORE": "memory",
        "VLLM_RESPONSES_FIX_STORE_TTL": "1d",
        "VLLM_RESPONSES_FIX_STORE_MAX_BYTES": "1GiB",
        "VLLM_RESPONSES_FIX_OWNER_HEADER": "X-User",
    }
    assert environ.keys() == {*VARIABLES, *STORE_VARIABLES}
    if is_since("0.22.0"):
        # What does not go through `vllm serve` starts no other front end.
        environ |= RUST
    result = run(serve, unpacked, **environ)
    assert "STARTED" in result.stdout
    assert "Unknown vLLM environment variable" not in result.stdout + result.stderr
    assert NO_EFFECT not in result.stdout + result.stderr


def change_construct_input_messages(doctored: Path) -> None:
    head = f"{DEFINITION}\n    *,\n"
    rewrite(doctored, UTILS, head, f"{head}    fork: None = None,\n")
