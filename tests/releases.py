"""Tests of what stock vLLM does wrong, and since which release it does not.

`@pytest.mark.mended("0.28.0", "...")`: from that release on the test has to fail. The
reason goes into docs/releases.md.
"""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "mended(since, how): vLLM itself does right since that release"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from harness.vllm_compat import is_since

    for item in items:
        for marker in item.iter_markers("mended"):
            since, how = marker.args
            if is_since(since):
                reason = f"mended in vLLM {since}: {how}"
                item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
