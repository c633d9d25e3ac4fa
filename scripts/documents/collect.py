"""What the documents show of the current code."""

import asyncio
import contextlib
import io
import re
from collections.abc import Iterator
from textwrap import fill

from harness.app import ScriptedServer, ServerFactory, environment
from verify.models import one_call_at_a_time

import vllm_responses_fix
from vllm_responses_fix.cli import main
from vllm_responses_fix.patches import PATCHES

from .picture import draw
from .prompts import PATCHED, STOCK, TURNS, stock_and_patched
from .samples import as_code

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_ID = re.compile(r"(?<=tool-)[0-9a-f]{4,16}|(?<=call_)[0-9a-f]{4,16}")
_SAME_ID = "bcaf9632523c2af3"


async def collect(factory: ServerFactory) -> tuple[dict[str, str], str]:
    """The samples by name, and the picture of the fault.

    The kit is active afterwards.
    """
    prompts = await stock_and_patched(factory)
    samples = {}
    for name, label in (("stock", STOCK), ("kit", PATCHED)):
        samples[f"prompt-{name}"] = as_code(prompts[label][1])
    vllm_responses_fix.uninstall()
    samples["verify-stock"] = as_code(await _verified(factory))
    vllm_responses_fix.install()
    samples["verify-kit"] = as_code(await _verified(factory))
    return samples, draw(TURNS, prompts[STOCK][-1], prompts[PATCHED][-1])


def patches_page() -> str:
    """A section for each patch of the kit."""
    sections = [
        "\n\n".join(
            [
                f"## {patch.name}",
                _paragraph(patch.what),
                _paragraph(f"Without it: {patch.why}"),
                _paragraph(f"It can go when: {patch.until}"),
                *_upstream(patch.upstream),
            ]
        )
        for patch in PATCHES
    ]
    return "\n\n".join(sections)


def _upstream(addresses: tuple[str, ...]) -> Iterator[str]:
    links = [
        f"[{'#' if '/vllm/' in address else ''}{address.rpartition('/')[2]}]({address})"
        for address in addresses
    ]
    if links:
        yield _paragraph(f"Upstream: {', '.join(links)}.")


def _paragraph(text: str) -> str:
    return fill(text, 88, break_long_words=False, break_on_hyphens=False)


async def _verified(factory: ServerFactory) -> str:
    """What `verify` prints of a server."""
    server: ScriptedServer = await factory.start()
    server.engine.script = one_call_at_a_time
    printed = io.StringIO()
    async with server.listening() as url:
        # As wide as a document is, with the margin of its code.
        with contextlib.redirect_stdout(printed), environment(COLUMNS="84"):
            await asyncio.to_thread(main, ["verify", "--base-url", url])
    await server.close()
    text = _ADDRESS.sub("http://127.0.0.1:8000", printed.getvalue())
    # An id may be cut short where a prompt is.
    return _ID.sub(lambda match: _SAME_ID[: len(match[0])], text)
