"""GuideLLM's benchmark of conversations by id and replayed, stock and patched.

Run by `scripts/bench_guidellm.sh`. Exits with 1 if a request failed, if one of
GuideLLM's requests was not what `server_history` means, or if the server with the kit
was given other prompt lengths by id than replayed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from scripts.demo.kit import REPOSITORY, install_kit
from scripts.demo.server import MODEL_DIR, MODEL_NAME, Server, ServerFailed
from scripts.demo.signals import ended_by_signals

from .plot import draw
from .results import Turn, read_turns
from .summary import check, summary

SCENARIO = Path(__file__).with_name("scenario.yaml")
PLOT = REPOSITORY / "docs" / "bench_guidellm"
SERVERS = ("stock", "patched")
# For a tool call the model must write JSON, in which any number of blanks is allowed,
# and this one might go on to its last position.
ARGUMENTS = (
    "--structured-outputs-config",
    '{"backend": "xgrammar", "disable_any_whitespace": true}',
)
REQUESTS_A_CONVERSATION = 11


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench_guidellm.sh", description=__doc__
    )
    parser.add_argument("server_python", help="the Python that has vLLM")
    parser.add_argument("--conversations", type=int, default=5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vllm-responses-fix-guidellm-"))
    with ended_by_signals(), ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder)
        try:
            runs = measure(options.server_python, options.conversations, folder)
        except (ServerFailed, subprocess.CalledProcessError) as error:
            cleanup.pop_all()  # the logs are there
            sys.exit(f"{error}\nThe logs are in {folder}")
    version = importlib.metadata.version("guidellm")
    print(f"GuideLLM {version}, {options.conversations} conversations, medians")
    print(summary(runs))
    draw(runs, PLOT)
    print(f"Drawn: {PLOT.relative_to(REPOSITORY)}.png and .svg")
    if problems := check(runs):
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    print(
        "By id, each request after the first named a response and had new items only."
    )
    return 0


def measure(
    server_python: str, conversations: int, folder: Path
) -> dict[str, list[Turn]]:
    """The turns of each run, by server and kind of history.

    Raises:
        ServerFailed: a server did not start.
        subprocess.CalledProcessError: pip or GuideLLM failed.
    """
    install_kit(server_python, folder / "kit")
    environments = {"stock": {}, "patched": {"PYTHONPATH": str(folder / "kit")}}
    runs = {}
    for name in SERVERS:
        _say(f"starting vLLM, {name} ...")
        log = folder / f"{name}.log"
        with Server(
            name,
            server_python,
            log,
            environment=environments[name],
            arguments=ARGUMENTS,
        ) as server:
            server.wait()
            for history in ("replayed", "by id"):
                _say(f"GuideLLM, {name}, {history} ...")
                config = _config(server.url, history, conversations)
                runs[f"{history}, {name}"] = read_turns(_run(config, folder))
    return runs


def _config(url: str, history: str, conversations: int) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(SCENARIO.read_text("utf-8"))
    spec = config["spec"]
    spec["backend"] |= {
        "target": url,
        "model": MODEL_NAME,
        "server_history": history == "by id",
    }
    # What the other run left in the prefix cache is not for this one. One letter, so
    # that both send as many bytes.
    spec["backend"]["extras"]["body"]["cache_salt"] = history[0]
    spec["tokenizer"] = {"kind": "huggingface_auto", "model": str(MODEL_DIR)}
    requests = conversations * REQUESTS_A_CONVERSATION
    spec["constraints"] = [{"kind": "max_requests", "count": requests}]
    return config


def _run(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run GuideLLM and return its report."""
    report = folder / "report.json"
    config["spec"]["outputs"] = [{"kind": "json", "path": str(report)}]
    file = folder / "config.json"
    file.write_text(json.dumps(config), "utf-8")
    with (folder / "guidellm.log").open("ab") as log:
        subprocess.run(
            [
                str(Path(sys.executable).with_name("guidellm")),
                "run",
                "--config",
                str(file),
                "--disable-console",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    content: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return content


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
