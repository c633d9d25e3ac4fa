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


def set_prompt_cache_bytes(patch: str, size: int) -> None:
    """Say in `/metrics` how much a patch keeps of prompts, in this process."""
    from prometheus_client import Gauge

    gauge = registered(PROMPT_CACHE_BYTES) or Gauge(
        PROMPT_CACHE_BYTES,
        "Bytes that vllm-responses-fix keeps of prompts that were tokenized before.",
        labelnames=["patch"],
        multiprocess_mode="livesum",
    )
    gauge.labels(patch).set(size)
