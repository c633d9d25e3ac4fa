"""Harmony's encoding, with its vocabulary in place."""

from functools import cache
from typing import Any

from .vocabulary import prepare_vocabulary


@cache
def harmony_encoding() -> Any:
    """The encoding that vLLM itself uses.

    Raises:
        VocabularyError: the vocabulary could not be prepared.
    """
    prepare_vocabulary()
    from vllm.entrypoints.openai.parser.harmony_utils import get_encoding

    return get_encoding()
