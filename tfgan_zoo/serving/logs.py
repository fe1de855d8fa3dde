"""The server's log: to standard error, and so many lines a second at most, whatever clients send."""

import logging

_PER_SECOND = 20


def start():
    """Sends records of level INFO and above to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname).1s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(RateLimit())


class RateLimit(logging.Filter):
    """Lets so many records through in a second, and tells how many were left out."""

    def __init__(self, per_second=_PER_SECOND):
        super().__init__()
        self._most, self._second, self._count = per_second, None, 0

    def filter(self, record):
        if int(record.created) != self._second:
            left_out = self._count - self._most
            self._second, self._count = int(record.created), 0
            if left_out > 0:
                record.msg = f"({left_out} messages before this one were left out) {record.msg}"
        self._count += 1
        return self._count <= self._most
