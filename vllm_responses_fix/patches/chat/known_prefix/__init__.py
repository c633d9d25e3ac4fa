"""known-prefix: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="known-prefix",
    what=(
        "A prompt that begins as one that was tokenized before is tokenized from where "
        "they part."
    ),
    why=(
        "Each turn tokenizes the whole conversation again: of the CPU time of turn 400 "
        "of an agent's loop, that is most."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="the renderer keeps the token ids of conversations that go on.",
    variants=(
        Variant(
            name="tokenized",
            wraps=(
                Wrapped(
                    "tokenize_singleton_prompt_async",
                    "tokenize_from_known_prefix",
                    ("prompt", "params"),
                ),
            ),
            relies_on=(
                ReliedOn("pre_tokenization", parameters=("tokenizer", "prompt")),
                ReliedOn(
                    "tokenize_singleton_prompt_async",
                    ("_tokenize_prompt_async", "prompt_token_ids"),
                    {"d47fc11305e2e97c": "0.21.0"},
                ),
            ),
        ),
    ),
    for_upstream=False,
)
