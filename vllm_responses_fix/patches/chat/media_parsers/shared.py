"""Messages without media share the parser of their content."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

# Where a tracker, of which each prompt has one, keeps the last parser.
_LAST = "_vllm_responses_fix_last_parser"


def share_unused_parser(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give a message the parser of the one before, if that had no media.

    All that a parser keeps of a message are the placeholders of its media; as long as
    there are none, it is as it was when it was made.
    """

    @functools.wraps(original)
    def create_parser(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = (args, kwargs)
        parser, made_with = vars(self).get(_LAST, (None, None))
        if parser is None or made_with != asked or parser.mm_placeholder_storage():
            parser = original(self, *args, **kwargs)
            setattr(self, _LAST, (parser, asked))
        return parser

    return create_parser


def let_parser_go(
    original: Callable[..., Coroutine[Any, Any, Any]],
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Once all messages are parsed, keep nothing that keeps the tracker in memory."""

    @functools.wraps(original)
    async def resolve_items(self: Any) -> Any:
        vars(self).pop(_LAST, None)
        return await original(self)

    return resolve_items
