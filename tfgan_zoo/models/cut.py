"""CUT and FastCUT: one-sided translation, learned from two sets of images without pairs.

Reference: Park, Efros, Zhang and Zhu, "Contrastive Learning for Unpaired Image-to-Image Translation",
2020 (arXiv:2007.15651).
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.networks import translators
from tfgan_zoo.networks.patchgan import patchgan
from tfgan_zoo.networks.transformation import encoder
from tfgan_zoo.networks.translation import normal
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.image_to_image import ImageToImage


class CUT(ImageToImage):
    """One generator from images to targets, whose patches stay like those that they were made of.

    It plays against a discriminator of patches. Feature maps of its first layers tell what an image and
    what is made of it have in common: a patch of the latter is to be nearer to the patch at the same
    place of the image than to the image's other patches (equations 3 and 4); and the same for targets,
    which so are to stay as they are. The maps pass two layers of 256 units each, the projector, which
    trains with the generator and is not needed to translate.

    As in the authors' code, both contrastive losses are halved where there are two, and least squares
    are whole squared distances, of which the discriminator's are halved. Both optimizers are Adam(2e-4,
    beta_1=0.5), batches have one image, and the rate decays linearly to zero over the second half of
    400 epochs. Weights start from N(0, 0.02), as CycleGAN's; the authors' start smaller, and instance
    normalization takes out the difference.

    `fit` reads "images" and "targets", two sets in orders of their own: see `datasets.load_unpaired`.

    Args:
        width: Int. Channels of the generator's first feature map.
        blocks: Int. Residual blocks: 9 in the paper.
        patch: Int. The side of the patches that the discriminator judges: 1, 16, 34, 70, 142 or 286.
        discriminator_width: Int. Channels of the discriminator's first feature map.
        nce_weight: Float. Of the contrastive loss of images; 1 in the paper.
        identity_weight: Float. Of that of targets; 1 in the paper, 0 in FastCUT: none.
        nce_patches: Int. Patches of each map that are compared, or all of a map that has fewer.
        temperature: Float. What similarities are divided by.
        projection_units: Int. Units of each layer of the projector.
        flip_equivariance: Whether half of the images are mirrored before they are translated, and their
            maps mirrored back.
        antialias: Whether maps are halved by a blur, as in the authors' code; else by strides, as in
            CycleGAN.
        upsampling: "bilinear", as in the authors' code, "transpose", as in CycleGAN, or None: the former
            with `antialias`, else the latter.
        dropout: Float in [0, 1). In the residual blocks.
        normalization: "instance", "affine_instance", "batch", "batch_of_one" (see `Pix2Pix`) or None.
        pad_to: Int, or None. Images to translate are mirrored up to a multiple of it, and up to 16
            pixels a side; None: to multiples of 16.

    All other arguments: see `ImageToImage`.

    Raises:
        ValueError: Targets of other channels than images.
    """

    loader = "load_unpaired"
    decay_begins = 0.5
    whole_squares = True
    network = "resnet"
    unused_options = ("target_channels",)
    defaults = {
        "objective": "least_squares",
        "width": 64,
        "blocks": 9,
        "patch": 70,
        "discriminator_width": 64,
        "nce_weight": 1.0,
        "identity_weight": 1.0,
        "nce_patches": 256,
        "temperature": 0.07,
        "projection_units": 256,
        "flip_equivariance": False,
        "antialias": True,
        "upsampling": None,
        "dropout": 0.0,
        "normalization": "instance",
        "pad_to": None,
    }
    bounds = {
        **{name: translators.BOUNDS[name] for name in ("patch", "normalization", "pad_to")},
        **dict.fromkeys(("nce_weight", "identity_weight"), ">= 0"),
        **dict.fromkeys(("nce_patches", "projection_units"), ">= 1"),
        "upsampling": ("bilinear", "transpose", None),
    }

    # === Networks ===

    def build_networks(self):
        super().build_networks()
        maps = encoder(self.generator)  # shares its layers
        object.__setattr__(self, "encoder", maps)  # untracked by Keras
        self.projector = self.build_projector([shape[-1] for shape in maps.output_shape])

    def build_generator(self):
        channels = self.image_shape[-1], self.target_shape[-1]
        return translators.translator(self, *channels, "generator", antialias=self.antialias)

    def build_discriminator(self):
        options = (self.target_shape[-1], self.patch, self.discriminator_width, self.normalization)
        return patchgan(*options, "discriminator", antialias=self.antialias)

    def build_projector(self, channels):
        """Makes the network from a tuple of patches, `[B, N, C]` of each map, to float32 vectors
        `[B, N, projection_units]`."""
        patches = tuple(keras.Input([None, count]) for count in channels)
        units, start = self.projection_units, {"kernel_initializer": normal()}
        hidden = [layers.Dense(units, "relu", **start)(x) for x in patches]
        vectors = tuple(layers.Dense(units, dtype="float32", **start)(x) for x in hidden)
        return keras.Model(patches, vectors, name="projector")

    def networks(self):
        return super().networks() | {"projector": self.projector}

    @property
    def size_multiple(self):
        return translators.size_multiple(self)

    def _check_networks(self):
        translators.check_patch(self)

    # === Losses ===

    def players(self):
        """The discriminator, then the generator with the projector."""
        discriminator, generator = super().players()
        return [discriminator, generator._replace(networks=[self.generator, self.projector])]

    def discriminator_loss(self, batch, rng):
        made = self.synthesize(_mirrored(batch["images"], self._flips(rng)))
        real, fake = self._logits(batch["targets"]), self._logits(made)
        loss = 0.5 * self.adversarial(real, fake)
        return loss, {"d_loss": loss}

    def generator_loss(self, batch, rng):
        images, targets, flips = batch["images"], batch["targets"], self._flips(rng)
        made = self.synthesize(_mirrored(images, flips))
        game = self.fooled(self._logits(made))
        contrast = self.nce_weight * (nce := self.patch_nce(images, made, rng, flips))
        logs = {"g_adversarial": game, "nce": nce}
        if self.identity_weight:
            same = self.synthesize(_mirrored(targets, flips))
            logs["nce_identity"] = self.patch_nce(targets, same, rng, flips)
            contrast = 0.5 * (contrast + self.identity_weight * logs["nce_identity"])
        loss = game + contrast
        return loss, {"g_loss": loss, **logs}

    def patch_nce(self, images, made, rng, flips=None):
        """The contrastive loss of images and of what was made of them, a scalar.

        Args:
            images, made: Float32 `[B, H, W, C]`.
            rng: Draws the places of the patches, the same in all images of an update.
            flips: Bools `[B]`, which of the images were mirrored before; None: none.
        """
        keys = self.encoder(images, training=True)
        queries = [_mirrored(x, flips) for x in self.encoder(made, training=True)]
        places = [self._places(x, rng) for x in keys]
        keys, queries = (
            self.projector(tuple(map(_patches_at, maps, places)), training=True)
            for maps in (keys, queries)
        )
        losses = [
            tf.reduce_mean(patch_nce_loss(q, k, self.temperature))
            for q, k in zip(queries, keys, strict=True)
        ]
        return tf.add_n(losses) / len(losses)

    def _logits(self, images):
        return self.discriminator(images, training=True)["logits"]

    def _flips(self, rng):
        """Which images of an update are mirrored, bools `[B]`; None: none."""
        return rng.uniform([]) < 0.5 if self.flip_equivariance else None

    def _places(self, features, rng):
        """Different places of a map, int32 `[N]`."""
        count = features.shape[1] * features.shape[2]
        drawn = rng.shared_uniform([count])
        return tf.math.top_k(drawn, min(self.nce_patches, count)).indices


class FastCUT(CUT):
    """CUT without the contrast of targets, whose loss of images weighs ten times as much.

    Images are mirrored at random; it trains for 200 epochs, the rate decays over the last 50.

    All arguments: see `CUT`.

    Reference: Park et al. 2020 (arXiv:2007.15651, section 4.1).
    """

    decay_begins = 0.75
    defaults = {"nce_weight": 10.0, "identity_weight": 0.0, "flip_equivariance": True}


def patch_nce_loss(queries, keys, temperature=0.07):
    """-log of the share that the key of the same place has of what a query is like (equation 2).

    The other keys are those of the other places of the same image. No gradient passes keys.

    Args:
        queries, keys: Float32 `[B, N, D]`, of which the directions count.
        temperature: Float. What the cosines of their angles are divided by.

    Returns:
        float32 `[B, N]`.
    """
    cosines = tf.matmul(_unit(queries), tf.stop_gradient(_unit(keys)), transpose_b=True)
    logits = cosines / temperature
    return tf.reduce_logsumexp(logits, axis=-1) - tf.linalg.diag_part(logits)


def _unit(vectors):
    """Vectors made 1 long; those shorter than 1e-4 stay shorter: their gradients would have no bound."""
    square = tf.reduce_sum(tf.square(vectors), axis=-1, keepdims=True)
    return vectors * tf.math.rsqrt(square + 1e-8)


def _patches_at(features, places):
    """The vectors of a map `[B, H, W, C]` at places, `[B, N, C]`."""
    _, height, width, channels = features.shape
    return tf.gather(tf.reshape(features, [-1, height * width, channels]), places, axis=1)


def _mirrored(images, flips):
    """Images, or maps, of which some are mirrored."""
    if flips is None:
        return images
    return tf.where(flips[:, None, None, None], tf.reverse(images, [2]), images)


# === Presets ===

_COUNTS = (11_378_179 + 560_384, 2_764_737)
_JITTER = {"flip": True, "crop": "random"}

register(
    ("cut_horse2zebra", CUT, {}, "cycle_gan/horse2zebra", 1, 400, _COUNTS, _JITTER),
    ("cut_horse2zebra_fast", FastCUT, {}, "cycle_gan/horse2zebra", 1, 200, _COUNTS, _JITTER),
    (
        "cut_horse2zebra_fast_128",
        FastCUT,
        {"image_shape": (128, 128, 3), "width": 24, "blocks": 6, "discriminator_width": 32},
        "cycle_gan/horse2zebra",
        1,
        200,
        (1_107_459 + 417_024, 694_241),
        _JITTER,
    ),
)
