"""Metrics by name. A name such as `fd10k_effnet_test` fixes what is measured, on what, and how.

It is made of a measure, the number of images (of generated ones, and of real ones if there are as
many), the extractor where one is needed (none stands for the Inception network of 2015), and the split
of the real images, "train" unless the name ends in "_test". Whatever the name, images are not
mirrored, come from the moving average of the generator in float32, number i from the seed (of the
evaluation) + i with the label i modulo the number of classes, and are rounded to uint8.
"""

import difflib
import re
from typing import NamedTuple

from tfgan_zoo.metrics import extractors
from tfgan_zoo.metrics.measures import MEASURES

_SHORT = {"effnet": "efficientnet_lite0", "legacy": "inception_v3_legacy", None: "inception_v3"}
_OF_INCEPTION = {"fid": "fd", "kid": "kd", "fid_infinity": "fd_infinity"}


class Protocol(NamedTuple):
    """What a metric's name stands for."""

    name: str
    measure: str
    count: int
    extractor: str | None
    split: str


def parse(name):
    """The `Protocol` of a metric's name, such as `fid50k`, `fd10k_effnet` or `swd2k_test`.

    Raises:
        ValueError: An unknown name; near ones are listed. Or fewer images than its measure needs.
    """
    match = re.fullmatch(r"([a-z_]+?)(\d+)(k?)(?:_(?!test$)([a-z]\w*?))?(_test)?", name)
    measure, suffix = (match[1], match[4]) if match else (None, None)
    known = {*MEASURES, *_OF_INCEPTION}
    if measure not in known or not _fits(measure, suffix):
        raise ValueError(_unknown(name, measure, known))
    row = _OF_INCEPTION.get(measure, measure)
    extractor = _SHORT.get(suffix, suffix) if MEASURES[row].has_extractor else None
    count = int(match[2]) * (1000 if match[3] else 1)
    if count < (least := MEASURES[row].least):
        raise ValueError(
            f"{name} would be measured on {count} images, and {measure} needs {least} or more: write "
            f"{measure}{least}… or a larger number."
        )
    return Protocol(name, row, count, extractor, "test" if match[5] else "train")


def _fits(measure, suffix):
    if measure in _OF_INCEPTION:
        return suffix in (None, "legacy")
    if not MEASURES[measure].has_extractor:
        return suffix is None
    allowed = {*extractors.names(), *_SHORT, *(("lpips",) if measure == "ppl" else ())}
    return suffix in allowed and not (suffix is None and measure in ("fd", "fd_infinity", "kd"))


def _unknown(name, measure, known):
    examples = ["fid50k", "kid50k", "fd10k_effnet", "fd10k_lenet_mnist", "precision10k_effnet"]
    matches = difflib.get_close_matches(name, examples, n=2)
    hint = f" Did you mean {' or '.join(matches)}?" if matches else ""
    return (
        f"There is no metric {name!r}.{hint} A name is a measure ({', '.join(sorted(known))}), a number "
        f"of images and an extractor ({', '.join([*filter(None, _SHORT), *extractors.names()])}), as in "
        "fd10k_effnet; fid and kid, and none of the measures of pixels, take no extractor."
    )
