"""The parts of the next item of a stream are counted from 0."""

import functools
from collections.abc import Callable
from typing import Any


def count_parts_anew(original: Callable[..., None]) -> Callable[..., None]:
    """Forget the parts of the last item, too.

    Source: `content_index` in the streaming events of the Responses API reference;
    vLLM 0.25.0.
    """

    @functools.wraps(original)
    def reset_for_new_item(self: Any) -> None:
        original(self)
        self.current_content_index = -1

    return reset_for_new_item
