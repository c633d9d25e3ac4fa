"""Write down the events of streams with answers of all kinds, as JSON.

    scripts/run.sh [--release 0.33.0] record_events FILE

The server is vLLM's own with the kit, over an engine that generates what a script says:
with a chat template, in Mistral's tokenizer mode, and as gpt-oss, with calls of the
server's own tools as well. scripts/event_schemas.sh lets JavaScript SDKs read them.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [
    str(ROOT),
    *(str(ROOT / "tests" / name) for name in ("", "http", "harmony")),
]

from harness.platform import prepare_vllm  # noqa: E402
from harness.vocabulary import prepare_vocabulary  # noqa: E402

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"
prepare_vllm()
prepare_vocabulary()

from every_request import WEATHER, answers  # noqa: E402
from harness.answers import analysis, final, harmony_answer  # noqa: E402
from harness.app import (  # noqa: E402
    CHAT_ARGS,
    MISTRAL_ARGS,
    ServerFactory,
    environment,
)
from harness.client import Client  # noqa: E402
from harness.model_folder import (  # noqa: E402
    write_chat_model,
    write_harmony_model,
    write_mistral_model,
)
from server_tools import LABELS, TOOLS  # noqa: E402
from tool_servers import tool_servers  # noqa: E402

import vllm_responses_fix  # noqa: E402

Recorded = tuple[str, list[dict[str, Any]]]


def main() -> None:
    (file,) = sys.argv[1:]
    vllm_responses_fix.install()
    with tempfile.TemporaryDirectory() as folder, environment(**LABELS):
        recorded = asyncio.run(_record_all(Path(folder)))
    Path(file).write_text(json.dumps(recorded), encoding="utf-8")
    events = sum(map(len, recorded.values()))
    print(f"{len(recorded)} streams with {events} events")


async def _record_all(folder: Path) -> dict[str, list[dict[str, Any]]]:
    async with tool_servers() as addresses:
        harmony = (f"--tool-server={addresses}",)
        factories = (
            ServerFactory(write_chat_model(folder / "chat"), CHAT_ARGS),
            ServerFactory(write_mistral_model(folder / "mistral"), MISTRAL_ARGS),
            ServerFactory(write_harmony_model(folder / "harmony"), harmony),
        )
        recorded = {}
        for factory, kind in zip(
            factories, ("chat", "mistral", "harmony"), strict=True
        ):
            server = await factory.start()
            async for name, events in _record(Client(server)):
                recorded[f"{kind}: {name}"] = events
            await server.close()
        return recorded


async def _record(client: Client) -> AsyncIterator[Recorded]:
    for name, answer in answers(client).items():
        reply = await client.stream({"input": "hi", "tools": [WEATHER]}, answer)
        yield name, list(reply.events)
    if client.server.engine.model_config.hf_config.model_type != "gpt_oss":
        return
    for name, (tool, write, asked, _) in TOOLS.items():
        reply = await client.stream(
            {"input": "hi", "tools": [tool]},
            harmony_answer(analysis("Let me see."), write(asked)),
            harmony_answer(analysis("I see."), final("Found.")),
        )
        yield name, list(reply.events)


if __name__ == "__main__":
    main()
