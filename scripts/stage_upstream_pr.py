"""Write the patches as a patch series for vLLM, with a description for each.

    scripts/run.sh stage_upstream_pr --vllm ~/src/vllm
    git -C ~/src/vllm am --keep-non-patch "$PWD"/upstream-0.21.0/*.patch

Of a git checkout of vLLM, or of an installed package (then `git apply`). The staged
tests are run, each before and after its patch, with the Python this is run with: it
needs what vLLM and its tests need, libcst, ruff and Harmony's vocabulary, and says
first what is missing. `Signed-off-by` is git's user.name and user.email.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from staging.requirements import missing

if problems := missing():
    sys.exit("\n  ".join(["stage_upstream_pr.py needs, and does not find:", *problems]))

from staging.chosen import choose
from staging.description import describe
from staging.series import SeriesError, make_steps, signer, write_patches
from staging.transplant import TransplantError
from staging.trial import try_steps
from staging.vllm_tree import UnknownTreeError, package_root


def main() -> int:
    parser = argparse.ArgumentParser(
        description="The kit's patches as a patch series for vLLM."
    )
    parser.add_argument("--vllm", metavar="PATH", type=Path, required=True)
    parser.add_argument("--out", metavar="DIR", type=Path)
    arguments = parser.parse_args()
    try:
        stage(arguments.vllm, arguments.out)
    except (UnknownTreeError, TransplantError, SeriesError) as error:
        print(f"stage_upstream_pr.py: {error}", file=sys.stderr)
        return 1
    return 0


def stage(vllm: Path, out: Path | None) -> list[Path]:
    """Write the series for a tree of vLLM; returns the patches.

    Raises:
        UnknownTreeError, TransplantError, SeriesError: see there.
    """
    root = package_root(vllm)
    chosen = choose(root)
    who = signer(root if (root / ".git").exists() else Path.cwd())
    folder = out or Path(f"upstream-{chosen.version}")
    if folder.exists() and any(folder.iterdir()):
        raise SeriesError(f"{folder} is not empty")
    steps = make_steps(root, chosen)
    with tempfile.TemporaryDirectory() as work:
        trials = try_steps(steps, root, Path(work) / "trees")
        patches = write_patches(
            steps, root, chosen.version, who, Path(work) / "repository", folder
        )
    for number, (step, trial) in enumerate(zip(steps, trials, strict=True), 1):
        patch = patches[number - 1]
        text = describe(step, trial, number, len(steps))
        patch.with_suffix(".md").write_text(text, encoding="utf-8")
        print(f"{patch}: {len(trial.after.outcomes)} tests")
    return patches


if __name__ == "__main__":
    sys.exit(main())
