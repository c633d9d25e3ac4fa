"""Settings for all tests. The patches are in unless a test takes them out."""

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["guards"]

os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")

settings.register_profile(
    "default",
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("soak", settings.get_profile("default"), max_examples=100_000)
settings.load_profile("default")


@pytest.fixture(scope="session", autouse=True)
def patched() -> None:
    import vllm_responses_fix

    vllm_responses_fix.install()
