"""Real MCP servers on loopback, with the names vLLM knows its built-in tools by."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

try:
    from mcp.server.mcpserver import MCPServer
except ModuleNotFoundError:  # before mcp 2, for vLLM up to 0.29
    from mcp.server.fastmcp import FastMCP as MCPServer


def python_server() -> MCPServer:
    server = MCPServer("python", instructions="Runs Python.")

    @server.tool()
    def python(code: str) -> str:
        return f"<output of {code}>"

    return server


def browser_server() -> MCPServer:
    server = MCPServer("browser", instructions="Searches the web.")

    @server.tool()
    def search(query: str) -> str:
        return f"<pages about {query}>"

    return server


def container_server() -> MCPServer:
    server = MCPServer("container", instructions="Runs commands.")

    @server.tool()
    def exec(cmd: list[str]) -> str:
        return f"<output of {' '.join(cmd)}>"

    return server


@asynccontextmanager
async def tool_servers() -> AsyncIterator[str]:
    """Start the servers; yields what `--tool-server` takes."""
    async with contextlib.AsyncExitStack() as stack:
        made = (python_server(), browser_server(), container_server())
        addresses = [await stack.enter_async_context(_serve(one)) for one in made]
        yield ",".join(addresses)


@asynccontextmanager
async def _serve(server: MCPServer) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(server.sse_app(), log_level="warning")
    running = uvicorn.Server(config)
    # Signals belong to the test run.
    running.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    task = asyncio.create_task(running.serve(sockets=[listener]))
    while not running.started:
        await asyncio.sleep(0.01)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # A session that vLLM has not closed would keep the server waiting.
        running.force_exit = running.should_exit = True
        await task
        # Left out by an exit that is forced, and its task would wait for ever.
        await running.lifespan.shutdown()
