"""How models write what vLLM's parsers read: reasoning, and calls of functions.

A parser that is not named here is asked which of these it reads.
"""

# ruff: noqa: RUF001  Models write letters that look like others.

import json
from collections.abc import Callable
from typing import Any

Call = tuple[str, dict[str, str]]


def _json(call: Call, arguments: str = "arguments") -> str:
    return json.dumps({"name": call[0], arguments: call[1]})


def _each(begin: str, end: str, arguments: str = "arguments") -> Any:
    return lambda *calls: "".join(
        f"{begin}{_json(call, arguments)}{end}" for call in calls
    )


def _list(begin: str, end: str) -> Any:
    return lambda *calls: f"{begin}[{', '.join(map(_json, calls))}]{end}"


def _parameters(call: Call, form: str) -> str:
    return "".join(form.format(name=name, value=v) for name, v in call[1].items())


def _tags(begin: str, each: str, parameter: str, end: str) -> Any:
    """Calls whose parameters are written one by one."""
    return lambda *calls: (
        begin
        + "".join(
            each.format(
                number=number,
                name=call[0],
                parameters=_parameters(call, parameter),
                arguments=json.dumps(call[1]),
            )
            for number, call in enumerate(calls)
        )
        + end
    )


def _sections(begin: str, each: str, end: str) -> Any:
    """Calls whose arguments are written as one object."""
    return _tags(begin, each, "", end)


def _python(begin: str, end: str, separator: str = ", ") -> Any:
    return lambda *calls: (
        begin
        + separator.join(
            f"{name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
            for name, arguments in calls
        )
        + end
    )


_DSML = "｜DSML｜"

