"""One asyncio loop for everything that talks to the scripted server."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

T = TypeVar("T")


class EventLoopThread:
    """An event loop in a thread of its own.

    vLLM's renderer keeps tasks on the loop that used it first, so all servers of a
    process share one loop. As it runs in its own thread, blocking SDK clients and
    Hypothesis (which is not asynchronous) can be used from the main thread.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="harness-loop", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `coroutine` on the loop and return its result.

        Raises:
            TimeoutError: `timeout` seconds were not enough; the coroutine is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            # Also on KeyboardInterrupt and on a test's own timeout: a coroutine left
            # behind would go on using the server under the next test.
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what is left, stop the loop and wait for its thread."""

        async def cancel_all() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        with contextlib.suppress(TimeoutError, CancelledError):
            self.run(cancel_all(), timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
