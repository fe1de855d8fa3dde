"""`Watermark`: embeds a mark in images, in any graph, and detects it."""

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.watermark import carriers, detection, keys

_SYMBOL_BITS = 8
_STEPS = 6  # of gradient ascent; twice as many give a score 3% higher
_SCALE = 8.0  # levels at which a carrier counts half, while it is embedded


class Watermark:
    """An invisible mark that belongs to a secret key, and carries a number.

    The sum of signs that the key draws, each times one carrier (see `carriers`), is raised by gradient
    ascent, within the noise that `psnr` allows. With bits, half of the carriers have the same signs in
    every image, and the others one of 256 patterns of signs for each 8 bits; without, all have the same.

    Example:

    ```python
    mark = tfgan_zoo.watermark.Watermark(bytes(range(32)), bits=8)  # better: read_key(file)
    marked = mark.embed(images, numbers=tf.range(len(images)))
    found = mark.detect(marked)
    print(found.p_value <= 1e-6, found.number)
    ```

    Args:
        key: Bytes, 16 or more, that nobody else knows: see `create_key` and `read_key`.
        psnr: Float from 25 to 60. Decibels of the least peak signal-to-noise ratio of a marked image
            against the same without: less is more visible, and survives more.
        bits: Int, 0, 8, 16, 24 or 32: of the number. Fewer are detected more surely; at 32x32 pixels 8
            are many.

    Raises:
        ValueError: Another value; the message does not show the key.

    References: Cox et al., "Secure Spread Spectrum Watermarking for Multimedia", 1997; Miller et al.,
    "Applying Informed Coding and Embedding to Design a Robust High-Capacity Watermark", 2004.
    """

    def __init__(self, key: bytes, psnr: float = 38.0, bits: int = 8):
        self._key = keys.checked_key(key)
        value = numbers.plain(psnr)
        if not numbers.is_number(value) or not 25 <= value <= 60:
            raise ValueError(f"psnr must be a number from 25 to 60. Received: psnr={psnr!r}.")
        if numbers.integer("bits", bits, 0, 32) % _SYMBOL_BITS:
            raise ValueError(f"bits must be 0, 8, 16, 24 or 32. Received: bits={bits!r}.")
        self.psnr, self.bits = float(value), int(bits)
        self.symbols = self.bits // _SYMBOL_BITS
        self.groups = _groups(self._key, self.symbols)
        self.table = self._table()

    def __repr__(self):
        return f"Watermark(key {self.fingerprint}, psnr={self.psnr}, bits={self.bits})"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell keys apart, and give nothing of them away."""
        return keys.fingerprint(self._key)

    def public(self) -> dict:
        """What an export writes down of it: all but the key."""
        return {"key": self.fingerprint, "psnr": self.psnr, "bits": self.bits}

    def _table(self):
        """Signs int8 `[256, COUNT]`: those of each value of the symbol that a carrier belongs to, the
        same in all rows for carriers of every image; one row without a number."""
        common = keys.signs(self._key, "common", [1, carriers.COUNT])
        if not self.symbols:
            return common
        table = keys.signs(self._key, "symbols", [2**_SYMBOL_BITS, carriers.COUNT])
        return np.where(self.groups == 0, common, table)

    def embed(self, images, numbers=None):
        """Images with the mark: a function of each image and its number alone, which any graph may hold.

        Args:
            images: Floats `[B, H, W, C]` in [-1, 1]; what lies outside is clipped, as for pixels. Of
                four channels the last, alpha, stays as it is. Images smaller than 4x4 carry nothing.
            numbers: Ints `[B]` in [0, 2**bits); None: 0. In a graph, where nothing can be raised, the
                low bits of others.

        Returns:
            float32 `[B, H, W, C]` in [-1, 1], with a PSNR of `psnr` or more against `images`.

        Raises:
            TypeError: Images that are no floats.
            ValueError: Images of another rank, or numbers of another range.
        """
        images = tf.convert_to_tensor(images)
        self._check(images, numbers)
        images = tf.clip_by_value(tf.cast(images, tf.float32), -1.0, 1.0)
        colours = images[..., :3] if images.shape[-1] == 4 else images
        levels = 127.5 * colours
        signs = self._signs_of(tf.shape(images), numbers)
        noise = tf.zeros_like(levels)
        for _ in range(_STEPS):
            noise = self._step(levels, noise, signs)
        marked = (levels + noise) / 127.5
        return marked if colours is images else tf.concat([marked, images[..., 3:]], axis=-1)

    def _check(self, images, numbers):
        if not images.dtype.is_floating:
            raise TypeError(f"Images must be floats in [-1, 1]. Received: {images.dtype.name}.")
        if images.shape.rank != 4:
            raise ValueError(f"Images must be [B, H, W, C]. Received shape {images.shape}.")
        if numbers is not None and tf.executing_eagerly():
            detection.claimed(numbers, self.bits, len(images))

    def _step(self, levels, noise, signs):
        """The noise after one step up the score's gradient, back within the image's range and `psnr`."""
        most = 255 * 10 ** (-self.psnr / 20)
        gradient = _gradient(carriers.coefficients(carriers.luma(levels + noise)), signs)
        direction = carriers.from_coefficients(gradient, tf.shape(levels)[:3])[..., None]
        step = direction * (most / 2 / (_rms(direction) + 1e-12))
        noise = tf.clip_by_value(levels + noise + step, -127.5, 127.5) - levels
        return noise * tf.minimum(1.0, most / (_rms(noise) + 1e-12))

    def _signs_of(self, shape, numbers):
        """The signs of all carriers of images, float32 `[B, H // 4, W // 4, 5]`."""
        count, side = shape[0], carriers.TILE
        numbers = tf.zeros([count], tf.int64) if numbers is None else tf.cast(numbers, tf.int64)
        symbols = [tf.zeros_like(numbers), *self._symbols_of(numbers)]
        rows = tf.gather(tf.stack(symbols, axis=1), self.groups, axis=1)  # [B, COUNT]
        places = rows * carriers.COUNT + np.arange(carriers.COUNT, dtype=np.int64)
        tile = tf.gather(tf.constant(self.table.ravel()), places)
        tile = tf.reshape(tf.cast(tile, tf.float32), [-1, side, side, carriers.WAVES])
        for axis in (1, 2):
            tile = tf.gather(tile, tf.range(shape[axis] // carriers.BLOCK) % side, axis=axis)
        return tile

    def _symbols_of(self, numbers):
        shifts = [tf.constant(_SYMBOL_BITS * i, tf.int64) for i in range(self.symbols)]
        last = 2**_SYMBOL_BITS - 1
        return [tf.bitwise.right_shift(numbers, shift) & last for shift in shifts]

    # === Detection ===

    def scores(self, images):
        """The scores of images with the number 0, as `detect` tells them of whole images, in a graph:
        the generator that is to draw the mark learns by their gradient.

        Args:
            images: Floats `[B, H, W, C]` in [-1, 1], of known height and width.

        Returns:
            float32 `[B]`.
        """
        found = carriers.folded(detection.features(127.5 * tf.cast(images, tf.float32)))
        found = tf.reshape(found, [-1, carriers.COUNT])
        lengths = tf.sqrt(tf.reduce_sum(tf.square(found), axis=1) + 1e-12)
        return tf.linalg.matvec(found, tf.constant(self.table[0], tf.float32)) / lengths

    def detect(self, images, size=None, crops=False, number=None) -> "detection.Detection":
        """Whether images have the mark, and which numbers they carry.

        The p-value is a bound, not an estimate: of all keys, a share of at most `p_value` finds as much
        in these very images, whatever they show (Bentkus and Dzindzalieta 2015: a sum of independent
        signs times weights has tails below 3.18 times the normal ones), and then times the number of
        places and numbers that were tried. It holds if nobody chose the images knowing the key.

        Args:
            images: uint8, or floats in [-1, 1], `[N, H, W, C]`.
            size: `(height, width)` that the images had when they were marked; None: that which they
                have. Images of another size are resized to it.
            crops: Whether they may be parts that were cut out, without resizing: all places are tried,
                in an image of `size`, or anywhere.
            number: Ints `[N]`, or one: numbers that the images are said to carry, in place of looking
                for the likeliest, which finds weaker marks.

        Raises:
            ValueError: Images or numbers of another shape or range.
        """
        return detection.detect(self, images, size, crops, number)

    def detect_together(self, images, size=None) -> tuple[float, float]:
        """`(p_value, score)` of images as a whole, of which all, or many, come from one marked source:
        what one is too small to show, many are not. By the signs that all images share."""
        return detection.detect_together(self, images, size)


def _groups(key, symbols):
    """Which symbol a carrier belongs to, int64 `[COUNT]`; 0 is none: half of them, or all."""
    places = keys.permutation(key, "groups", carriers.COUNT)
    if not symbols:
        return np.zeros_like(places)
    return np.where(places % 2, 1 + places // 2 % symbols, 0)


def _gradient(values, signs):
    """The gradient of the score with respect to the carriers, but for a factor of each image."""
    found = carriers.normalized(values, _SCALE)
    axes = [1, 2, 3]
    energy = tf.reduce_sum(found * found, axes, keepdims=True) + 1e-12
    share = tf.reduce_sum(signs * found, axes, keepdims=True) / energy
    return (signs - share * found) * _SCALE / (tf.abs(values) + _SCALE) ** 2


def _rms(images):
    return tf.sqrt(tf.reduce_mean(images * images, axis=[1, 2, 3], keepdims=True))
