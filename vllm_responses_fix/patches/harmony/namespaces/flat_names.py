"""The functions of a namespace are functions with longer names."""

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from openai.types.responses import FunctionTool
from pydantic import PrivateAttr

Method = Callable[..., Coroutine[Any, Any, Any]]
Events = Callable[..., AsyncGenerator[Any, None]]

_SEPARATOR = "__"


class NamespacedFunction(FunctionTool):
    """A function of a namespace, under the name that the model sees."""

    _namespace: Any = PrivateAttr(default=None)
    """The tool that it comes from."""


def flatten_namespaces(original: Method) -> Method:
    """Give a model that speaks Harmony the functions of namespaces one by one.

    Source: vLLM 0.25.0, `iter_response_function_tool_dicts`.
    """

    @functools.wraps(original)
    async def create_responses(self: Any, request: Any, raw_request: Any = None) -> Any:
        if self.use_harmony and any(t.type == "namespace" for t in request.tools or ()):
            request.tools = list(_flat(request.tools))
        return await original(self, request, raw_request)

    return create_responses


def name_apart_in_response(original: Any) -> Any:
    """Give calls the names of function and namespace, and the tools as they were."""
    make = original.__func__

    @functools.wraps(make)
    def from_request(cls: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = make(cls, request, *args, **kwargs)
        if names := _names(request):
            response.output = [_named_apart(item, names) for item in response.output]
            response.tools = list(_as_sent(response.tools))
        return response

    return classmethod(from_request)


def name_apart_in_events(original: Events) -> Events:
    """Give the calls of a stream the names of function and namespace."""

    @functools.wraps(original)
    async def responses_stream_generator(
        self: Any, request: Any, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        names = _names(request)
        async with aclosing(original(self, request, *args, **kwargs)) as events:
            async for event in events:
                yield _event_named_apart(event, names) if names else event

    return responses_stream_generator


def _flat(tools: Iterable[Any]) -> Iterator[Any]:
    for tool in tools:
        if tool.type != "namespace":
            yield tool
            continue
        for function in tool.tools:
            if function.type == "function":
                fields = {"parameters": None, "strict": None, **function.model_dump()}
                flat = NamespacedFunction.model_validate(
                    {**fields, "name": f"{tool.name}{_SEPARATOR}{function.name}"}
                )
                flat._namespace = tool
                yield flat


def _as_sent(tools: Iterable[Any]) -> Iterator[Any]:
    last = None
    for tool in tools:
        if not isinstance(tool, NamespacedFunction):
            yield tool
        elif tool._namespace is not last:
            last = tool._namespace
            yield last


def _names(request: Any) -> dict[str, tuple[str, str]]:
    """Namespace and name of each flat name."""
    return {
        tool.name: (
            tool._namespace.name,
            tool.name.removeprefix(f"{tool._namespace.name}{_SEPARATOR}"),
        )
        for tool in request.tools or ()
        if isinstance(tool, NamespacedFunction)
    }


def _named_apart(item: Any, names: dict[str, tuple[str, str]]) -> Any:
    if getattr(item, "type", None) != "function_call" or item.name not in names:
        return item
    namespace, name = names[item.name]
    return item.model_copy(update={"namespace": namespace, "name": name})


def _event_named_apart(event: Any, names: dict[str, tuple[str, str]]) -> Any:
    # Copies, as vLLM goes on with the items that it has put into events.
    update: dict[str, Any] = {}
    if (item := getattr(event, "item", None)) is not None:
        update["item"] = _named_apart(item, names)
    if (name := getattr(event, "name", None)) in names:
        update["name"] = names[name][1]
    return event.model_copy(update=update) if update else event
