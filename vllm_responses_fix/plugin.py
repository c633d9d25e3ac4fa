"""The `vllm.general_plugins` entry point: vLLM calls it in each of its processes."""


def activate() -> None:
    """Install the patches.

    Raises:
        SystemExit: a setting is wrong, or strict and a patch is missing; the message
            says which.
    """
    from .activation import StrictError, install
    from .settings import SettingsError

    try:
        install()
    except (SettingsError, StrictError) as error:
        raise SystemExit(f"{error}") from None
