"""A score with all that is needed to know what it means, as JSON."""

import datetime
import os
from collections.abc import Sequence
from typing import NamedTuple

from tfgan_zoo.files import json_number, local, read_json, told, write_json
from tfgan_zoo.locks import Lock

_WAIT = 60.0  # seconds, for another process that adds its results


class Result(NamedTuple):
    """One score.

    Attributes:
        metric: Name that fixes the protocol, such as "fd10k_effnet".
        value: Float.
        interval: `[low, high]`, the 95 % interval; what varies is which images the generator draws, not
            its training.
        details: Further numbers by name.
        better: "lower", "higher" or "near".
        protocol: Dictionary: measure, counts, extractor and its digest, resizing, split, seed, …
        images: Dictionary: what was scored, its kind, digests of its weights and of its images.
        reference: The same of the real images, or None.
        versions: `{package: version}`.
        time: UTC, ISO 8601.
        seconds: Float: how long it took; scores from one pass over the images share it.
    """

    metric: str
    value: float
    interval: list
    details: dict
    better: str
    protocol: dict
    images: dict
    reference: dict | None
    versions: dict
    time: str
    seconds: float

    def numbers(self):
        """Value and interval for JSON; an infinite one, the PSNR of equal images, is "inf" there."""
        bounds = [json_number(bound) for bound in self.interval]
        return {"value": json_number(self.value), "interval": bounds}

    def __str__(self):
        low, high = self.interval
        return f"{self.metric:28} {self.value:12.5g}   [{low:.5g}, {high:.5g}]"


def write(path: str | os.PathLike, results: Sequence[Result]) -> None:
    """Writes results as JSON; of a metric that the file has already, the new one replaces the old."""
    path = local(path)
    with told(path), Lock(path.with_name(f".{path.name}.lock"), f"{path}", wait=_WAIT):
        kept = {result.metric: result for result in (read(path) if path.exists() else [])}
        kept |= {result.metric: result for result in results}
        rows = [result._asdict() | result.numbers() for result in kept.values()]
        write_json(path, {"results": rows}, allow_nan=False)


def read(path: str | os.PathLike) -> list[Result]:
    """The results in a file that `write` wrote.

    Raises:
        ValueError: A damaged file, or one of something else.
    """
    path = local(path)
    try:
        rows = read_json(path, keys={"results": list})["results"]
        found = [Result(**row) for row in rows]
        return [
            result._replace(value=float(result.value), interval=[*map(float, result.interval)])
            for result in found
        ]
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path} holds no results of an evaluation, or they are damaged. Write to another file, or "
            "remove this one."
        ) from None


def now():
    """UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
