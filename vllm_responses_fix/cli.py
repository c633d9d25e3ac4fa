"""The `vllm-responses-fix` command."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from .places import TRIGGER
from .report import Status, same_for_all
from .server_status import version
from .settings import SettingsError
from .store.settings import read_store_settings

_MARKS = {
    "applied": "+",
    "not needed": "=",
    "off": "-",
    "waiting": "?",
    "refused": "!",
}
_PLUGIN = "responses_fix"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0, or for `status`: 1 if a patch that is needed is not applied, 2 if it can't
        tell; for `verify`: 1 if a prompt differs, 2 if it can't tell.
    """
    parser = argparse.ArgumentParser(
        prog="vllm-responses-fix",
        description="Makes previous_response_id correct on vLLM's Responses API.",
    )
    parser.add_argument("--version", action="version", version=version())
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser(
        "status",
        help="patch the vLLM that is installed here, and say what was done",
        epilog="Exit code: 0 all that is needed is applied, 1 not, 2 cannot tell.",
    )
    status.add_argument("--json", action="store_true", help="for programs")
    status.add_argument(
        "--verbose", action="store_true", help="what each patch is and replaces"
    )
    commands.add_parser(
        "hook-path", help="print the folder that, on PYTHONPATH, activates the kit"
    )
    verify = commands.add_parser(
        "verify",
        help="hold conversations with a running server by previous_response_id and "
        "by replay, and compare the prompts",
        epilog="Exit code: 0 all equal, 1 different, 2 cannot tell.",
    )
    verify.add_argument("--base-url", metavar="URL", help="of the server")
    verify.add_argument("--model", metavar="M", help="default: the server's first")
    verify.add_argument(
        "--api-key",
        metavar="K",
        help="the server's, if it wants one; default: VLLM_API_KEY or OPENAI_API_KEY "
        "of the environment, which other users of the machine can't read",
    )
    verify.add_argument("--json", action="store_true", help="for programs")
    verify.add_argument(
        "--html", metavar="FILE", help="write a page with the prompts side by side, too"
    )
    verify.add_argument(
        "--list", action="store_true", help="show the checks and do nothing"
    )
    arguments = parser.parse_args(argv)
    if arguments.command == "hook-path":
        print(Path(__file__).with_name("hook"))
        return 0
    if arguments.command == "verify":
        if not arguments.list and arguments.base_url is None:
            verify.error("--base-url is needed")
        return _verify(arguments)
    return _status(as_json=arguments.json, verbose=arguments.verbose)


def _verify(arguments: argparse.Namespace) -> int:
    # Not at the top: the other commands have no use for an HTTP client.
    from .verify import command
    from .verify.server import api_key_of

    if arguments.list:
        return command.list_checks()
    return command.verify(
        arguments.base_url,
        arguments.model,
        arguments.api_key or api_key_of(os.environ),
        as_json=arguments.json,
        page=arguments.html and Path(arguments.html),
    )


def _status(*, as_json: bool, verbose: bool) -> int:
    try:
        status = _patched_here()
    except SettingsError as error:
        status = same_for_all(None, "refused", str(error))
        code = 2
    else:
        code = _exit_code(status)
    filtered = _filtered_out()
    if as_json:
        print(json.dumps({**status.to_dict(), "filtered": filtered}, indent=2))
    else:
        _print_status(status, filtered, verbose=verbose)
    return 1 if filtered and code == 0 else code


def _exit_code(status: Status) -> int:
    if status.state == "waiting":
        return 2
    return 0 if status.state in ("applied", "not needed") and not status.refused else 1


def _filtered_out() -> str:
    """Why a server would not find the kit here, though it is installed."""
    plugins = os.environ.get("VLLM_PLUGINS")
    if plugins is None or _PLUGIN in plugins.split(",") or _has_hook():
        return ""
    return (
        f"VLLM_PLUGINS={plugins} leaves the kit out: add {_PLUGIN} to it, or put the "
        "folder that `vllm-responses-fix hook-path` prints on PYTHONPATH"
    )


def _has_hook() -> bool:
    """Whether this process has the hook on its path, which needs no entry point."""
    hook = Path(__file__).with_name("hook")
    return any(Path(folder) == hook for folder in sys.path)


def _patched_here() -> Status:
    """Do in this process what a server does when it starts."""
    from . import activation

    if find_spec("vllm") is None:
        return same_for_all(None, "waiting", "there is no vLLM in this Python")
    print("Importing vLLM, which may take some seconds ...", file=sys.stderr)
    # vLLM logs to stdout, which is for the status.
    with contextlib.redirect_stdout(sys.stderr):
        # A server reads them before it loads its model.
        read_store_settings()
        try:
            activation.install()
            import_module(TRIGGER)
        except activation.StrictError:
            pass
        except ImportError as error:
            return same_for_all(
                None,
                "waiting",
                f"vLLM's Responses API could not be imported: {error}",
            )
    return activation.status()


def _print_status(status: Status, filtered: str, *, verbose: bool) -> None:
    print(_verdict(status, filtered))
    for patch in status.patches:
        reason = patch.reason if patch.reason != status.reason else ""
        print(
            f"{_MARKS[patch.state]} {patch.name}: {patch.state}"
            + (f" ({reason})" if reason else "")
        )
        if verbose:
            print(f"    {patch.what}")
            for target in patch.targets:
                print(f"    replaces {target}")
            print(f"    upstream {' '.join(patch.upstream)}")
            print(f"    can go when: {patch.until}")


def _verdict(status: Status, filtered: str) -> str:
    """The one line that says whether the operator has to do something."""
    vllm = f"vLLM {status.vllm or '(not found)'}"
    if filtered:
        return f"Not active here: {filtered}."
    if status.state == "waiting":
        return f"Can't tell: {status.reason}."
    if status.vllm is None and status.state == "refused":
        return f"A server does not start here: {status.reason}"
    if status.state not in ("applied", "not needed"):
        return f"Not active, {vllm} is as it was: {status.reason}"
    applied = [patch for patch in status.patches if patch.state == "applied"]
    if status.refused:
        return (
            f"Active on {vllm} in part: {len(applied)} patches are applied, "
            f"{len(status.refused)} could not be."
        )
    return f"Active on {vllm}: all {len(applied)} patches that it needs are applied."
