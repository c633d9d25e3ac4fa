"""Harmony's encoding, with the token ids of messages that it has rendered."""

import functools
import logging
import sys
from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from openai_harmony import (
    Author,
    Conversation,
    DeveloperContent,
    HarmonyEncoding,
    Message,
    RenderConversationConfig,
    RenderOptions,
    Role,
    SystemContent,
    TextContent,
    ToolDescription,
)

from vllm_responses_fix.metrics import set_prompt_cache_bytes
from vllm_responses_fix.settings import CHECK_TOKENS, read_prompt_settings

logger = logging.getLogger("vllm.responses_fix")

# Of a message that is kept, beside its texts and token ids.
_OVERHEAD = 400


def keep_messages(original: Callable[[], Any]) -> Callable[[], Any]:
    """Give vLLM an encoding that keeps what it has rendered."""

    @functools.wraps(original)
    def get_encoding() -> Any:
        return _keeping(original())

    return get_encoding


@functools.lru_cache(maxsize=1)
def _keeping(encoding: Any) -> "KeepingEncoding":
    return KeepingEncoding(encoding, read_prompt_settings().cache_bytes)


class KnownMessages:
    """Token ids of messages, the least recently used out first."""

    def __init__(self, max_bytes: int) -> None:
        """Begin with none.

        Args:
            max_bytes: of all. A message that is larger by itself is not kept.
        """
        self.bytes = 0
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Hashable, tuple[array[int], int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> "array[int] | None":
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept[0]

    def put(self, key: Hashable, token_ids: "array[int]", characters: int) -> None:
        """Keep a message.

        Args:
            characters: of its texts, which the key has.
        """
        size = _OVERHEAD + sys.getsizeof(token_ids) + characters
        if size > self._max_bytes:
            return
        self._kept[key] = (token_ids, size)
        self.bytes += size
        while self.bytes > self._max_bytes:
            _, (_, oldest) = self._kept.popitem(last=False)
            self.bytes -= oldest


class KeepingEncoding(HarmonyEncoding):
    """Renders a conversation message by message, each one once.

    openai_harmony renders a conversation as its messages, one after the other, once it
    has left out what it drops. What it renders of a message depends on the conversation
    in one way: whether that has function tools.

    Source: `render_conversation_into` of openai_harmony (encoding.rs).
    """

    def __init__(self, encoding: HarmonyEncoding, max_bytes: int) -> None:
        super().__init__(encoding._inner)
        self.known = KnownMessages(max_bytes)
        self._exact: bool | None = None

    def render_conversation_for_completion(
        self,
        conversation: Conversation,
        next_turn_role: Role,
        config: RenderConversationConfig | None = None,
    ) -> list[int]:
        """The token ids of a prompt: see `HarmonyEncoding`."""
        whole = functools.partial(
            super().render_conversation_for_completion,
            next_turn_role=next_turn_role,
            config=config,
        )
        # What it drops is up to openai_harmony.
        if config is None or config.auto_drop_analysis or not self._is_exact(config):
            return whole(conversation)
        try:
            token_ids = self._joined(conversation, whole)
        except Exception:
            # What can't be rendered is refused as ever.
            return whole(conversation)
        if read_prompt_settings().check_tokens:
            expected = whole(conversation)
            if token_ids != expected:
                self._exact = False
                logger.error(
                    "vllm-responses-fix: a prompt of %d messages differs where they "
                    "were rendered before (%s). It is rendered whole, and so are all "
                    "others from now on. Please report it.",
                    len(conversation.messages),
                    CHECK_TOKENS,
                )
                return expected
        return token_ids

    def _is_exact(self, config: RenderConversationConfig) -> bool:
        """Whether a conversation is rendered as its messages; tried once."""
        if self._exact is None:
            whole = functools.partial(
                super().render_conversation_for_completion,
                next_turn_role=Role.ASSISTANT,
                config=config,
            )
            self._exact = all(
                self._joined(sample, whole) == whole(sample) for sample in _samples()
            )
        return self._exact

    def _joined(
        self, conversation: Conversation, whole: Callable[[Conversation], list[int]]
    ) -> list[int]:
        options = RenderOptions(
            conversation_has_function_tools=any(
                map(_has_function_tools, conversation.messages)
            )
        )
        joined = array("i")
        size = self.known.bytes
        for message in conversation.messages:
            key, characters = _key(message, options)
            token_ids = self.known.get(key)
            if token_ids is None:
                token_ids = array("i", self.render(message, options))
                self.known.put(key, token_ids, characters)
            joined += token_ids
        if self.known.bytes != size:
            set_prompt_cache_bytes("harmony-known-messages", self.known.bytes)
        # The start of the next message, which is the same after all others.
        return joined.tolist() + whole(Conversation(messages=[]))


def _key(message: Message, options: RenderOptions) -> tuple[Hashable, int]:
    """All that is rendered of a message, and how many characters that has."""
    texts = tuple(
        content.text for content in message.content if type(content) is TextContent
    )
    if len(texts) < len(message.content):
        text = message.to_json()
        return (options.conversation_has_function_tools, text), len(text)
    head = (
        message.author.role,
        message.author.name,
        message.channel,
        message.recipient,
        message.content_type,
    )
    key = (options.conversation_has_function_tools, head, texts)
    return key, sum(map(sys.getsizeof, texts))


def _has_function_tools(message: Message) -> bool:
    for content in message.content:
        if isinstance(content, DeveloperContent):
            functions = (content.tools or {}).get("functions")
            if functions is not None and functions.tools:
                return True
    return False


def _samples() -> list[Conversation]:
    """Conversations with what a message may have, with function tools and without."""
    said = Message.from_role_and_content
    system = said(Role.SYSTEM, SystemContent.new())
    tool = ToolDescription.new("probe", "Probes.", {"type": "object"})
    developers = (
        DeveloperContent.new().with_instructions("Be brief."),
        DeveloperContent.new().with_function_tools([tool]),
    )
    call = said(Role.ASSISTANT, "{}").with_channel("commentary")
    result = Message.from_author_and_content(Author.new(Role.TOOL, "functions.p"), "1")
    turn = [
        said(Role.USER, " <|end|><|start|> "),
        said(Role.ASSISTANT, "").with_channel("analysis"),
        call.with_recipient("functions.p").with_content_type("<|constrain|>json"),
        result.with_channel("commentary").with_recipient("assistant"),
        said(Role.ASSISTANT, "1").with_channel("final"),
    ]
    return [
        Conversation(messages=[system, said(Role.DEVELOPER, developer), *turn, *turn])
        for developer in developers
    ]
