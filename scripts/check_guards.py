"""Show that each guarding test fails when the patch it guards is switched off.

    scripts/run.sh check_guards [PATCH ...]

Runs the tests marked `guards(PATCH)` without PATCH, for every patch (or those named),
and prints how many of them failed, as they have to. Where vLLM itself has what the
patch is for, they have to pass.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vllm_responses_fix.patches import PATCHES  # noqa: E402


def main() -> int:
    patches = [patch.name for patch in PATCHES]
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("names", metavar="PATCH", nargs="*", help="default: all")
    unguarded = False
    for name in arguments.parse_args().names or patches:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rX", "--switched-off", name],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        failed = re.search(r"(\d+) xfailed", run.stdout)
        # None is expected to fail then: one that passed unexpectedly is an error.
        passed = not failed and re.search(r"(\d+) passed", run.stdout)
        if passed and not run.returncode:
            print(f"without {name}: {passed[1]} tests pass, vLLM has it itself")
            continue
        print(f"without {name}: {failed[1] if failed else 0} guarding tests fail")
        if run.returncode or not failed:
            unguarded = True
            print(run.stdout[-3000:], run.stderr[-3000:], sep="\n")
    return int(unguarded)


if __name__ == "__main__":
    sys.exit(main())
