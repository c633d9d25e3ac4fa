"""Run all benchmarks and write what they print to docs/benchmarks.md.

    python scripts/benchmarks.py

Needs vLLM, but no engine: see scripts/environment.sh. Takes minutes; other work on the
machine disturbs it.
"""

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
RESULTS = SCRIPTS.parent / "docs" / "benchmarks.md"
BENCHMARKS = ("bench_reconstruction.py", "bench_harmony.py")


def main() -> None:
    sections = [
        "# Benchmarks",
        "Written by `python scripts/benchmarks.py`. Stock and patched are measured in "
        "one process, in turn; the ratios are what to look at.",
        f"{_processor()}, {os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}.",
    ]
    for name in BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        sections += [
            f"## {_title(SCRIPTS / name)}",
            f"```console\n$ python scripts/{name}\n{_output(name)}\n```",
        ]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    print(f"Written: {RESULTS.relative_to(SCRIPTS.parent)}", file=sys.stderr)


def _output(name: str) -> str:
    """What a benchmark prints, without what vLLM logs to the same place."""
    run = subprocess.run(
        [sys.executable, str(SCRIPTS / name)],
        cwd=SCRIPTS.parent,
        env={**os.environ, "VLLM_LOGGING_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def _title(script: Path) -> str:
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    return (docstring or script.name).partition("\n")[0].rstrip(".")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
