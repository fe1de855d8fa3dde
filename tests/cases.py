"""One tiny real case for every variant: its class and the arguments that make it small."""

import random

import keras
import numpy as np
from keras import layers

import tfgan_zoo
from tfgan_zoo.networks import perceptual
from tfgan_zoo.penalties import R1, GradientPenalty
from tfgan_zoo.tasks.conditions import Texts

SMALL = {"image_shape": (8, 8, 1), "latent_dim": 4}
CONVOLUTIONAL = {**SMALL, "width": 4}
BIG = {
    **SMALL,
    "width": 2,
    "num_classes": 3,
    "embedding_dim": 4,
    "attention_size": 8,
    "n_critic": 1,
}
WITHOUT_BATCH_STATISTICS = {
    "generator_normalization": None,
    "discriminator_normalization": None,
    "contrastive_weight": 0.0,  # a contrast of the rows of one replica
    "normalization": None,  # of instances of 2x2 places, which magnifies what half precision rounds
}
TEXTS = np.array(["red apple", "Blue heart!", "dog"])
STYLED = {**SMALL, "style_dim": 4, "mapping_layers": 1, "channel_base": 32, "channel_max": 6}

# Some have a seed or a size other than the smallest: losses near 0, and changes that rounding alters by
# more than a twentieth, are nothing that half precision can be compared in.
CASES = {
    "VanillaGAN": {**SMALL, "width": 8, "maxout_units": 6, "maxout_pieces": 2},
    "DCGAN": CONVOLUTIONAL,
    "LSGAN": CONVOLUTIONAL,
    "WGAN": {**CONVOLUTIONAL, "n_critic": 2, "clip_value": 0.1},
    "WGANGP": {**CONVOLUTIONAL, "n_critic": 2},
    "StyleGAN": STYLED,
    "SNGAN": {**CONVOLUTIONAL, "network": "cnn", "n_critic": 2},
    "SAGAN": {**CONVOLUTIONAL, "num_classes": 3, "attention_size": 8, "seed": 1},
    "BEGAN": {**CONVOLUTIONAL, "code_dim": 4, "lambda_k": 0.1},
    "InfoGAN": {
        "image_shape": (8, 8, 1),
        "latent_dim": 16,
        "categorical_codes": 2,
        "categories": 3,
        "width": 16,
        "units": 16,
        "code_units": 8,
        "learned_deviation": True,
    },
    "StyleGAN2": {
        **STYLED,
        "penalty": R1(weight=None, every=2),
        "path_length_every": 2,
    },
    "StyleGAN3": {
        **STYLED,
        "num_layers": 3,
        "num_critical": 1,
        "margin_size": 2,
        "use_radial_filters": True,
        "penalty": R1(weight=None, every=2),
        "seed": 1,
    },
    "ConditionalGAN": {**CONVOLUTIONAL, "num_classes": 3},
    "ProGAN": {
        **SMALL,
        "widths": (8, 4),
        "fade_in_steps": 2,
        "stable_steps": 2,
        "penalty": GradientPenalty(1.0),
    },
    "R3GAN": {**SMALL, "widths": (8, 4), "blocks": 1, "group_width": 4},
    "ACGAN": {
        **CONVOLUTIONAL,
        "num_classes": 3,
        "latent_dim": 16,
        "discriminator_layers": 2,
        "discriminator_width": 4,
    },
    "TextGAN": {
        **CONVOLUTIONAL,
        "vocabulary_size": 32,
        "text_length": 12,
        "text_dim": 6,
        "condition_dim": 4,
        "default_texts": ["red apple", "dog"],
    },
    "BigGANDeep": BIG,
    "SSGAN": {**CONVOLUTIONAL, "latent_dim": 16, "network": "cnn", "n_critic": 2},
    "VAEGAN": {
        **CONVOLUTIONAL,
        "width": 2,
        "encoder_units": 8,
        "discriminator_units": 8,
        "gamma": 0.1,
    },
    "BigGAN": {**BIG, "seed": 3},
    "FastGAN": {
        **SMALL,
        "width": 1,
        "discriminator_width": 1,
        "decoder_width": 2,
        "excitation_ratio": 2,
        "reconstruction_distance": "l1",
    },
    "ProjectedGAN": {
        **SMALL,
        "num_classes": 3,
        "width": 1,
        "excitation_ratio": 2,
        "features": "tiny",
        "feature_layers": ("half", "quarter"),
        "feature_side": 8,
        "projection_width": 2,
        "discriminator_width": 1,
        "embedding_dim": 4,
        "class_map_dim": 4,
    },
    "GAN": {"n_critic": 2},  # with networks of one's own, which `make` gives it
}


