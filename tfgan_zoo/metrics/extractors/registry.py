"""The table of extractors, and what is done to images before they reach one."""

import functools
import hashlib
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo.metrics.extractors import (
    efficientnet_lite0,
    inception_v3,
    lenet,
    lpips,
    resnet,
    torch_weights,
)

_WEIGHTS = pathlib.Path(__file__).parent / "weights"


class Row(NamedTuple):
    """What makes an extractor.

    Attributes:
        load: Makes a Keras model from float images `[B, *size, channels]` to features `[B, D]`, or to
            features and logits `[B, K]`.
        image_shape: `(height, width, channels)` that the model takes.
        normalize: From floats in [0, 255] to what the model takes.
        resize: "bicubic, antialiased" (as clean-fid: in float, clipped, not rounded), or the name of
            another way together with its function.
    """

    load: Callable
    image_shape: tuple
    normalize: Callable
    resize: str = "bicubic, antialiased"
    resizer: Callable | None = None


class Extractor:
    """From uint8 images `[B, H, W, C]` to features `[B, D]` and probabilities `[B, K]`, float32.

    Attributes:
        name: Of the table.
        resize: How images of another size are resized, in words.
        digest: SHA-256 of the weights, hexadecimal.
        num_classes: Int K, or None for a model without classes.
    """

    def __init__(self, name, row):
        self.name, self.resize, self._row = name, row.resize, row
        with torch_weights.float32():  # whatever policy the generator was made under
            self.model = row.load()
        self.num_classes = self.model.outputs[1].shape[-1] if len(self.model.outputs) > 1 else None
        self._strategy = tf.distribute.get_strategy()
        # On a CPU XLA has no good kernel for depthwise convolutions: EfficientNet-Lite0 reads 3 images
        # a second with it, and 90 without (2 cores).
        jit_compile = bool(tf.config.list_physical_devices("GPU"))
        self._features = tf.function(self._run, jit_compile=jit_compile)
        self._distance = tf.function(self.between, jit_compile=jit_compile)

    @functools.cached_property
    def digest(self):
        return _digest(self.model)

    def __call__(self, images):
        """`(features, probabilities)` as arrays; probabilities are None for a model without classes.

        Raises:
            ValueError: Images that are not uint8 `[B, H, W, 1 or 3]`, or colour for a grey extractor.
        """
        self._check(images)
        replicas = self._strategy.num_replicas_in_sync
        run = self._features if replicas == 1 else self._on_replicas
        features, probabilities = run(images)
        return np.asarray(features), None if probabilities is None else np.asarray(probabilities)

    def _on_replicas(self, images):
        """The same from equal pieces, for which the last image is repeated as often as is needed."""
        replicas, count = self._strategy.num_replicas_in_sync, len(images)
        rows = np.minimum(np.arange(-(-count // replicas) * replicas), count - 1)
        pieces = images[rows].reshape(replicas, -1, *images.shape[1:])
        values = self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(pieces[context.replica_id_in_sync_group])
        )
        found = self._strategy.run(self._features, (values,))
        columns = [self._strategy.experimental_local_results(column) for column in found]
        return [None if c[0] is None else np.concatenate(c)[:count] for c in columns]

    def _check(self, images):
        channels = self._row.image_shape[-1]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, channels):
            raise ValueError(
                f"{self.name} takes uint8 images [B, H, W, {channels}]"
                f"{' or of one channel' if channels > 1 else ''}, not {images.dtype} {images.shape}."
            )

    def _run(self, images):
        return self.from_floats(tf.cast(images, tf.float32))

    def from_floats(self, images):
        """The same for a float32 tensor in [0, 255], as tensors."""
        height, width, channels = self._row.image_shape
        if images.shape[-1] < channels:
            images = tf.repeat(images, channels, axis=-1)
        resizer = self._row.resizer or functools.partial(resize, size=(height, width))
        found = self.model(self._row.normalize(resizer(images)), training=False)
        if self.num_classes is None:
            return tf.cast(found, tf.float32), None
        return tf.cast(found[0], tf.float32), tf.nn.softmax(tf.cast(found[1], tf.float32))

    def distance(self, images, others):
        """Squared distance of the features, scaled to length 1, of float32 images in [0, 255]: `[B]`."""
        return self._distance(images, others).numpy()

    def between(self, images, others):
        """The same as `distance`, as a tensor with gradients."""
        units = (tf.math.l2_normalize(self.from_floats(x)[0], axis=1) for x in (images, others))
        return tf.reduce_sum(tf.math.squared_difference(*units), axis=1)


class Lpips:
    """The learned perceptual distance; attributes as those of `Extractor`."""

    name, resize = "lpips", "none"

    def __init__(self):
        self.model = lpips.load()
        self._distance = tf.function(self.between)

    @functools.cached_property
    def digest(self):
        return _digest(self.model)

    def distance(self, images, others):
        """Distances of float32 RGB images in [0, 255], `[B]`."""
        return self._distance(images, others).numpy()

    def between(self, images, others):
        """The same as `distance`, as a tensor with gradients."""
        return self.model([x / 127.5 - 1 for x in (images, others)], training=False)


def _digest(model):
    found = hashlib.sha256()
    for array in model.get_weights():
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def resize(images, size):
    """Floats in [0, 255] `[B, H, W, C]` at `size`: bicubic, antialiased, as PIL does it on floats."""
    if tuple(images.shape[1:3]) == tuple(size):
        return images
    down, right = (
        _weights(before, after) for before, after in zip(images.shape[1:3], size, strict=True)
    )
    # Two matrix products are many times faster than tf.image.resize, and run under XLA. The one that
    # makes the large images comes last, in an order that needs no transposition of them.
    wide = tf.einsum("bhwc,Ww->bhWc", images, right)
    rows = tf.reshape(wide, [-1, images.shape[1], size[1] * images.shape[-1]])
    images = tf.reshape(tf.matmul(down, rows), [-1, *size, images.shape[-1]])
    return tf.clip_by_value(images, 0.0, 255.0)


@functools.cache
def _weights(before, after):
    """What each of `after` pixels takes of each of `before` ones, float32 `[after, before]`."""
    with tf.init_scope():  # an array, whether or not it is first asked for within a graph
        rows = tf.image.resize(
            tf.eye(before)[..., None], [after, before], "bicubic", antialias=True
        )
        return rows[..., 0].numpy()


def _shipped(name, network, image_shape):
    def load():
        model = network(image_shape, 10, name)
        model.load_weights(_WEIGHTS / f"{name}.weights.h5")
        return model

    return Row(load, image_shape, lambda images: images / 127.5 - 1)


_rows = {
    "inception_v3": Row(lambda: inception_v3.load(None), (299, 299, 3), inception_v3.normalize),
    "inception_v3_legacy": Row(
        lambda: inception_v3.load(None),
        (299, 299, 3),
        inception_v3.normalize,
        "bilinear as in TensorFlow 1, not antialiased",
        inception_v3.resize_legacy,
    ),
    "efficientnet_lite0": Row(efficientnet_lite0.load, (224, 224, 3), efficientnet_lite0.normalize),
    "lenet_mnist": _shipped("lenet_mnist", lenet.network, (28, 28, 1)),
    "lenet_fashion_mnist": _shipped("lenet_fashion_mnist", lenet.network, (28, 28, 1)),
    "resnet_cifar10": _shipped("resnet_cifar10", resnet.network, (32, 32, 3)),
}


def register(name, model, image_shape, normalize=lambda images: images / 127.5 - 1):
    """Adds a Keras model as an extractor, for metrics such as `fd10k_<name>`.

    Args:
        name: Lower case, not taken yet.
        model: From floats `[B, *image_shape]` to features `[B, D]`, or to `[features, logits]`.
        image_shape: `(height, width, channels)`; images of another size are resized.
        normalize: From floats in [0, 255] to what the model takes; by default to [-1, 1].

    Raises:
        ValueError: The name is taken.
    """
    if name in _rows:
        raise ValueError(f"An extractor named {name!r} is registered already.")
    _rows[name] = Row(lambda: model, tuple(image_shape), normalize)


def names():
    """The names of all extractors."""
    return list(_rows)


def get(name):
    """The `Extractor` of that name, or `Lpips`, made once for each `tf.distribute` strategy in scope.

    Raises:
        ValueError: An unknown name.
        FileNotFoundError: Its weights are not here; the message says where they can be had.
    """
    if name not in _rows and name != Lpips.name:
        raise ValueError(f"There is no extractor {name!r}. There are: {', '.join(_rows)}.")
    return _made(name, tf.distribute.get_strategy())


@functools.cache
def _made(name, strategy):
    del strategy  # in scope, and with it all variables that are made here
    return Lpips() if name == Lpips.name else Extractor(name, _rows[name])
