"""Messages without media share what would fetch media."""

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from harness.client import Client, Conversation
from vllm.multimodal.media.connector import MEDIA_CONNECTOR_REGISTRY
from vllm.renderers.hf import parse_chat_messages_async


@pytest.mark.guards("media-parsers")
async def test_a_text_needs_no_connector_of_its_own(
    chat: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = MEDIA_CONNECTOR_REGISTRY.load
    loaded: list[str] = []

    def counted(name: str, **options: Any) -> Any:
        loaded.append(name)
        return load(name, **options)

    monkeypatch.setattr(MEDIA_CONNECTOR_REGISTRY, "load", counted)
    conversation = Conversation()
    for turn in range(4):
        reply = await chat.create(conversation.chain_body(f"{turn}?"), "Yes.")
        conversation = conversation.extended(f"{turn}?", reply)
    assert len(loaded) <= 4
    assert [text in reply.prompt.text for text in ("0?", "1?", "2?", "3?")] == [
        True
    ] * 4


@pytest.mark.kit_alone
async def test_a_message_with_media_has_its_own() -> None:
    model = SimpleNamespace(
        allowed_local_media_path="", allowed_media_domains=None, multimodal_config=None
    )
    # Where it is, releases differ in.
    made = parse_chat_messages_async.__globals__["AsyncMultiModalItemTracker"]
    tracker = made(model)
    faster = tracker.create_parser(mm_processor_kwargs={"fps": 1})
    with_media = tracker.create_parser(mm_processor_kwargs=None)
    with_media._add_placeholder("image", "<image>")
    after = tracker.create_parser(mm_processor_kwargs=None)
    assert len({id(parser) for parser in (faster, with_media, after)}) == 3
    assert not after.mm_placeholder_storage()
    # It goes with its prompt, without a garbage collection.
    await tracker.resolve_items()
    gc.disable()
    try:
        gone = weakref.ref(tracker)
        del tracker, faster, with_media, after
        assert gone() is None
    finally:
        gc.enable()