def tiny_features(images):
    """Maps of two small convolutions, the same in every process."""
    x, found = images, {}
    for number, name in enumerate(("half", "quarter")):
        weights = keras.initializers.HeNormal(seed=number)
        options = {"padding": "same", "activation": "relu", "kernel_initializer": weights}
        x = found[name] = layers.Conv2D(4, 3, 2, name=name, **options)(x)
    return found


_BOTH = {"half": 1.0, "quarter": 1.0}
perceptual.register("tiny", tiny_features, _BOTH, _BOTH, encoder=tuple(_BOTH))
ENLARGING = {
    "image_shape": (8, 8, 1),
    "scale": 2,
    "width": 4,
    "discriminator_width": 4,
    "features": "tiny",
    "pretraining_steps": 1,
}
CONTRASTIVE = {
    "width": 2,
    "blocks": 1,
    "discriminator_width": 4,
    "patch": 16,
    "nce_patches": 6,
    "projection_units": 8,
    "temperature": 1.0,
}
# Models from images to images, which have no latents.
TRANSLATORS = {
    "Pix2Pix": {
        "image_shape": (8, 8, 1),
        "width": 4,
        "discriminator_width": 4,
        "patch": 16,
        "feature_matching_weight": 1.0,
        "l1_weight": 1.0,
    },
    "CycleGAN": {
        "image_shape": (8, 8, 1),
        "width": 2,
        "blocks": 1,
        "discriminator_width": 4,
        "patch": 16,
        "pool_size": 20,
        "cycle_weight": 1.0,
    },
    "SRGAN": {
        **ENLARGING,
        "blocks": 1,
        "discriminator_units": 8,
        "adversarial_weight": 1.0,
    },
    "ESRGAN": {
        **ENLARGING,
        "blocks": 1,
        "growth": 2,
        "objective": "relativistic",  # the averages of a replica are not those of the batch
    },
    "RealESRGAN": {**ENLARGING, "network": "srvgg", "blocks": 2},
    "CUT": {**CONTRASTIVE, "image_shape": (8, 8, 1), "width": 4},
    "StarGAN": {
        "image_shape": (8, 8, 1),
        "num_classes": 3,
        "width": 2,
        "blocks": 1,
        "discriminator_width": 4,
        "discriminator_layers": 2,
        "n_critic": 2,
        "gradient_penalty_weight": 0.1,
        "reconstruction_weight": 1.0,
    },
    "FastCUT": {**CONTRASTIVE, "image_shape": (8, 8, 1), "nce_weight": 1.0},
    "StyleTransfer": {
        "image_shape": (8, 8, 1),
        "width": 2,
        "blocks": 1,
        "features": "tiny",
        "variation_weight": 0.1,
    },
    "AdaIN": {"image_shape": (8, 8, 1), "width": 2, "features": "tiny"},
    "Colorizer": {
        "image_shape": (8, 8, 1),
        "width": 4,
        "discriminator_width": 4,
        "patch": 16,
        "l1_weight": 1.0,
    },
    "Inpainter": {"image_shape": (8, 8, 4), "width": 2, "discriminator_width": 2},
    "SuperResolution": {  # with networks of one's own, which `make` gives it
        "image_shape": (8, 8, 1),
        "pretraining_steps": 1,
        "features": "tiny",
        "adversarial_weight": 1.0,
    },
}
OWN = ("GAN", "SuperResolution")  # bases, which are given networks
WITH_FURTHER_INPUTS = ("StarGAN", "AdaIN")  # of translators: they take more than images
ALL = {**CASES, **TRANSLATORS}


