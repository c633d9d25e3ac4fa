"""Let a compiled pydantic model find one of its validators by name.

A model's validator is compiled when its class is made and holds the functions as they
were then: a function that takes the place of one of them would never be called.
"""

import functools
from collections.abc import Mapping
from typing import Any

_AROUND = ("definitions", "function-after", "function-wrap", "model")
"""The schemas that have that of a model's `before` validators inside."""


def has_validator(model: Any, name: str) -> bool:
    """Whether `name` is a `before` validator of a pydantic model."""
    decorators = getattr(model, "__pydantic_decorators__", None)
    if decorators is None or name not in decorators.model_validators:
        return False
    mode: str = decorators.model_validators[name].info.mode
    return mode == "before"


def compiled_with_lookup(model: Any, name: str) -> dict[str, Any]:
    """What a model has to have so that it looks a `before` validator up by name.

    Returns:
        By name: the attributes of the class. Who makes a schema of them, as FastAPI
        does for a route, gets the same.

    Raises:
        LookupError: the schema of this pydantic has another shape.
    """
    # Comes with vLLM, and a process that does not import vLLM does without.
    from pydantic_core import SchemaValidator

    def look_up(data: Any) -> Any:
        return getattr(model, name)(data)

    schema, config = _replaced(model.__pydantic_core_schema__, name, look_up)
    return {
        "__pydantic_core_schema__": schema,
        "__pydantic_validator__": SchemaValidator(schema, config),
    }


def _replaced(schema: Mapping[str, Any], name: str, by: Any) -> tuple[Any, Any]:
    """The schema with another function, and the configuration of its model."""
    if schema["type"] == "function-before":
        held = schema["function"]
        if held["function"].__name__ == name:
            function = {**held, "function": functools.wraps(held["function"])(by)}
            return {**schema, "function": function}, None
    elif schema["type"] not in _AROUND:
        raise LookupError(f"{name} is not among the validators of a schema")
    inner, config = _replaced(schema["schema"], name, by)
    return {**schema, "schema": inner}, schema.get("config", config)
