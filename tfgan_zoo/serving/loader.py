"""Loads and unloads versions in threads: how many at once, and how often again after a failure."""

import asyncio
import concurrent.futures
import logging

from tfgan_zoo.serving.statuses import Code, StatusError, from_exception
from tfgan_zoo.trust import UntrustedModelError

LOG = logging.getLogger("tfgan_zoo.serving")
_LOOK_SECONDS = 0.5  # how often a pause looks whether the version is still wanted


class Loader:
    """Runs `load` as TensorFlow Serving's manager does.

    With no threads of its own a version is loaded after the other, and its pauses before further tries
    delay all models; with several, they delay those of one thread.

    Args:
        load: Function from a path to a warm `Servable`, called in a thread.
        retries: How often a failed load is tried again; `--max_num_load_retries`.
        interval: Seconds before that; `--load_retry_interval_micros`.
        threads: `--num_load_threads`.
        unload_threads: `--num_unload_threads`.
    """

    def __init__(self, load, retries=5, interval=60.0, threads=0, unload_threads=0):
        self._load, self._retries, self._interval = load, retries, interval
        self._free = asyncio.Semaphore(max(threads, 1))
        self._pool = concurrent.futures.ThreadPoolExecutor(max(threads, 1), "load")
        self._unloads = concurrent.futures.ThreadPoolExecutor(max(unload_threads, 1), "unload")

    async def load(self, path, begin, is_wanted):
        """The servable at a path.

        Args:
            path: Of the version.
            begin: Called when its turn has come.
            is_wanted: Function that tells whether to go on.

        Raises:
            StatusError: What the last try said; CANCELLED where it was not wanted any more before one.
        """
        async with self._free:
            begin()
            error = StatusError(Code.CANCELLED, f"{path} is not to be loaded any more")
            for attempt in range(self._retries + 1):
                if attempt:
                    await self._pause(is_wanted)
                if not is_wanted():
                    break
                try:
                    loop = asyncio.get_running_loop()
                    return await loop.run_in_executor(self._pool, self._load, path)
                except UntrustedModelError as raised:  # which a second look will not change
                    LOG.error("%s", raised)
                    raise from_exception(raised) from None
                except Exception as raised:
                    error = from_exception(raised)
                    left = self._retries - attempt
                    LOG.error("Loading %s failed: %s; it is tried %d times more", path, error, left)
            raise error

    async def _pause(self, is_wanted):
        end = asyncio.get_running_loop().time() + self._interval
        while is_wanted() and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, _LOOK_SECONDS))

    async def unload(self, servable):
        """Closes a servable."""
        await asyncio.get_running_loop().run_in_executor(self._unloads, servable.close)

    def close(self):
        """Waits for nothing."""
        for pool in (self._pool, self._unloads):
            pool.shutdown(wait=False, cancel_futures=True)
