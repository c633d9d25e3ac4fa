"""Requests of every kind, by name: inputs, parameters, and answers to go on from.

No request names a previous response. Many of them are refused by some releases of vLLM.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.answers import (
    analysis,
    call,
    chat_text,
    final,
    harmony_answer,
    mistral_calls,
    preamble,
)
from harness.client import Client, Item
from harness.scripted_engine import Answer

Body = dict[str, Any]

CALL_ID = "abcdefgh1"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get current weather for a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
_CITY = {"city": "Oslo"}


def _message(role: str, content: Any, **fields: Any) -> Item:
    return {"type": "message", "role": role, "content": content, **fields}


def _user(text: str) -> Item:
    return _message("user", text)


def _said(*texts: str, **fields: Any) -> Item:
    parts = [{"type": "output_text", "text": text} for text in texts]
    return _message("assistant", parts, **fields)


def _as_stored(*texts: str, **fields: Any) -> Item:
    parts = [
        {"type": "output_text", "text": text, "annotations": [], "logprobs": None}
        for text in texts
    ]
    return _message(
        "assistant", parts, **{"id": "msg_1", "status": "completed", **fields}
    )


def _reasoning(**fields: Any) -> Item:
    content = [{"type": "reasoning_text", "text": "why"}]
    return {
        "type": "reasoning", "id": "rs_1", "summary": [], "content": content, **fields
    }  # fmt: skip


def _summary(*parts: Item) -> Item:
    return {"type": "reasoning", "id": "rs_1", "summary": list(parts)}


def _call(**fields: Any) -> Item:
    return {
        "type": "function_call",
        "call_id": CALL_ID,
        "name": "get_weather",
        "arguments": json.dumps(_CITY),
        **fields,
    }


def _result(output: Any = "sunny", **fields: Any) -> Item:
    return {
        "type": "function_call_output", "call_id": CALL_ID, "output": output, **fields
    }  # fmt: skip


_TEXT_PART = {"type": "input_text", "text": "a"}
_IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,", "detail": "low"}
_CUSTOM = {
    "type": "custom_tool_call", "call_id": CALL_ID, "name": "shout", "input": "hey"
}  # fmt: skip
_MCP = {
    "type": "mcp_call", "id": "mcp_1", "server_label": "python", "name": "python",
    "arguments": '{"code": "1"}', "output": "1",
}  # fmt: skip

INPUTS: dict[str, Any] = {
    "string": "hi",
    "empty string": "",
    "nothing": [],
    "user": [_user("a")],
    "user without type": [{"role": "user", "content": "a"}],
    "user parts": [_message("user", [_TEXT_PART, {**_TEXT_PART, "text": "b"}])],
    "user as stored": [_message("user", [_TEXT_PART], id="msg_0", status="completed")],
    "no parts": [_message("user", [])],
    "image": [_message("user", [_TEXT_PART, _IMAGE])],
    "two users": [_user("a"), _user("b")],
    "system": [_message("system", "s"), _user("a")],
    "system parts": [_message("system", [_TEXT_PART]), _user("a")],
    "developer": [_message("developer", "d"), _user("a")],
    "late system": [_user("a"), _message("assistant", "b"), _message("system", "s")],
    "system alone": [_message("system", "s")],
    "tool role": [_user("a"), {"role": "tool", "tool_call_id": "c", "content": "r"}],
    "chat call": [
        _user("a"),
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": CALL_ID,
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": "{}"},
                }
            ],
        },
        {"role": "tool", "tool_call_id": CALL_ID, "content": "sunny"},
    ],
    "assistant": [_user("a"), _message("assistant", "b"), _user("c")],
    "assistant without type": [
        _user("a"),
        {"role": "assistant", "content": "b"},
        _user("c"),
    ],
    "assistant with phase": [
        _user("a"),
        _message("assistant", "b", phase="final_answer"),
        _user("c"),
    ],
    "assistant last": [_user("a"), _message("assistant", "b")],
    "assistant alone": [_message("assistant", "b")],
    "assistant parts": [_user("a"), _said("b"), _user("c")],
    "assistant input parts": [
        _user("a"),
        _message("assistant", [_TEXT_PART]),
        _user("c"),
    ],
    "as stored": [_user("a"), _as_stored("b"), _user("c")],
    "as stored last": [_user("a"), _as_stored("b")],
    "as stored incomplete": [_user("a"), _as_stored("b", status="incomplete")],
    "as stored incomplete then user": [
        _user("a"),
        _as_stored("b", status="incomplete"),
        _user("c"),
    ],
    "two parts": [_user("a"), _as_stored("b", "c"), _user("d")],
    "two answers": [_user("a"), _as_stored("b"), _as_stored("c"), _user("d")],
    "answer without parts": [_user("a"), _message("assistant", []), _user("c")],
    "refusal": [
        _user("a"),
        _message("assistant", [{"type": "refusal", "refusal": "no"}]),
        _user("c"),
    ],
    "reasoning and answer": [_user("a"), _reasoning(), _as_stored("b"), _user("c")],
    "reasoning alone": [_user("a"), _reasoning()],
    "reasoning incomplete": [_user("a"), _reasoning(status="incomplete")],
    "reasoning then user": [_user("a"), _reasoning(), _user("c")],
    "reasoning without content": [
        _user("a"),
        _reasoning(content=None, summary=[{"type": "summary_text", "text": "why"}]),
        _as_stored("b"),
        _user("c"),
    ],
    "reasoning with nothing": [_user("a"), _reasoning(content=None), _user("c")],
    "part of a summary that is not valid": [
        _user("a"),
        _summary({"type": "summary_text"}),
        _user("c"),
    ],
    "part of a summary of another type": [
        _user("a"),
        _summary({"type": "x", "text": "why"}),
        _user("c"),
    ],
    "encrypted reasoning": [
        _user("a"),
        _reasoning(encrypted_content="x"),
        _as_stored("b"),
    ],
    "call": [_user("a"), _call()],
    "call and result": [_user("a"), _call(), _result()],
    "call as stored": [
        _user("a"),
        _call(id="fc_1", status="completed"),
        _result(id="fco_1", status="completed"),
    ],
    "call without arguments": [_user("a"), _call(arguments="{}"), _result()],
    "call with no JSON": [_user("a"), _call(arguments='{"city"'), _result()],
    "call with a list": [_user("a"), _call(arguments="[1]"), _result()],
    "call of an id from vLLM": [_user("a"), _call(id="mcp_1"), _result()],
    "result parts": [_user("a"), _call(), _result([_TEXT_PART])],
    "empty result": [_user("a"), _call(), _result("")],
    "result without call": [_user("a"), _result()],
    "reasoning and call": [_user("a"), _reasoning(), _call(), _result()],
    "text and call": [_user("a"), _as_stored("b"), _call(), _result()],
    "reasoning, text and call": [
        _user("a"),
        _reasoning(),
        _as_stored("b"),
        _call(),
        _result(),
    ],
    "two calls": [
        _user("a"),
        _call(),
        _call(call_id="abcdefgh2"),
        _result(),
        _result("rain", call_id="abcdefgh2"),
    ],
    "call after call": [
        _user("a"),
        _call(),
        _result(),
        _call(call_id="abcdefgh2"),
        _result("rain", call_id="abcdefgh2"),
        _as_stored("b"),
        _user("c"),
    ],
    "custom call": [
        _user("a"),
        _CUSTOM,
        {"type": "custom_tool_call_output", "call_id": CALL_ID, "output": "HEY"},
    ],
    "MCP call": [_user("a"), _MCP, _as_stored("b"), _user("c")],
    "MCP tools": [
        {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "x", "tools": []},
        _user("a"),
    ],
    "web search": [
        _user("a"),
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "search", "query": "q"},
        },
        _as_stored("b"),
        _user("c"),
    ],
    "code interpreter": [
        _user("a"),
        {
            "type": "code_interpreter_call",
            "id": "ci_1",
            "status": "completed",
            "code": "1",
            "container_id": "auto",
            "outputs": None,
        },
        _user("c"),
    ],
    "shell call": [
        _user("a"),
        {
            "type": "local_shell_call",
            "id": "ls_1",
            "call_id": CALL_ID,
            "status": "completed",
            "action": {"type": "exec", "command": ["ls"], "env": {}},
        },
        {"type": "local_shell_call_output", "id": CALL_ID, "output": "a"},
    ],
    "compaction": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}],
    "reference": [{"type": "item_reference", "id": "msg_1"}, _user("a")],
    "unknown item": [{"type": "of_tomorrow", "text": "x"}, _user("a")],
    "null content": [_message("user", None)],
    "extra fields": [_message("user", "a", name="n", extra={"a": 1})],
}

_CONVERSATION = INPUTS["as stored"]
_SCHEMA = {
    "type": "json_schema", "name": "s", "schema": {"type": "object"}, "strict": True
}  # fmt: skip

PARAMETERS: dict[str, Body] = {
    "instructions": {"instructions": "be brief"},
    "empty instructions": {"instructions": ""},
    "tools": {"tools": [WEATHER]},
    "strict tool": {"tools": [{**WEATHER, "strict": True}]},
    "two tools": {"tools": [WEATHER, {**WEATHER, "name": "other"}]},
    "no tools": {"tools": []},
    "auto": {"tools": [WEATHER], "tool_choice": "auto"},
    "none": {"tools": [WEATHER], "tool_choice": "none"},
    "required": {"tools": [WEATHER], "tool_choice": "required"},
    "named": {
        "tools": [WEATHER],
        "tool_choice": {"type": "function", "name": "get_weather"},
    },
    "allowed tools": {
        "tools": [WEATHER],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "get_weather"}],
        },
    },
    "custom tool": {"tools": [{"type": "custom", "name": "shout"}]},
    "web search tool": {"tools": [{"type": "web_search_preview"}]},
    "code interpreter tool": {
        "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]
    },
    "MCP tool": {"tools": [{"type": "mcp", "server_label": "x", "server_url": "u"}]},
    "one call at a time": {"tools": [WEATHER], "parallel_tool_calls": False},
    "not stored": {"store": False},
    "store null": {"store": None},
    "stored": {"store": True},
    "background": {"background": True},
    "no previous response": {"previous_response_id": None},
    "sampling": {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 1},
    "at most": {"max_output_tokens": 2},
    "stop": {"stop": ["."]},
    "low effort": {"reasoning": {"effort": "low"}},
    "high effort": {"reasoning": {"effort": "high", "summary": "auto"}},
    "text": {"text": {"format": {"type": "text"}}},
    "JSON": {"text": {"format": {"type": "json_object"}}},
    "schema": {"text": {"format": _SCHEMA}},
    "verbosity": {"text": {"verbosity": "low"}},
    "log probabilities": {
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 1,
    },
    "encrypted": {"include": ["reasoning.encrypted_content"], "store": False},
    "truncation": {"truncation": "auto"},
    "tier": {"service_tier": "flex"},
    "metadata": {"metadata": {"a": "b"}, "user": "u"},
    "keys": {"prompt_cache_key": "k", "safety_identifier": "s"},
    "messages": {"enable_response_messages": True},
    "own id": {"request_id": "resp_mine"},
    "previous messages": {
        "previous_input_messages": [{"role": "user", "content": "before"}]
    },
    "unknown": {"of_tomorrow": 1},
}

REQUESTS: dict[str, Body] = {
    **{name: {"input": value} for name, value in INPUTS.items()},
    **{
        f"{name} {of}": {**body, **parameters}
        for name, parameters in PARAMETERS.items()
        for of, body in (
            ("of a string", {"input": "hi"}),
            ("of items", {"input": _CONVERSATION}),
            ("of a stream", {"input": "hi", "stream": True}),
        )
    },
}

_OSLO, _LIMA = {"city": "Oslo"}, {"city": "Lima"}


def kind_of(client: Client) -> str:
    """What answers a server's model writes: "chat", "harmony" or "mistral"."""
    model = client.server.engine.model_config.hf_config.model_type
    return {"gpt_oss": "harmony", "mistral": "mistral"}.get(model, "chat")


