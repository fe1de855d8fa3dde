"""The rows of the training benchmarks: models, sizes, batches; and their random images."""

from typing import NamedTuple

import numpy as np

_TINY_STYLEGAN2 = {
    "latent_dim": 8,
    "style_dim": 8,
    "mapping_layers": 1,
    "channel_base": 256,
    "channel_max": 8,
}


class Row(NamedTuple):
    """A model to train.

    Attributes:
        model: Name of the class.
        options: Of its constructor.
        tiny: Options of its quick form, in place of the others.
        batch: Images of an update.
        n_critic: Discriminator updates of a step.
        interval: Steps after which penalties that are not taken at each step come again.
        tolerance: Relative, of the losses of the same weights in float32; None where each contestant
            has initial weights of its own, whose discriminator losses agree within a third.
    """

    model: str
    options: dict
    tiny: dict
    batch: int = 64
    n_critic: int = 1
    interval: int = 1
    tolerance: float | None = 1e-3

    @property
    def shape(self):
        return self.options["image_shape"]


ROWS = {
    "DCGAN 28": Row("DCGAN", {"image_shape": (28, 28, 1), "width": 64}, {"width": 4}),
    "DCGAN 64": Row("DCGAN", {"image_shape": (64, 64, 3), "width": 64}, {"width": 4}),
    "WGAN-GP 32": Row(
        "WGANGP", {"image_shape": (32, 32, 3), "width": 64}, {"width": 4}, n_critic=5
    ),
    "SNGAN 32": Row(
        "SNGAN", {"image_shape": (32, 32, 3), "width": 64}, {"width": 8}, n_critic=5, tolerance=0.02
    ),
    "StyleGAN2 64": Row(
        "StyleGAN2",
        {
            "image_shape": (64, 64, 3),
            "latent_dim": 256,
            "style_dim": 256,
            "mapping_layers": 4,
            "channel_base": 4096,
            "channel_max": 256,
        },
        _TINY_STYLEGAN2,
        batch=16,
        interval=16,
        tolerance=None,
    ),
    "pix2pix 128": Row(
        "Pix2Pix",
        {"image_shape": (128, 128, 3), "width": 64},
        {"width": 4},
        batch=1,
        tolerance=None,
    ),
    "CycleGAN 64": Row(
        "CycleGAN",
        {"image_shape": (64, 64, 3), "width": 64, "blocks": 6, "pool_size": 0},
        {"width": 4, "blocks": 1},
        batch=1,
        tolerance=None,
    ),
    "ESRGAN 128": Row(
        "ESRGAN",
        {
            "image_shape": (32, 32, 3),
            "width": 32,
            "blocks": 4,
            "growth": 16,
            "discriminator_width": 32,
            "perceptual_weight": 0.0,
        },
        {"width": 4, "blocks": 1, "growth": 2, "discriminator_width": 4},
        batch=4,
        tolerance=None,
    ),
    "BigGAN 64": Row(
        "BigGAN",
        {
            "image_shape": (64, 64, 3),
            "latent_dim": 120,
            "num_classes": 1000,
            "width": 32,
            "embedding_dim": 128,
            "attention_size": 32,
        },
        {"width": 2, "num_classes": 10, "embedding_dim": 8, "latent_dim": 20},
        batch=16,
        n_critic=2,
        tolerance=None,
    ),
}


def row_of(name, quick):
    """The row of that name; its quick form has small networks and batches of 4."""
    row = ROWS[name]
    return row._replace(options={**row.options, **row.tiny}, batch=4) if quick else row


def images_of(row, steps=8):
    """Random float32 images in [-1, 1] for some steps."""
    count = steps * row.batch * row.n_critic
    return np.random.default_rng(0).uniform(-1, 1, (count, *row.shape)).astype("float32")


TRANSLATORS = ("Pix2Pix", "CycleGAN", "ESRGAN")


def labels_of(row, count):
    """Random int labels `[count]`, or None for a model without classes; of one from images to images
    targets `[count, H, W, C]`."""
    if row.model in TRANSLATORS:
        height, width, channels = row.shape
        scale = 4 if row.model == "ESRGAN" else 1
        shape = (count, scale * height, scale * width, channels)
        targets = np.random.default_rng(1).uniform(-1, 1, shape)
        return targets.astype("float32")
    classes = row.options.get("num_classes")
    return classes and np.random.default_rng(1).integers(0, classes, count)
