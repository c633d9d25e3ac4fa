"""What vLLM's own parsers do wrong, and which of them can't be tried here.

docs/limits.md has the faults that a client meets.
"""

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

from every_parser import Swept
from harness.vllm_compat import is_since

_NO_FUNCTION = "'FunctionTool' object has no attribute 'function'"
_BREAKS_OFF = "breaks off"


@dataclass(frozen=True)
class Fault:
    """Answers that are streamed otherwise than not streamed, or are an error.

    Attributes:
        parsers: the names of those that do it.
        answers: the names of the answers, see `every_parser`; or patterns of names.
        what: comes of them, with the smallest input.
        kind: of the parsers.
        errors: parts of the errors that come in place of an answer, if it is that.
        since: the first release with the fault.
        until: the first release without it.
    """

    parsers: tuple[str, ...]
    answers: tuple[str, ...]
    what: str
    kind: Literal["tools", "reasoning"] = "tools"
    errors: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def explained(self, found: Swept) -> set[str]:
        """The names of the answers that are as they are for this."""
        names = {
            name
            for name, error in found.errors.items()
            if any(part in error for part in self.errors)
        }
        if not self.errors:
            names.update(found.differences)
        return {n for n in names if any(fnmatch(n, p) for p in self.answers)}


@dataclass(frozen=True)
class Untried:
    """Parsers that answer nothing on the servers of the tests.

    Attributes:
        parsers: their names.
        why: the reason.
        errors: parts of the errors that say so; every request gets one of them.
        kind: of the parsers.
        until: the first release on which they can be tried.
    """

    parsers: tuple[str, ...]
    why: str
    errors: tuple[str, ...]
    kind: Literal["tools", "reasoning"] = "tools"
    until: str | None = None

    def is_shown_by(self, found: Swept) -> bool:
        errors = [found.starts] if found.starts else [*found.errors.values()]
        return bool(errors) and all(
            any(part in error for part in self.errors) for error in errors
        )


