"""The base of every model that turns a picture into a picture."""

import functools
import os

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.datasets.batch_input import BatchInput
from tfgan_zoo.engine.players import Player
from tfgan_zoo.layers import Rng, reflected_to_multiple
from tfgan_zoo.tasks import further_inputs, pictures, tiling
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.pixels import to_uint8
from tfgan_zoo.tasks.translation_calls import TranslationCalls


class ImageToImage(TranslationCalls):
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
    has_discriminator = True
    size_multiple = 1  # of height and width that the generator takes
    pad_to = None  # an option of some classes, in place of `size_multiple`, their least side
    whole_squares = False  # whether the losses of least squares are doubled, which are halves
    scale = 1  # how many times as large the images made are
    max_pixels = (
        None  # of an image that is translated as a whole, where memory grows faster than these
    )
    _graphs = ((), {})  # of `translate`: the networks that they hold, and each by its direction

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Averages compute in float32, and see images as they are given, whatever training computes in.
        self.autocast = False

    # === Hooks ===

    def build_networks(self):
        self.generator = self.build_generator()
        self.discriminator = self.build_discriminator() if self.has_discriminator else None
        with full_precision():
            self.ema_generator = self._average_of_generator()

    def _average_of_generator(self):
        return self.build_generator()

    def networks(self):
        return {k: v for k, v in super().networks().items() if v is not None}

    def build_generator(self):
        """Makes a network from images to float32 images in [-1, 1]."""
        raise NotImplementedError(f"{type(self).__name__} must define build_generator().")

    def build_discriminator(self):
        """Makes a network from images to `{"logits": float32 [B, H', W', 1], …}`."""
        raise NotImplementedError(f"{type(self).__name__} must define build_discriminator().")

    def players(self):
        """The discriminator, if there is one, then the generator."""
        names = ("discriminator", "generator")[0 if self.has_discriminator else 1 :]
        parts = {name: getattr(self, f"{name[0]}_learning_rate") for name in names}
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
                self.target_shape,
                low=-1.001,
                high=1.001,
                meaning="images to make",
                is_image=True,
            )
        }

    def further_inputs(self):
        """What a translation takes beside images, a list of `FurtherInput`s in the order in which the
        generator takes them: arguments of `translate` and of calls, and inputs of served signatures."""
        return []

    # === Translation ===

    def call(self, images, direction="forward", training=False, **further):
        """Float images `[B, H, W, C]` in [-1, 1], of any size -> float32 `[B, scale * H, scale * W, O]`.

        With `training=True` dropout draws, by the active `Rng` or anew. Further inputs are given by
        name, or with the images as a dictionary or a tuple.

        Raises:
            TypeError: Images that are no floats.
            ValueError: Another number of axes or channels, a direction or further inputs that the model
                does not have.
        """
        further = {**further_inputs.named(self, images), **further}
        images = further.pop("images")
        self._check_direction(direction)
        others = further_inputs.in_order(self, further)
        return self.transform(self._check_images(images, direction), others, direction, training)

    def transform(self, images, others, direction, training):
        """What a call gives, of tensors; `others` are the further inputs, in their order."""
        shape = tf.shape(images)
        images = self._padded(images)
        inputs = [images, *others] if others else images
        made = self.translator(direction)(inputs, training=training)
        made = tf.cast(made, tf.float32)
        return made[:, : self.scale * shape[1], : self.scale * shape[2]]

    def _padded(self, images):
        """Images mirrored at the right and below, up to sides that the networks take."""
        return reflected_to_multiple(images, self.pad_to or self.size_multiple, self.size_multiple)

    def translate(
        self, images, direction="forward", seed=None, batch_size=1, tile=None, overlap=32, **further
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
            further: What the model takes beside images: see `further_inputs`; one value for all images,
                or one for each.

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
            rows = further_inputs.rows(self, further, len(listed))
            seeds = [None if seed is None else seed + i for i in range(len(listed))]
            return [
                self.translate(image, seed=s, **options, **row)
                for image, s, row in zip(listed, seeds, rows, strict=True)
            ]
        if isinstance(images, (str, os.PathLike)):
            images = pictures.read(images, self._channels(direction))
        found = pictures.as_floats(images, self._channels(direction))
        one, found = found.ndim == 3, found if found.ndim == 4 else found[None]
        rows = further_inputs.rows(self, further, len(found))
        parts = [
            self._translated(found[part], rows[part], seed, part.start, **options)
            for part in further_inputs.together(rows, batch_size)
        ]
        made = np.concatenate([to_uint8(part) for part in parts])
        return made[0] if one else made

    def check_translation(self, direction="forward", seed=None, tile=None, overlap=32, **further):
        """Refuses options that `translate` could not follow, whatever the images are.

        Raises:
            ValueError: The message names the option.
        """
        self._check_direction(direction)
        if seed is not None:
            numbers.integer("seed", seed, 0, 2**31 - 1)
        if tile is not None:
            tiling.check(tile, overlap)
        if further:
            further_inputs.check_names(self, further)

    def _translated(self, images, rows, seed, start, direction, tile, overlap):
        def run(part, number=0):
            others = further_inputs.batched(rows[number : number + len(part)])
            if seed is None:
                return self._graph_of(direction)(tf.constant(part), *others.values())
            rng = Rng(self.seed, tf.constant(0, tf.int64), seed + start + number, len(part))
            with rng.active():
                return self(part, direction=direction, training=True, **others)

        if tile is None and self.max_pixels and images.shape[1] * images.shape[2] > self.max_pixels:
            raise ValueError(
                f"{type(self).__name__} takes images of up to {self.max_pixels:,} pixels as a whole. "
                f"Give tile={int(self.max_pixels**0.5)}, or less. Received: {images.shape[1:3]}."
            )
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
            specs = [tf.TensorSpec([None, None, None, self._channels(direction)])]
            specs += [wanted.spec() for wanted in self.further_inputs()]
            graphs[direction] = tf.function(
                functools.partial(self._made, direction=direction), specs, autograph=False
            )
        return graphs[direction]

    def _made(self, images, *others, direction):
        """A call with further inputs in their order; the last ones may be left out."""
        return self((images, *others), direction=direction)

    def _channels(self, direction):
        channels = self.image_shape[-1]
        return channels if direction == "forward" else self.target_channels or channels

    def _check_direction(self, direction):
        if direction not in self.directions:
            raise ValueError(
                f"{type(self).__name__} translates {' and '.join(self.directions)}. Received: "
                f"direction={direction!r}."
            )

    # === Losses ===

    def synthesize(self, images):
        """Float32 images made of images, in training mode."""
        return tf.cast(self.generator(images, training=True), tf.float32)

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
