"""Install and uninstall in a process that has vLLM's Responses API imported."""

import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import vllm
from chat_messages import construct, parse_output
from hidden_sources import knowing_up_to
from openai.types.responses import (
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)
from pydantic import ValidationError
from vllm.entrypoints.openai.responses import serving, utils

import vllm_responses_fix
from vllm_responses_fix import activation
from vllm_responses_fix.deciding import decide
from vllm_responses_fix.patches import NEEDS, PATCHES
from vllm_responses_fix.patching import undo_all
from vllm_responses_fix.places import PLACES, held_by, locate

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
# Whoever in vLLM has imported it by name.
CALLERS = [m for m in held_by("construct_input_messages") if m is not utils]


def all_places() -> list[Any]:
    """The objects that are at the places now, under all their names."""
    found = []
    for place in PLACES:
        try:
            holder, attribute = locate(place)
        except (ImportError, AttributeError, KeyError):
            continue
        found.append(vars(holder)[attribute])
        found += [vars(module)[attribute] for module in held_by(attribute)]
    return found


@pytest.fixture(scope="module")
def needed() -> dict[str, str]:
    """The state of each patch on this vLLM, as it is."""
    vllm_responses_fix.uninstall()
    states = {p.name: p.state for p in vllm_responses_fix.install().patches}
    vllm_responses_fix.uninstall()
    return states


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
    before = all_places()
    assert not is_patched()
    vllm_responses_fix.install()
    assert is_patched()
    vllm_responses_fix.uninstall()
    assert not is_patched()
    after = all_places()
    assert len(before) == len(after)
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_installing_again_changes_nothing() -> None:
    vllm_responses_fix.install()
    first = all_places()
    vllm_responses_fix.install()
    assert all(a is b for a, b in zip(first, all_places(), strict=True))
    vllm_responses_fix.uninstall()
    vllm_responses_fix.uninstall()
    assert not is_patched()


def test_many_threads_install_once() -> None:
    before = all_places()
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
    assert all(a is b for a, b in zip(before, all_places(), strict=True))


def test_status_names_what_was_replaced() -> None:
    assert vllm_responses_fix.status().state == "off"
    status = vllm_responses_fix.install()
    assert status == vllm_responses_fix.status()
    assert status.vllm == VERSION
    assert [patch.name for patch in status.patches] == [p.name for p in PATCHES]
    assert {patch.state for patch in status.patches} <= {"applied", "not needed"}
    assert all(patch.upstream for patch in status.patches)
    for patch in status.patches:
        assert bool(patch.targets) == (patch.state == "applied")


def test_what_probes_leave_unchecked_is_checked_again() -> None:
    vllm_responses_fix.install()
    for event in (ResponseOutputItemAddedEvent, ResponseOutputItemDoneEvent):
        with pytest.raises(ValidationError):
            event.model_validate({"type": "probe"})
        with pytest.raises(ValidationError):
            event(type="probe")  # type: ignore[call-arg, arg-type]


def test_an_unknown_release_with_known_functions_is_patched(
    monkeypatch: pytest.MonkeyPatch, needed: dict[str, str]
) -> None:
    monkeypatch.setattr(vllm, "__version__", "0.99.0rc1")
    status = vllm_responses_fix.install()
    assert {patch.name: patch.state for patch in status.patches} == needed
    assert is_patched()


@pytest.mark.parametrize("patch", [patch.name for patch in PATCHES])
def test_each_patch_can_be_switched_off(
    patch: str, monkeypatch: pytest.MonkeyPatch, needed: dict[str, str]
) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_DISABLE", patch)
    status = vllm_responses_fix.install()
    states = {patch.name: patch.state for patch in status.patches}
    out = {name for name, names in NEEDS.items() if patch in names}
    refused = {name: "refused" for name in out if needed[name] == "applied"}
    expected = {**needed, **refused, patch: "off"}
    # What another patch mends as well is not needed beside it, and may be without it.
    assert {n: s for n, s in states.items() if expected[n] != "not needed"} == {
        n: s for n, s in expected.items() if s != "not needed"
    }
    assert is_patched() == (patch != "reconstruction")


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    before = all_places()
    monkeypatch.setenv("VLLM_RESPONSES_FIX", "0")
    assert vllm_responses_fix.install().state == "off"
    assert all(a is b for a, b in zip(before, all_places(), strict=True))


@dataclass
class Spoiled:
    """What is to be seen of a vLLM that differs from what a patch knows.

    Attributes:
        patch: the patch that stays out.
        reason: what is said of it.
        also: patches that then stay out, too.
    """

    patch: str
    reason: str
    also: tuple[str, ...] = ()


