"""How many modes do remedies against collapse keep? Gaussians on a grid or ring; 1,000 stacked digits.

    python benchmarks/modes.py gaussians --steps 20000 --seeds 3
    python benchmarks/modes.py ring --steps 20000 --seeds 2
    python benchmarks/modes.py digits --data-dir ~/tensorflow_datasets --steps 1500 --seeds 3

Adds a row for each method and seed to results/modes_gaussians.csv, modes_ring.csv and modes_digits.csv;
those that stand there already are skipped. The samples are kept in --directory, for modes_figure.py.

References: Srivastava et al., "VEEGAN", 2017, and Lin et al., "PacGAN", 2018, for the grid and how it is
scored; Metz et al., "Unrolled Generative Adversarial Networks", 2016, section 3.1 and appendix A for the
ring, and section 3.3.1 for the digits.
"""

import argparse
import functools
import pathlib
import time
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tables import add_quick, append_csv, rows_so_far

from tfgan_zoo import GAN, penalties, regularizers
from tfgan_zoo.layers import LeakyReLU, MinibatchDiscrimination, SpectralConv2D, SpectralDense
from tfgan_zoo.metrics.classes import mode_coverage
from tfgan_zoo.models.dcgan import DCGAN

ROOT = pathlib.Path(__file__).parents[1]
DIRECTORY = ROOT / "runs" / "modes"
SCALE, POINTS = 5.0, 2500  # data are divided by the scale, to lie in [-1, 1]
WGAN_GP = {"objective": "wasserstein", "n_critic": 5}
METHODS = {
    "plain": {},
    "minibatch discrimination": {"minibatch_discrimination": 16},
    "unrolled, k = 5": {"regularizers": [regularizers.Unrolled(5)]},
    "unrolled, k = 10": {"regularizers": [regularizers.Unrolled(10)]},
    "WGAN-GP": WGAN_GP,
    "spectral normalization": {"spectral": True},
    "R1 + R2": {},
}
PENALTIES = {  # of points and of digits
    # WGAN-GP's is that of its authors' code for points; 0.02 is 0.5 for data that are not scaled.
    "points": {"WGAN-GP": penalties.GradientPenalty(0.1), "R1 + R2": penalties.R1R2(0.02)},
    "digits": {"WGAN-GP": penalties.GradientPenalty(10.0), "R1 + R2": penalties.R1R2(1.0)},
}


class Mixture(NamedTuple):
    """Gaussians of one deviation, and how they are learned."""

    centres: np.ndarray
    deviation: float
    batch_size: int
    options: dict
    methods: tuple


_ANGLES = np.arange(8) * np.pi / 4
_GRID = np.stack(np.meshgrid(*[np.arange(-4, 5, 2)] * 2), axis=-1).reshape(-1, 2)
_RING = 2 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)
_METZ = {"latent_dim": 256, "objective": "minimax", "d_layers": 1, "d_scale": 0.25, "gain": 0.8}
_METZ |= {"g_learning_rate": 1e-4, "d_learning_rate": 1e-4}  # both of appendix A
_UNROLLED = ("plain", "unrolled, k = 5", "unrolled, k = 10")
MIXTURES = {
    "gaussians": Mixture(_GRID, 0.05, 64, {}, tuple(METHODS)),
    "ring": Mixture(_RING, 0.02, 512, _METZ, _UNROLLED),
}


# === Networks ===


def _head(gan, x):
    if gan.minibatch_discrimination:
        x = MinibatchDiscrimination(gan.minibatch_discrimination)(x)
    dense = SpectralDense if gan.spectral else layers.Dense
    return dense(1, dtype="float32", name="logits")(x)


def _initializer(gan):
    return keras.initializers.Orthogonal(gan.gain) if gan.gain else "glorot_uniform"


