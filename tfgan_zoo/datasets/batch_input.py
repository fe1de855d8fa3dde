"""What a model says of a tensor that it reads of its data."""

from typing import NamedTuple


class BatchInput(NamedTuple):
    """A tensor beside images and labels that a model reads of its data: see `GAN.batch_inputs`.

    Attributes:
        shape: Of one image's value: () for a number, (28, 28, 1) for a mask.
        dtype: "float32", "int32", "bool" or another; integers are taken for floats too.
        low, high: The least and the greatest value, or None. Floats must be finite.
        meaning: What it is, for messages.
        is_image: Whether they are images in [-1, 1]. These must be floats, and are refused, as `fit`'s
            images are, where they look like such in [0, 1].
    """

    shape: tuple = ()
    dtype: str = "float32"
    low: float | None = None
    high: float | None = None
    meaning: str = ""
    is_image: bool = False
