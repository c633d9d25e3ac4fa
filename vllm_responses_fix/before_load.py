"""What a server has to be told before it loads its model, which takes minutes.

`EngineArgs.create_engine_config` is where vLLM has read its arguments and the model's
configuration, and has loaded nothing yet.
"""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .patching import Substitution
from .settings import VARIABLES

TRIGGER = "vllm.engine.arg_utils"
"""The module that has `EngineArgs`."""

_RUST_FRONTEND = "VLLM_USE_RUST_FRONTEND"
_GRPC_SERVERS = (
    "vllm.entrypoints.grpc_server",
    "vllm.entrypoints.launchers.grpc_server",
    # Started by itself, which is deprecated.
    "__main__",
)

# What vLLM says of a process that starts API servers and is none itself.
_STARTS_OTHERS = -1


def put_in(
    prepare: Callable[[str], None], without_effect: Callable[[str], None]
) -> list[Substitution]:
    """Have a server prepared as soon as its model is known.

    Args:
        prepare: called with the way to a prompt that the model takes, `chat` or
            `harmony`. What it raises ends the start, as one sentence.
        without_effect: called instead where requests do not go through what the kit
            patches, with why that is.

    Returns:
        What was done, for `undo_all`; nothing, where this vLLM has no such function.
    """
    engine_args: Any = getattr(sys.modules[TRIGGER], "EngineArgs", None)
    original = vars(engine_args or object).get("create_engine_config")
    if original is None:
        return []

    @functools.wraps(original)
    def create_engine_config(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _variables_known():
            config = original(self, *args, **kwargs)
        if _is_for_a_server(*args, **kwargs):
            try:
                if other := _other_server(self):
                    without_effect(other)
                else:
                    prepare(_path_of(config))
            except (RuntimeError, ValueError) as error:
                raise SystemExit(str(error)) from None
        return config

    name = "create_engine_config"
    done = Substitution(engine_args, name, original, create_engine_config)
    done.do()
    return [done]


@contextmanager
def _variables_known() -> Iterator[None]:
    """Let vLLM's check of variables that start with `VLLM_` know those of the kit.

    Only for as long as it checks: what stays among them becomes part of the key under
    which vLLM keeps compiled graphs.
    """
    from .store import settings as store_settings

    known = sys.modules["vllm.envs"].environment_variables
    added = [
        name for name in (*VARIABLES, *store_settings.VARIABLES) if name not in known
    ]
    for name in added:
        known[name] = functools.partial(os.environ.get, name)
    try:
        yield
    finally:
        for name in added:
            known.pop(name, None)


def _is_for_a_server(
    usage_context: Any = None, headless: bool = False, *_: Any, **__: Any
) -> bool:
    # Headless, it has engines for the server of another machine.
    return getattr(usage_context, "name", None) == "OPENAI_API_SERVER" and not headless


def _other_server(engine_args: Any) -> str:
    """What serves requests in the place of vLLM's HTTP server, if anything does."""
    if _serves_in_rust(engine_args):
        return f"with {_RUST_FRONTEND} its HTTP server is not Python"
    # `vllm serve` imports it where it is asked for it only.
    if any(hasattr(sys.modules.get(n), "serve_grpc") for n in _GRPC_SERVERS):
        return "with --grpc, the Responses API is that of a gateway before it"
    return ""


def _serves_in_rust(engine_args: Any) -> bool:
    """Whether this process is about to start vLLM's Rust front end.

    Only `vllm serve` does, through its way to several API servers. The path is asked
    for last: vLLM has looked for the program there, and fails if there is none.
    """
    envs = sys.modules["vllm.envs"]
    return (
        getattr(engine_args, "_api_process_rank", 0) == _STARTS_OTHERS
        and bool(getattr(envs, _RUST_FRONTEND, False))
        and bool(getattr(envs, "VLLM_RUST_FRONTEND_PATH", None))
    )


def _path_of(config: Any) -> str:
    model_type = getattr(config.model_config.hf_config, "model_type", None)
    return "harmony" if model_type == "gpt_oss" else "chat"
