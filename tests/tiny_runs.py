"""A tiny model for the tests of callbacks, traced once."""

import functools

import numpy as np

import tfgan_zoo
from tfgan_zoo.callbacks.steps import state_of

TINY = {"image_shape": (8, 8, 1), "width": 4, "latent_dim": 4}


@functools.cache
def compiled(rate, **options):
    """A model and its first state; a second one would have to be traced again."""
    gan = tfgan_zoo.DCGAN(**TINY, g_learning_rate=rate, d_learning_rate=rate, **options)
    gan.compile(jit_compile=False)
    return gan, values(gan)


def make(rate=2e-4, **options):
    """The model as it was before its first step."""
    gan, first = compiled(rate, **options)
    for variable, value in zip(state_of(gan), first, strict=True):
        variable.assign(value)
    return gan


def values(gan):
    return [np.array(variable.numpy()) for variable in state_of(gan)]


def train(gan, images, *watchers, epochs=2, batch_size=16):
    gan.fit(images, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=list(watchers))
    return values(gan)
