"""Runs tests with a kit that knows no vLLM after a release: `--knowing-up-to 0.32.0`.

`--outcomes FILE` writes what became of each test, and `--only FILE` runs those that a
file names. `scripts/day_one.py` compares such runs.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from guards import guarded
from hidden_sources import knowing_up_to
from hypothesis import Phase, settings

# Ids, addresses, times and lengths differ from run to run.
_CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+")
# As do the parts of a long value that pytest shows, and the example that fails first.
_BESIDE = re.compile(r"^ *\+ +where .*\n?|^Falsifying example(.|\n)*", re.MULTILINE)
_GUARDS = "guards"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--knowing-up-to",
        metavar="RELEASE",
        help="hide the sources of vLLM that were first seen after it from the kit",
    )
    parser.addoption("--outcomes", metavar="FILE", type=Path)
    parser.addoption("--only", metavar="FILE", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    release = config.getoption("--knowing-up-to")
    if release:
        from vllm_responses_fix import activation

        activation.PATCHES = knowing_up_to(activation.PATCHES, release)
    outcomes = config.getoption("--outcomes")
    if outcomes is None:
        return
    # Failures are expected, and compared: the smallest one takes too long to find.
    phases = [phase for phase in Phase if phase is not Phase.shrink]
    settings.register_profile(
        "outcomes", settings.get_profile("matrix"), phases=phases, print_blob=False
    )
    settings.load_profile("outcomes")
    # With workers, the reports of all of them come to the one that has none.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Outcomes(outcomes))


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    only = config.getoption("--only")
    if only is not None:
        wanted = set(json.loads(only.read_text("utf-8")))
        left_out = [item for item in items if item.nodeid not in wanted]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid in wanted]
    if config.getoption("--outcomes") is not None:
        for item in items:
            item.user_properties.append((_GUARDS, sorted(guarded(item))))


class _Outcomes:
    """By test: the patches it guards, whether pytest is content, and what it did."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and not report.failed and not report.skipped:
            return
        self.found[report.nodeid] = {
            "guards": dict(report.user_properties).get(_GUARDS, []),
            "ok": not report.failed,
            "did": _did(report),
        }

    def pytest_sessionfinish(self) -> None:
        self.file.write_text(json.dumps(self.found), encoding="utf-8")


def _did(report: pytest.TestReport) -> str:
    if report.passed or str(report.longrepr).startswith("[XPASS(strict)]"):
        return "passed"
    if report.skipped and not hasattr(report, "wasxfail"):
        return "skipped"
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return _compared(f"failed: {report.longrepr}")
    place = f"{Path(crash.path).name}:{crash.lineno}"
    return f"failed at {place}: {_compared(crash.message)}"


def _compared(message: str) -> str:
    """What a failure says that is the same in the next run."""
    return _CHANGING.sub("#", _BESIDE.sub("", message)).strip()
