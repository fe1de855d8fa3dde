"""Hooks of a user's own that break their contract are refused; they would train on another loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES

from tfgan_zoo import DCGAN
from tfgan_zoo.engine import Player
from tfgan_zoo.regularizers import LeCam, Regularizer

IMAGES = np.linspace(-1, 1, 512, dtype="float32").reshape(8, 8, 8, 1)


def _step(gan):
    gan.compile(run_eagerly=True)
    gan.fit(IMAGES, batch_size=8, verbose=0)


def _zeros(logs):
    return lambda gan, batch, rng: (tf.zeros([]), logs)


@pytest.mark.parametrize(
    ("hook", "gives", "message"),
    [
        ("discriminator_loss", lambda gan, batch, rng: tf.zeros([]), r"must give \(loss, logs\)"),
        ("discriminator_loss", lambda gan, batch, rng: (tf.zeros([8]), {}), "float32 scalar"),
        ("generator_loss", lambda gan, batch, rng: (1.0, {}), "float32 scalar"),
        ("generator_loss", _zeros({"x": tf.zeros([8])}), r"log 'x' must be a scalar.*\(8,\)"),
        ("discriminate", lambda gan, images, batch: tf.zeros([8, 1]), "dictionary with 'logits'"),
        ("discriminator_terms", lambda *args: {"x": tf.zeros([])}, r"\(weight, scalar\) for 'x'"),
        ("generator_terms", lambda *args: {"x": (1.0, tf.zeros([8]))}, "'x' must be a scalar"),
        ("generator_terms", lambda *args: {"g_loss": (1.0, tf.zeros([]))}, "'g_loss' is the name"),
    ],
)
def test_a_hook_of_a_model(hook, gives, message):
    gan = type("Hooked", (DCGAN,), {hook: gives})(**CASES["DCGAN"])
    with pytest.raises((TypeError, ValueError), match=message):
        _step(gan)


@pytest.mark.parametrize(
    ("hook", "gives", "message"),
    [
        ("discriminator_terms", lambda *args: None, r"Hooked.discriminator_terms\(\) must give"),
        ("discriminator_terms", lambda *a: {"lecam": (1.0, tf.zeros([]))}, "'lecam' is the name"),
        ("example_weights", lambda *args: tf.ones([8, 1]), r"example_weights.*\(8,\).*\(8, 1\)"),
    ],
)
def test_a_hook_of_a_regularizer(hook, gives, message):
    hooked = type("Hooked", (Regularizer,), {hook: gives})()
    with pytest.raises((TypeError, ValueError), match=message):
        _step(DCGAN(**CASES["DCGAN"], regularizers=[LeCam(), hooked]))


def _player(gan, name="encoder", networks=None, updates=1):
    networks = [gan.discriminator] if networks is None else networks
    return Player(name, networks, gan.discriminator_loss, 1e-3, updates)


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda gan: [("encoder", [], None)], "list of tfgan_zoo.engine.Player"),
        (lambda gan: [_player(gan, "generator")], "'generator' twice"),
        (lambda gan: [_player(gan, networks=gan.generator)], "list of Keras models"),
        (lambda gan: [_player(gan, networks=[keras.Sequential()])], "left out of what is exported"),
        (lambda gan: [_player(gan, updates=0)], "updates must be a positive integer"),
    ],
)
def test_players(gives, message):
    players = {"players": lambda gan: [*DCGAN.players(gan), *gives(gan)]}
    with pytest.raises((TypeError, ValueError), match=message):
        type("Played", (DCGAN,), players)(**CASES["DCGAN"]).compile()


def test_weights_of_examples_are_not_taken_from_parts_of_a_batch():
    weighs = {"example_weights": lambda self, model, fake: tf.sigmoid(fake.logits[:, 0])}
    weighing = type("Weighing", (Regularizer,), weighs)()
    gan = DCGAN(**CASES["DCGAN"], regularizers=[weighing], gradient_accumulation_steps=2)
    with pytest.raises(
        ValueError, match=r"Weighing\(\) reads several images of the batch together"
    ):
        gan.compile()
