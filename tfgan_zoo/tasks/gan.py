"""The base of every noise-to-image model: its options, its networks and the hooks of a variant."""

import contextlib
import random

import keras
import tensorflow as tf

from tfgan_zoo import presets
from tfgan_zoo.engine import construction, options
from tfgan_zoo.engine.class_names import ClassNames
from tfgan_zoo.engine.fitting import Fitting
from tfgan_zoo.engine.frozen import freeze_layers, frozen_layers
from tfgan_zoo.engine.keras_methods import KerasMethods
from tfgan_zoo.engine.step import TrainingStep
from tfgan_zoo.tasks import served
from tfgan_zoo.tasks.conditions import Labels
from tfgan_zoo.tasks.remedies import Remedies
from tfgan_zoo.tasks.sampling import Sampling
from tfgan_zoo.weights import named


class GAN(ClassNames, Remedies, TrainingStep, Fitting, KerasMethods, Sampling, keras.Model):
    """A generator and a discriminator trained against each other by `fit`.

    A variant overrides `build_generator`, `build_discriminator` and, where its paper asks for it,
    `default_optimizer`, `discriminator_loss`, `generator_loss` or `after_discriminator_update`; it
    never overrides `train_step`. The hooks of the losses stand in `AdversarialLosses`. Its table
    `defaults` holds what its paper sets, and every row of it is an argument of the constructor.

    Example:

    ```python
    gan = tfgan_zoo.DCGAN(image_shape=(28, 28, 1))
    gan.compile()
    gan.fit(images, batch_size=64, epochs=10)  # float images in [-1, 1]
    samples = gan.generate(16, seed=0)  # uint8 [16, 28, 28, 1]
    ```

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: Int. Length of a latent vector.
        latent_distribution: "normal", or "uniform" over [-1, 1).
        objective: Name of an adversarial loss, see `tfgan_zoo.losses.OBJECTIVES`.
        penalty: Name of a penalty on the discriminator, see `tfgan_zoo.penalties.PENALTIES`, or None.
        penalty_weight: Float. The factor of the penalty.
        penalty_every: Int k. The penalty is taken at every k-th discriminator update, k times as
            strong (lazy regularisation, StyleGAN2, section 3.1).
        n_critic: Int. Discriminator updates per training step, each on images of its own.
        g_learning_rate, d_learning_rate: Floats. Rates of the default optimizers; two different ones
            are the two time-scale update rule (Heusel et al. 2017).
        ema_decay: Float in [0, 1). Decay per step of the generator's exponential moving average, which
            `generate` and `export` use; at step t it is at most (1 + t) / (10 + t). 0 keeps no average.
        label_smoothing: Float in [0, 1). One-sided: the target of real images is 1 minus this.
        instance_noise: Float. Standard deviation of normal noise added to all images that the
            discriminator sees (Sønderby et al. 2017); falls to 0 over `instance_noise_steps` steps,
            or stays where that is 0.
        dropout: Float in [0, 1). Rate of dropout in the discriminator.
        gradient_accumulation_steps: Int k. Each update's batch is processed in k parts, one after
            the other, to save memory; the gradients are averaged. Layers with statistics of a batch
            (normalization, standard deviation) have those of a part; an option whose loss reads
            several images together is refused by `compile`.
        balance: None, or (low, high). A running measure of how often the discriminator ranks a real
            image above a generated one (0.5: never better than chance) is kept; above `high` the
            discriminator's update is skipped, below `low` the generator's.
        augment: What real and generated images go through before they are judged: None; some of
            "color,translation,cutout" (DiffAugment, Zhao et al. 2020); or "ada" (Karras et al. 2020),
            each of whose transformations has a probability that adapts: flips, turns, shifts, scales
            and colours, which the paper recommends. "ada_full" has its filters, noise and cutout too.
            Penalties are taken at the images that come out. See `tfgan_zoo.augment`.
        ada_target, ada_images: Floats. After each update of the discriminator ADA's probability rises
            where the mean sign of real images' logits is above the target, and falls where it is
            below, at the rate of 1 in so many images.
        consistency_real, consistency_fake: Floats. Weights of the squared change of a logit when its
            image is mirrored and shifted (bCR, Zhao et al. 2020, "Improved Consistency
            Regularization", where both are 10). 0: not taken, as of those that follow.
        latent_consistency_d, latent_consistency_g: Floats. Weights of the squared changes of the logit
            and, to be large, of the image when noise is added to the latents (zCR; 5 and 0.5 there).
        latent_consistency_noise: Float. Standard deviation of that noise.
        lecam: Float. Weight of LeCam regularisation (Tseng et al. 2021), which holds the logits of real
            images near an average of generated images' logits, and the reverse.
        lecam_decay: Float in [0, 1). Decay per update of these averages.
        top_k: Float in (0, 1]. Share of its images that the generator learns from, those that the
            discriminator holds for the most real (Sinha et al. 2020, where it is 0.5): of several
            replicas each keeps that share of its own images.
        top_k_steps: Int. Steps in which that share falls there from 1, by the same factor in each.
        unrolled_steps: Int. Updates by which the discriminator is ahead in the generator's loss, through
            which gradients pass (Metz et al. 2016). It must be trained by Adam or plain SGD.
        seed: Int in [0, 2**31). Initial weights, data order and every draw are functions of it.
        dtype: Dtype policy, such as "mixed_bfloat16" or "mixed_float16", that training computes in. The
            averages, and with them what is drawn and served, always compute in float32.

    Raises:
        TypeError: An argument that the class does not have.
        ValueError: A value outside its range.

    References: Goodfellow et al., "Generative Adversarial Nets", 2014.
    """

    presets = presets.PresetsOfClass()  # `DCGAN.presets`: {name: Preset}, of subclasses too
    num_classes = None  # set by models that take labels
    judges_labels = True  # whether such a model's discriminator takes them too
    bounds = {}  # ranges of a class's own options, beside `defaults`: see `kinds.kind_of`
    before = {}  # of options that older versions did not have: what their models did
    unused_options = ()  # arguments of a base class that a variant's networks do not use
    phases = 1  # of training, each with a computation of its own (`draws.phase` is an int)
    defaults = {
        "image_shape": (64, 64, 3),
        "latent_dim": 100,
        "latent_distribution": "normal",
        "objective": "modified",
        "penalty": None,
        "penalty_weight": 0.0,
        "penalty_every": 1,
        "n_critic": 1,
        "g_learning_rate": 2e-4,
        "d_learning_rate": 2e-4,
        "ema_decay": 0.999,
        "label_smoothing": 0.0,
        "instance_noise": 0.0,
        "instance_noise_steps": 0,
        "dropout": 0.0,
        "gradient_accumulation_steps": 1,
        "balance": None,
        "augment": None,
        "ada_target": 0.6,
        "ada_images": 500_000,
        "consistency_real": 0.0,
        "consistency_fake": 0.0,
        "latent_consistency_d": 0.0,
        "latent_consistency_g": 0.0,
        "latent_consistency_noise": 0.03,
        "lecam": 0.0,
        "lecam_decay": 0.99,
        "top_k": 1.0,
        "top_k_steps": 0,
        "unrolled_steps": 0,
        "seed": 0,
    }

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.defaults = {**super(cls, cls).defaults, **cls.__dict__.get("defaults", {})}
        if "build_discriminator" in vars(cls) and "unused_options" not in vars(cls):
            cls.unused_options = ()  # a network of its own may have a place for them
        cls.bounds = {**super(cls, cls).bounds, **cls.__dict__.get("bounds", {})}
        cls.__signature__ = options.signature({**cls.defaults, "name": None, "dtype": None})
        keras.saving.register_keras_serializable(package=cls.__module__.split(".")[0])(cls)

    def __new__(cls, *args, **kwargs):
        gan = super().__new__(cls)
        object.__setattr__(gan, "_given", (args, kwargs))
        return gan

    def __init__(self, *args, name=None, dtype=None, **kwargs):
        resolved = options.resolve(type(self), args, kwargs)
        super().__init__(name=name, dtype=construction.checked_policy(type(self).__name__, dtype))
        self._options = dict(resolved)
        for option, value in resolved.items():
            setattr(self, option, value)
        self.iterations = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="iterations"
        )
        self.d_accuracy = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(0.5),
            trainable=False,
            name="d_accuracy",
        )
        self.add_remedies()
        with _building(self.dtype_policy, self.seed):
            self.build_networks()
        construction.check_networks(self)
        for average, network in self.averages():
            average.trainable = False
            average.set_weights(network.get_weights())
            average.name = f"ema_{network.name}"
        self._steps_to_skip = 0
        self.built = True  # or `fit` under a strategy would call the model with images

    # === Hooks ===

    def build_networks(self):
        """Makes all networks; a variant with more than the usual ones adds its own."""
        self.generator = self.build_generator()
        self.discriminator = self.build_discriminator()
        with full_precision():
            self.ema_generator = self.build_generator()

    def build_generator(self):
        """Makes a network from latents (and labels) to float32 images in [-1, 1]."""
        raise NotImplementedError(f"{type(self).__name__} must define build_generator().")

    def build_discriminator(self):
        """Makes a network from images (and labels) to float32 logits `[B, 1]`."""
        raise NotImplementedError(f"{type(self).__name__} must define build_discriminator().")

    def default_optimizer(self, learning_rate):
        """The optimizer of the paper, for one player."""
        return keras.optimizers.Adam(learning_rate, beta_1=0.5)

    def player_optimizer(self, player, learning_rate):
        """The optimizer of the paper for "generator" or "discriminator", where they differ in more than
        the rate."""
        return self.default_optimizer(learning_rate)

    def player_networks(self, player):
        """The networks whose weights a player, "generator" or "discriminator", updates."""
        return [self.generator if player == "generator" else self.discriminator]

    def after_discriminator_update(self, logs):
        """Called after every discriminator update, for example to clip its weights; `logs` holds
        means over the global batch."""

    def after_generator_update(self, logs):
        """Called after every generator update; `logs` holds means over the global batch."""

    def phase(self):
        """Which of the `phases` of training the next step is in, an int32 scalar tensor."""
        return tf.constant(0)

    def averages(self):
        """`(average, network)` of every network whose weights' moving average is kept."""
        return [(self.ema_generator, self.generator)]

    # === Configuration ===

    @property
    def condition(self):
        """What the model is asked for beside latents: `Labels`, `Texts` or None."""
        return None if self.num_classes is None else Labels(self.num_classes, self.class_names)

    def networks(self):
        """All networks, whose weights a saved model has."""
        return [self.generator, self.discriminator, self.ema_generator]

    def get_config(self):
        general = {"name": self.name, "dtype": self.dtype_policy.name}
        own = construction.own_arguments(type(self), self._given)
        config = general | (self._options if own is None else own)
        if self.class_names:
            config["class_names"] = list(self.class_names)
        frozen = frozen_layers(self)
        return {**config, "frozen": frozen} if frozen else config

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        frozen, class_names = config.pop("frozen", []), config.pop("class_names", None)
        gan = cls(**config)
        gan.class_names = class_names
        if frozen:
            freeze_layers(gan, frozen)
        return gan

    def call(self, latents, labels=None, training=False):
        if self.num_classes is not None and tf.executing_eagerly():
            labels = self.checked_labels(labels, latents)
        generator = self.generator if training else self.ema_generator
        images = generator(self._with_labels(latents, labels), training=training)
        if self.num_classes is None:
            return images
        known = (labels >= 0) & (labels < self.num_classes)
        return served.where(known, images, float("nan"))  # in a graph nothing can be raised

    @classmethod
    def from_preset(cls, name, load_weights=True, **overrides):
        """Makes the model that a preset names. See `tfgan_zoo.from_preset`."""
        return presets.from_preset(name, load_weights, model_class=cls, **overrides)


def full_precision():
    """Layers made within compute in float32: the averages, whose images are drawn and served. What a
    model in half precision draws is then what its export serves, to the pixel."""
    return _dtype_policy("float32")


@contextlib.contextmanager
def _dtype_policy(policy):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


@contextlib.contextmanager
def _building(policy, seed):
    """Layers made within have this dtype policy, names that do not depend on what was made before, and
    initial weights that are a function of the seed."""
    state = random.getstate()
    random.seed(seed)  # Keras draws the seeds of initializers here
    try:
        with _dtype_policy(policy), named.fresh_names():
            yield
    finally:
        random.setstate(state)
