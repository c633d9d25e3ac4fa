"""Is half an answer continued, if the request that names it brings nothing new?"""

from contextvars import copy_context

from vllm.entrypoints.openai.responses import utils

from vllm_responses_fix.probing import items, request

_ANSWERED = {
    "type": "message",
    "role": "assistant",
    "id": "msg_probe",
    "status": "incomplete",
    "content": [{"type": "output_text", "text": "probe", "annotations": []}],
}


def fault() -> str | None:
    """Asks how a chained turn is to be rendered."""
    # What the request of a probe leaves behind is no other request's.
    if copy_context().run(_is_continued):
        return None
    return "a chained turn without input does not continue half an answer"


def _is_continued() -> bool:
    utils.construct_input_messages(
        request_input=[], prev_msg=[], prev_response_output=items([_ANSWERED])
    )
    rendering = request([]).build_chat_params(None, "auto").chat_template_kwargs
    return bool(rendering.get("continue_final_message"))
