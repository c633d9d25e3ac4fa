"""Install and uninstall in a process that has vLLM's Responses API imported."""

import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import vllm
from chat_messages import construct, parse_output
from vllm.entrypoints.openai.responses import serving, utils

import vllm_responses_fix
from vllm_responses_fix import activation
from vllm_responses_fix.patches import PATCHES, needed
from vllm_responses_fix.patching import locate
from vllm_responses_fix.releases import RELEASES, FixedUpstream

CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "get_weather",
    "arguments": "{}",
}


def is_patched() -> bool:
    """Whether a call reaches the messages of the next turn."""
    messages = construct(
        request_input="?", prev_msg=[], prev_response_output=parse_output([CALL])
    )
    return "call_1" in str(messages)


VERSION = vllm.__version__.partition("+")[0]
RELEASE = RELEASES[VERSION]
CONSTRUCT = RELEASE.seams["construct_input_messages"]
CALLER = importlib.import_module(CONSTRUCT.imported_into[0])
RECONSTRUCTION = importlib.import_module(
    next(
        variant.module
        for patch, variant in needed(RELEASE.patches)
        if patch.name == "reconstruction"
    )
)
NEEDED = {
    name: "fixed upstream" if isinstance(code, FixedUpstream) else "applied"
    for name, code in RELEASE.patches.items()
}


def all_seams() -> list[Any]:
    """The objects that are at the seams now; None where there is none."""
    found = []
    for seam in RELEASE.seams.values():
        holder, attribute = locate(seam)
        found.append(vars(holder).get(attribute))
        for module in seam.imported_into:
            found.append(vars(importlib.import_module(module)).get(attribute))
    return found