def answers(client: Client) -> Mapping[str, Answer]:
    """Answers of every kind, by name, as the server's model writes them."""
    return _ANSWERS[kind_of(client)](client)


def answer_to(client: Client, body: Body) -> Answer:
    """An answer that a request allows, short ones else."""
    choice = body.get("tool_choice")
    kind = kind_of(client)
    if kind == "harmony":
        return harmony_answer(final("ok"))
    if choice == "required":
        written = json.dumps([{"name": "get_weather", "parameters": _OSLO}])
    elif isinstance(choice, dict) and choice["type"] == "function":
        written = json.dumps(_OSLO)
    else:
        written = "ok"
    if kind == "mistral":
        tokenizer = client.server.engine.renderer.get_tokenizer()
        return Answer(tokenizer.encode(written, add_special_tokens=False))
    return Answer(chat_text(written))


def _chat(_: Client) -> dict[str, Answer]:
    oslo, lima = ("get_weather", _OSLO), ("get_weather", _LIMA)
    cut = chat_text("", oslo, reasoning="why")[:-20]
    return {
        "text": Answer(chat_text("ok")),
        "nothing": Answer(chat_text("")),
        "reasoning and text": Answer(chat_text("ok", reasoning="why")),
        "reasoning alone": Answer(chat_text("", reasoning="why")),
        "call": Answer(chat_text("", oslo)),
        "reasoning and call": Answer(chat_text("", oslo, reasoning="why")),
        "text and calls": Answer(chat_text("ok", oslo, lima, reasoning="why")),
        "truncated text": Answer(chat_text("ok", reasoning="why"), truncated=True),
        "truncated reasoning": Answer("<think>why", truncated=True),
        "truncated call": Answer(cut, truncated=True),
    }


