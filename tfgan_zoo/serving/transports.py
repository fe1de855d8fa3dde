"""Which protocol a client's calls take, by the form of the address."""

import asyncio
import re
import threading

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving.client_grpc import Grpc
from tfgan_zoo.serving.client_rest import Rest

with needed_by("The client"):
    import httpx

_HOST_AND_PORT = re.compile(
    r"(dns:///|ipv4:|ipv6:)?(\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]]+):\d{1,5}|(unix|xds):\S+"
)


def transport(target, credentials=None, verify=True, max_answer_bytes=1 << 26):
    """`Rest` for a URL, else `Grpc`.

    Raises:
        ValueError: No address, or options of the other protocol.
    """
    if not isinstance(target, str):
        raise ValueError(f"target must be 'host:port' or a URL. Received: {target!r}.")
    scheme, separator, _ = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        if credentials is not None:
            raise ValueError("credentials are for gRPC; a URL takes verify. Received both.")
        return Rest(_checked_url(target), verify, max_answer_bytes)
    if verify is not True:
        raise ValueError(f"verify is for https URLs; gRPC takes credentials. Received: {verify!r}.")
    if not _HOST_AND_PORT.fullmatch(target):
        raise ValueError(
            "target must be 'host:port' for gRPC, such as 'localhost:8500' or '[::1]:8500', or "
            f"'http://host:port' for REST. Received: {target!r}."
        )
    return Grpc(target, credentials, max_answer_bytes)


def _checked_url(target):
    try:
        url = httpx.URL(target)
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError(f"target is no URL: {error}. Received: {target!r}.") from None
    if not url.host or url.query or url.fragment or "/v1/models" in url.path:
        raise ValueError(
            "target must be the server's address alone, such as 'http://localhost:8501' or "
            f"'https://host/prefix'. Received: {target!r}."
        )
    return url


class LoopThread:
    """An event loop in a thread of its own, so that blocking code can call coroutines."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine):
        """Waits for a coroutine's result."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
