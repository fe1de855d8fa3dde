"""What one request may ask for, so that no client takes memory and time from all others."""

from typing import NamedTuple

from tfgan_zoo.serving.statuses import invalid


class Limits(NamedTuple):
    """The flags of the same names; see `flags.py`."""

    max_body_bytes: int = 32 << 20
    max_json_values: int = 2 << 20
    max_tensor_elements: int = 8 << 20
    max_strings: int = 1 << 17
    max_rows: int = 256

    def check(self, flag, count, what):
        """Refuses a count above one of the limits.

        Raises:
            StatusError: INVALID_ARGUMENT, naming the flag.
        """
        allowed = getattr(self, flag)
        if count > allowed:
            raise invalid(f"{what}: {count}; this server takes {allowed} at most (--{flag}).")


DEFAULTS = Limits()
UNLIMITED = Limits(*[2**31] * len(Limits._fields))


def from_flags(parsed):
    """The `Limits` in what `flags.parse` gives."""
    return Limits(*(getattr(parsed, name) for name in Limits._fields))
