"""Shows that a guarding test fails when the patch it guards is switched off.

`@pytest.mark.guards("stream-ids")` says which patch a test is there for. With
`--switched-off stream-ids` only those tests run, without that patch, and each has to
fail: `scripts/check_guards.py` does that for every patch. With `--switched-off all`
those that guard what this vLLM needs run on stock vLLM.

Without a patch that this vLLM does not need, its tests have to pass.
`guards("all-parts", until="0.30.0")`: from that release on the test passes without the
patch, which is there for other things still.
"""

import functools
import importlib
import os
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from vllm_responses_fix.patches import PATCHES
from vllm_responses_fix.places import TRIGGER
from vllm_responses_fix.settings import DISABLED_PATCHES, ENABLED

_NAMES = [patch.name for patch in PATCHES]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--switched-off",
        metavar="PATCH",
        choices=[*_NAMES, "all"],
        help="run the tests that guard PATCH without it; they have to fail",
    )


def pytest_configure(config: pytest.Config) -> None:
    switched_off = config.getoption("--switched-off")
    if switched_off == "all":
        os.environ[ENABLED] = "0"
    elif switched_off:
        os.environ[DISABLED_PATCHES] = switched_off
    if switched_off:
        # A failure is all that is wanted, not the smallest one.
        phases = [phase for phase in Phase if phase is not Phase.shrink]
        settings.register_profile(
            "switched-off", settings.get_profile("default"), phases=phases
        )
        settings.load_profile("switched-off")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    for item in items:
        unknown = guarded(item).difference(_NAMES)
        if unknown:
            raise pytest.UsageError(f"{item.nodeid} guards no patch: {unknown}")
    switched_off = config.getoption("--switched-off")
    if not switched_off:
        return
    wanted = {switched_off}
    if switched_off == "all":
        # What only this vLLM's own fixes make pass has no say here: those tests also
        # meet the faults that are left.
        wanted = set(_NAMES) - _not_needed()
    guarding = [item for item in items if guarded(item) & wanted]
    config.hook.pytest_deselected(items=[i for i in items if i not in guarding])
    items[:] = guarding
    needed = wanted - _not_needed()
    for item in guarding:
        if guarded(item) & needed:
            reason = f"{switched_off} is switched off"
            item.add_marker(pytest.mark.xfail(strict=True, reason=reason))


def guarded(item: pytest.Item) -> set[str]:
    return {name for marker in item.iter_markers("guards") for name in _names(marker)}


def _names(marker: pytest.Mark) -> Iterator[str]:
    from harness.vllm_compat import is_since

    until = marker.kwargs.get("until")
    if until is None or not is_since(until):
        yield from marker.args


@functools.cache
def _not_needed() -> set[str]:
    """The patches that this vLLM does not need, as the kit finds out by itself."""
    import vllm_responses_fix

    asked = {ENABLED: "1", DISABLED_PATCHES: ""}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in asked.items():
            environment.setenv(name, value)
        importlib.import_module(TRIGGER)
        status = vllm_responses_fix.install()
        vllm_responses_fix.uninstall()
    return {patch.name for patch in status.patches if patch.state == "not needed"}
