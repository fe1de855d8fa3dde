"""From the bytes of an image file to pixels, in a graph that any server runs."""

import tensorflow as tf

from tfgan_zoo.datasets.images import to_channels

_HEAD, _TAIL = (
    65_536,
    4096,
)  # bytes that are looked at: EXIF stands in the first, an end in the last
_LITTLE, _BIG = (0x12, 0x01, 0x03, 0x00, 0x01, 0, 0, 0), (0x01, 0x12, 0x00, 0x03, 0, 0, 0, 0x01)


def picture(contents, channels, max_pixels):
    """A picture, and whether it may be decoded: known by its header, whole, and of few enough pixels.

    JPEG, PNG, BMP of 24 bits and GIF of one frame are read, upright by their EXIF orientation. WebP is
    not, since an animated one ends a process of TensorFlow, and animations are not, whose frames would
    all be decoded; BMPs with a palette or with alpha and transparent GIFs are not, whose colours
    TensorFlow would take for others. The bytes reach a decoder only where their first ones are those of
    its format.

    Args:
        contents: Scalar string.
        channels: Int.
        max_pixels: Int.

    Returns:
        A bool scalar, and a function that decodes it: float32 `[H, W, channels]` in [-1, 1].
    """
    head = _bytes(tf.strings.substr(contents, 0, 34), 34)
    kinds = {
        "png": _starts(head, b"\x89PNG\r\n\x1a\n"),
        "jpeg": _starts(head, b"\xff\xd8\xff"),
        "gif": _starts(head, b"GIF8"),
        # The header of Windows 3 or a later one, 24 bits a pixel, not compressed.
        "bmp": _starts(head, b"BM")
        & (_number(head[14:18]) >= 40)
        & (_number(head[28:30]) == 24)
        & (_number(head[30:34]) == 0),
    }
    pixels = {
        "png": lambda: _number(head[16:20][::-1]) * _number(head[20:24][::-1]),
        "gif": lambda: _number(head[6:8]) * _number(head[8:10]),
        "bmp": lambda: _number(head[18:22]) * tf.abs(_signed(_number(head[22:26]))),
    }
    known = tf.reduce_any(tf.stack(list(kinds.values())))
    count = tf.constant(0, tf.int64)
    for kind, size in pixels.items():
        count = tf.where(kinds[kind], size(), count)
    whole = _is_whole(contents, kinds)
    count = tf.cond(kinds["jpeg"] & whole, lambda: _pixels_of_jpeg(contents), lambda: count)
    fits = known & whole & (count > 0) & (count <= max_pixels)

    def decoded():
        bmp, png = (lambda: tf.io.decode_bmp(contents)), (lambda: tf.io.decode_png(contents))
        image = tf.cast(tf.cond(kinds["bmp"], bmp, png), tf.float32)  # which reads JPEG and GIF too
        image = tf.ensure_shape(image, [None, None, None])
        image = tf.round(to_channels(image, channels)) / 127.5 - 1
        return tf.cond(
            kinds["jpeg"] | kinds["png"], lambda: _upright(image, contents), lambda: image
        )

    return fits, decoded


def _pixels_of_jpeg(contents):
    return tf.reduce_prod(tf.cast(tf.image.extract_jpeg_shape(contents)[:2], tf.int64))


def _bytes(contents, length):
    """The bytes of a string as int64 `[length]`, zeros behind its end."""
    found = tf.cast(tf.io.decode_raw(contents, tf.uint8), tf.int64)[:length]
    return tf.ensure_shape(tf.pad(found, [[0, length - tf.size(found)]]), [length])


def _starts(head, magic):
    return tf.reduce_all(head[: len(magic)] == tf.constant(list(magic), tf.int64))


def _number(numbers):
    """A number of bytes, the lowest first."""
    return tf.reduce_sum(numbers * tf.constant([256**i for i in range(numbers.shape[0])], tf.int64))


def _signed(number):
    return tf.where(number >= 2**31, number - 2**32, number)


def _is_whole(contents, kinds):
    """Whether the end of a PNG or JPEG is there, and a GIF has one frame without transparency: else
    decoding would fail the whole request, or show what is not to be seen."""
    length = tf.strings.length(contents)
    start = tf.maximum(length - _TAIL, 0)
    tail = tf.io.decode_raw(tf.strings.substr(contents, start, length - start), tf.uint8)
    has_end = {"png": _holds(tail, b"IEND"), "jpeg": _holds(tail, b"\xff\xd9")}
    bad = [kinds[kind] & ~found for kind, found in has_end.items()]
    is_plain = tf.cond(kinds["gif"], lambda: _is_plain(contents), lambda: tf.constant(True))
    return ~tf.reduce_any(tf.stack([*bad, ~is_plain]))


def _is_plain(contents):
    """Whether a GIF has one frame, none of it transparent: by its graphic control extensions, of which
    each frame but a lonely one has one, and whose first bit says so."""
    data = tf.io.decode_raw(contents, tf.uint8)
    extensions = _matches(data, b"\x21\xf9\x04")
    flags = tf.pad(data, [[0, 1]])[3:][: tf.size(extensions)]
    is_transparent = tf.reduce_any(extensions & (flags % 2 == 1))
    return (tf.math.count_nonzero(extensions) < 2) & ~is_transparent


def _holds(data, pattern):
    return tf.reduce_any(_matches(data, pattern))


def _matches(data, pattern):
    """At which places of uint8 data a pattern stands, bools."""
    count = tf.maximum(tf.size(data) - len(pattern) + 1, 0)
    parts = [data[i : i + count] == tf.constant(byte, tf.uint8) for i, byte in enumerate(pattern)]
    return tf.reduce_all(tf.stack(parts), axis=0)


# === Orientation ===


def _upright(image, contents):
    """The image as it is to be seen, by the orientation that EXIF has; 1 where there is none."""
    head = tf.io.decode_raw(tf.strings.substr(contents, 0, _HEAD), tf.uint8, fixed_length=None)
    has_exif = _holds(head, b"Exif\0\0") | _holds(head, b"eXIf")  # of JPEG, and of PNG
    orientation = tf.cond(has_exif, lambda: _orientation(head), lambda: 1)
    turned = tf.cond(orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    upside = tf.reduce_any(orientation == tf.constant([3, 4, 7, 8]))
    mirrored = tf.reduce_any(orientation == tf.constant([2, 3, 6, 7]))
    turned = tf.cond(upside, lambda: turned[::-1], lambda: turned)
    return tf.cond(mirrored, lambda: turned[:, ::-1], lambda: turned)


def _orientation(head):
    """The value of the first tag 0x0112 of type SHORT, 1 to 8, in the bytes of an EXIF segment."""
    padded = tf.concat([head, tf.zeros([16], tf.uint8)], axis=0)
    found = tf.constant(1)
    for pattern, offset in ((_LITTLE, 8), (_BIG, 9)):
        places = tf.where(_matches(head, pattern))
        value = tf.cond(
            tf.size(places) > 0,
            lambda places=places, offset=offset: tf.cast(padded[places[0, 0] + offset], tf.int32),
            lambda: 1,
        )
        found = tf.where((value >= 2) & (value <= 8), value, found)
    return found
