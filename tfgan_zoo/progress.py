"""Lines about work that lasts, for the command line: silent until `show` names a stream."""

import contextlib
import contextvars
import threading
import time

FIRST, EVERY = 3.0, 30.0  # seconds before the first line, and between those that follow
_stream = None
_listener = contextvars.ContextVar("listener", default=None)


def show(stream):
    """Writes the lines to this text stream from now on; None for silence."""
    global _stream
    _stream = stream


def say(line):
    """Writes a line at once."""
    if _stream is not None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads, or the stream is closed
            print(line, file=_stream, flush=True)


def advanced(done, total):
    """Tells how far a long computation is, `done` parts of `total`, to whom `listening` named."""
    if (listener := _listener.get()) is not None:
        listener(done, total)


@contextlib.contextmanager
def listening(listener):
    """Calls `listener(done, total)` while the body computes, in its thread; what it raises ends that."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def doing(what, state=None):
    """Says what the body does, if it takes more than 3 seconds, and again every 30 seconds.

    Args:
        what: Such as "Building the model".
        state: Function without arguments whose text is added, such as "640 of 10,000"; or None.
    """
    if _stream is None:
        yield
        return
    is_done, stream = threading.Event(), _stream
    teller = threading.Thread(target=_tell, args=(stream, what, state, is_done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        is_done.set()
        teller.join()


def _tell(stream, what, state, is_done):
    begun, wait = time.monotonic(), FIRST
    while not is_done.wait(wait):
        since = f" ({time.monotonic() - begun:.0f} s)" if wait == EVERY else ""
        done = f" {state()}" if state else ""
        with contextlib.suppress(OSError, ValueError):  # nobody reads, or the stream is closed
            print(f"{what}{done} …{since}", file=stream, flush=True)
        wait = EVERY
