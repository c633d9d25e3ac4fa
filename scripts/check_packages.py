"""Check what is in the wheel and the source distribution of a folder.

    scripts/run.sh check_packages dist

The wheel has the package and nothing else; the source distribution has the tests, too.
"""

import argparse
import email
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "vllm_responses_fix"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder
    problems = [*problems_of(folder)]
    print(*problems or ["As they should be."], sep="\n")
    return 1 if problems else 0


def problems_of(folder: Path) -> Iterator[str]:
    """What is wrong with the packages of a folder, a sentence each."""
    wheels, sources = list(folder.glob("*.whl")), list(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sources) != 1:
        yield f"{folder} has {len(wheels)} wheels and {len(sources)} sources, not one."
        return
    here = {
        str(file.relative_to(ROOT))
        for file in (ROOT / PACKAGE).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with ZipFile(wheels[0]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        fields = email.message_from_bytes(archive.read(metadata))
    yield from (f"The wheel lacks {name}." for name in sorted(here - names))
    yield from (f"The wheel has {name}." for name in sorted(names - here))
    if f"{PACKAGE}/py.typed" not in names:
        yield "The wheel has no py.typed."
    if not fields.get_all("Project-URL"):
        yield "The metadata has no URL."
    for value in fields.get_all("Requires-Dist", []):
        if "extra ==" not in value:
            yield f"The wheel requires {value}."
    with tarfile.open(sources[0]) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "docs/install.md", "tests"):
        if name not in inside:
            yield f"The source distribution lacks {name}."
    yield from (
        f"The source distribution lacks {name}." for name in sorted(here - inside)
    )


if __name__ == "__main__":
    sys.exit(main())
