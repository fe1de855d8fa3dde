"""What models that make images larger share: pixels first, then the game."""

import functools

import keras
import tensorflow as tf

from tfgan_zoo.engine import options
from tfgan_zoo.networks import perceptual
from tfgan_zoo.tasks import copies, given_layers, own_enlargers, own_networks
from tfgan_zoo.tasks.image_to_image import ImageToImage


class SuperResolution(ImageToImage):
    """Makes images `scale` times as high and as wide.

    Training has two phases. First the generator alone learns the pixels of the targets, for
    `pretraining_steps`; then it plays against the discriminator, and is held to the targets by their
    pixels and by perceptual features. One `fit` runs through both. Or two models do: one of
    `pretraining_steps=None`, which has the first phase alone and the best PSNR, and one of 0, which
    begins with its weights. `interpolated` gives what lies between two.

    Given a generator, it trains that one; `scale` and the channels of `image_shape` are then its own. A
    class that defines `build_generator` or `build_discriminator` does not take the argument.

    Example:

    ```python
    images = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(images)
    x = keras.layers.Conv2D(12, 3, padding="same")(x)
    larger = tfgan_zoo.layers.PixelShuffle(2)(x)
    model = tfgan_zoo.SuperResolution(generator=keras.Model(images, larger))
    model.compile()
    model.fit(images, targets, batch_size=16, epochs=10)  # in [-1, 1]; targets twice as large
    large = model.translate(images[0])  # uint8
    ```

    Args:
        image_shape: `(height, width, channels)` of the images that it is trained on; targets are `scale`
            times as large.
        scale: Int, 2 or more; 2, 3 or 4 of the classes that make their networks.
        pretraining_steps: Int. Steps of the first phase; None: it never ends, there is no other, and no
            discriminator, as with a given generator alone.
        pixel_loss: "l1" or "l2": of values in [0, 1], in both phases.
        pixel_weight, perceptual_weight, adversarial_weight: Floats. Of the parts of the generator's loss
            in the second phase.
        features: The network of the perceptual distance: see `networks.perceptual.features`. With
            perceptual_weight=0, or without a second phase, none is loaded.
        feature_weights: `{layer: weight}` of its maps, or None: the paper's of the paper's network, of
            another those that contents are compared in.
        feature_distance: "l1" or "l2".
        generator: A Keras model of your own, functional, sequential or of a class, from images
            `[B, H, W, C]` in [-1, 1] to such `[B, scale * H, scale * W, C]`, for any H and W. It trains
            from the weights that it has.
        discriminator: A Keras model from images of `target_shape` to logits of any shape, one a patch,
            or to a dictionary with such "logits".

    All other arguments: see `ImageToImage`.

    Raises:
        TypeError: A network that is no Keras model.
        ValueError: A value outside its range, or a network that could not be trained: see `GAN`.
        NotImplementedError: No generator; or no discriminator, and a second phase.
    """

    loader = "load_degraded"
    decay_begins = 0.5
    unused_options = ("target_channels",)
    defaults = {
        "image_shape": (32, 32, 3),
        "scale": 4,
        "pretraining_steps": 0,
        "pixel_loss": "l1",
        "pixel_weight": 0.01,
        "perceptual_weight": 1.0,
        "adversarial_weight": 0.005,
        "features": "vgg19",
        "feature_weights": None,
        "feature_distance": "l1",
        "g_learning_rate": 1e-4,
        "d_learning_rate": 1e-4,
        "generator": None,
        "discriminator": None,
    }
    bounds = {
        "scale": ">= 2",
        "pretraining_steps": "None or >= 0",
        **dict.fromkeys(("pixel_loss", "feature_distance"), ("l1", "l2")),
        **dict.fromkeys(("pixel_weight", "perceptual_weight", "adversarial_weight"), ">= 0"),
    }

    published_features = {}  # `{network: {layer: weight}}` of the paper

    # === Construction ===

    @classmethod
    def _inherited_defaults(cls):
        found = super()._inherited_defaults()
        return own_networks.without_own(cls, found, SuperResolution) if "scale" in found else found

    def _resolved(self, policy, args, kwargs):
        implied = functools.partial(own_enlargers.implied, type(self), policy)
        return options.resolve(type(self), args, copies.restored(policy, kwargs), implied)

    def _adopt_networks(self):
        own_enlargers.adopt(self)

    def _own_options(self):
        return own_networks.arguments(self, self._options)

    def build_generator(self):
        return own_networks.required(self, "generator")

    def build_discriminator(self):
        return own_networks.required(self, "discriminator")

    def _average_of_generator(self):
        is_given = own_networks.given(self, "generator") is not None
        return own_enlargers.average_of(self) if is_given else self.build_generator()

    @classmethod
    def loader_arguments(cls, options):
        return super().loader_arguments(options) | {"scale": options["scale"]}

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.9, beta_2=0.99)

    def _check_networks(self):
        given_layers.check(self)
        given_layers.remember(self)
        if self._reads_features:
            perceptual.get(self.features)
            perceptual.check_channels(type(self).__name__, self.image_shape[-1])

    # === Phases ===

    @property
    def stages(self):
        return 2 if self.pretraining_steps else 1

    def stage(self):
        return tf.cast(self.iterations.value >= (self.pretraining_steps or 0), tf.int32)

    @property
    def skips_updates(self):
        return self.stages == 2

    def skip_update(self, player):
        """The discriminator and its optimizer stay as they are in the first phase."""
        return (self.stage() == 0) & (player == "discriminator")

    @property
    def has_discriminator(self):
        return self.pretraining_steps is not None

    def _plays(self, rng):
        if self.pretraining_steps is None:
            return False
        return self.stages == 1 or rng.stage == 1

    def batch_options(self):
        """The averages of a relativistic average objective are those of a replica, as authors have it:
        replicas cannot meet within one of two phases."""
        found = {"objective": False} if self.objective.batch_mean else {}
        return super().batch_options() | found

    # === Losses ===

    def discriminate(self, images):
        """float32 logits of large images, `[B, …]`, in training mode."""
        found = self.discriminator(images, training=True)
        return tf.cast(found["logits"] if isinstance(found, dict) else found, tf.float32)

    def shown(self, targets):
        """The targets as losses compare with them."""
        return targets

    def discriminator_loss(self, batch, rng):
        if not self._plays(rng):
            return tf.constant(0.0), {"d_loss": tf.constant(0.0)}
        real = self.discriminate(self.shown(batch["targets"]))
        loss = self.adversarial(real, self.discriminate(self.synthesize(batch["images"])))
        return loss, {"d_loss": loss}

    def generator_loss(self, batch, rng):
        targets, made = self.shown(batch["targets"]), self.synthesize(batch["images"])
        difference = (targets - made) / 2
        measure = tf.abs if self.pixel_loss == "l1" else tf.square
        pixels = tf.reduce_mean(measure(difference))
        if not self._plays(rng):
            zero = tf.constant(0.0)
            logs = (
                {}
                if self.pretraining_steps is None
                else {"perceptual": zero, "g_adversarial": zero}
            )
            return pixels, {"g_loss": pixels, "pixels": pixels, **logs}
        logs = {"pixels": pixels, "perceptual": self._perceptual(made, targets)}
        logs["g_adversarial"] = self._fooled(made, targets)
        weights = (self.pixel_weight, self.perceptual_weight, self.adversarial_weight)
        loss = tf.add_n([w * value for w, value in zip(weights, logs.values(), strict=True)])
        return loss, {"g_loss": loss, **logs}

    def _fooled(self, made, targets):
        fake, real = self.discriminate(made), None
        if self.objective.needs_real:
            real = tf.reshape(self.discriminate(targets), [-1])
        return tf.reduce_mean(self.objective.generator(tf.reshape(fake, [-1]), real))

    def _perceptual(self, made, targets):
        if not self.perceptual_weight:
            return tf.constant(0.0)
        weights = self._feature_weights()
        network = perceptual.features(self.features, tuple(weights))
        maps = [network(perceptual.colours(images)) for images in (made, targets)]
        return perceptual.perceptual_distance(*maps, weights, self.feature_distance)

    def before_training(self):
        """Makes the features, or says what is missing, before the first step."""
        if self._reads_features:
            perceptual.features(self.features, tuple(self._feature_weights()))

    @property
    def _reads_features(self):
        return self.pretraining_steps is not None and self.perceptual_weight > 0

    def _feature_weights(self):
        found = self.feature_weights or self.published_features.get(self.features)
        return found or perceptual.get(self.features).content

    # === Interpolation ===

    def interpolated(self, other, share):
        """A model whose networks' weights lie between this one's and another's of its architecture.

        Between one that was trained on pixels and one that played they trade noise for detail.

        Args:
            other: A model of the same networks.
            share: Float in [0, 1]. 0 gives this model's weights, 1 the other's.

        Returns:
            A new model of this one's configuration.

        Raises:
            ValueError: Networks of other shapes, or a share outside [0, 1].

        Reference: Wang et al. 2018 (arXiv:1809.00219, section 3.4).
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share must lie in [0, 1]. Received: {share!r}.")
        made = type(self).from_config(self.get_config())
        made.iterations.assign(self.iterations)
        ours, theirs = self.networks(), other.networks()
        for name, network in made.networks().items():
            pair = [each[name].get_weights() for each in (ours, theirs if name in theirs else ours)]
            if [w.shape for w in pair[0]] != [w.shape for w in pair[1]]:
                raise ValueError(f"The {name} of both models must have the same shapes.")
            network.set_weights([(1 - share) * a + share * b for a, b in zip(*pair, strict=True)])
        return made
