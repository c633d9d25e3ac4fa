"""Tests whose subject is not the same in every release of vLLM.

`@pytest.mark.mended("0.28.0", "...")` is for a test that asserts what stock vLLM does
wrong: from that release on it has to fail. The reason goes into docs/releases.md.
"""

import pytest
from packaging.version import Version


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "mended(since, how): vLLM does right, since that release"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    import vllm

    release = Version(vllm.__version__)
    for item in items:
        for marker in item.iter_markers("mended"):
            since, how = marker.args
            if release >= Version(since):
                reason = f"mended in vLLM {since}: {how}"
                item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
