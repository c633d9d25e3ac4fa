"""Metrics beside vLLM's own, in the registry of prometheus_client."""

from typing import Any


def registered(name: str) -> Any:
    """The metric of this name in this process, None if there is none.

    Another app of the process may have made it. vLLM takes all metrics of its own name
    away when it makes an engine, so those of a server are made after that.
    """
    from prometheus_client import REGISTRY

    return REGISTRY._names_to_collectors.get(name)
