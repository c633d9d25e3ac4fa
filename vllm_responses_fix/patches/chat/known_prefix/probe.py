"""Is a prompt tokenized whole that continues one that was tokenized before?"""

from typing import Any

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from vllm.renderers.base import BaseRenderer
from vllm.renderers.params import TokenizeParams

from vllm_responses_fix.probing import finished

_FIRST = "<s>a<s>b"
_SECOND = "<s>a<s>b c<s>c"


def fault() -> str | None:
    """How much of the second of two prompts is given to the tokenizer."""
    renderer = TextRenderer(_tokenizer())
    for text in (_FIRST, _SECOND):
        found, expected = renderer.tokenized(text), renderer.ids(text)
        if found != expected:
            return f"{text} is tokenized as {found}, not as {expected}"
    if renderer.given[-1] == _SECOND:
        return "a prompt is tokenized whole where it continues another"
    return None


def _tokenizer() -> Any:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1, "c": 2, "?": 3}, "?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken("<s>", special=True, normalized=False)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


class TextRenderer(BaseRenderer[Any]):
    """Has a tokenizer, and remembers what that is given; nothing is loaded."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.given: list[str] = []

    def tokenized(self, text: str, **params: Any) -> list[int]:
        """The token ids of a prompt, found as vLLM finds them."""
        asked = TokenizeParams(**{"max_total_tokens": None, **params})
        prompt = finished(
            self._tokenize_singleton_prompt_async({"prompt": text}, asked)
        )
        token_ids: list[int] = prompt["prompt_token_ids"]
        return token_ids

    def ids(self, text: str) -> list[int]:
        """The token ids of a text as a whole."""
        ids: list[int] = self.tokenizer(text)["input_ids"]
        return ids

    async def _tokenize_prompt_async(self, prompt: Any, params: Any) -> Any:
        self.given.append(prompt["prompt"])
        encoded = self.tokenizer(prompt["prompt"], **params.get_encode_kwargs())
        return {**prompt, "prompt_token_ids": encoded["input_ids"]}


# Messages are not rendered here.
TextRenderer.__abstractmethods__ = frozenset()