CALLS: dict[str, Callable[..., str]] = {
    "hermes": _each("<tool_call>\n", "\n</tool_call>"),
    "qwen3 XML": _tags(
        "",
        "<tool_call>\n<function={name}>\n{parameters}</function>\n</tool_call>",
        "<parameter={name}>\n{value}\n</parameter>\n",
        "",
    ),
    "GLM": _tags(
        "",
        "<tool_call>{name}\n{parameters}</tool_call>",
        "<arg_key>{name}</arg_key>\n<arg_value>{value}</arg_value>\n",
        "",
    ),
    "DeepSeek V3": _sections(
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{arguments}\n```"
        "<｜tool▁call▁end｜>",
        "<｜tool▁calls▁end｜>",
    ),
    "DeepSeek V3.1": _sections(
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{arguments}<｜tool▁call▁end｜>",
        "<｜tool▁calls▁end｜>",
    ),
    **{
        f"DeepSeek DSML {calls}": _tags(
            f"<{_DSML}{calls}>\n",
            f'<{_DSML}invoke name="{{name}}">\n{{parameters}}</{_DSML}invoke>\n',
            f'<{_DSML}parameter name="{{name}}" string="true">{{value}}'
            f"</{_DSML}parameter>\n",
            f"</{_DSML}{calls}>",
        )
        for calls in ("function_calls", "tool_calls")
    },
    "DeepSeek V4.1": _tags(
        f"<{_DSML} calls>\n",
        f'<{_DSML} invoke name="{{name}}">\n{{parameters}}</{_DSML} invoke>\n',
        f'<{_DSML} parameter name="{{name}}" string="true">{{value}}'
        f"</{_DSML} parameter>\n",
        f"</{_DSML} calls>",
    ),
    "Dots": _tags(
        "<dots_function_call>\n",
        '<invoke name="{name}">\n{parameters}</invoke>\n',
        '<parameter name="{name}">{value}</parameter>\n',
        "</dots_function_call>",
    ),
    "function gemma": _tags(
        "",
        "<start_function_call>call:{name}{{{parameters}}}<end_function_call>",
        "{name}:<escape>{value}<escape>",
        "",
    ),
    "gemma 4": _tags(
        "",
        "<|tool_call>call:{name}{{{parameters}}}<tool_call|>",
        '{name}:<|"|>{value}<|"|>',
        "",
    ),
    "GigaChat": _each("<|function_call|>", ""),
    "Granite": _list("<|tool_call|>", ""),
    "Granite 20B": _each("<function_call> ", ""),
    "Hunyuan": _list("<tool_calls>", "</tool_calls>"),
    "Inkling": _each(
        "<|message_model|><|content_invoke_tool_json|>", "<|end_message|>", "args"
    ),
    "InternLM": _each("<|action_start|><|plugin|>\n", "<|action_end|>", "parameters"),
    "K2 Horizon": _tags(
        "<ifm|tool_calls>",
        "<ifm|tool_call>{name}{parameters}</ifm|tool_call>",
        "<ifm|arg_key>{name}</ifm|arg_key><ifm|arg_value>{value}</ifm|arg_value>",
        "</ifm|tool_calls>",
    ),
    "Kimi K2": _sections(
        "<|tool_calls_section_begin|>",
        "<|tool_call_begin|>functions.{name}:{number}<|tool_call_argument_begin|>"
        "{arguments}<|tool_call_end|>",
        "<|tool_calls_section_end|>",
    ),
    "Kimi K3": _tags(
        "<|open|>tools<|sep|>",
        '<|open|>call tool="{name}" index="{number}"<|sep|>{parameters}'
        "<|close|>call<|sep|>",
        '<|open|>argument key="{name}" type="string"<|sep|>{value}'
        "<|close|>argument<|sep|>",
        "<|close|>tools<|sep|>",
    ),
    "LFM2": _python("<|tool_call_start|>[", "]<|tool_call_end|>"),
    "Llama 4": _python("<|python_start|>[", "]<|python_end|>"),
    "pythonic": _python("[", "]"),
    "Olmo 3": _python("<function_calls>", "</function_calls>", "\n"),
    "Llama 3": lambda *calls: "; ".join(_json(call, "parameters") for call in calls),
    "LongCat": _each("<longcat_tool_call>", "</longcat_tool_call>"),
    "MiMo": _tags(
        "",
        "<tool_call>\n<function={name}>\n{parameters}</function>\n</tool_call>",
        "<parameter={name}>{value}</parameter>\n",
        "",
    ),
    "MiniCPM 5": _tags(
        "",
        '<function name="{name}">{parameters}</function>',
        '<param name="{name}">{value}</param>',
        "",
    ),
    "MiniMax": lambda *calls: (
        "<tool_calls>\n" + "\n".join(map(_json, calls)) + "\n</tool_calls>"
    ),
    "MiniMax M2": _tags(
        "<minimax:tool_call>\n",
        '<invoke name="{name}">\n{parameters}</invoke>\n',
        '<parameter name="{name}">{value}</parameter>\n',
        "</minimax:tool_call>",
    ),
    "MiniMax M3": _tags(
        "]<]minimax[>[<tool_call>\n",
        ']<]minimax[>[<invoke name="{name}">{parameters}]<]minimax[>[</invoke>\n',
        "]<]minimax[>[<{name}>{value}]<]minimax[>[</{name}>",
        "]<]minimax[>[</tool_call>",
    ),
    "Muse": _tags(
        "",
        "<|eom|><|start|>assistant to={name}<|message|><atem:function_calls>\n"
        '<atem:invoke name="{name}">\n{parameters}</atem:invoke>\n'
        "</atem:function_calls>",
        '<atem:parameter name="{name}">{value}</atem:parameter>\n',
        "<|eom|>",
    ),
    "Phi 4": _list("functools", ""),
    "PLaMo 3": _sections(
        "<|plamo:begin_tool_requests:plamo|>",
        "<|plamo:begin_tool_request:plamo|>"
        "<|plamo:begin_tool_name:plamo|>{name}<|plamo:end_tool_name:plamo|>"
        "<|plamo:begin_tool_arguments:plamo|><|plamo:constrain|>json<|plamo:msg|>"
        "{arguments}<|plamo:end_tool_arguments:plamo|>"
        "<|plamo:end_tool_request:plamo|>",
        "<|plamo:end_tool_requests:plamo|>",
    ),
    "Seed": _tags(
        "",
        "<seed:tool_call>\n<function={name}>\n{parameters}</function>\n"
        "</seed:tool_call>",
        "<parameter={name}>{value}</parameter>\n",
        "",
    ),
    "Step 3": _tags(
        "<｜tool_calls_begin｜>",
        "<｜tool_call_begin｜>function<｜tool_sep｜>"
        '<steptml:invoke name="{name}">{parameters}</steptml:invoke>'
        "<｜tool_call_end｜>",
        '<steptml:parameter name="{name}">{value}</steptml:parameter>',
        "<｜tool_calls_end｜>",
    ),
    "Hunyuan V3": _tags(
        "<tool_calls>\n",
        "<tool_call>{name}<tool_sep>\n{parameters}</tool_call>\n",
        "<arg_key>{name}</arg_key>\n<arg_value>{value}</arg_value>\n",
        "</tool_calls>",
    ),
    "Apertus": lambda *calls: (
        "<|tools_prefix|>"
        + json.dumps([{name: arguments} for name, arguments in calls])
        + "<|tools_suffix|>"
    ),
    "xLAM": _list("", ""),
}

CALLS_OF: dict[str, str] = {
    "apertus": "Apertus",
    "deepseek_v3": "DeepSeek V3",
    "deepseek_v31": "DeepSeek V3.1",
    "deepseek_v32": "DeepSeek DSML function_calls",
    "deepseek_v4": "DeepSeek DSML tool_calls",
    "deepseek_v41": "DeepSeek V4.1",
    "dots": "Dots",
    "ernie45": "hermes",
    "functiongemma": "function gemma",
    "gemma4": "gemma 4",
    "gigachat3": "GigaChat",
    "glm45": "GLM",
    "glm47": "GLM",
    "granite": "Granite",
    "granite-20b-fc": "Granite 20B",
    "granite4": "hermes",
    "hermes": "hermes",
    "hunyuan_a13b": "Hunyuan",
    "hy_v3": "Hunyuan V3",
    "hy_v4": "Hunyuan V3",
    "inkling": "Inkling",
    "internlm": "InternLM",
    "jamba": "Hunyuan",
    "k2_horizon": "K2 Horizon",
    "kimi_k2": "Kimi K2",
    "kimi_k3": "Kimi K3",
    "lfm2": "LFM2",
    "ling3": "GLM",
    "llama3_json": "Llama 3",
    "llama4_json": "Llama 3",
    "llama4_pythonic": "Llama 4",
    "longcat": "LongCat",
    "mimo": "MiMo",
    "minicpm5": "MiniCPM 5",
    "minimax": "MiniMax",
    "minimax_m2": "MiniMax M2",
    "minimax_m3": "MiniMax M3",
    "muse": "Muse",
    "muse_glimmer": "Muse",
    "musespark1x": "Muse",
    "olmo3": "Olmo 3",
    "phi4_mini_json": "Phi 4",
    "plamo3": "PLaMo 3",
    "poolside_v1": "GLM",
    "pythonic": "pythonic",
    "qwen3_coder": "qwen3 XML",
    "qwen3_json": "hermes",
    "qwen3_xml": "qwen3 XML",
    "seed_oss": "Seed",
    "step3": "Step 3",
    "step3p5": "qwen3 XML",
    "step5": "qwen3 XML",
    "xlam": "xLAM",
}
"""How the models of tool parsers write calls."""

REASONING: dict[str, tuple[str, str]] = {
    "think": ("<think>", "</think>"),
    "open think": ("", "</think>"),
    "think, answer": ("<think>\n", "\n</think>\n<answer>\n"),
    "channels": ("<|channel>thought\n", "<channel|>"),
    "Granite": ("Here is my thought process:", "Here is my response:"),
    "Inkling": ("<|content_thinking|>", "<|end_message|>"),
    "K2 Horizon": ("<ifm|think>", "</ifm|think>"),
    "Kimi K3": ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
    "MiniMax M3": ("<mm:think>", "</mm:think>"),
    "Muse": (" to=self<|message|>", "<|eom|><|start|>assistant to=user<|message|>"),
    "PLaMo 3": ("<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>"),
    "Seed": ("<seed:think>", "</seed:think>"),
}

REASONING_OF: dict[str, str] = {"minimax_m2": "open think"}
"""Of parsers that read others too when an answer is not streamed."""

TAGS: tuple[str, ...] = (
    *("<think>", "</think>", "<tool_call>", "</tool_call>"),
    *("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
    *("<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>", "｜DSML｜"),
    *("<|tool_call>", "<tool_call|>", "<|channel>", "<channel|>", '<|"|>'),
    *("<|turn>", "<turn|>", "<|tool_response>"),
    *("<start_function_call>", "<end_function_call>", "<escape>"),
    *("<|function_call|>", "<|tool_call|>", "<|tools_prefix|>", "<|tools_suffix|>"),
    *("<tool_calls>", "</tool_calls>", "<tool_sep>", "<arg_key>", "</arg_key>"),
    *("<arg_value>", "</arg_value>", "<|tool_call_start|>", "<|tool_call_end|>"),
    *("<|action_start|>", "<|action_end|>", "<|plugin|>"),
    *("<|message_model|>", "<|content_text|>", "<|content_thinking|>"),
    *("<|content_invoke_tool_json|>", "<|content_invoke_tool_text|>"),
    *("<|content_tool_error|>", "<|content_model_end_sampling|>", "<|end_message|>"),
    *("<ifm|think>", "</ifm|think>", "<ifm|tool_calls>", "</ifm|tool_calls>"),
    *("<ifm|tool_call>", "</ifm|tool_call>", "<ifm|arg_key>", "</ifm|arg_key>"),
    *("<ifm|arg_value>", "</ifm|arg_value>"),
    *("<|open|>", "<|close|>", "<|sep|>"),
    *("<|python_tag|>", "<|python_start|>", "<|python_end|>"),
    *("<minimax:tool_call>", "</minimax:tool_call>", "<mm:think>", "</mm:think>"),
    *("]<]minimax[>[", "<longcat_tool_call>", "</longcat_tool_call>"),
    *("<|start|>", "<|message|>", "<|eom|>", "<|eot|>"),
    *("<seed:tool_call>", "</seed:tool_call>", "<seed:think>", "</seed:think>"),
    *("<assistant>", "</assistant>", "Here", " is", " my"),
    *("<｜tool_calls_begin｜>", "<｜tool_calls_end｜>", "<｜tool_sep｜>"),
    *("<｜tool_call_begin｜>", "<｜tool_call_end｜>"),
    *("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    *("<|tool_call_begin|>", "<|tool_call_end|>", "<|tool_call_argument_begin|>"),
)
"""Single tokens in the models' vocabularies, which parsers look for."""
