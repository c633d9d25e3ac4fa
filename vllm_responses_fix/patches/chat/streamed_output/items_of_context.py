"""The items of a stream, which its context has, are those of its whole answer."""

import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from .stream import show_stream

logger = logging.getLogger("vllm.responses_fix")


def show_every_item(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Show at the end of a stream what its parser has held back, and store it."""

    def keep(context: Any, items: list[Any]) -> None:
        context.streamed_output_items = items

    return show_stream(original, _whole, keep)


def _whole(server: Any, request: Any, context: Any, tokenizer: Any) -> list[Any] | None:
    """The items of the whole answer, as without a stream; None if there are none."""
    answer = context.final_output
    if answer is None or context.response_parser is None:
        return None
    try:
        return server._make_response_output_items(
            request,
            answer.outputs[0],
            tokenizer,
            _new_parser(server, request, tokenizer, answer.prompt_token_ids),
        )
    except Exception as error:
        # Not all parsers read whole answers, and vLLM asks none that has read a stream.
        logger.warning(
            "The end of streamed response %s can't be compared with the whole answer: "
            "%s: %s",
            request.request_id,
            type(error).__name__,
            error,
        )
        return None


def _new_parser(
    server: Any, request: Any, tokenizer: Any, prompt_token_ids: Any
) -> Any:
    """A parser that has not read the stream."""
    kwargs = server._effective_chat_template_kwargs(request)
    parser = server._make_response_parser(request, tokenizer, kwargs)
    if parser is not None and prompt_token_ids is not None:
        parser.set_prompt_token_ids(prompt_token_ids)
    return parser
