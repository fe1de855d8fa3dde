"""One tiny real case for every variant: its class and the arguments that make it small."""

import tfgan_zoo

SMALL = {"image_shape": (8, 8, 1), "latent_dim": 4}
CONVOLUTIONAL = {**SMALL, "width": 4}
STYLED = {**SMALL, "style_dim": 4, "mapping_layers": 2, "channel_base": 32, "channel_max": 6}
WITHOUT_BATCH_STATISTICS = {"generator_normalization": None, "discriminator_normalization": None}

CASES = {
    "VanillaGAN": {**SMALL, "width": 8, "maxout_units": 6, "maxout_pieces": 2},
    "DCGAN": CONVOLUTIONAL,
    "LSGAN": CONVOLUTIONAL,
    "WGAN": {**CONVOLUTIONAL, "n_critic": 2, "clip_value": 0.1},
    "WGANGP": {**CONVOLUTIONAL, "n_critic": 2},
    "StyleGAN": STYLED,
    "StyleGAN2": {**STYLED, "penalty_every": 2, "path_length_every": 2},
    "ConditionalGAN": {**CONVOLUTIONAL, "num_classes": 3},
    "R3GAN": {**SMALL, "widths": (8, 4), "blocks": 1, "group_width": 4},
    "ACGAN": {
        **CONVOLUTIONAL,
        "num_classes": 3,
        "latent_dim": 16,
        "discriminator_layers": 2,
        "discriminator_width": 4,
    },
}


def make(variant, **overrides):
    """The tiny model of a variant, not compiled."""
    model_class = getattr(tfgan_zoo, variant)
    known = {k: v for k, v in overrides.items() if k in {*model_class.defaults, "name", "dtype"}}
    return model_class(**{**CASES[variant], **known})


def initial_scale(variant):
    """By what to multiply initial weights for an exact comparison: with those of DCGAN's N(0, 0.02) and
    vanilla GAN's narrow ones the first updates are next to nothing."""
    narrow = isinstance(make(variant), (tfgan_zoo.DCGAN, tfgan_zoo.VanillaGAN))
    return 10 if narrow else 1
