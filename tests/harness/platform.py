"""Let vLLM be imported on a machine where it finds no accelerator."""

import os


def prepare_vllm() -> None:
    """Import vLLM with a platform it can work with; call before any vLLM import.

    A build made for CUDA finds no platform where there is no GPU, and modules that
    are imported afterwards fail on it. As no kernel ever runs under the scripted
    engine, the CPU platform will do.
    """
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    # Making an engine configuration loads every installed plugin, the kit's too.
    # Tests say themselves whether they want stock or patched code.
    os.environ.setdefault("VLLM_PLUGINS", "")

    from vllm import platforms

    if platforms.current_platform.is_unspecified():
        from vllm.platforms.cpu import CpuPlatform

        platforms._current_platform = CpuPlatform()  # type: ignore[assignment]
