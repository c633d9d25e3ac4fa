"""The `vllm.general_plugins` entry point: vLLM calls it in each of its processes."""


def activate() -> None:
    """Install the patches.

    Raises:
        SettingsError, StrictError: the server is not to start. See `activation`.
    """
    from .activation import install

    install()
