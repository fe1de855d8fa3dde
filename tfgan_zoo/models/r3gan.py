"""R3GAN: a relativistic loss with two penalties, and residual networks without tricks.

Reference: Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern Baseline
GAN", 2024 (arXiv:2501.05441). Sizes of networks are those of the authors' published configurations.
"""

import functools

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import Clip, Conv2D, LeakyReLU, Resample, is_cpu_graph
from tfgan_zoo.penalties import R1R2
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN

_LINEAR_LAYERS = 3  # in a residual block
_LOOPED_GROUPS = 16


class R3GAN(GAN):
    """The modern baseline: paired relativistic loss, R1 on real and R2 on generated images.

    Both networks are ResNets of inverted bottlenecks with grouped convolutions, fix-up initialisation,
    leaky rectifiers, bilinear resampling and no normalization (section 4). The generator starts from
    a learned basis of small feature maps, the discriminator ends in one. Images are not passed through
    tanh; they are clipped when drawn.

    The authors move learning rate, beta_2, gamma and the average's half-life over their first 20 to 200
    million images (2e-4 to 5e-5, 0.9 to 0.99, gamma to its tenth). Here all are constant: the first
    three at their first values, which suit short runs, the half-life at its last. Their augmentation
    of real and generated images is left out. Rates of 2e-4 are for their 768 channels at batches of 256
    and 512; small networks at batches of 32 learn faster at 1e-3, which the preset of 28 pixels has.

    Args:
        widths: Ints. Channels of each stage's feature maps, from the coarsest. A stage has half the size
            of the next; the last has the image's.
        blocks: Int. Residual blocks in each stage.
        expansion: Int. Times as many channels within a block.
        group_width: Int. Channels in each group of a grouped convolution.
        num_classes: None, or an int; labels are then integers in [0, num_classes). A map of the class
            is given to the generator beside the latents, and weighs the discriminator's logits
            (projection, Miyato and Koyama 2018).

    All other arguments: see `GAN`. The weight of `penalties.R1R2` is the paper's gamma.

    Raises:
        ValueError: Widths that the image's size or the groups do not fit.
    """

    defaults = {
        "image_shape": (64, 64, 3),
        "latent_dim": 64,
        "objective": "relativistic",
        "penalty": R1R2(2.0),
        "g_learning_rate": 2e-4,
        "d_learning_rate": 2e-4,
        "ema_decay": 0.99965,
        "widths": (768, 768, 768, 768, 384),
        "blocks": 2,
        "expansion": 2,
        "group_width": 16,
        "num_classes": None,
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.9, epsilon=1e-8)

    def build_generator(self):
        size = _coarsest(self)
        x = latents = keras.Input([self.latent_dim], name="latents")
        inputs = latents
        if self.num_classes:
            label = keras.Input([], dtype="int32", name="label")
            inputs = [latents, label]
            x = layers.Concatenate()([latents, _class_map(self, label, self.latent_dim)])
        x = _linear(self.widths[0])(x)
        x = BasisMaps(size)(x)
        for level, width in enumerate(self.widths):
            if level:
                x = _pointwise(width)(x) if width != x.shape[-1] else x
                x = Resample(up=2)(x)
            x = _residual_blocks(self, x)
        x = _pointwise(self.image_shape[-1])(x)
        return keras.Model(inputs, Clip(dtype="float32", name="images")(x), name="generator")

    def build_discriminator(self):
        _coarsest(self)
        inputs = images = keras.Input(self.image_shape, name="images")
        x = _pointwise(self.widths[-1])(images)
        for level in reversed(range(len(self.widths))):
            x = _residual_blocks(self, x)
            if level:
                x = Resample(down=2)(x)
                width = self.widths[level - 1]
                x = _pointwise(width)(x) if width != x.shape[-1] else x
        x = BasisProducts()(x)
        if not self.num_classes:
            logits = _linear(1, dtype="float32", name="logits")(x)
            return keras.Model(images, logits, name="discriminator")
        label = keras.Input([], dtype="int32", name="label")
        inputs = [images, label]
        size = self.widths[0]
        features = [_linear(size)(x), _class_map(self, label, size, gain=size**-0.5)]
        logits = layers.Dot(1, dtype="float32", name="logits")(features)
        return keras.Model(inputs, logits, name="discriminator")


# === Networks ===


def _coarsest(gan):
    """Height and width of the first stage's feature maps."""
    height, width, _ = gan.image_shape
    scale = 2 ** (len(gan.widths) - 1)
    if height % scale or width % scale:
        raise ValueError(
            f"R3GAN with {len(gan.widths)} widths needs a height and a width that are multiples of "
            f"{scale}. Received: image_shape={gan.image_shape}, widths={gan.widths}."
        )
    if any(gan.expansion * width % gan.group_width for width in gan.widths):
        raise ValueError(
            "R3GAN needs expansion x width to be a multiple of group_width at every stage. Received: "
            f"expansion={gan.expansion}, widths={gan.widths}, group_width={gan.group_width}."
        )
    return height // scale, width // scale


def _normal(gain=1.0):
    """N(0, gain^2 / inputs): He et al. 2015."""
    if not gain:
        return "zeros"
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")


def _pointwise(channels):
    return Conv2D(channels, 1, use_bias=False, kernel_initializer=_normal())


def _linear(units, gain=1.0, **options):
    return layers.Dense(units, use_bias=False, kernel_initializer=_normal(gain), **options)


def _class_map(gan, label, size, gain=1.0):
    """One learned vector `[B, size]` for each class."""
    return _linear(size, gain)(keras.ops.one_hot(label, gan.num_classes))