def _harmony(_: Client) -> dict[str, Answer]:
    oslo, lima = call("get_weather", _OSLO), call("get_weather", _LIMA)
    why = analysis("why")
    return {
        "text": harmony_answer(final("ok")),
        "reasoning and text": harmony_answer(why, final("ok")),
        "call": harmony_answer(oslo),
        "reasoning and call": harmony_answer(why, oslo),
        "preamble and call": harmony_answer(why, preamble("look"), oslo),
        "text and calls": harmony_answer(why, lima),
        "truncated text": harmony_answer(why, final("ok"), truncated=True),
        "truncated reasoning": harmony_answer(why, truncated=True),
        "truncated call": harmony_answer(why, oslo, truncated=True),
    }


def _mistral(client: Client) -> dict[str, Answer]:
    tokenizer = client.server.engine.renderer.get_tokenizer()
    oslo, lima = ("get_weather", _OSLO), ("get_weather", _LIMA)
    return {
        "text": Answer([1000]),
        "call": mistral_calls(tokenizer, oslo),
        "text and calls": mistral_calls(tokenizer, oslo, lima),
        "truncated text": Answer([1000], truncated=True),
    }


_ANSWERS: Mapping[str, Callable[[Client], dict[str, Answer]]] = {
    "chat": _chat,
    "harmony": _harmony,
    "mistral": _mistral,
}
