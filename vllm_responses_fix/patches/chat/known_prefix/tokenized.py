"""A prompt is tokenized from where it parts from those that were tokenized before."""

import functools
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from vllm_responses_fix.metrics import set_prompt_cache_bytes
from vllm_responses_fix.settings import CHECK_TOKENS, read_prompt_settings

from .boundaries import find_boundaries
from .prompts import KnownPrompts, RecentPrompts, Shared

logger = logging.getLogger("vllm.responses_fix")

# By renderer, and by whether tokens are added that are not in the text.
_known: "WeakKeyDictionary[Any, dict[bool, KnownPrompts | None]]" = WeakKeyDictionary()


def tokenize_from_known_prefix(
    original: Callable[..., Coroutine[Any, Any, Any]],
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Take the token ids of the beginning from a prompt that has the same.

    vLLM does with the prompt what it does with one that comes as token ids.
    """

    @functools.wraps(original)
    async def _tokenize_singleton_prompt_async(
        self: Any, prompt: Any, params: Any
    ) -> Any:
        known = _known_prompts(self, params) if _is_plain_text(prompt, params) else None
        if known is None:
            return await original(self, prompt, params)
        text = prompt["prompt"]
        shared = known.shared(text)
        if shared is not None:
            # Refuses what is too long by its characters, as it does before vLLM
            # tokenizes.
            prompt = params.apply_pre_tokenization(self.tokenizer, prompt)
            token_ids = await _token_ids(self, text, params, known, shared)
            if token_ids is None:
                shared = None
            else:
                prompt = {**prompt, "prompt_token_ids": token_ids}
        tokenized = await original(self, prompt, params)
        if _known_prompts(self, params) is known:
            known.remember(text, tokenized["prompt_token_ids"], shared)
        set_prompt_cache_bytes("known-prefix", _recent().bytes)
        return tokenized

    return _tokenize_singleton_prompt_async


def _is_plain_text(prompt: Any, params: Any) -> bool:
    """Whether the token ids of a prompt are those of its text, and nothing else.

    With images there are placeholders in it; what is truncated, padded or made lower
    case is not the text that was rendered; offsets are the tokenizer's to say.
    """
    return (
        prompt.keys() == {"prompt"}
        and isinstance(prompt["prompt"], str)
        and params.truncate_prompt_tokens is None
        and params.pad_prompt_tokens is None
        and not params.do_lower_case
        and not getattr(params, "return_token_offsets", False)
    )


def _known_prompts(renderer: Any, params: Any) -> KnownPrompts | None:
    added = bool(params.add_special_tokens)
    of_renderer = _known.setdefault(renderer, {})
    if added not in of_renderer:
        boundaries = find_boundaries(renderer.tokenizer, added)
        of_renderer[added] = (
            None if boundaries is None else KnownPrompts(boundaries, _recent())
        )
    return of_renderer[added]


@functools.cache
def _recent() -> RecentPrompts:
    """Those of the process, which has one bound for all its tokenizers."""
    return RecentPrompts(read_prompt_settings().cache_bytes)


def _let_go(renderer: Any) -> None:
    """Know no prompts of a renderer, from now on."""
    for known in _known[renderer].values():
        if known is not None:
            known.clear()
    _known[renderer] = {True: None, False: None}


async def _token_ids(
    renderer: Any, text: str, params: Any, known: KnownPrompts, shared: Shared
) -> list[int] | None:
    """The token ids of a text; None where vLLM has to find them."""
    rest = await _tokenize(renderer, text[shared.start :], params)
    # What the tokenizer puts before a text is there already.
    rest = rest[known.boundaries.leading :]
    token_ids = shared.token_ids.tolist() + rest
    limit = params.get_encode_kwargs().get("max_length")
    if limit is not None and len(token_ids) >= limit:
        # It is refused, with a message that says how far vLLM has counted.
        return None
    if read_prompt_settings().check_tokens:
        whole = await _tokenize(renderer, text, params)
        if whole != token_ids:
            _let_go(renderer)
            logger.error(
                "vllm-responses-fix: a prompt of %d tokens differs where it continues "
                "one that was tokenized before (%s). It is tokenized whole, and so are "
                "all others from now on. Please report it.",
                len(whole),
                CHECK_TOKENS,
            )
            return None
    return token_ids


async def _tokenize(renderer: Any, text: str, params: Any) -> list[int]:
    tokenized = await renderer._tokenize_prompt_async({"prompt": text}, params)
    return list(tokenized["prompt_token_ids"])
