"""What the kit adds to the start of a server, against the kit of an earlier commit.

    scripts/run.sh bench_start --against 1df9ee7

Each round starts one process for each of the two, in turn: it imports vLLM's server as
it comes, then the kit, and installs it. Everything that the kit does at the start of a
server is in that second part: its own modules, checking vLLM's functions, the probes.
Both kits are compiled, as pip leaves them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Stated in issue 11: at most so much more than before every patch had a probe.
ALLOWED_MS = 100

_START = """
import gc, json, sys, time
sys.path.insert(0, sys.argv[2])
from harness.platform import prepare_vllm
prepare_vllm()

collecting = [0.0]
def collected(phase, info):
    now = time.thread_time()
    collecting[0] += now if phase == "stop" else -now
gc.callbacks.append(collected)

def milliseconds(do):
    collecting[0], began = 0.0, time.thread_time()
    result = do()
    return result, (time.thread_time() - began) * 1000, collecting[0] * 1000

def server():
    import vllm.entrypoints.openai.api_server
    import vllm.entrypoints.openai.responses.serving

def kit():
    sys.path.insert(0, sys.argv[1])
    import vllm_responses_fix
    return vllm_responses_fix.install()

_, serving, _ = milliseconds(server)
status, first, garbage = milliseconds(kit)
import vllm_responses_fix
assert vllm_responses_fix.__file__.startswith(sys.argv[1])
vllm_responses_fix.uninstall()
_, again, _ = milliseconds(vllm_responses_fix.install)
print(json.dumps([serving, first, garbage, again, status.summary()]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", metavar="COMMIT", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kits = {
            arguments.against: _unpacked(arguments.against, Path(folder)),
            "now": ROOT,
        }
        for kit in kits.values():
            _compile(kit)
        measured: dict[str, list[list[Any]]] = {name: [] for name in kits}
        for _ in range(arguments.rounds):
            for name, kit in kits.items():
                measured[name].append(_started(kit))
    for name, runs in measured.items():
        print(f"{name}: {runs[0][-1].partition(':')[2].partition(', started')[0]}")
    print(f"\nMilliseconds of CPU time, medians of {arguments.rounds} starts in turn")
    print(f"{'':30}{''.join(f'{name:>10}' for name in kits)}")
    labels = (
        "importing vLLM's server",
        "the kit, after that",
        "  of it garbage collection",
        "installing once more",
    )
    medians = {name: _medians(runs) for name, runs in measured.items()}
    for number, label in enumerate(labels):
        columns = "".join(f"{median[number]:10.0f}" for median in medians.values())
        print(f"{label:30}{columns}")
    before, now = (median[1] for median in medians.values())
    print(f"\nThe kit takes {now - before:+.0f} ms; allowed are {ALLOWED_MS} ms more")


def _unpacked(commit: str, folder: Path) -> Path:
    """The kit's package as it was."""
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, "vllm_responses_fix"],
        stdout=subprocess.PIPE,
        check=True,
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def _compile(kit: Path) -> None:
    package = kit / "vllm_responses_fix"
    subprocess.run([sys.executable, "-m", "compileall", "-q", package], check=True)


def _started(kit: Path) -> list[Any]:
    # An installed copy of the kit is not to be met: only these folders count.
    run = subprocess.run(
        [sys.executable, "-c", _START, str(kit), str(ROOT / "tests")],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: list[Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def _medians(runs: list[list[Any]]) -> list[float]:
    return [statistics.median(numbers) for numbers in list(zip(*runs, strict=True))[:4]]


if __name__ == "__main__":
    main()
