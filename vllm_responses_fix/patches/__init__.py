"""All patches, in the order in which they go in, and which of them needs which.

A patch is a folder: `chat` has those of the way through a chat template, `harmony`
those of gpt-oss, `both` those that serve either.
"""

from collections.abc import Mapping
from importlib import import_module

from ..patch import Patch

_FOLDERS = (
    "both.null_fields",
    "both.input_forms",
    "both.input_errors",
    "chat.reconstruction",
    "chat.all_parts",
    "chat.call_arguments",
    "chat.merge_items",
    "chat.mistral_parts",
    "chat.snapshots",
    # Around what `reconstruction` puts in.
    "chat.continued_answers",
    "chat.streamed_call_ids",
    "chat.parser_streams",
    "chat.media_parsers",
    "chat.known_prefix",
    "both.prompt_end",
    "harmony.items",
    # Inside of what pairs the items of a stream with those of its response.
    "harmony.namespaces",
    "both.stream_ids",
    # Where items are those that were shown, they have these ids already.
    "chat.streamed_output",
    # Around what counts on statements of the function that they wrap.
    "chat.token_deltas",
    "chat.own_turn",
    "both.stream_events",
    "both.chain_errors",
    # Inside of what stores a response, which is to have these ids.
    "both.item_references",
    "both.stored_responses",
    # Outside of what stores a response and reads it back.
    "both.usage",
    "harmony.reconstruction",
    "harmony.previous_messages",
    "harmony.truncated",
    "harmony.stream_items",
    "harmony.web_search",
    "harmony.content_index",
    "harmony.preambles",
    "harmony.call_items",
    "harmony.call_status",
    "harmony.streamed_tools",
    "harmony.tool_runs",
    "harmony.known_messages",
)

PATCHES: tuple[Patch, ...] = tuple(
    import_module(f".{folder}", __name__).PATCH for folder in _FOLDERS
)

NEEDS: Mapping[str, tuple[str, ...]] = {
    # Without it, a call that comes back has lost the name of its namespace.
    "harmony-namespaces": ("harmony-items",),
}
"""By name: the patches without which a patch stays out. They come before it."""
