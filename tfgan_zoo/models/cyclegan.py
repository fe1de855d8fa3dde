"""CycleGAN: translation both ways, learned from two sets of images without pairs.

Reference: Zhu, Park, Isola and Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
Adversarial Networks", 2017 (arXiv:1703.10593).
"""

import tensorflow as tf

from tfgan_zoo.engine.players import Player
from tfgan_zoo.networks import translators
from tfgan_zoo.networks.patchgan import patchgan
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.image_pool import ImagePool
from tfgan_zoo.tasks.image_to_image import ImageToImage


class CycleGAN(ImageToImage):
    """Two generators, from images to targets and back, which undo each other's work.

    Each plays against a discriminator of patches of what it makes; the generators are one player, the
    discriminators another (section 4). Discriminators are shown images of a pool of those made before
    (Shrivastava et al. 2017); their losses are halved. Weights start from N(0, 0.02), both optimizers
    are Adam(2e-4, beta_1=0.5), batches have one image, and the rate decays linearly to zero over the
    second half of 200 epochs: `tfgan-zoo train` does so, and `fit` by `callbacks.LinearDecay`.

    `fit` reads "images" and "targets", two sets in orders of their own: see `datasets.load_unpaired`.

    Args:
        network: "resnet", or "unet", as pix2pix's.
        width: Int. Channels of the generators' first feature map.
        blocks: Int. Residual blocks: 9 for 256x256, 6 for 128x128.
        patch: Int. The side of the patches that discriminators judge: 1, 16, 34, 70, 142 or 286.
        discriminator_width: Int. Channels of the discriminators' first feature map.
        cycle_weight: Float. Of the L1 distance of an image from what comes back of it.
        identity_weight: Float. Of the L1 distance of a target from what a generator makes of it, as a
            share of `cycle_weight`; 0.5 in the authors' code. It needs targets of as many channels.
        pool_size: Int. Images that are kept of those made before; 0: none.
        dropout: Float in [0, 1). In the residual blocks.
        normalization: "instance", "affine_instance", "batch", "batch_of_one" (see `Pix2Pix`) or None.
        upsampling: "transpose", or "resize".
        pad_to: Int, or None. Images to translate are mirrored up to a multiple of it, and up to 16
            pixels a side; None: to multiples of 16, or of what the U-Net halves.
        both_ways: Whether there is a generator of images from targets; a model without one translates,
            and does not train.

    All other arguments: see `ImageToImage`.
    """

    loader = "load_unpaired"
    decay_begins = 0.5
    whole_squares = True
    innermost_dropout = True
    defaults = {
        "objective": "least_squares",
        "network": "resnet",
        "width": 64,
        "blocks": 9,
        "patch": 70,
        "discriminator_width": 64,
        "cycle_weight": 10.0,
        "identity_weight": 0.5,
        "pool_size": 50,
        "dropout": 0.0,
        "normalization": "instance",
        "upsampling": "transpose",
        "pad_to": None,
        "both_ways": True,
    }
    bounds = {
        **translators.BOUNDS,
        "pool_size": ">= 0",
        **dict.fromkeys(("cycle_weight", "identity_weight"), ">= 0"),
    }

    # === Networks ===

    def build_networks(self):
        super().build_networks()
        if not self.both_ways:
            return
        self.backward_generator = self.build_backward_generator()
        self.backward_discriminator = self._judge(self.image_shape[-1], "backward_discriminator")
        with full_precision():
            self.ema_backward_generator = self.build_backward_generator()

    def build_generator(self):
        channels = self.image_shape[-1], self.target_shape[-1]
        return translators.translator(self, *channels, "generator")

    def build_backward_generator(self):
        """Makes the network from targets to images."""
        channels = self.target_shape[-1], self.image_shape[-1]
        return translators.translator(self, *channels, "backward_generator")

    def build_discriminator(self):
        """Makes the discriminator of targets; the backward one judges images."""
        return self._judge(self.target_shape[-1], "discriminator")

    def _judge(self, channels, name):
        options = (channels, self.patch, self.discriminator_width, self.normalization)
        return patchgan(*options, name)

    def networks(self):
        names = ("backward_generator", "backward_discriminator", "ema_backward_generator")
        names = names if self.both_ways else ()
        return super().networks() | {name: getattr(self, name) for name in names}

    def ema_pairs(self):
        backward = (
            [(self.ema_backward_generator, self.backward_generator)] if self.both_ways else []
        )
        return [*super().ema_pairs(), *backward]

    @property
    def directions(self):
        return ("forward", "backward") if self.both_ways else ("forward",)

    def translator(self, direction, training=False):
        if direction == "forward" or not self.both_ways:
            return super().translator(direction, training)
        return self.backward_generator if training else self.ema_backward_generator

    @property
    def size_multiple(self):
        return translators.size_multiple(self)

    def _add_states(self):
        shapes = {"forward_pool": self.target_shape, "backward_pool": self.image_shape}
        size = self.pool_size if self.both_ways else 0
        self.pools = {n: ImagePool(self, n, size, s) for n, s in shapes.items() if size}

    def _check_networks(self):
        translators.check_patch(self)
        if self.identity_weight and self.target_shape[-1] != self.image_shape[-1]:
            raise ValueError(
                "CycleGAN: the identity loss gives a generator its own targets, which need as many "
                f"channels as images: {self.image_shape[-1]}. Received: {self.target_shape[-1]}, "
                f"identity_weight={self.identity_weight}. Use identity_weight=0."
            )

    # === Losses ===

    def players(self):
        """Both discriminators, then both generators."""
        if not self.both_ways:
            return super().players()
        judges = [self.discriminator, self.backward_discriminator]
        makers = [self.generator, self.backward_generator]
        return [
            Player(
                "discriminator",
                judges,
                self.discriminator_loss,
                self.d_learning_rate,
                keep=self._keep if self.pools else None,
            ),
            Player("generator", makers, self.generator_loss, self.g_learning_rate),
        ]

    def before_training(self):
        if not self.both_ways:
            raise ValueError(
                "CycleGAN: a model of one direction translates, and does not train. Make it with "
                "both_ways=True, whose backward networks are new."
            )

    def batch_options(self):
        return super().batch_options() | ({"pool_size": False} if self.pools else {})

    def discriminator_loss(self, batch, rng):
        images, targets = batch["images"], batch["targets"]
        forward = _made(self.generator, images)
        backward = _made(self.backward_generator, targets)
        rows = {}
        if self.pools:
            forward, rows = self.pools["forward_pool"].shown(forward, rng)
            backward, more = self.pools["backward_pool"].shown(backward, rng)
            rows |= more
        parts = (
            (self.discriminator, targets, forward),
            (self.backward_discriminator, images, backward),
        )
        losses = [
            0.5 * self.adversarial(_logits(d, real), _logits(d, fake)) for d, real, fake in parts
        ]
        loss = tf.add_n(losses)
        logs = {"d_loss": loss, "d_forward": losses[0], "d_backward": losses[1]}
        return (loss, logs, rows) if self.pools else (loss, logs)

    def generator_loss(self, batch, rng):
        images, targets = batch["images"], batch["targets"]
        forward, backward = self.generator, self.backward_generator
        to_targets, to_images = _made(forward, images), _made(backward, targets)
        game = self.fooled(_logits(self.discriminator, to_targets))
        game += self.fooled(_logits(self.backward_discriminator, to_images))
        cycle = _distance(_made(backward, to_targets), images)
        cycle += _distance(_made(forward, to_images), targets)
        loss, logs = game + self.cycle_weight * cycle, {"g_adversarial": game, "cycle": cycle}
        if self.identity_weight:
            logs["identity"] = _distance(_made(forward, targets), targets)
            logs["identity"] += _distance(_made(backward, images), images)
            loss += self.cycle_weight * self.identity_weight * logs["identity"]
        return loss, {"g_loss": loss, **logs}

    def _keep(self, rows):
        for pool in self.pools.values():
            pool.keep(rows)


def _made(network, images):
    return tf.cast(network(images, training=True), tf.float32)


def _logits(network, images):
    return network(images, training=True)["logits"]


def _distance(images, others):
    return tf.reduce_mean(tf.abs(images - others))


# === Presets ===

_COUNTS = (2 * 11_378_179, 2 * 2_764_737)
_JITTER = {"flip": True, "crop": "random"}
_SMALL = {
    "image_shape": (64, 64, 3),
    "width": 24,
    "blocks": 4,
    "patch": 34,
    "discriminator_width": 32,
}

register(
    ("cyclegan_horse2zebra", CycleGAN, {}, "cycle_gan/horse2zebra", 1, 200, _COUNTS, _JITTER),
    (
        "cyclegan_orange_lemon_64",
        CycleGAN,
        _SMALL,
        "./orange_lemon64",
        1,
        26,
        (2 * 775_299, 2 * 167_649),
        _JITTER,
    ),
    (
        "cyclegan_facades_64",
        CycleGAN,
        _SMALL,
        "./facades_halves",
        1,
        16,
        (2 * 775_299, 2 * 167_649),
        _JITTER,
    ),
)