def _changed_function(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    def construct_chat_messages_with_tool_call(
        items: Any, messages: Any = None
    ) -> list[Any]:
        """A fork has its own."""
        return []

    name = "construct_chat_messages_with_tool_call"
    monkeypatch.setattr(utils, name, construct_chat_messages_with_tool_call)
    return Spoiled(
        "reconstruction",
        f"{utils.__name__}.{name} is not code this kit knows",
        ("all-parts", "merge-items", "call-arguments", "mistral-parts"),
    )


def _missing_function(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    monkeypatch.delattr(serving.OpenAIServingResponses, "_make_not_found_error")
    return Spoiled("chain-errors", "_make_not_found_error is missing")


def _wrapped_function(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    """Another plugin was there first; what it does must not be lost."""
    original = serving.OpenAIServingResponses._make_not_found_error

    def wrapper(self: Any, response_id: str) -> Any:
        return original(self, response_id)

    wrapper.__wrapped__ = original  # type: ignore[attr-defined]
    monkeypatch.setattr(
        serving.OpenAIServingResponses, "_make_not_found_error", wrapper
    )
    return Spoiled("chain-errors", "_make_not_found_error is not code this kit knows")


def _another_import(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    """What the server calls is not what the kit would replace."""
    for caller in CALLERS:
        monkeypatch.setattr(
            caller, "construct_input_messages", lambda **_: [{"role": "user"}]
        )
    return Spoiled("reconstruction", "in, a chained turn")


def _stored_otherwise(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    """What is kept of a request is not what was made for it."""

    async def _create_responses(self: Any, request: Any, messages: Any) -> Any:
        self.response_store.get(request.previous_response_id)
        self.msg_store[request.request_id] = messages[-1:]

    monkeypatch.setattr(
        serving.OpenAIServingResponses, "_create_responses", _create_responses
    )
    return Spoiled(
        "reconstruction",
        "_create_responses does with msg_store is not",
        ("snapshots", "chain-errors", "harmony-reconstruction"),
    )


def _patch_that_mends_nothing(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    code = _code_of("reconstruction")
    mending = code.construct_input_messages

    def construct_input_messages(**arguments: Any) -> Any:
        return mending(**{**arguments, "prev_response_output": None})

    monkeypatch.setattr(code, "construct_input_messages", construct_input_messages)
    return Spoiled("reconstruction", "a chained turn differs from the replayed one")


def _defect_of_the_kit(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    monkeypatch.delattr(_code_of("reconstruction"), "construct_input_messages")
    return Spoiled("reconstruction", "the kit itself failed")


def _probe_that_fails(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    (patch,) = (patch for patch in PATCHES if patch.name == "reconstruction")
    monkeypatch.delattr(importlib.import_module(f"{patch.package}.probe"), "fault")
    return Spoiled("reconstruction", "its probe can't run here")


def _code_of(name: str) -> Any:
    """The module of the variant that fits this vLLM."""
    vllm_responses_fix.install()
    (patch,) = (p for p in PATCHES if p.name == name)
    (status,) = (p for p in vllm_responses_fix.status().patches if p.name == name)
    vllm_responses_fix.uninstall()
    return importlib.import_module(f"{patch.package}.{status.variant}")


@pytest.mark.parametrize(
    "spoil",
    [
        _changed_function,
        _missing_function,
        _wrapped_function,
        _another_import,
        _stored_otherwise,
        _patch_that_mends_nothing,
        _defect_of_the_kit,
        _probe_that_fails,
    ],
)
def test_a_patch_without_its_ground_stays_out_and_the_others_go_in(
    spoil: Callable[[pytest.MonkeyPatch], Spoiled],
    monkeypatch: pytest.MonkeyPatch,
    logged: list[logging.LogRecord],
    needed: dict[str, str],
) -> None:
    with monkeypatch.context() as spoiled:
        expected = spoil(spoiled)
        before = all_places()
        logged.clear()
        status = vllm_responses_fix.install()
        states = {patch.name: patch.state for patch in status.patches}
        vllm_responses_fix.uninstall()
        after = all_places()

    assert all(a is b for a, b in zip(before, after, strict=True))
    (reason,) = (p.reason for p in status.patches if p.name == expected.patch)
    assert expected.reason in reason
    assert states[expected.patch] == "refused"
    others = {name for name in states if states[name] != needed[name]}
    assert others - {expected.patch} <= set(expected.also)
    warnings = [record for record in logged if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert expected.reason in warnings[0].getMessage()


@pytest.mark.parametrize(
    ("patch", "needed_by_it"),
    [(patch, name) for patch, names in NEEDS.items() for name in names],
)
def test_a_patch_without_those_it_needs_stays_out(
    patch: str, needed_by_it: str, needed: dict[str, str]
) -> None:
    """Of what is needed, no source is known here."""
    unknown = [
        knowing_up_to((p,), "0.20.0")[0] if p.name == needed_by_it else p
        for p in PATCHES
    ]
    decisions = {d.patch.name: d for d in decide(unknown, NEEDS, ())}
    for decision in reversed(decisions.values()):
        undo_all(decision.substitutions)

    assert (needed[patch], needed[needed_by_it]) == ("applied", "applied")
    assert decisions[needed_by_it].state == "refused"
    assert decisions[patch].state == "refused"
    assert decisions[patch].reason == f"it needs {needed_by_it}"
    assert not decisions[patch].substitutions


def test_strict_asks_for_the_path_that_the_server_uses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_STRICT", "1")
    with monkeypatch.context() as spoiled:
        _changed_function(spoiled)
        vllm_responses_fix.install()
        activation.prepare_server("harmony")
        with pytest.raises(activation.StrictError, match=r"without reconstruction: "):
            activation.prepare_server("chat")
        vllm_responses_fix.uninstall()


def test_strict_refuses_where_no_path_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_STRICT", "1")
    with monkeypatch.context() as spoiled:
        _missing_function(spoiled)
        with pytest.raises(activation.StrictError, match=r"STRICT=1.*chain-errors"):
            vllm_responses_fix.install()
        vllm_responses_fix.uninstall()


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
