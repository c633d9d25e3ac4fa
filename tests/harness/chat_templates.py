"""Chat templates that render everything, so that nothing lost can hide.

Every field of every message is in the prompt: those that templates know are set out
to be read, any other is written as an attribute after the role. Reasoning comes under
up to three names, of which vLLM and transformers make each other's copies; they are
one block unless they differ. The two templates differ in whether vLLM hands them a
message's content as one string or as a list of parts.
"""

# vLLM takes a template in which "developer" occurs for one that knows this role. For
# others it makes system messages of developer messages and puts all of them first.
_HEAD = """\
{#- "developer" is a role like any other -#}
{%- if tools -%}
<|im_start|>tools
{% for tool in tools -%}
{{ tool | tojson }}
{% endfor -%}
<|im_end|>
{% endif -%}
{%- if reasoning_effort is defined -%}
<|im_start|>reasoning_effort
{{ reasoning_effort }}<|im_end|>
{% endif -%}
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{%- if message.tool_call_id is defined %} tool_call_id={{ message.tool_call_id }}
{%- endif %}
{%- for key in message
    if key not in ("role", "content", "reasoning", "reasoning_content", "thinking",
                   "tool_calls", "tool_call_id")
    and message[key] is not none %} {{ key }}={{ message[key] | tojson }}
{%- endfor %}

{% if message.reasoning is defined -%}
[reasoning]{{ message.reasoning }}[/reasoning]
{% endif -%}
{%- for alias in ("reasoning_content", "thinking")
    if message[alias] is defined and message[alias] != message.reasoning -%}
[{{ alias }}]{{ message[alias] }}[/{{ alias }}]
{% endfor -%}
"""

_STRING_CONTENT = """\
{%- if message.content is string -%}
{{ message.content }}
{%- else -%}
{{ message.content | tojson }}
{%- endif -%}
"""

# The loop over message['content'] is what vLLM takes for the sign of a template that
# wants parts.
_PARTS_CONTENT = """\
{%- if message['content'] is string -%}
{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
[{{ part.type }}]{{ part.text if part.type == "text" else part | tojson }}
{%- endfor -%}
{%- endif -%}
"""

_TAIL = """\
{%- for call in message.tool_calls or [] %}

[call {{ call.id }}]{{ call.function.name }}({{ call.function.arguments | tojson }})
{%- endfor -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""

STRING_TEMPLATE = _HEAD + _STRING_CONTENT + _TAIL
PARTS_TEMPLATE = _HEAD + _PARTS_CONTENT + _TAIL
