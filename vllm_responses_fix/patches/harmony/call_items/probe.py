"""Is a function call a function_call item, with its whole name?"""

from vllm_responses_fix.probing import harmony_call


def fault() -> str | None:
    """What item a call on the analysis channel becomes."""
    item = harmony_call("probe.of.calls", "analysis")
    if item.type != "function_call" or item.name != "probe.of.calls":
        return f"a call of probe.of.calls becomes {item.type} {item.name}"
    return None
