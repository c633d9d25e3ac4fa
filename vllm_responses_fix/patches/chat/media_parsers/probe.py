"""Is a connector to media made for every message?"""

from types import SimpleNamespace
from typing import Any

from vllm.multimodal.media.connector import MEDIA_CONNECTOR_REGISTRY
from vllm.renderers import hf

from vllm_responses_fix.probing import finished

_TEXTS = ("Hello.", "Again?")
_MODEL = SimpleNamespace(
    enable_prompt_embeds=False,
    multimodal_config=None,
    allowed_local_media_path="",
    allowed_media_domains=None,
)


def fault() -> str | None:
    """How many connectors are made for messages of text."""
    load = MEDIA_CONNECTOR_REGISTRY.load
    loaded: list[Any] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        loaded.append(args)
        return load(*args, **kwargs)

    messages = [{"role": "user", "content": text} for text in _TEXTS]
    MEDIA_CONNECTOR_REGISTRY.load = counted
    try:
        parsed, _, _ = finished(
            hf.parse_chat_messages_async(messages, _MODEL, content_format="string")
        )
    finally:
        del MEDIA_CONNECTOR_REGISTRY.load
    said = [message["content"] for message in parsed]
    if said != list(_TEXTS):
        return f"messages are parsed as {said}"
    if len(loaded) > 1:
        return "a connector to media is made for every message"
    return None
