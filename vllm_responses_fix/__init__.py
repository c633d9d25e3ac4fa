"""Makes `previous_response_id` correct on vLLM's Responses API (vLLM #43244).

    import vllm_responses_fix

    vllm_responses_fix.install()

Nothing is imported before it is asked for: every Python process of a machine may come
by here.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .activation import install, status, uninstall

__all__ = ["install", "status", "uninstall"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import activation

    return getattr(activation, name)