@pytest.fixture(autouse=True)
def from_stock(stock: None) -> Iterator[None]:
    """Each test starts uninstalled, whatever it leaves behind."""
    yield
    vllm_responses_fix.uninstall()


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What the kit logs."""
    records: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Handler()
    activation.logger.addHandler(handler)
    yield records
    activation.logger.removeHandler(handler)


def test_uninstall_restores_the_very_objects() -> None:
    before = all_seams()
    assert not is_patched()
    vllm_responses_fix.install()
    assert is_patched()
    vllm_responses_fix.uninstall()
    assert not is_patched()
    after = all_seams()
    assert len(before) == len(after)
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_installing_again_changes_nothing() -> None:
    vllm_responses_fix.install()
    first = all_seams()
    vllm_responses_fix.install()
    assert all(a is b for a, b in zip(first, all_seams(), strict=True))
    vllm_responses_fix.uninstall()
    vllm_responses_fix.uninstall()
    assert not is_patched()


def test_many_threads_install_once() -> None:
    before = all_seams()
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for _ in range(5):
            vllm_responses_fix.install()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_patched()
    vllm_responses_fix.uninstall()
    assert all(a is b for a, b in zip(before, all_seams(), strict=True))


def test_status_names_what_was_replaced() -> None:
    assert vllm_responses_fix.status().state == "off"
    status = vllm_responses_fix.install()
    assert status == vllm_responses_fix.status()
    assert status.vllm == VERSION
    assert [patch.name for patch in status.patches] == [p.name for p in PATCHES]
    assert {patch.name: patch.state for patch in status.patches} == NEEDED
    assert all(patch.upstream for patch in status.patches)
    for patch in status.patches:
        assert bool(patch.targets) == (patch.state == "applied")


def test_an_unknown_release_with_known_functions_is_patched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vllm, "__version__", "0.99.0rc1")
    status = vllm_responses_fix.install()
    assert status.state == "applied"
    assert is_patched()
    assert status.reason == f"its functions are those of vLLM {VERSION}"


@pytest.mark.parametrize(
    "patch", [name for name, state in NEEDED.items() if state == "applied"]
)
def test_each_patch_can_be_switched_off(
    patch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_DISABLE", patch)
    status = vllm_responses_fix.install()
    states = {patch.name: patch.state for patch in status.patches}
    assert states == {**NEEDED, patch: "off"}
    assert is_patched() == (patch != "reconstruction")


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    before = all_seams()
    monkeypatch.setenv("VLLM_RESPONSES_FIX", "0")
    assert vllm_responses_fix.install().state == "off"
    assert all(a is b for a, b in zip(before, all_seams(), strict=True))


def _changed_function(monkeypatch: pytest.MonkeyPatch) -> str:
    def construct_chat_messages_with_tool_call(items: Any) -> list[Any]:
        """A fork has its own."""
        return []

    name = "construct_chat_messages_with_tool_call"
    monkeypatch.setattr(utils, name, construct_chat_messages_with_tool_call)
    return f"{utils.__name__}.{name} is not the code this kit knows"


def _changed_in_an_unknown_release(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(vllm, "__version__", f"{VERSION}.post9")
    changed = _changed_function(monkeypatch)
    return f"not {VERSION}.post9, and compared with {VERSION} {changed}"


def _missing_function(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delattr(serving.OpenAIServingResponses, "_make_not_found_error")
    return "_make_not_found_error is missing"


def _wrapped_function(monkeypatch: pytest.MonkeyPatch) -> str:
    """Another plugin was there first; what it does must not be lost."""
    original = serving.OpenAIServingResponses._make_not_found_error

    def wrapper(self: Any, response_id: str) -> Any:
        return original(self, response_id)

    wrapper.__wrapped__ = original  # type: ignore[attr-defined]
    monkeypatch.setattr(
        serving.OpenAIServingResponses, "_make_not_found_error", wrapper
    )
    return "_make_not_found_error is not the code this kit knows"


def _another_import(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(CALLER, "construct_input_messages", lambda **_: [])
    return f"{CALLER.__name__} has another construct_input_messages"


def _dead_canary(monkeypatch: pytest.MonkeyPatch) -> str:
    broken = RECONSTRUCTION.construct_input_messages

    def construct_input_messages(**arguments: Any) -> Any:
        return broken(**{**arguments, "prev_response_output": None})

    monkeypatch.setattr(
        RECONSTRUCTION, "construct_input_messages", construct_input_messages
    )
    return "a chained turn differs from the replayed one"


def _defect_of_the_kit(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delattr(RECONSTRUCTION, "construct_input_messages")
    return "the kit itself failed"


@pytest.mark.parametrize(
    "spoil",
    [
        _changed_function,
        _changed_in_an_unknown_release,
        _missing_function,
        _wrapped_function,
        _another_import,
        _dead_canary,
        _defect_of_the_kit,
    ],
)
def test_what_is_not_known_is_not_touched(
    spoil: Callable[[pytest.MonkeyPatch], str],
    monkeypatch: pytest.MonkeyPatch,
    logged: list[logging.LogRecord],
) -> None:
    with monkeypatch.context() as spoiled:
        reason = spoil(spoiled)
        before = all_seams()
        status = vllm_responses_fix.install()
        after = all_seams()

    assert status.state == "refused"
    assert reason in status.reason
    states = {patch.state for patch in status.patches}
    assert states <= {"refused", "fixed upstream"}
    assert all(a is b for a, b in zip(before, after, strict=True))
    warnings = [record for record in logged if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert reason in warnings[0].getMessage()


def test_strict_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_STRICT", "1")
    _changed_in_an_unknown_release(monkeypatch)
    with pytest.raises(activation.StrictError, match=r"not .*\.post9.*STRICT=1"):
        vllm_responses_fix.install()
    assert not is_patched()


def test_a_wrong_setting_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_DISABLE", "stream_ids")
    with pytest.raises(ValueError, match="stream_ids"):
        vllm_responses_fix.install()
    assert not is_patched()


def test_what_others_put_over_a_patch_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    vllm_responses_fix.install()
    owner = serving.OpenAIServingResponses
    ours = owner._make_not_found_error

    def theirs(self: Any, response_id: str) -> Any:
        return ours(self, response_id)

    original = next(
        s.original for s in activation._substitutions if s.substitute is ours
    )
    owner._make_not_found_error = theirs  # type: ignore[method-assign]
    try:
        vllm_responses_fix.uninstall()
        assert owner._make_not_found_error is theirs
    finally:
        owner._make_not_found_error = original
