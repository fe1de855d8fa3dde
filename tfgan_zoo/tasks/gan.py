"""The base of every noise-to-image model: its options, its networks and the hooks of a variant."""

import functools

import tensorflow as tf

from tfgan_zoo.engine import options
from tfgan_zoo.engine.private import Refusing
from tfgan_zoo.tasks import copies, given_layers, own_networks, private_checks, served
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.conditions import Labels
from tfgan_zoo.tasks.given import check_networks
from tfgan_zoo.tasks.prediction import Prediction

__all__ = ["GAN", "full_precision"]


class GAN(Prediction):
    """A generator and a discriminator trained against each other by `fit`.

    A variant overrides `build_generator`, `build_discriminator` and, where its paper asks for it,
    `default_optimizer`, `discriminator_loss`, `generator_loss` or `after_discriminator_update`; it
    never overrides `train_step`. The hooks of the losses stand in `AdversarialLosses`. Its table
    `defaults` holds what its paper sets, and every row of it is an argument of the constructor.

    Given a generator and a discriminator, it trains these; `image_shape` and `latent_dim` are then
    theirs. A class that defines `build_generator` or `build_discriminator` does not take the argument.

    Example:

    ```python
    generator = keras.Sequential(
        [
            keras.Input([64]),
            keras.layers.Dense(7 * 7 * 32, activation="relu"),
            keras.layers.Reshape((7, 7, 32)),
            keras.layers.Conv2DTranspose(16, 4, 2, "same", activation="relu"),
            keras.layers.Conv2DTranspose(1, 4, 2, "same", activation="tanh"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input([28, 28, 1]),
            keras.layers.Conv2D(32, 4, 2, "same", activation="leaky_relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    gan = tfgan_zoo.GAN(generator=generator, discriminator=discriminator, objective="hinge")
    gan.compile()
    gan.fit(images, batch_size=64, epochs=10)  # float images in [-1, 1]
    ```

    A model of the zoo makes its networks itself:

    ```python
    gan = tfgan_zoo.DCGAN(image_shape=(28, 28, 1))
    gan.compile()
    gan.fit(images, batch_size=64, epochs=10)  # float images in [-1, 1]
    samples = gan.generate(16, seed=0)  # uint8 [16, 28, 28, 1]
    ```

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: Int. Length of a latent vector.
        latent_distribution: "normal", "truncated_normal", within [-2, 2], or "uniform" over [-1, 1).
        objective: An adversarial loss: a `tfgan_zoo.losses.Objective`, such as
            `losses.LeastSquares(label_smoothing=0.1)`, its name, "hinge", or a pair of functions,
            `(discriminator_loss, generator_loss)`, see `losses.get`.
        penalty: A penalty on the discriminator's gradients: a `tfgan_zoo.penalties.Penalty`, such as
            `penalties.R1(10, every=16)`, its name, or None.
        regularizers: List of `tfgan_zoo.regularizers.Regularizer`s or their names, in the order of
            their hooks: augmentation (`ADA`, `DiffAugment`), consistency, LeCam, top-k, unrolling,
            instance noise.
        n_critic: Int. Discriminator updates per training step, each on images of its own.
        g_learning_rate, d_learning_rate: Floats. Rates of the default optimizers; two different ones
            are the two time-scale update rule (Heusel et al. 2017).
        ema_decay: Float in [0, 1). Decay per step of the generator's exponential moving average, which
            `generate` and `export` use; at step t it is at most (1 + t) / (10 + t). 0 keeps no average.
        gradient_accumulation_steps: Int k. Each update's batch is processed in k parts, one after
            the other, to save memory; the gradients are averaged. Layers with statistics of a batch
            (normalization, standard deviation) have those of a part; an option whose loss reads
            several images together is refused by `compile`.
        seed: Int in [0, 2**31). Initial weights, data order and every draw are functions of it.
        privacy: A `tfgan_zoo.privacy.DPSGD`, with which the discriminator learns differentially
            private, or None. What would read real images otherwise is refused.
        generator: A Keras model of your own, functional, sequential or of a class, from latents
            `[B, latent_dim]` to images `[B, H, W, C]` in [-1, 1]; with `num_classes` from
            `[latents, labels]`, int32 labels `[B]`. It trains from the weights that it has.
        discriminator: A Keras model from images, or from `[images, labels]`, to logits `[B, 1]` or
            `[B]`, or to a dictionary with such "logits".
        num_classes: Int. Labels are integers in [0, num_classes); None for a model without labels.
        dtype: Dtype policy, such as "mixed_bfloat16" or "mixed_float16", that training computes in. The
            averages, and with them what is drawn and served, always compute in float32.

    Raises:
        TypeError: An argument that the class does not have, or a network that is no Keras model.
        ValueError: A value outside its range, or a network that could not be trained: of other inputs or
            outputs, with layers that draw by Keras's generator, of another dtype policy or strategy.

    References: Goodfellow et al., "Generative Adversarial Nets", 2014.
    """

    loader = "load"  # the function of `datasets` that loads what it is trained on
    defaults = {
        "image_shape": (64, 64, 3),
        "latent_dim": 100,
        "latent_distribution": "normal",
        "objective": "non_saturating",
        "penalty": None,
        "regularizers": (),
        "n_critic": 1,
        "g_learning_rate": 2e-4,
        "d_learning_rate": 2e-4,
        "ema_decay": 0.999,
        "gradient_accumulation_steps": 1,
        "seed": 0,
        "privacy": None,
        "generator": None,
        "discriminator": None,
        "num_classes": None,
    }

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build_discriminator" in vars(cls) and "unused_options" not in vars(cls):
            cls.unused_options = ()  # a network of its own may have a place for them

    # === Construction ===

    @classmethod
    def _inherited_defaults(cls):
        """The options of a class's base; a class that makes a network of its own is given none."""
        inherited = super()._inherited_defaults()
        found = own_networks.without_own(cls, inherited, GAN) if inherited else {}
        if len(found) < len(inherited) and found.get("num_classes", 0) is None:
            del found["num_classes"]
        return found

    def _resolved(self, policy, args, kwargs):
        implied = functools.partial(own_networks.implied, type(self), policy)
        return options.resolve(type(self), args, copies.restored(policy, kwargs), implied)

    def _add_states(self):
        if self.privacy is not None:
            self._add_privacy()
        for part in [self.penalty, *self.regularizers]:
            if part is not None:
                part.build(self)

    def _adopt_networks(self):
        given_layers.check_outputs(self, own_networks.adopt(self))

    def _check_networks(self):
        check_networks(self)
        given_layers.check(self)
        given_layers.remember(self)

    def _own_options(self):
        found = own_networks.arguments(self, self._options)
        if self.privacy is None:  # as older versions wrote it
            del found["privacy"]
        return found

    # === Hooks ===

    def build_networks(self):
        """Makes all networks; a variant with more than the usual ones adds its own."""
        self.generator = self.build_generator()
        self.discriminator = self.build_discriminator()
        with full_precision():
            self.ema_generator = self._average_of_generator()

    def build_generator(self):
        """Makes a network from latents (and labels) to float32 images in [-1, 1]."""
        return own_networks.required(self, "generator")

    def build_discriminator(self):
        """Makes a network from images (and labels) to float32 logits `[B, 1]`."""
        return own_networks.required(self, "discriminator")

    @property
    def _generates_ahead(self):
        own = type(self).discriminate_generated is not GAN.discriminate_generated
        return self.condition is None and not own

    def _generated_ahead(self, rng):
        latents, batch = self.sample_latents(rng), Refusing(type(self).__name__, "the data")
        with rng.active():
            return latents, self.synthesize(latents, batch, rng)

    def _check_private_loss(self):
        private_checks.check_loss(self)

    def before_training(self):
        super().before_training()
        for regularizer in self.regularizers:
            regularizer.before_training(self)

    def check_compile(self):
        private_checks.check(self)
        for regularizer in self.regularizers:
            regularizer.check_compile(self)

    def _average_of_generator(self):
        is_given = own_networks.given(self, "generator") is not None
        return own_networks.average_of(self) if is_given else self.build_generator()

    # === Configuration ===

    @property
    def condition(self):
        """What the model is asked for beside latents: `Labels`, `Texts` or None."""
        return None if self.num_classes is None else Labels(self.num_classes, self.class_names)

    def call(self, latents, labels=None, training=False):
        if self.num_classes is not None and tf.executing_eagerly():
            labels = self.checked_labels(labels, latents)
        generator = self.generator if training else self.ema_generator
        images = generator(self.generator_inputs(latents, {"labels": labels}), training=training)
        images = tf.cast(images, tf.float32)
        if self.num_classes is None:
            return images
        known = (labels >= 0) & (labels < self.num_classes)
        return served.where(known, images, float("nan"))  # in a graph nothing can be raised
