"""The tools of `tool_servers`: how a request names them, and a model calls them."""

from harness.answers import call
from harness.client import Item
from openai_harmony import Message

PYTHON: Item = {"type": "code_interpreter", "container": {"type": "auto"}}
BROWSER: Item = {"type": "web_search_preview"}
CONTAINER: Item = {"type": "mcp", "server_label": "container", "server_url": "http://x"}
LABELS = {"VLLM_GPT_OSS_SYSTEM_TOOL_MCP_LABELS": "container"}


def python(code: str, channel: str = "analysis") -> Message:
    """How the model asks for Python: by default amid its reasoning, as code."""
    message = call("", code).with_recipient("python").with_channel(channel)
    return message.with_content_type("code")


def search(query: str, channel: str = "analysis") -> Message:
    message = call("", {"query": query}).with_channel(channel)
    return message.with_recipient("browser.search")


def execute(command: str, channel: str = "analysis") -> Message:
    message = call("", {"cmd": command.split()}).with_channel(channel)
    return message.with_recipient("container.exec")


TOOLS = {
    "python": (PYTHON, python, "1 + 1", "<output of 1 + 1>"),
    "browser": (BROWSER, search, "tides", "<pages about tides>"),
    "container": (CONTAINER, execute, "ls -l", "<output of ls -l>"),
}
