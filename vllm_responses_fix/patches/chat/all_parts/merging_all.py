"""As `merging`, with the names of namespaces."""

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem
from vllm.tool_parsers.utils import flat_namespace_tool_name

from .merging import assistant_content, merge_into
from .single_item import construct_single_message_from_response_item


def construct_message_from_response_item(
    item: ResponseInputOutputItem,
    prev_msg: ChatCompletionMessageParam | None = None,
) -> ChatCompletionMessageParam | None:
    """Returns a new message or None. If `None`, `prev_msg` is updated.
    If `prev_msg` is `None`, a new message is always returned.

    Raises:
        VLLMValidationError: the item has no place in a prompt (a 400 that names
            `input`): encrypted reasoning, or an unknown type.

    Source: vLLM #43244; merging as in #42189.
    """
    if isinstance(item, ResponseFunctionToolCall) and item.namespace:
        name = flat_namespace_tool_name(item.namespace, item.name)
        item = item.model_copy(update={"name": name})
    content = assistant_content(item)
    message: ChatCompletionMessageParam = (
        construct_single_message_from_response_item(item)
        if content is None
        else {"role": "assistant", "content": content}
    )
    mergeable = content is not None or isinstance(
        item, (ResponseFunctionToolCall, ResponseOutputMessage, ResponseReasoningItem)
    )
    return None if mergeable and merge_into(prev_msg, message) else message
