"""LangChain: `use_previous_response_id`, or all messages."""

from typing import Any

from conversation import (
    BASE_URL,
    BY_ID,
    INSTRUCTIONS,
    MODEL,
    WAY,
    get_weather,
    questions,
    saw,
)
from langchain_core.messages import SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI


def ask(messages: list[Any]) -> Any:
    if WAY == "plain":
        return model.invoke(messages)
    first, *others = model.stream(messages)
    return sum(others, first)


model = ChatOpenAI(
    base_url=BASE_URL,
    api_key="none",
    model=MODEL,
    max_retries=0,
    use_responses_api=True,
    use_previous_response_id=BY_ID,
    output_version="responses/v1",
).bind_tools([get_weather])
messages: list[Any] = [SystemMessage(INSTRUCTIONS)]
for question in questions():
    messages.append(("user", question))
    answer = ask(messages)
    messages.append(answer)
    while answer.tool_calls:
        for call in answer.tool_calls:
            result = get_weather(**call["args"])
            messages.append(ToolMessage(result, tool_call_id=call["id"]))
        answer = ask(messages)
        messages.append(answer)
    saw(answer.text)
