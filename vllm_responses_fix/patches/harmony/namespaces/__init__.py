"""harmony-namespaces: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-namespaces",
    what=(
        "gpt-oss: the functions of tools of type `namespace` are functions named "
        "`<namespace>__<name>`, and their calls have both names apart."
    ),
    why=(
        "Codex sends its tools so: each of its requests is a 400. On the chat template "
        "path vLLM names them so since 0.25."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="get_developer_message takes tools of type namespace.",
    variants=(
        Variant(
            name="flat_names",
            wraps=(
                Wrapped(
                    "create_responses_entry",
                    "flatten_namespaces",
                    ("request", "raw_request"),
                ),
                Wrapped(
                    "response_from_request",
                    "name_apart_in_response",
                    ("request", "output"),
                ),
                Wrapped(
                    "responses_stream_generator", "name_apart_in_events", ("request",)
                ),
            ),
        ),
    ),
    for_upstream=False,
)
