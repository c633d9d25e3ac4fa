"""gpt-oss: what the kit leaves out of a prompt is what vLLM leaves out."""

from harness.answers import analysis, call, final, preamble
from harness.harmony_encoding import harmony_encoding
from harness.vllm_compat import is_since, render_harmony_messages
from hypothesis import given
from hypothesis import strategies as st
from openai_harmony import Author, Conversation, Message, Role
from vllm.entrypoints.openai.parser import harmony_utils

RETURNED = Message.from_author_and_content(
    Author.new(Role.TOOL, "functions.lookup"), "42"
)
SAID = st.sampled_from(
    [
        Message.from_role_and_content(Role.USER, "What is a?"),
        Message.from_role_and_content(Role.DEVELOPER, "Be brief."),
        analysis("Need a."),
        preamble("I look."),
        call("lookup", {"key": "a"}),
        RETURNED.with_channel("commentary").with_recipient("assistant"),
        final("a is 42."),
    ]
)


# As it comes, since the patches are in only when tests run.
STOCK_DROP = harmony_utils.auto_drop_analysis_messages


@given(st.lists(SAID, max_size=12))
def test_without_tool_runs_a_prompt_is_as_on_stock(said: list[Message]) -> None:
    if is_since("0.25.0"):
        # There vLLM drops by itself, and from what it leaves nothing is dropped.
        expected = render_harmony_messages(STOCK_DROP(said))
    else:
        expected = harmony_encoding().render_conversation_for_completion(
            Conversation.from_messages(said), Role.ASSISTANT
        )
    assert render_harmony_messages(said) == expected
