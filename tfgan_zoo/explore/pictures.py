"""Pictures that a user uploads, and what is made of them: bounded in number and size, never files."""

import collections
import hashlib
import io

import numpy as np
from PIL import Image

MAX_BYTES = 10 * 2**20
MAX_PIXELS = 2**22
_KEPT_UPLOADS, _KEPT_RESULTS = 4, 16


class Kept(collections.OrderedDict):
    """The last values that were put in or asked for, by keys of 16 hexadecimal digits."""

    def __init__(self, most, what):
        super().__init__()
        self._most, self._what = most, what

    def put(self, value, *parts):
        """Keeps a value under a key that is a function of the parts, which is returned."""
        whole = b"".join(len(part).to_bytes(8) + part for part in map(_bytes, parts))
        key = hashlib.sha256(whole).hexdigest()[:16]
        self[key] = value
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)
        return key

    def get_kept(self, key):
        """The value of a key.

        Raises:
            ValueError: It is not kept, or not any more.
        """
        if key not in self:
            raise ValueError(f"{self._what} is not kept any more. Choose the picture again.")
        self.move_to_end(key)
        return self[key]


def _bytes(part):
    return part if isinstance(part, bytes) else str(part).encode()


def uploads():
    return Kept(_KEPT_UPLOADS, "This picture")


def results():
    return Kept(_KEPT_RESULTS, "What was made of this picture")


def checked(contents):
    """Width and height of an image file, read by its header; within the bounds, and a known format.

    Raises:
        ValueError: Anything else.
    """
    from tfgan_zoo.datasets import decoding

    if not contents:
        raise ValueError("The picture is empty.")
    reading = decoding.Reading(None, 3, MAX_PIXELS, is_still=True)
    found = decoding.read_bytes(contents, reading)
    height, width = found.size
    return width, height


def pixels(contents, channels, size=None):
    """uint8 `[H, W, channels]` of an image file, as the commands read it."""
    from tfgan_zoo.datasets import decoding

    return decoding.read_bytes(contents, decoding.Reading(size, channels, MAX_PIXELS)).pixels


def png(image):
    """A PNG file of uint8 `[H, W, 1 to 4]`."""
    if image.shape[-1] > 4:
        raise ValueError(f"A PNG file has 1 to 4 channels. Received: {image.shape[-1]}.")
    made, file = (
        Image.fromarray(np.squeeze(image, -1) if image.shape[-1] == 1 else image),
        io.BytesIO(),
    )
    made.save(file, "PNG")
    return file.getvalue()
