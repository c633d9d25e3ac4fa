"""media-parsers: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="media-parsers",
    what="Messages without media share what would fetch media.",
    why=(
        "A connector to media is made for every message of a prompt: of the time that "
        "parsing a long conversation takes, that is more than half."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="a parser makes its connector when there is media, as since 0.27.",
    variants=(
        Variant(
            name="shared",
            wraps=(
                Wrapped("create_content_parser", "share_unused_parser", ("self",)),
                Wrapped("resolve_media_items", "let_parser_go", ("self",)),
            ),
        ),
    ),
    for_upstream=False,
)
