"""The environment variables: what they do, and that a wrong value is an error."""

import pytest

from vllm_responses_fix.patches import PATCHES
from vllm_responses_fix.settings import (
    PromptSettings,
    Settings,
    SettingsError,
    read_settings,
)

NAMES = [patch.name for patch in PATCHES]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Settings()),
        ({"VLLM_RESPONSES_FIX": ""}, Settings()),
        ({"VLLM_RESPONSES_FIX": "1"}, Settings()),
        ({"VLLM_RESPONSES_FIX": "0"}, Settings(enabled=False)),
        ({"VLLM_RESPONSES_FIX": " False "}, Settings(enabled=False)),
        ({"VLLM_RESPONSES_FIX_STRICT": "1"}, Settings(strict=True)),
        (
            {
                "VLLM_RESPONSES_FIX_PROMPT_CACHE_BYTES": "2MiB",
                "VLLM_RESPONSES_FIX_CHECK_TOKENS": "1",
            },
            Settings(prompts=PromptSettings(cache_bytes=1 << 21, check_tokens=True)),
        ),
        (
            {"VLLM_RESPONSES_FIX_DISABLE": "stream-ids, merge-items,"},
            Settings(disabled_patches=frozenset({"stream-ids", "merge-items"})),
        ),
    ],
)
def test_values(environ: dict[str, str], expected: Settings) -> None:
    assert read_settings(NAMES, environ) == expected


@pytest.mark.parametrize(
    ("name", "value", "helps"),
    [
        ("VLLM_RESPONSES_FIX", "maybe", "off"),
        ("VLLM_RESPONSES_FIX_STRICT", "2", "on"),
        ("VLLM_RESPONSES_FIX_DISABLE", "stream-id", "stream-ids"),
        ("VLLM_RESPONSES_FIX_PROMPT_CACHE_BYTES", "much", "64MiB"),
        ("VLLM_RESPONSES_FIX_CHECK_TOKENS", "yes", "on"),
    ],
)
def test_a_wrong_value_is_a_clear_error(name: str, value: str, helps: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_settings(NAMES, {name: value})
    for text in (name, value, helps):
        assert text in str(error.value)
