"""Models that verification may meet, as scripts of the engine."""

from harness.answers import analysis, call, chat_answer, final, harmony_answer
from harness.scripted_engine import Answer, EnginePrompt

_USER = {"chat": "<|im_start|>user\n", "harmony": "<|start|>user<|message|>"}


def _cities(prompt: EnginePrompt, path: str) -> list[str]:
    """What is asked for, as long as there are no results yet."""
    _, _, since = prompt.text.rpartition(_USER[path])
    if "results" in since or "temperature" in since or "weather in" not in since:
        return []
    return [city for city in ("Oslo", "Lima") if city in since]


def able(prompt: EnginePrompt) -> Answer:
    """Reasons, and makes every call at once."""
    calls = [("get_weather", {"city": city}) for city in _cities(prompt, "chat")]
    return chat_answer("Well.", *calls, reasoning="Let me think.")


def one_call_at_a_time(prompt: EnginePrompt) -> Answer:
    """Does not reason, and makes the first of several calls."""
    calls = [("get_weather", {"city": city}) for city in _cities(prompt, "chat")[:1]]
    return chat_answer("Well.", *calls)


def never_calling(_prompt: EnginePrompt) -> Answer:
    """Talks."""
    return chat_answer("I don't know.")


def forced_to_call(prompt: EnginePrompt) -> Answer:
    """Calls when a grammar leaves it no choice."""
    if prompt.sampling_params.structured_outputs is None:
        return chat_answer("I don't know.")
    call = '[{"name": "get_weather", "parameters": {"city": "Oslo"}}]'
    return Answer(f"<think></think>{call}")


def gpt_oss(prompt: EnginePrompt) -> Answer:
    """Reasons, and makes one call at a time, as gpt-oss does."""
    thought = analysis("Let me think.")
    for city in _cities(prompt, "harmony"):
        return harmony_answer(thought, call("get_weather", {"city": city}))
    return harmony_answer(thought, final("Well."))
