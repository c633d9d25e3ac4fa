"""Is a streaming parser told of the turns before its own?"""

from typing import Any

from vllm.entrypoints.openai.responses import streaming_events

from vllm_responses_fix.probing import StreamParser, answered, finished, parsed_stream

_END_OF_TURN = 1


def fault() -> str | None:
    """Looks at the prompt that a parser is given."""
    parser = _Parser()
    output = answered()
    output.prompt_token_ids = [0, _END_OF_TURN, 2]
    finished(parsed_stream(parser, [output], _Tokenizer()))
    if parser.prompt != [2]:
        return f"a parser is given {parser.prompt} as the prompt of its turn [2]"
    return None


class _Tokenizer:
    eos_token_id = _END_OF_TURN

    def decode(self, *_: Any, **__: Any) -> str:
        return ""


class _Parser(StreamParser):
    def __init__(self) -> None:
        self.prompt: list[int] | None = None

    def parse_delta(self, *_: Any, prompt_token_ids: list[int], **__: Any) -> Any:
        self.prompt = prompt_token_ids
        return streaming_events.DeltaMessage(content="probe")
