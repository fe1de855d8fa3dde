"""PNG files from a server, whose size and kind are checked by their headers before they are decoded."""

import io
import struct

import numpy as np
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}  # PNG's colour types -> Pillow's modes
MAX_PIXELS = 1 << 25  # 5,792 x 5,792; at 4 channels 128 MiB


def decode(content, max_pixels=MAX_PIXELS):
    """The pixels of a PNG file.

    Args:
        content: Bytes of the file.
        max_pixels: Int. Larger images are refused before they are decoded.

    Returns:
        uint8 `[H, W, C]`; C is 1 to 4.

    Raises:
        ValueError: No PNG file, one that is damaged, or not of 8 bits and 1 to 4 channels.
    """
    mode = _checked(content, max_pixels)
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            pixels = np.asarray(image)
            found = image.mode
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error and others
        raise ValueError(f"a damaged PNG file of {len(content)} bytes: {error}") from None
    if found != mode:
        raise ValueError(f"a PNG file of mode {found}, where {mode} was announced")
    return pixels.reshape(*pixels.shape[:2], -1)


def encode(pixels):
    """The PNG file, bytes, of uint8 pixels `[H, W, C]`; C is 1 to 4."""
    file, grey = io.BytesIO(), pixels.shape[-1] == 1
    Image.fromarray(pixels[..., 0] if grey else pixels).save(file, "PNG")
    return file.getvalue()


def _checked(content, max_pixels):
    """Pillow's mode for a file whose header is in order."""
    if not isinstance(content, bytes) or not content.startswith(_SIGNATURE):
        raise ValueError(f"no PNG file; it begins with {content[:8]!r}")
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise ValueError(f"a PNG file of {len(content)} bytes without a header")
    width, height, depth, colour = struct.unpack(">IIBB", content[16:26])
    if not 0 < width * height <= max_pixels:
        raise ValueError(f"a PNG file of {width} x {height} pixels; {max_pixels} are allowed")
    if depth != 8 or colour not in _MODES:
        raise ValueError(
            f"a PNG file of {depth} bits and colour type {colour}, not of 8 bits with 1 to 4 channels"
        )
    return _MODES[colour]