def own_enlargers(dtype="float32"):
    """A generator of images twice as large, and a discriminator of patches."""
    random.seed(0)
    middle = {"dtype": dtype, "padding": "same"}
    return {
        "generator": keras.Sequential(
            [
                keras.Input([None, None, 1]),
                layers.Conv2D(4, 3, activation="relu", **middle),
                layers.UpSampling2D(2, dtype=dtype),
                layers.Conv2D(1, 3, padding="same", dtype="float32"),
            ]
        ),
        "discriminator": keras.Sequential(
            [
                keras.Input([16, 16, 1]),
                layers.Conv2D(4, 4, 2, activation="leaky_relu", **middle),
                layers.Conv2D(1, 3, padding="same", dtype="float32"),
            ]
        ),
    }


def own_networks(normalization, dtype="float32"):
    """A generator of latents `[B, 4]` and a discriminator as a user writes them, in Keras's layers."""
    random.seed(0)  # Keras draws seeds of initial weights here; a model of a config has the same
    middle = {"dtype": dtype}
    normalize = [layers.BatchNormalization(**middle)] if normalization else []
    generator = [
        layers.Dense(64, activation="relu", **middle),
        *normalize,
        layers.Reshape((4, 4, 4), **middle),
        layers.Conv2DTranspose(1, 4, 2, "same", activation="tanh", dtype="float32"),
    ]
    discriminator = [
        layers.Conv2D(4, 4, 2, "same", activation="leaky_relu", **middle),
        layers.Flatten(**middle),
        layers.Dense(1, dtype="float32"),
    ]
    return {
        "generator": keras.Sequential([keras.Input([4]), *generator]),
        "discriminator": keras.Sequential([keras.Input([8, 8, 1]), *discriminator]),
    }


def make(variant, **overrides):
    """The tiny model of a variant, not compiled. Of `WITHOUT_BATCH_STATISTICS` it takes what it has; any
    other name that it does not have is refused by the class itself."""
    model_class = getattr(tfgan_zoo, variant)
    missing = WITHOUT_BATCH_STATISTICS.keys() - model_class.defaults.keys()
    given = {name: value for name, value in overrides.items() if name not in missing}
    if variant == "GAN":
        normalization = "generator_normalization" not in overrides
        given = {**own_networks(normalization, given.get("dtype", "float32")), **given}
    if variant == "SuperResolution":
        given = {**own_enlargers(given.get("dtype", "float32")), **given}
    return model_class(**{**ALL[variant], **given})


def enlarge(network, scale):
    """Multiplies weights, but those that say where StyleGAN3's waves are and how large its maps."""
    for variable in network.variables:
        if variable.name not in ("frequencies", "phases", "transform", "magnitude"):
            variable.assign(scale * variable)


def asked_for(gan, labels):
    """Labels in [0, 3) as the model takes them: as they are, as texts, or not at all; for a model from
    images to images as many targets."""
    if isinstance(gan, tfgan_zoo.ImageToImage) and "targets" in gan.batch_inputs():
        shape = (len(labels), *gan.target_shape)
        return np.random.default_rng(5).uniform(-1, 1, shape).astype(np.float32)
    if gan.condition is None:
        return None
    return TEXTS[labels] if isinstance(gan.condition, Texts) else labels


def given_to(gan, images):
    """Grey images with as many channels as the model takes."""
    return images.repeat(gan.image_shape[-1], axis=-1)


def initial_loss_scale(variant):
    """By what the loss is scaled at first in float16. With Keras's 2**15, gradients of 2 and more are
    out of range: these variants, whose logits are sums over a map or whose loss has a path length or a
    contrast, would skip their first updates."""
    classes = (tfgan_zoo.SAGAN, tfgan_zoo.BigGAN, tfgan_zoo.StyleGAN2, tfgan_zoo.CUT)
    classes += (tfgan_zoo.FastGAN, tfgan_zoo.ProjectedGAN)
    return 2.0**8 if issubclass(getattr(tfgan_zoo, variant), classes) else 2.0**15


def initial_scale(variant):
    """By what to multiply initial weights for an exact comparison: with those of DCGAN's N(0, 0.02) and
    vanilla GAN's narrow ones the first updates are next to nothing."""
    classes = (tfgan_zoo.DCGAN, tfgan_zoo.InfoGAN, tfgan_zoo.VanillaGAN, tfgan_zoo.CycleGAN)
    if issubclass(getattr(tfgan_zoo, variant), tfgan_zoo.CUT):
        return 5  # directions of maps near 0 are nothing that half precision can be compared in
    return 10 if issubclass(getattr(tfgan_zoo, variant), classes) or variant == "Pix2Pix" else 1
