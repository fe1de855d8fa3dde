"""The one thread in which the model computes: pictures in turn, and one long job at a time."""

import asyncio
import concurrent.futures
import secrets
import threading

from tfgan_zoo import progress

_MOST_WAITING = 8


class Busy(Exception):
    """What was asked for cannot be computed now."""


class Cancelled(Exception):
    """A job was cancelled."""


class Job:
    """A computation that lasts.

    Attributes:
        id, kind: Strings.
        state: "running", "done", "failed" or "cancelled".
        done, total: Ints: how many parts are computed.
        result: What it gave, a dictionary; None before it is done.
        error: A sentence, of a job that failed.
    """

    def __init__(self, kind):
        self.id, self.kind, self.state = secrets.token_hex(8), kind, "running"
        self.done, self.total, self.result, self.error = 0, 0, None, None
        self.is_cancelled = threading.Event()

    def advanced(self, done, total):
        """For `progress.listening`."""
        if self.is_cancelled.is_set():
            raise Cancelled
        self.done, self.total = done, total

    def shown(self):
        """What the page is told."""
        return {name: value for name, value in vars(self).items() if name != "is_cancelled"}


class Worker:
    """Runs functions in one thread. All methods are called in one event loop."""

    def __init__(self):
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="model")
        self._waiting, self.job = 0, None

    async def run(self, function):
        """What a short function returns.

        Raises:
            Busy: A job is running, or too many requests wait already.
        """
        self._refuse_beside_job()
        if self._waiting >= _MOST_WAITING:
            raise Busy("Too many pictures are asked for at once. Ask again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function)
        finally:
            self._waiting -= 1

    def start(self, kind, function):
        """Begins a job, the `Job`; the function's exceptions become its error."""
        self._refuse_beside_job()
        self.job = Job(kind)
        self._thread.submit(self._run, self.job, function)
        return self.job

    def cancel(self):
        """Ends the job after the part that is computed now."""
        if self.job is not None:
            self.job.is_cancelled.set()

    def close(self):
        self.cancel()
        self._thread.shutdown(cancel_futures=True)

    def _refuse_beside_job(self):
        if self.job is not None and self.job.state == "running":
            raise Busy(f"{self.job.kind} is running. Wait for its end, or cancel it.")

    def _run(self, job, function):
        try:
            with progress.listening(job.advanced):
                job.result = function()
            job.state = "cancelled" if job.is_cancelled.is_set() else "done"
        except Cancelled:
            job.state = "cancelled"
        except Exception as error:  # told to who asked, whatever it is
            job.error, job.state = sentence(error), "failed"


def sentence(error):
    """What an exception says to a user."""
    text = str(getattr(error, "message", None) or error).strip()
    if isinstance(error, MemoryError) or "OOM when allocating" in text:
        return "The memory of this machine is not enough."
    return text.splitlines()[0] if text else type(error).__name__
