"""gpt-oss: what the kit leaves out of a prompt is what openai_harmony leaves out."""

from harness.answers import analysis, call, final, preamble
from harness.harmony_encoding import harmony_encoding
from harness.vllm_compat import render_harmony_messages
from hypothesis import given
from hypothesis import strategies as st
from openai_harmony import Author, Conversation, Message, Role

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


@given(st.lists(SAID, max_size=12))
def test_without_tool_runs_a_prompt_is_as_the_encoding_has_it(
    said: list[Message],
) -> None:
    expected = harmony_encoding().render_conversation_for_completion(
        Conversation.from_messages(said), Role.ASSISTANT
    )
    assert render_harmony_messages(said) == expected
