"""A score with all that is needed to know what it means, as JSON."""

import datetime
import json
import pathlib
from importlib import metadata
from typing import NamedTuple

from tfgan_zoo.files import beside, json_number

_PACKAGES = ("tfgan_zoo", "tensorflow", "keras", "numpy")


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

    def __str__(self):
        low, high = self.interval
        return f"{self.metric:28} {self.value:12.5g}   [{low:.5g}, {high:.5g}]"


def write(path, results):
    """Writes results as JSON; of a metric that the file has already, the new one replaces the old."""
    path = pathlib.Path(path)
    kept = {result.metric: result for result in (read(path) if path.is_file() else [])}
    kept |= {result.metric: result for result in results}
    rows = [result._asdict() | _numbers(result, json_number) for result in kept.values()]
    with beside(path) as temporary:
        temporary.write_text(json.dumps({"results": rows}, indent=2, allow_nan=False) + "\n")


def read(path):
    """The results in a file that `write` wrote.

    Raises:
        ValueError: A file of something else.
    """
    try:
        rows = json.loads(pathlib.Path(path).read_text())["results"]
        found = [Result(**row) for row in rows]
        return [result._replace(**_numbers(result, float)) for result in found]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} holds no results of an evaluation.") from None


def _numbers(result, convert):
    """Value and interval; an infinite one, the PSNR of equal images, is the string "inf" in JSON."""
    return {"value": convert(result.value), "interval": [convert(x) for x in result.interval]}


def versions():
    """`{package: version}` of what the numbers come from."""
    return {name: metadata.version(name.replace("_", "-")) for name in _PACKAGES}


def now():
    """UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
