"""Does a model that speaks Harmony get the functions of a namespace?"""

from typing import Any

from vllm_responses_fix.probing import finished, request, server

_NAMESPACE: dict[str, Any] = {
    "type": "namespace",
    "name": "probe",
    "description": "Probes.",
    "tools": [
        {"type": "function", "name": "run", "parameters": {"type": "object"}},
    ],
}


def fault() -> str | None:
    """Looks at the tools with which a server goes on to its model."""
    asked = request("probe", tools=[_NAMESPACE])
    serving = server()
    serving.use_harmony = True
    # What is done with a request that is all right.
    serving._create_responses = lambda *_: None
    try:
        finished(serving.create_responses(asked))
    except Exception:
        # There is no model.
        names = [getattr(tool, "name", None) for tool in asked.tools]
        return None if names == ["probe__run"] else f"tools are given as {names}"
    raise RuntimeError("a server without a model has answered")
