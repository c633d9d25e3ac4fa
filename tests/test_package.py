"""The wheel that `pip install .` builds."""

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "vllm_responses_fix"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, as a folder to import from."""
    # A copy, as setuptools also packs what an earlier build left beside the sources.
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / PACKAGE, source / PACKAGE, ignore=shutil.ignore_patterns("__pycache__")
    )
    build = "from setuptools import build_meta; build_meta.build_wheel('wheel')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True)
    (wheel,) = (source / "wheel").glob("*.whl")
    folder = tmp_path_factory.mktemp("installed")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def metadata(installed: Path) -> importlib.metadata.Distribution:
    (found,) = importlib.metadata.distributions(path=[str(installed)])
    return found


def test_installing_the_kit_installs_nothing_else(
    metadata: importlib.metadata.Distribution,
) -> None:
    unconditional = [r for r in metadata.requires or [] if "extra ==" not in r]
    assert unconditional == []


def test_every_module_is_in_the_wheel(installed: Path) -> None:
    def modules(folder: Path) -> set[Path]:
        return {file.relative_to(folder) for file in folder.rglob("*.py")}

    assert modules(installed / PACKAGE) == modules(ROOT / PACKAGE)


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("vllm.general_plugins", "responses_fix"),
        ("console_scripts", "vllm-responses-fix"),
    ],
)
def test_entry_points_name_functions_of_the_wheel(
    installed: Path,
    metadata: importlib.metadata.Distribution,
    group: str,
    name: str,
) -> None:
    (entry_point,) = metadata.entry_points.select(group=group, name=name)
    load = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        f"from {entry_point.module} import {entry_point.attr} as found\n"
        "assert callable(found)\n"
        f"assert sys.modules[{PACKAGE!r}].__file__.startswith({str(installed)!r})\n"
    )
    subprocess.run([sys.executable, "-c", load], cwd=installed, check=True)
