"""Run all benchmarks and write what they print to docs/benchmarks.md.

    scripts/run.sh benchmarks [NAME ...]

With names (bench_harmony), only their sections are written anew. All of it takes half
an hour; other work on the machine disturbs it.
"""

import argparse
import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
RESULTS = SCRIPTS.parent / "docs" / "benchmarks.md"
BENCHMARKS = (
    "scripts/run.sh bench_reconstruction",
    "scripts/run.sh bench_start --against 1df9ee7",
    "scripts/run.sh bench_harmony",
    "scripts/run.sh bench_server",
    "scripts/run.sh bench_parts",
    "scripts/run.sh bench_first_token",
    "scripts/run.sh bench_peers",
    "scripts/bench_guidellm.sh",
)


def main() -> None:
    scripts = {_script(command): command for command in BENCHMARKS}
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help=f"of these: {', '.join(script.stem for script in scripts)}",
    )
    names = arguments.parse_args().names
    measured = {
        script: _section(script, command)
        for script, command in scripts.items()
        if not names or script.stem in names
    }
    written = _written() if names else {}
    sections = [
        "# Benchmarks",
        "Written by `scripts/run.sh benchmarks`. Stock and patched are measured in "
        "one run, in turn; the ratios are what to look at.",
        f"{_processor()}, {os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}.",
        *(
            measured.get(script) or written.get(_title(script), "")
            for script in scripts
        ),
    ]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")
    print(f"Written: {RESULTS.relative_to(SCRIPTS.parent)}", file=sys.stderr)


def _section(script: Path, command: str) -> str:
    """Run a benchmark; its output under its title, and its plot if it has one."""
    print(f"{command} ...", file=sys.stderr, flush=True)
    title = _title(script)
    section = f"## {title}\n\n```console\n$ {command}\n{_output(command)}\n```"
    if RESULTS.with_name(f"{script.stem}.svg").exists():
        section += f"\n\n![{title}]({script.stem}.svg)"
    return section


def _written() -> dict[str, str]:
    """The sections of the last run, by title."""
    parts = RESULTS.read_text(encoding="utf-8").split("\n\n## ")[1:]
    return {part.partition("\n")[0]: f"## {part.strip()}" for part in parts}


def _output(command: str) -> str:
    """What a benchmark prints, without what vLLM logs to the same place."""
    run = subprocess.run(
        command.split(),
        cwd=SCRIPTS.parent,
        env={**os.environ, "VLLM_LOGGING_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def _script(command: str) -> Path:
    """The file that a command runs."""
    program, *arguments = command.split()
    return SCRIPTS / f"{arguments[0]}.py" if arguments else SCRIPTS.parent / program


def _title(script: Path) -> str:
    """The first sentence about a script: of its docstring, or below its `#!` line."""
    source = script.read_text(encoding="utf-8")
    if script.suffix == ".sh":
        return source.splitlines()[1].lstrip("# ").rstrip(".")
    docstring = ast.get_docstring(ast.parse(source))
    return (docstring or script.name).partition("\n")[0].rstrip(".")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
