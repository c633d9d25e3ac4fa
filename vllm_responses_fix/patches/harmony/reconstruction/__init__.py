"""harmony-reconstruction: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

_STORED = (
    ReliedOn("create_responses", ("msg_store",), {"a4c3d27dd2cce14f": "0.21.0"}),
    ReliedOn(
        "harmony_context_init",
        ("_messages", "num_init_messages"),
        {"4839715a49e0e624": "0.21.0"},
    ),
    ReliedOn(
        "harmony_context_append_output",
        ("_messages",),
        {"d5ad73cedd3a1992": "0.21.0", "be867e7175dc16e1": "0.25.1"},
    ),
    ReliedOn(
        "harmony_context_append_tool_output",
        ("_messages",),
        {"d5ad73cedd3a1992": "0.21.0"},
    ),
)
"""The list that is stored is the context's, to which it appends what was said."""

_PREVIOUS_INPUT = ReliedOn(
    "construct_harmony_previous_input_messages", parameters=("request",)
)
_PREAMBLE = (
    ReliedOn(
        "build_harmony_preamble",
        parameters=("instructions", "tools", "reasoning_effort", "with_custom_tools"),
    ),
    ReliedOn("extract_instructions_from_messages", parameters=("messages",)),
    _PREVIOUS_INPUT,
)
_CALLED_BY_SERVER = ReliedOn(
    "make_request_with_harmony",
    ("_construct_input_messages_with_harmony",),
    {"6a8791bfb49f6574": "0.21.0"},
)
_CALLED_BY_RENDERER = (
    ReliedOn(
        "render_responses",
        ("_render_responses_with_harmony",),
        {"304feb4ff9eaa13a": "0.30.0"},
    ),
    ReliedOn(
        "render_responses_harmony_messages",
        parameters=("messages", "cache_salt", "tok_params"),
    ),
    ReliedOn(
        "renderer_builtin_tool_descriptions",
        parameters=("tools", "tool_types", "tool_server"),
    ),
)

PATCH = Patch(
    package=__name__,
    name="harmony-reconstruction",
    what=(
        "gpt-oss: a chained turn has the system and developer messages of its own "
        "request, then the conversation without those of earlier ones, and knows "
        "every call of the conversation. Instructions are also kept where a request "
        "has no function tools, and every system item of an input."
    ),
    why=(
        "Instructions, tools and reasoning effort of a chained request are ignored; a "
        "call made two or more responses back is unknown, so its result is a 400; the "
        "stored messages are rewritten in place."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until=(
        "_render_responses_with_harmony (up to 0.29: "
        "_construct_input_messages_with_harmony) builds the system and developer "
        "messages of every request."
    ),
    variants=(
        Variant(
            name="renderer_effort_map",
            replaces=(
                Replaced(
                    "render_responses_with_harmony", {"da34669a0f9ff7e1": "0.33.0"}
                ),
            ),
            relies_on=(*_STORED, *_PREAMBLE, *_CALLED_BY_RENDERER),
        ),
        Variant(
            name="renderer",
            replaces=(
                Replaced(
                    "render_responses_with_harmony",
                    {"31bc9f8bdcefe042": "0.30.0", "1bca3658045ee354": "0.31.0"},
                ),
            ),
            relies_on=(*_STORED, *_PREAMBLE, *_CALLED_BY_RENDERER),
        ),
        Variant(
            name="preamble",
            replaces=(
                Replaced(
                    "construct_input_messages_with_harmony",
                    {"471e0c58c7c815b5": "0.23.0", "aad691ad674d4aa6": "0.25.1"},
                ),
            ),
            relies_on=(
                *_STORED,
                *_PREAMBLE,
                _CALLED_BY_SERVER,
                ReliedOn(
                    "server_builtin_tool_descriptions",
                    parameters=("request", "tool_types"),
                ),
            ),
        ),
        Variant(
            name="system_message",
            replaces=(
                Replaced(
                    "construct_input_messages_with_harmony",
                    {"31d24617c285ead4": "0.21.0"},
                ),
                Replaced(
                    "extract_system_message_from_request",
                    {"1e6766f191bf6eab": "0.21.0"},
                ),
            ),
            relies_on=(
                *_STORED,
                _PREVIOUS_INPUT,
                _CALLED_BY_SERVER,
                ReliedOn(
                    "streaming_harmony_context_append_output",
                    ("_messages", "num_init_messages"),
                    {"1700fe9539beda4c": "0.21.0"},
                ),
                ReliedOn(
                    "construct_harmony_system_input_message",
                    parameters=("request", "with_custom_tools", "tool_types"),
                ),
            ),
        ),
    ),
)
