"""Metrics beside vLLM's own, in the registry of prometheus_client."""

from typing import Any

PROMPT_CACHE_BYTES = "vllm:responses_fix_prompt_cache_bytes"


def registered(name: str) -> Any:
    """The metric of this name in this process, None if there is none.

    Another app of the process may have made it. vLLM takes all metrics of its own name
    away when it makes an engine, so those of a server are made after that.
    """
    from prometheus_client import REGISTRY

    return REGISTRY._names_to_collectors.get(name)


def make_prompt_cache_gauge() -> None:
    """Make room in `/metrics` for how much each patch keeps of prompts."""
    from prometheus_client import Gauge

    if registered(PROMPT_CACHE_BYTES) is None:
        Gauge(
            PROMPT_CACHE_BYTES,
            "Bytes that vllm-responses-fix keeps of prompts tokenized before.",
            labelnames=["patch"],
            multiprocess_mode="livesum",
        )


def set_prompt_cache_bytes(patch: str, size: int) -> None:
    """Say in `/metrics` how much a patch keeps of prompts, in this process.

    Nothing is said where no server has made room for it: a probe keeps prompts, too.
    """
    gauge = registered(PROMPT_CACHE_BYTES)
    if gauge is not None:
        gauge.labels(patch).set(size)
