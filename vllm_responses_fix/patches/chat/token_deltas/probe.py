"""Are the tokens of one delta parsed one by one?"""

import dataclasses
from typing import Any

from vllm.entrypoints.openai.responses import streaming_events

from vllm_responses_fix.probing import StreamParser, answered, finished, parsed_stream


def fault() -> str | None:
    """Hands over two tokens, and looks at what the parser is given."""
    parser = _Parser()
    both = answered()
    both.outputs = [dataclasses.replace(both.outputs[0], text="ab", token_ids=[0, 1])]
    finished(parsed_stream(parser, [both], _Tokenizer()))
    if parser.texts != ["a", "b"]:
        return f"two tokens of one delta are parsed as {parser.texts}"
    return None


class _Tokenizer:
    # None of the tokens of the probe ends its turn.
    eos_token_id = 2

    def decode(self, token_ids: list[int], **_: Any) -> str:
        return "".join("ab"[token_id] for token_id in token_ids)


class _Parser(StreamParser):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def parse_delta(self, delta_text: str, *_: Any, **__: Any) -> Any:
        self.texts.append(delta_text)
        return streaming_events.DeltaMessage(content=delta_text)
