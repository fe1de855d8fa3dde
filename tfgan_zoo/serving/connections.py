"""REST connections: how many there may be, and how long they may take to send."""

import collections
import logging
import resource
import socket

from tfgan_zoo.extras import needed_by

with needed_by("The embedded server"):
    from aiohttp import web
    from aiohttp.http_exceptions import HttpProcessingError


LOG = logging.getLogger("tfgan_zoo.serving")
_RESERVED = 256  # descriptors for files, gRPC and what TensorFlow opens
_LINGER_SECONDS = 2  # for the rest of a body that was refused


class Server(web.Server):
    """An `aiohttp.web.Server` with a limit on connections.

    A connection waits while it sends headers or a body, or is idle. Where all places are taken, that
    which has waited longest is closed for the new one, so that unfinished ones never take all.

    Args:
        handler: Coroutine function from a request to a response.
        flags: What `flags.parse` gives.
    """

    def __init__(self, handler, flags):
        super().__init__(
            handler,
            handler_cancellation=True,  # what nobody waits for any more is not run
            access_log=None,
            logger=_log(),
            auto_decompress=False,
            keepalive_timeout=flags.idle_timeout_seconds,
            lingering_time=_LINGER_SECONDS,
        )
        self._timeout = flags.idle_timeout_seconds
        self._most = connection_limit(flags.max_connections)
        self._open, self._waiting = 0, collections.OrderedDict()

    def connection_made(self, handler, transport):
        super().connection_made(handler, transport)
        self._open += 1
        _drop_when_unread(transport.get_extra_info("socket"), self._timeout)
        self.is_waiting(handler)
        if self._open > self._most:
            oldest, _ = self._waiting.popitem(last=False)
            oldest.force_close()

    def connection_lost(self, handler, exc=None):
        super().connection_lost(handler, exc)
        self._open -= 1
        self._waiting.pop(handler, None)

    def is_waiting(self, handler):
        """Notes that a connection waits for its client, unless it has gone."""
        if handler.transport is not None:
            self._waiting[handler] = True

    def is_answered(self, handler):
        """Notes that a connection's request is complete and under way."""
        self._waiting.pop(handler, None)


def _log():
    """aiohttp's log, in which a client's malformed request is one line and no traceback."""
    log = logging.getLogger("tfgan_zoo.serving.http")
    log.addFilter(_without_traceback)
    return log


def _without_traceback(record):
    error = record.exc_info and record.exc_info[1]
    if isinstance(error, HttpProcessingError):
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
    return True


def _drop_when_unread(connection, seconds):
    """Has the kernel close a connection whose client does not take its answer."""
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1e3))


def connection_limit(wanted):
    """How many connections there may be, with as many descriptors as the system gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 2 * wanted + _RESERVED  # REST and gRPC have as many each
    if soft != resource.RLIM_INFINITY and soft < enough:
        soft = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft < enough:
            fewer = max((soft - _RESERVED) // 2, 16)
            LOG.warning("%d descriptors are too few for %d connections: %d", soft, wanted, fewer)
            return fewer
    return wanted
