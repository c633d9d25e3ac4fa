"""Write what README and docs/ show of the current code: outputs, picture, patches.

    scripts/run.sh write_documents [--demo]

Outputs stand between `<!-- sample: NAME -->` and `<!-- end of sample -->`. Those of the
demo depend on its model and are written with --demo only, which runs it (72 s).
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "http")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.app import ServerFactory, environment  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402

from scripts.documents.collect import collect, patches_page  # noqa: E402
from scripts.documents.samples import as_code, write  # noqa: E402

PICTURE = ROOT / "docs" / "turn3.svg"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument(
        "--demo", action="store_true", help="run the demo as well, for its output"
    )
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, environment():
        factory = ServerFactory(write_chat_model(Path(folder) / "model"))
        samples, picture = asyncio.run(collect(factory))
    samples["patches"] = patches_page()
    if options.demo:
        samples["demo"] = as_code(_demo())
    PICTURE.write_text(picture, "utf-8")
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if write(file, samples):
            print(f"Written: {file.relative_to(ROOT)}")


def _demo() -> str:
    """The turns and the verdicts that the demo prints, without its clock."""
    run = subprocess.run(
        [str(ROOT / "scripts" / "demo.sh")], stdout=subprocess.PIPE, text=True
    )
    lines = [re.sub(r"^ *\d+ s  ", "", line) for line in run.stdout.splitlines()]
    return "\n".join(line for line in lines if re.search(": (turn|PASS|FAIL)", line))


if __name__ == "__main__":
    main()