class PointGAN(GAN):
    """Two networks of hidden layers for points of a plane, 1x1 images. Gain: of orthogonal weights."""

    defaults = {
        "image_shape": (1, 1, 2),
        "latent_dim": 2,
        "ema_decay": 0.0,
        "g_learning_rate": 1e-3,
        "d_learning_rate": 1e-3,
        "width": 128,
        "d_layers": 2,
        "d_scale": 1.0,
        "gain": 0.0,
        "minibatch_discrimination": 0,
        "spectral": False,
    }

    def build_generator(self):
        x = latents = keras.Input([self.latent_dim], name="latents")
        for _ in range(2):
            x = layers.Dense(self.width, "relu", kernel_initializer=_initializer(self))(x)
        x = layers.Dense(2, kernel_initializer=_initializer(self))(x)
        x = layers.Reshape(self.image_shape)(x)
        images = layers.Rescaling(1 / SCALE, dtype="float32", name="images")(x)
        return keras.Model(latents, images, name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        x = layers.Flatten()(layers.Rescaling(SCALE * self.d_scale)(images))
        dense = SpectralDense if self.spectral else layers.Dense
        for _ in range(self.d_layers):
            x = LeakyReLU()(dense(self.width, kernel_initializer=_initializer(self))(x))
        return keras.Model(images, _head(self, x), name="discriminator")


class StackedDigitsGAN(DCGAN):
    """DCGAN with a critic of two convolutions without normalisation, which every method can use.

    The critic has a quarter of the generator's width, as in one half of the paper's table, where GANs
    collapse most.
    """

    defaults = {
        "image_shape": (28, 28, 3),
        "latent_distribution": "normal",
        "width": 32,
        "spectral": False,
    }

    def build_discriminator(self):
        x = images = keras.Input(self.image_shape, name="images")
        convolution = SpectralConv2D if self.spectral else layers.Conv2D
        for width in (self.width // 4, self.width // 2):
            x = LeakyReLU()(convolution(width, 5, strides=2, padding="same")(x))
        return keras.Model(images, _head(self, layers.Flatten()(x)), name="discriminator")


# === Mixtures ===


def points(mixture, count, seed):
    """float32 `[count, 1, 1, 2]`: the mixture, scaled."""
    rng, centres = np.random.default_rng(seed), mixture.centres
    chosen = centres[rng.integers(len(centres), size=count)]
    found = chosen + rng.normal(0, mixture.deviation, (count, 2))
    return (found / SCALE).astype(np.float32)[:, None, None]


def train_points(method, seed, steps, mixture):
    penalty = PENALTIES["points"].get(method)
    gan = PointGAN(seed=seed, penalty=penalty, **mixture.options, **METHODS[method])
    # Unrolled, an update has many operations, all tiny.
    _compile(gan, method, jit_compile=bool(gan.regularizers))
    data = points(mixture, 100_000, 0)
    gan.fit(data, batch_size=mixture.batch_size, steps_per_epoch=steps, verbose=0)
    return SCALE * gan.forward_seeds(np.arange(POINTS)).numpy().reshape(-1, 2)


def score_points(found, mixture):
    """How many modes are learned, how many are hit, the share of good points, and KL of the shares.

    A point is good within three deviations of a mode. In the papers a mode counts that one good point
    hits; but of 2,500 points spread evenly over the grid's square nearly every mode is hit by some,
    about 3. A mode is learned that has a tenth of its share: 10 good points of the grid, 31 of the ring.
    """
    count = len(mixture.centres)
    distances = np.linalg.norm(found[:, None] - mixture.centres, axis=-1)
    nearest, good = distances.argmin(axis=1), distances.min(axis=1) < 3 * mixture.deviation
    _, divergence = mode_coverage(nearest, count)
    counts = np.bincount(nearest[good], minlength=count)
    return {
        "modes": int((counts >= len(found) / count / 10).sum()),
        "hit": int((counts > 0).sum()),
        "good": round(float(good.mean()), 4),
        "kl": round(float(divergence), 4),
    }


# === Stacked digits ===


def digits(data_dir, count):
    """A data set of batches of 64 of `count` images of three digits, each in a channel of its own."""
    from tfgan_zoo import evaluation

    source = evaluation.from_data("mnist", "train", data_dir=data_dir)
    single = tf.constant(source.read(np.arange(source.count))[0][..., 0])
    triples = np.random.default_rng(0).integers(source.count, size=(count, 3))

    def stacked(rows):
        images = tf.transpose(tf.gather(single, rows), [0, 2, 3, 1])
        return tf.cast(images, tf.float32) / 127.5 - 1

    return tf.data.Dataset.from_tensor_slices(triples).batch(64, drop_remainder=True).map(stacked)


def train_digits(method, seed, steps, data):
    gan = StackedDigitsGAN(seed=seed, penalty=PENALTIES["digits"].get(method), **METHODS[method])
    _compile(gan, method, jit_compile="auto")
    gan.fit(data, steps_per_epoch=steps, verbose=0)
    return gan.generate(25_600, seed=0)


def score_digits(images):
    """Modes among 1,000, and KL of their shares, by the classifier that comes with the package."""
    from tfgan_zoo.metrics import extractors

    classifier = extractors.get("lenet_mnist")
    number = np.zeros(len(images), int)
    for channel in range(3):
        answers = [
            np.asarray(classifier(images[start : start + 512, ..., channel : channel + 1])[1])
            for start in range(0, len(images), 512)
        ]
        number = 10 * number + np.concatenate(answers).argmax(axis=1)
    modes, divergence = mode_coverage(number, 1000)
    return {"modes": modes, "kl": round(float(divergence), 4)}


# === Runs ===


def _compile(gan, method, jit_compile):
    adam = functools.partial(keras.optimizers.Adam, beta_1=0.5)
    if method == "WGAN-GP":
        adam = functools.partial(keras.optimizers.Adam, beta_1=0.0, beta_2=0.9)
    optimizers = adam(gan.g_learning_rate), adam(gan.d_learning_rate)
    gan.compile(*optimizers, jit_compile=jit_compile, steps_per_execution=50)


def run(name, train, score, given):
    """Trains and scores what has no row yet, one seed of all methods after the other."""
    rows = rows_so_far(f"modes_{name}")
    done = {(row["method"], int(row["seed"]), int(row["steps"])) for row in rows}
    for seed in range(given.seeds):
        for method in given.methods or METHODS:
            if (method, seed, given.steps) in done:
                continue
            begin = time.perf_counter()
            found = train(method, seed, given.steps)
            seconds = round(time.perf_counter() - begin, 1)
            row = {"method": method, "seed": seed, "steps": given.steps, **score(found)}
            print(row, seconds, flush=True)
            if not given.quick:
                append_csv(f"modes_{name}", row | {"seconds": seconds})
                np.save(
                    given.directory / f"{name}-{method}-{seed}-{given.steps}.npy", found[:POINTS]
                )
            keras.backend.clear_session()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = [*MIXTURES, "digits"]
    parser.add_argument("what", choices=what, nargs="?", default="gaussians")
    parser.add_argument("--steps", type=int, default=20_000, help="a multiple of 50")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--methods", nargs="*", choices=METHODS, help="all by default")
    parser.add_argument("--data-dir")
    parser.add_argument("--directory", type=pathlib.Path, default=DIRECTORY)
    add_quick(parser)
    given = parser.parse_args()
    if given.quick:
        given.steps, given.seeds, given.methods = 50, 1, ["minibatch discrimination", "R1 + R2"]
    else:
        given.directory.mkdir(parents=True, exist_ok=True)
    if given.what in MIXTURES:
        mixture = MIXTURES[given.what]
        given.methods = given.methods or mixture.methods
        train, score = (functools.partial(f, mixture=mixture) for f in (train_points, score_points))
        run(given.what, train, score, given)
    else:
        data = digits(given.data_dir, 64 * 2000)
        run("digits", functools.partial(train_digits, data=data), score_digits, given)


if __name__ == "__main__":
    main()