FAULTS = (
    Fault(
        ("granite-20b-fc", "llama3_json", "llama4_json", "olmo3"),
        ("call after white space", "text and calls"),
        "A call is looked for at the very start, so what comes before it makes it "
        'text. `</think>\\n\\n{"name": ...}`',
    ),
    Fault(
        ("granite",),
        ("*call*",),
        "Its reasoning is never over, so a call is text. `<|tool_call|>[...]`",
        kind="reasoning",
    ),
    Fault(
        ("granite", "k2_horizon"),
        ("truncated reasoning",),
        "Reasoning that was cut short is text, not streamed. `Here is my thought "
        "process: why`",
        kind="reasoning",
    ),
    Fault(
        ("ling3",),
        ("truncated reasoning",),
        "Reasoning that was cut short is text, not streamed. `why`",
        kind="reasoning",
        since="0.29.0",
        until="0.30.0",
    ),
    Fault(
        ("seed_oss",),
        ("*call*",),
        "A call is text. `<seed:tool_call>...`",
        until="0.25.0",
    ),
    Fault(
        ("inkling",),
        ("*call*",),
        "A call is text. `<|content_invoke_tool_json|>...`",
        until="0.28.0",
    ),
    Fault(
        ("hunyuan_a13b",),
        ("*call*",),
        "What opens a call is text, and after text or before a second one the whole "
        "call. `<tool_calls>[...]</tool_calls>`",
    ),
    Fault(
        ("gigachat3",),
        ("text and calls",),
        "Of two calls, the second is in the arguments of the first. "
        "`<|function_call|>{...}<|function_call|>{...}`",
    ),
    Fault(
        ("jamba",),
        ("*call*",),
        'Arguments lack what comes before their first value: `{"Oslo`. '
        '`<tool_calls>[{"name": ..., "arguments": {"city": "Oslo"}}]</tool_calls>`',
    ),
    Fault(
        ("apertus",),
        ("*call*",),
        'Arguments lack their first character: `"city": "Oslo"}`. '
        '`<|tools_prefix|>[{"get_weather": {"city": "Oslo"}}]<|tools_suffix|>`',
        until="0.23.0",
    ),
    Fault(
        ("deepseek_v32", "deepseek_v4"),
        ("*call*",),
        'Arguments are written without spaces, not streamed with: `{"city":"Oslo"}`.',
        since="0.23.0",
        until="0.25.0",
    ),
    Fault(
        ("ernie45",),
        ("reasoning with lines",),
        "A line break after reasoning is missing. `</think>\\n\\nok`",
        kind="reasoning",
    ),
    Fault(
        ("hunyuan_a13b",),
        ("*",),
        "All is text: it looks for the numbers that tokens have in its vocabulary, and "
        "they are others here.",
        kind="reasoning",
    ),
    Fault(
        ("dots", "internlm", "minicpm5", "step3"),
        ("*call*",),
        "A call is a 500: they read `tool.function`, which tools of this API lack.",
        errors=(_NO_FUNCTION,),
    ),
    Fault(
        ("internlm",),
        ("text and calls", "truncated call"),
        "A second call is a 500, and so is one that was cut short.",
        errors=("too many values to unpack", "Unterminated string"),
    ),
    Fault(
        ("hy_v4",),
        ("*",),
        "Everything is a 500 in a request with tools: it reads `tool.function`.",
        errors=(_NO_FUNCTION,),
    ),
    Fault(
        ("hy_v3",),
        ("*call*",),
        "A stream breaks off at a call, which is missing when it is not streamed: it "
        "reads `tool.function`.",
        errors=(_BREAKS_OFF,),
    ),
    Fault(
        ("glm45", "glm47"),
        ("*call*",),
        "A stream breaks off at a call, which is text when it is not streamed: they "
        "read `tool.function`.",
        errors=(_BREAKS_OFF,),
        until="0.22.0",
    ),
    Fault(
        ("poolside_v1",),
        ("*",),
        "A stream breaks off: it reads `logprobs`, which requests of this API lack.",
        errors=(_BREAKS_OFF,),
        until="0.25.0",
    ),
)

UNTRIED = (
    Untried(
        ("cohere_command3", "cohere_command4"),
        "their package is not installed, and up to 0.29 they are registered by half",
        ("has not been registered", "`cohere_melody` package"),
    ),
    Untried(
        ("beam", "hf"),
        "the tokenizer's configuration has to say how the model writes",
        ("`response_template` metadata",),
    ),
    Untried(
        ("minimax_m3",),
        "its extension is not built",
        ("vllm._rust_tool_parser",),
        until="0.32.0",
    ),
    Untried(
        ("mistral",),
        "it wants Mistral's tokenizer, with which other tests try it",
        ("instance of MistralTokenizer", "could not locate the tool call token"),
    ),
    Untried(
        ("openai",),
        "gpt-oss does not go through a chat template",
        ("requires token IDs", "Use HarmonyParser"),
    ),
    Untried(
        ("openai_gptoss",),
        "gpt-oss does not go through a chat template",
        ("'<|end|>'", "Use HarmonyParser"),
        kind="reasoning",
    ),
    Untried(
        ("olmo3",),
        "it wants tokens of its vocabulary",
        ("'Ġ</'",),
        kind="reasoning",
    ),
)


def faults_of(tool_parser: str, reasoning_parser: str) -> list[Fault]:
    """Those of two parsers in this release."""
    return [
        fault
        for fault in FAULTS
        if (tool_parser if fault.kind == "tools" else reasoning_parser) in fault.parsers
        and not (fault.since and not is_since(fault.since))
        and not (fault.until and is_since(fault.until))
    ]


def untried(tool_parser: str, reasoning_parser: str) -> Untried | None:
    """Why two parsers can't be tried in this release, if they can't."""
    for found in UNTRIED:
        parser = tool_parser if found.kind == "tools" else reasoning_parser
        if parser in found.parsers and not (found.until and is_since(found.until)):
            return found
    return None
