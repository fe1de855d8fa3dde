"""The watch for collapse: it fires on models made to collapse, and is silent on one that learns."""

import functools
import json

import keras
import numpy as np
import pytest
from cases import make
from tiny_runs import values

from tfgan_zoo import callbacks, datasets
from tfgan_zoo.callbacks.steps import state_of
from tfgan_zoo.metrics import extractors

TOY = "toy_collapse_monitor"
SIZE = {"image_shape": (12, 12, 1), "width": 8, "latent_dim": 16}


@pytest.fixture(scope="module")
def clothes():
    """1,024 images of Fashion-MNIST at 12x12, floats in [-1, 1], and their labels."""
    data = datasets.load("fashion_mnist_10k", image_size=12, batch_size=1024, shuffle=False)
    batch = next(iter(data))
    return batch["images"].numpy(), batch["labels"].numpy()


@pytest.fixture(scope="module", autouse=True)
def toy(clothes):
    """A classifier by the nearest mean of a class, right on two thirds; its features are the pixels."""
    flat = clothes[0].reshape(-1, 144)
    means = np.stack([flat[clothes[1] == label].mean(axis=0) for label in range(10)])
    pixels = keras.Input((12, 12, 1))
    features = keras.layers.Flatten()(pixels)
    dense = keras.layers.Dense(10)
    model = keras.Model(pixels, [features, dense(features)])
    dense.set_weights([means.T, -(means**2).sum(axis=1) / 2])
    extractors.register(TOY, model, (12, 12, 1))


@functools.cache
def compiled(objective):
    """A model and its first state; a second one would have to be traced again."""
    gan = make("DCGAN", **SIZE, objective=objective)
    gan.compile(jit_compile=False)
    return gan, values(gan)


def trained(images, *watchers, g_rate=2e-4, d_rate=2e-4, epochs=1, objective="non_saturating"):
    gan, first = compiled(objective)
    for variable, value in zip(state_of(gan), first, strict=True):
        variable.assign(value)
    gan.g_optimizer.learning_rate, gan.d_optimizer.learning_rate = g_rate, d_rate
    gan.fit(images, batch_size=32, epochs=epochs, verbose=0, callbacks=list(watchers))
    return gan


def monitor(images, **options):
    return callbacks.CollapseMonitor(images, **{"every": 32, "begin": 96, "n": 48, **options})


def messages(warned):
    return [str(w.message) for w in warned if w.category is callbacks.CollapseWarning]


class At(keras.callbacks.Callback):
    """Does something to the model after each step from the first to the last."""

    def __init__(self, first, last, action):
        super().__init__()
        self.first, self.last, self.action = first, last, action

    def on_train_batch_end(self, batch, logs=None):
        if self.first <= int(self.model.iterations.numpy()) <= self.last:
            self.action(self.model)


def without_latents(gan):
    for network in (gan.generator, gan.ema_generator):
        network.weights[0].assign(np.zeros(network.weights[0].shape))


