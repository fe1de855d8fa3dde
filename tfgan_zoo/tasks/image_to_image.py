"""The base of every model that turns a picture into a picture."""

import functools
import os

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.datasets.batch_input import BatchInput
from tfgan_zoo.engine import construction
from tfgan_zoo.engine.players import Player
from tfgan_zoo.layers import Rng, reflected_to_multiple
from tfgan_zoo.tasks import pictures, tiling
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.model import ZooModel
from tfgan_zoo.tasks.picture_bytes import picture
from tfgan_zoo.tasks.pixels import quantized, to_uint8
from tfgan_zoo.tasks.served import guarded

_OF_FILES = {1, 3, 4}  # channels


class ImageToImage(ZooModel):
    """Turns images into images: `fit` on images and targets, then call it, `predict` or `translate`.

    A variant overrides `build_generator`, `build_discriminator`, and `generator_loss` and
    `discriminator_loss`; it never overrides `train_step`.

    Images of training have `image_shape`; those that are translated may have any size: they are
    mirrored at the right and below up to a multiple of `size_multiple`, and what is made of them is cut.

    Args:
        image_shape: `(height, width, channels)` of the images that it is trained on.
        target_channels: Int. Channels of the images that it makes; None: as many as it is given.
        objective: An adversarial loss: see `GAN`. It is applied to every patch.
        g_learning_rate, d_learning_rate: Floats. Rates of the default optimizers.
        ema_decay: Float in [0, 1). Decay per step of the generators' moving averages, which translate
            and are served; 0 keeps no average.
        gradient_accumulation_steps: See `GAN`.
        seed: Int in [0, 2**31). Initial weights, data order and every draw are functions of it.
        dtype: Dtype policy that training computes in; the averages compute in float32.

    Raises:
        TypeError: An argument that the class does not have.
        ValueError: A value outside its range.
    """

    defaults = {
        "image_shape": (256, 256, 3),
        "target_channels": None,
        "objective": "non_saturating",
        "g_learning_rate": 2e-4,
        "d_learning_rate": 2e-4,
        "ema_decay": 0.0,
        "gradient_accumulation_steps": 1,
        "seed": 0,
    }
    bounds = {"target_channels": "None or >= 1"}
    loader = "load_pairs"  # the function of `datasets` that loads what it is trained on
    directions = ("forward",)  # "backward" too where targets are translated into images
    second_input = "targets"  # what `fit(x, y)` calls y
    decay_begins = (
        None  # after which share of a run's steps rates fall, as by `callbacks.LinearDecay`
    )
    size_multiple = 1  # of height and width that the generator takes
    whole_squares = False  # whether the losses of least squares are doubled, which are halves
    scale = 1  # how many times as large the images made are
    takes_styles = False  # whether it is given pictures of the style too: see `tasks.with_styles`
    max_served_pixels = 2**20  # of a picture in a file, which a server decodes
    _graphs = ((), {})  # of `translate`: the networks that they hold, and each by its direction

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.autocast = (
            False  # the averages are given images as they are, in any precision of training
        )

    # === Hooks ===

    def build_networks(self):
        self.generator = self.build_generator()
        self.discriminator = self.build_discriminator()
        with full_precision():
            self.ema_generator = self.build_generator()

    def build_generator(self):
        """Makes a network from images to float32 images in [-1, 1]."""
        raise NotImplementedError(f"{type(self).__name__} must define build_generator().")

    def build_discriminator(self):
        """Makes a network from images to `{"logits": float32 [B, H', W', 1], …}`."""
        raise NotImplementedError(f"{type(self).__name__} must define build_discriminator().")

    def players(self):
        """The discriminator, then the generator."""
        parts = {"discriminator": self.d_learning_rate, "generator": self.g_learning_rate}
        return [
            Player(name, [getattr(self, name)], getattr(self, f"{name}_loss"), rate)
            for name, rate in parts.items()
        ]

    def ema_pairs(self):
        return [(self.ema_generator, self.generator)]

    def translator(self, direction, training=False):
        """The network that translates in a direction; its average where it is not for training."""
        self._check_direction(direction)
        return self.generator if training else self.ema_generator

    @property
    def target_shape(self):
        """`(height, width, channels)` of targets in training."""
        height, width, channels = self.image_shape
        return (self.scale * height, self.scale * width, self.target_channels or channels)

    def batch_inputs(self):
        return {
            "targets": BatchInput(
                self.target_shape, low=-1.001, high=1.001, meaning="images to make"
            )
        }

    # === Translation ===

    def call(self, images, direction="forward", training=False):
        """Float images `[B, H, W, C]` in [-1, 1], of any size -> float32 `[B, scale * H, scale * W, O]`.

        With `training=True` dropout draws, by the active `Rng` or anew.
        """
        self._check_direction(direction)
        images, shape = tf.convert_to_tensor(images), tf.shape(images)
        images = reflected_to_multiple(images, self.size_multiple)
        made = self.translator(direction)(images, training=training)
        made = tf.cast(made, tf.float32)
        return made[:, : self.scale * shape[1], : self.scale * shape[2]]

    def translate(
        self, images, direction="forward", seed=None, batch_size=1, tile=None, overlap=32
    ):
        """Translates pictures of any size.

        Args:
            images: uint8 or float images in [-1, 1], `[N, H, W, C]` or one, `[H, W, C]`; or a file, a
                folder, or a list of files and arrays.
            direction: "forward", from images to targets; "backward" of a model with two.
            seed: Int in [0, 2**31), or None. With a seed the dropout of the generator draws, as in
                pix2pix's tests, image i by seed + i; without, it is off.
            batch_size: Int. Images of one array translated at once.
            tile: Int, or None. Side of overlapping tiles in which larger images are translated, so that
                memory is bounded by them, each with the same draws; `None` translates each as a whole.
            overlap: Int. Pixels that neighbouring tiles share.

        Returns:
            uint8 `[N, H, W, O]`, or `[H, W, O]` of one image; of a folder or list a list of these.

        Raises:
            ValueError, TypeError: Images that cannot be read, or of other channels.
        """
        self.check_translation(direction, seed, tile, overlap)
        numbers.integer("batch_size", batch_size)
        options = {"direction": direction, "tile": tile, "overlap": overlap}
        if isinstance(images, (list, tuple)) or pictures.is_folder(images):
            listed = pictures.files_of(images) if pictures.is_folder(images) else images
            seeds = [None if seed is None else seed + i for i in range(len(listed))]
            return [
                self.translate(image, seed=s, **options)
                for image, s in zip(listed, seeds, strict=True)
            ]
        if isinstance(images, (str, os.PathLike)):
            images = pictures.read(images, self._channels(direction))
        found = pictures.as_floats(images, self._channels(direction))
        one, found = found.ndim == 3, found if found.ndim == 4 else found[None]
        parts = [
            self._translated(found[start : start + batch_size], seed, start, **options)
            for start in range(0, len(found), batch_size)
        ]
        made = np.concatenate([to_uint8(part) for part in parts])
        return made[0] if one else made

    def translate_batch(self, images, targets):
        """What `translate` makes of images of a batch, for grids and golden images."""
        return self.translate(images)

    def check_translation(self, direction="forward", seed=None, tile=None, overlap=32):
        """Refuses options that `translate` could not follow, whatever the images are.

        Raises:
            ValueError: The message names the option.
        """
        self._check_direction(direction)
        if seed is not None:
            numbers.integer("seed", seed, 0, 2**31 - 1)
        if tile is not None:
            tiling.check(tile, overlap)

    def _translated(self, images, seed, start, direction, tile, overlap):
        def run(part, number=0):
            if seed is None:
                return self._graph_of(direction)(tf.constant(part))
            rng = Rng(self.seed, tf.constant(0, tf.int64), seed + start + number, len(part))
            with rng.active():
                return self(part, direction=direction, training=True)

        if tile is None or max(images.shape[1:3]) <= tile:
            return np.asarray(run(images))
        options = (tile, overlap, self.scale)
        runs = [functools.partial(run, number=number) for number in range(len(images))]
        pairs = zip(runs, images, strict=True)
        return np.stack([tiling.translated(each, image, *options) for each, image in pairs])

    def _graph_of(self, direction):
        """The translation of images of any size as one graph, kept with the networks that it holds."""
        networks = tuple(self.networks().values())
        if self._graphs[0] != networks:
            object.__setattr__(self, "_graphs", (networks, {}))  # untracked by Keras
        graphs = self._graphs[1]
        if direction not in graphs:
            graphs[direction] = tf.function(
                lambda *inputs: self(*inputs, direction=direction),
                self._inputs_of_graph(direction),
                autograph=False,
            )
        return graphs[direction]

    def _inputs_of_graph(self, direction):
        return [tf.TensorSpec([None, None, None, self._channels(direction)])]

    def _channels(self, direction):
        channels = self.image_shape[-1]
        return channels if direction == "forward" else self.target_channels or channels

    def _check_direction(self, direction):
        if direction not in self.directions:
            raise ValueError(
                f"{type(self).__name__} translates {' and '.join(self.directions)}. Received: "
                f"direction={direction!r}."
            )

    # === Serving ===

    def endpoints(self):
        """What `export` writes: `{name: (function, input signature)}`, for each direction.

        `translate` takes the bytes of image files, strings `[B]`, and gives those of PNG files; every
        row has a size of its own and is answered by itself, with "" where it is no picture, cut off,
        WebP, or of more than `max_served_pixels`. `translate_tensor` takes float32 `[B, H, W, C]` in
        [-1, 1], of any size, and is alone where images have other channels than 1, 3 or 4. With a second
        direction there are `translate_backward` and so on.
        """
        found = {}
        for direction in self.directions:
            name = "" if direction == "forward" else f"_{direction}"
            contents = tf.TensorSpec([None], tf.string, name="image_bytes")
            shape = [None, None, None, self._channels(direction)]
            images = tf.TensorSpec(shape, tf.float32, name="images")
            if {self.image_shape[-1], self.target_shape[-1]} <= _OF_FILES:
                of_bytes = functools.partial(self._serve_bytes, direction=direction)
                found[f"translate{name}"] = (of_bytes, [contents])
            of_tensors = functools.partial(self._serve_tensors, direction=direction)
            found[f"translate_tensor{name}"] = (of_tensors, [images])
        return found

    def served(self):
        """The `endpoints`, safe to serve: rows of `translate_tensor` that hold NaN or infinity are
        answered with NaN."""
        return {
            name: (guarded(function, signature, {}), signature)
            for name, (function, signature) in self.endpoints().items()
        }

    def _serve_tensors(self, images, direction):
        return {"images": self(images, direction=direction)}

    def _serve_bytes(self, image_bytes, direction):
        def translated(contents):
            fits, decoded = picture(contents, self._channels(direction), self.max_served_pixels)
            return tf.cond(fits, lambda: self._png(decoded(), direction), lambda: tf.constant(""))

        made = tf.map_fn(translated, image_bytes, fn_output_signature=tf.string)
        return {"image_bytes": tf.ensure_shape(made, [None])}

    def _png(self, image, direction):
        return tf.io.encode_png(quantized(self(image[None], direction=direction))[0])

    def export(self, path, name=None, version=None, **options):
        """Writes `<path>/<name>/<version>/`, a SavedModel for servers. See `tfgan_zoo.export.export`."""
        from tfgan_zoo.export import export  # gRPC and its messages, which only exporting needs

        construction.check_saved(self)
        return export(self, path, name, version, **options)

    # === Losses ===

    def adversarial(self, logits_of_real, logits_of_fake):
        """The discriminator's adversarial loss over all patches, a scalar."""
        real, fake = (tf.reshape(logits, [-1]) for logits in (logits_of_real, logits_of_fake))
        return self._scale * tf.reduce_mean(self.objective.discriminator(real, fake))

    def fooled(self, logits_of_fake):
        """The generator's adversarial loss over all patches, a scalar."""
        losses = self.objective.generator(tf.reshape(logits_of_fake, [-1]))
        return self._scale * tf.reduce_mean(losses)

    @property
    def _scale(self):
        """LSGAN's losses are half of squared distances; some papers' weights are for whole ones."""
        return 2.0 if self.whole_squares and self.objective.name == "least_squares" else 1.0
