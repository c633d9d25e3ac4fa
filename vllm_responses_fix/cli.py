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

from .releases import TRIGGER
from .report import Status, make_status
from .settings import SettingsError

_MARKS = {
    "applied": "+",
    "fixed upstream": "=",
    "off": "-",
    "waiting": "?",
    "refused": "!",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0, or for `status`: 1 if the patches are not applied, 2 if it can't tell;
        for `verify`: 1 if a prompt differs, 2 if it can't tell.
    """
    parser = argparse.ArgumentParser(
        prog="vllm-responses-fix",
        description="Makes previous_response_id correct on vLLM's Responses API.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser(
        "status", help="patch the vLLM that is installed here, and say what was done"
    )
    status.add_argument("--json", action="store_true", help="for programs")
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
    return _status(as_json=arguments.json)


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


def _status(*, as_json: bool) -> int:
    try:
        status = _patched_here()
    except SettingsError as error:
        print(f"vllm-responses-fix: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(status.to_dict(), indent=2))
    else:
        _print_status(status)
    if status.state == "waiting":
        return 2
    return 0 if status.state == "applied" else 1


def _patched_here() -> Status:
    """Do in this process what a server does when it starts."""
    from . import activation

    if find_spec("vllm") is None:
        return make_status(
            vllm=None, state="waiting", reason="there is no vLLM in this Python"
        )
    print("Importing vLLM, which may take some seconds ...", file=sys.stderr)
    # vLLM logs to stdout, which is for the status.
    with contextlib.redirect_stdout(sys.stderr):
        activation.install()
        try:
            import_module(TRIGGER)
        except activation.StrictError:
            pass
        except ImportError as error:
            return make_status(
                vllm=None,
                state="waiting",
                reason=f"vLLM's Responses API could not be imported: {error}",
            )
    return activation.status()


def _print_status(status: Status) -> None:
    print(f"vLLM {status.vllm or '(not found)'}: {status.state}")
    if status.reason:
        print(f"  {status.reason}")
    for patch in status.patches:
        print(f"\n{_MARKS[patch.state]} {patch.name}: {patch.state}")
        if patch.reason and patch.reason != status.reason:
            print(f"    {patch.reason}")
        print(f"    {patch.what}")
        for target in patch.targets:
            print(f"    replaces {target}")
        print(f"    upstream {' '.join(patch.upstream)}")
        print(f"    can go when: {patch.until}")