def test_silent_on_a_run_that_learns_which_it_does_not_change(clothes, tmp_path):
    states = []
    watch = monitor(clothes[0], extractor=TOY, path=tmp_path / "collapse.jsonl")
    record = At(65, 65, lambda gan: states.append(values(gan)))
    trained(clothes[0], watch, record, g_rate=1e-3, d_rate=1e-3, epochs=6)  # it would be an error
    steps, numbers = zip(*watch.history, strict=True)
    assert steps == (32, 64, 96, 128, 160, 192)
    # Measured: diversity 0.15 at step 32 and 0.84 at 192, classes 2 and 9, MS-SSIM 0.63 and 0.34.
    assert numbers[0]["diversity"] < 0.3 and numbers[0]["modes"] < 5 == numbers[0]["modes_real"] / 2
    assert numbers[-1]["diversity"] > 0.7 and numbers[-1]["modes"] >= 7
    assert numbers[-1]["ms_ssim"] < numbers[-1]["ms_ssim_real"] + 0.25
    lines = [json.loads(x) for x in (tmp_path / "collapse.jsonl").read_text().splitlines()]
    assert [(line.pop("step"), line.pop("time") and line) for line in lines] == watch.history
    alone = callbacks.StopAtStep(65)
    trained(clothes[0], alone, record, g_rate=1e-3, d_rate=1e-3, epochs=6)
    for left, right in zip(*states, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.full
def test_fires_on_a_generator_that_is_too_fast(clothes):
    watch = monitor(clothes[0], extractor=TOY)
    with pytest.warns(callbacks.CollapseWarning) as warned:
        trained(clothes[0], watch, g_rate=1e-2, d_rate=1e-5, epochs=4)
    (message,) = messages(warned)  # 0.15 times as far apart, 0.99, 1 class
    assert "collapse at step 128, at 2 checks in a row: generated images are 0.1" in message
    assert "MS-SSIM of two generated images is 0.9" in message and "generated: 1, among" in message
    assert "always wins" not in message and "gradients have norms 0." in message


@pytest.mark.full
def test_names_a_discriminator_that_always_wins(clothes):
    watch, alone = monitor(clothes[0]), monitor(None)
    with pytest.warns(callbacks.CollapseWarning) as warned:
        trained(clothes[0], watch, alone, objective="minimax", d_rate=5e-3, epochs=4)
    with_real, without = messages(warned)
    assert "always wins, on 1 of the real images and 1 of the generated ones" in with_real
    assert "times as far apart as their features are long" in without
    assert "always wins, ranking 1 of the pairs right" in without and "norms" not in without
    numbers = watch.history[-1][1]
    assert numbers["g_gradient"] < 0.1 and watch.history[0][1]["g_gradient"] > numbers["g_gradient"]


def test_warns_once_until_it_recovers(clothes):
    ends = At(4, 7, without_latents), At(12, 14, without_latents)
    watch = monitor(clothes[0], every=1, begin=3, similarity=1.0, diversity=1e-6)
    with pytest.warns(callbacks.CollapseWarning) as warned:
        trained(clothes[0][:512], *ends, watch, g_rate=1e-2)
    found = [step for step, numbers in watch.history if numbers["diversity"] < 1e-6]
    assert found == [4, 5, 6, 7, 12, 13, 14]
    assert [m[: m.index(",")] for m in messages(warned)] == [
        f"Training shows collapse at step {step}" for step in (5, 13)
    ]


def test_fires_on_a_gradient_that_vanishes(clothes):
    def without_answer(gan):
        kernel = gan.discriminator.weights[-2]
        kernel.assign(np.zeros(kernel.shape))

    watch = monitor(clothes[0], every=1, begin=1, similarity=1.0, diversity=1e-9)
    with pytest.warns(callbacks.CollapseWarning) as warned:
        trained(clothes[0][:384], At(10, 11, without_answer), watch)
    (message,) = messages(warned)
    assert "at step 11, at 2 checks in a row: the generator's gradient vanishes; " in message
    assert "norms 0 (generator)" in message
    before = [numbers["g_gradient"] for step, numbers in watch.history if step < 10]
    assert min(before) > 1e-3


def test_the_norms_are_those_of_the_update(clothes):
    """Plain gradient descent at rate 1 moves the weights by the gradient that was foretold."""
    images, moved = clothes[0][:16], []  # one batch, whose order the loss does not know
    options = {"discriminator_normalization": None, "generator_normalization": None}
    gan = make("DCGAN", **SIZE, **options, objective="wasserstein")
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(1.0), jit_compile=False)
    weights = gan.discriminator.trainable_variables
    record = At(1, 2, lambda gan: moved.append([weight.numpy() for weight in weights]))
    watch = monitor(images, every=1, n=16)
    gan.fit(images, batch_size=16, epochs=2, verbose=0, callbacks=[watch, record])
    squares = [np.sum((before - after) ** 2) for before, after in zip(*moved, strict=True)]
    foretold = watch.history[0][1]
    np.testing.assert_allclose(foretold["d_gradient"], np.sqrt(sum(squares)), rtol=1e-4)
    assert (
        "d_ranking_accuracy" in foretold and "real_accuracy" not in foretold
    )  # logits are no answers


@pytest.mark.full
def test_a_model_with_labels(clothes):
    images, labels = clothes[0][:32], clothes[1][:32]
    gan = make("ConditionalGAN", image_shape=(12, 12, 1), num_classes=10)
    gan.compile(jit_compile=False)
    with pytest.raises(ValueError, match="needs real_labels"):
        gan.fit(images, labels, batch_size=8, callbacks=[callbacks.CollapseMonitor(images)])
    watch = callbacks.CollapseMonitor(np.uint8((images + 1) * 127), labels, every=2, n=16)
    gan.fit(images, labels, batch_size=8, epochs=1, verbose=0, callbacks=[watch])
    numbers = watch.history[0][1]
    assert 0 <= numbers["real_accuracy"] <= 1 and 0 <= numbers["fake_accuracy"] <= 1
    assert min(numbers["d_gradient"], numbers["g_gradient"]) > 0


def test_what_cannot_be_done_is_refused(clothes):
    images = clothes[0]
    cases = [
        ({"real_images": images[0]}, r"two or more, \[N, H, W, C\].* float32 \(12, 12, 1\)"),
        ({"real_images": images[:1]}, r"two or more, .* Received: float32 \(1, 12"),
        ({"real_images": images * 2}, r"must lie in \[-1, 1\]. Received 2"),
        ({"real_images": images.astype(int)}, r"uint8 or floats .* Received: int64"),
        ({"real_images": images, "real_labels": [1]}, "1024 real_images and 1 real_labels"),
        ({"extractor": "toyy"}, "There is no extractor 'toyy'"),
        ({"extractor": 3}, "extractor must give features of images. Received: 3"),
        ({"n": 1}, "n must be an int of 2 or more. Received: 1"),
        ({"patience": 0}, "patience must be an int of 1 or more"),
        ({"diversity": 0.0}, r"diversity must lie in \(0, 1\]. Received: 0.0"),
    ]
    for options, message in cases:
        with pytest.raises(ValueError, match=message):
            callbacks.CollapseMonitor(**options)
    with pytest.raises(ValueError, match=r"have shape \(12, 6, 1\), the model \(12, 12, 1\)"):
        trained(images, callbacks.CollapseMonitor(images[:, :, :6]))