def _residual_blocks(gan, x):
    """`x` plus inverted bottlenecks, whose last layers start at 0 and whose others start smaller the
    more blocks there are (Zhang et al. 2019; section 4.2)."""
    depth = gan.blocks * len(gan.widths)
    gain = (2 / (1 + 0.2**2)) ** 0.5 * depth ** (-1 / (2 * _LINEAR_LAYERS - 2))
    inner = gan.expansion * x.shape[-1]
    for _ in range(gan.blocks):
        y = Conv2D(inner, 1, kernel_initializer=_normal(gain))(x)
        y = LeakyReLU(0.2)(y)
        groups = inner // gan.group_width
        y = GroupedConv2D(
            inner, 3, padding="same", groups=groups, kernel_initializer=_normal(gain)
        )(y)
        y = LeakyReLU(0.2)(y)
        y = Conv2D(x.shape[-1], 1, use_bias=False, kernel_initializer=_normal(0))(y)
        x = layers.Add()([x, y])
    return x


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class GroupedConv2D(Conv2D):
    """`keras.layers.Conv2D` with groups, for stride 1 and padding "same".

    Keras runs groups by XLA, which on CPUs takes many times as long as its kernels do; and kernels for
    CPUs without oneDNN do not know them. A few groups are therefore convolved one by one, which all
    can, in XLA and in exports; many, and a step of training in a graph, are given to the kernel at once
    where there is one, which takes half to three quarters of the time there.
    """

    def convolution_op(self, inputs, kernel):
        if (self.groups > _LOOPED_GROUPS or is_cpu_graph()) and _has_grouped_kernel():
            return tf.nn.conv2d(inputs, kernel, 1, "SAME")
        pieces = zip(
            tf.split(inputs, self.groups, -1), tf.split(kernel, self.groups, -1), strict=True
        )
        return tf.concat([tf.nn.conv2d(x, k, 1, "SAME") for x, k in pieces], -1)


@functools.cache
def _has_grouped_kernel():
    """Whether this machine convolves in groups and adds a bias outside XLA: CPUs do by oneDNN alone."""
    convolved = tf.function(lambda x, k, b: tf.nn.bias_add(tf.nn.conv2d(x, k, 1, "SAME"), b))
    with tf.init_scope():
        try:
            convolved(tf.zeros([1, 4, 4, 2]), tf.zeros([3, 3, 1, 2]), tf.zeros([2]))
        except tf.errors.OpError:
            return False
    return True


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BasisMaps(layers.Layer):
    """Each of `[B, C]` times a learned feature map of its own: `[B, height, width, C]`.

    Args:
        size: `(height, width)`.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = tuple(size)

    def build(self, input_shape):
        initializer = keras.initializers.RandomNormal(stddev=1.0)
        shape = (*self.size, input_shape[-1])
        self.basis = self.add_weight(shape=shape, initializer=initializer, name="basis")

    def call(self, inputs):
        return inputs[:, None, None, :] * tf.convert_to_tensor(self.basis)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BasisProducts(layers.Layer):
    """The product of each channel of `[B, H, W, C]` with a learned one of its own, summed: `[B, C]`."""

    def build(self, input_shape):
        _, height, width, _ = input_shape
        initializer = keras.initializers.RandomNormal(stddev=(height * width) ** -0.5)
        self.basis = self.add_weight(
            shape=input_shape[1:], initializer=initializer, name="basis", autocast=False
        )

    def call(self, inputs):
        products = tf.cast(inputs, tf.float32) * tf.convert_to_tensor(self.basis)
        return tf.cast(tf.reduce_sum(products, axis=[1, 2]), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


# === Presets ===

# The authors' configurations (train.py of their repository): widths, gamma, half-life of the average.
_CIFAR = {
    "image_shape": (32, 32, 3),
    "num_classes": 10,
    "widths": (768, 768, 768, 768),
    "penalty": R1R2(0.05),
    "ema_decay": 0.99993,  # 5 million images at batches of 512
}
_IMAGENET = {
    "num_classes": 1000,
    "widths": (1536, 1536, 1536, 1536, 1536),
    "group_width": 32,
    "penalty": R1R2(1.0),
    "ema_decay": 0.999993,  # 50 million images at batches of 512
}
_HIGH = {
    "image_shape": (256, 256, 3),
    "widths": (768, 768, 768, 768, 384, 192, 96),
    "penalty": R1R2(150.0),
    "ema_decay": 0.99965,  # 500 thousand images at batches of 256
}
_SMALL = {
    "image_shape": (28, 28, 1),
    "widths": (64, 32, 16),
    "blocks": 1,
    "group_width": 8,
    "penalty": R1R2(0.5),
    "g_learning_rate": 1e-3,
    "d_learning_rate": 1e-3,
    "ema_decay": 0.999,
}

register(
    ("r3gan_fashion_mnist", R3GAN, _SMALL, "fashion_mnist", 32, 2, (47_888, 43_856)),
    ("r3gan_cifar10", R3GAN, _CIFAR, "cifar10", 512, 2000, (20_781_952, 21_280_512)),
    ("r3gan_celeb_a_64", R3GAN, {}, "celeb_a", 256, 100, (22_429_824, 22_381_440)),
    ("r3gan_celeb_a_hq_256", R3GAN, _HIGH, "celeb_a_hq/256", 256, 1000, (23_057_952, 23_009_568)),
    (
        "r3gan_imagenet_64",
        R3GAN,
        _IMAGENET,
        "imagenet_resized/64x64",
        512,
        160,
        (103_570_432, 107_205_120),
    ),
)
