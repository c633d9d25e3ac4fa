"""The series for the vLLM that is installed here, made once."""

import os
from pathlib import Path

import pytest
import vllm
from harness.vocabulary import prepare_vocabulary
from staged_series import Staged
from staging.chosen import choose
from staging.series import make_steps
from staging.trial import make_tree

SIGNER = "[user]\n\tname = A Developer\n\temail = developer@example.com\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and not item.get_closest_marker("xdist_group"):
            # With pytest -n, one process has them all: they share the series.
            item.add_marker(pytest.mark.xdist_group("staging"))


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    root = Path(vllm.__file__).parents[1]
    chosen = choose(root)
    steps = make_steps(root, chosen)
    tree = tmp_path_factory.mktemp("staged") / "tree"
    make_tree(steps, len(steps), root, tree)
    return Staged(root, chosen, steps, tree)


@pytest.fixture(scope="session")
def signer_config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which git knows a name and an address, and nothing else."""
    path = tmp_path_factory.mktemp("git") / "config"
    path.write_text(SIGNER)
    return {"GIT_CONFIG_GLOBAL": str(path), "GIT_CONFIG_SYSTEM": os.devnull}


@pytest.fixture(scope="session")
def vocabulary() -> None:
    """Harmony's, for processes that have no harness."""
    prepare_vocabulary()
