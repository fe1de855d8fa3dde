"""What does privacy cost, and what do attacks find? Small conditional GANs on MNIST or Fashion-MNIST.

    python benchmarks/privacy.py scores --data mnist     # adds to results/privacy_scores.csv
    python benchmarks/privacy.py audit --data mnist      # adds to results/privacy_audit.csv

`scores`: the Fréchet distance and the accuracy, on real test images, of a classifier that learned from
samples alone, for budgets of epsilon at delta 1e-5, and of the same networks without privacy.
`audit`: how
many guesses of four attacks on 100 of 200 images are right, and the epsilon that they rule out. Runs
that the files have are left out, so that each goes on where it was stopped. Noise and batches are drawn
from the system's entropy: a second run gives other numbers.
"""

import argparse
import itertools
import math

import learned
import numpy as np
import tables

DELTA = 1e-5
BUDGETS = ("none", "10", "3", "1")  # epsilon
BATCH, UPDATES = 600, 2000  # of the discriminator
CRITIC = 2  # how many of them for one of the generator where they are noised; else 1
AUDITED, AUDIT_BATCH, AUDIT_UPDATES, GUESSED = 200, 20, 600, 0.25
CLIP = 1.0


def model(seed, noise, delta=DELTA):
    """A conditional GAN of dense layers, whose discriminator projects labels (Miyato and Koyama 2018);
    private where `noise` is a number."""
    import keras
    from keras import layers

    import tfgan_zoo
    from tfgan_zoo.privacy import DPSGD

    keras.utils.set_random_seed(seed)

    latents, labels = keras.Input([64]), keras.Input([], dtype="int32")
    x = layers.Concatenate()([latents, keras.ops.one_hot(labels, 10)])
    x = layers.Dense(256, "relu")(x)
    x = layers.Dense(256, "relu")(x)
    x = layers.Reshape((28, 28, 1))(layers.Dense(784, "tanh")(x))
    generator = keras.Model([latents, labels], x)
    images, labels = keras.Input([28, 28, 1]), keras.Input([], dtype="int32")
    x = layers.Dense(128, "leaky_relu")(layers.Flatten()(images))
    of_class = layers.Dense(128, use_bias=False)(keras.ops.one_hot(labels, 10))
    logits = layers.Add()([layers.Dense(1)(x), layers.Dot(1)([x, of_class])])
    discriminator = keras.Model([images, labels], logits)
    gan = tfgan_zoo.GAN(
        generator=generator,
        discriminator=discriminator,
        num_classes=10,
        n_critic=critic(noise),
        g_learning_rate=1e-3,
        d_learning_rate=1e-3,
        seed=seed,
        privacy=None if noise is None else DPSGD(CLIP, noise, delta=delta),
    )
    gan.compile(jit_compile=True)  # halves the time of a private update
    return gan


def critic(noise):
    """Updates of the discriminator for one of the generator: more where noise slows it down (Bie,
    Kamath and Zhang 2023, arXiv:2302.02936)."""
    return 1 if noise is None else CRITIC


def noise_for(budget, count, batch_size, updates):
    """The noise multiplier of a budget of epsilon; None for "none", a model without privacy."""
    from tfgan_zoo import privacy

    if budget == "none":
        return None
    return privacy.noise_multiplier(float(budget), updates, batch_size / count, 0.99 * DELTA)


def trained(images, labels, seed, noise, batch_size, updates):
    """A model that has made so many updates of its discriminator."""
    gan = model(seed, noise)
    steps = math.ceil(updates / critic(noise))
    gan.fit(images, labels, batch_size=batch_size, epochs=1, steps_per_epoch=steps, verbose=0)
    return gan


def real(data, data_dir, split="train"):
    """Images in [-1, 1] and labels."""
    import tensorflow_datasets as tfds

    found = tfds.load(data, split=split, data_dir=data_dir, batch_size=-1)
    images = found["image"].numpy().astype(np.float32) / 127.5 - 1
    return images, found["label"].numpy()


def spent(gan):
    from tfgan_zoo import privacy

    if gan.privacy is None:
        return {"epsilon": math.inf, "noise_multiplier": 0.0}
    found = privacy.spent(gan)
    return {name: round(found[name], 4) for name in ("epsilon", "noise_multiplier")}


def scores(given, budget, seed):
    """A row of the first table."""
    updates, batch = (3, 60) if given.quick else (given.updates, BATCH)
    images, labels = real(given.data, given.data_dir)
    noise = noise_for(budget, len(images), batch, updates)
    gan = trained(images, labels, seed, noise, batch, updates)
    count = 100 if given.quick else 10_000
    metrics = (f"fd{count}_lenet_{given.data}", f"cas{count}")
    return (
        spent(gan) | {"updates": updates} | learned.scores(gan, metrics, given.data, given.data_dir)
    )


def audit(given, budget, seed):
    """A row of the second one, with a column for what each attack finds."""
    from tfgan_zoo.privacy import audit as attacks

    count, updates, batch = (AUDITED, given.audit_updates, AUDIT_BATCH)
    count, updates, batch = (60, 3, 5) if given.quick else (count, updates, batch)
    images, labels = real(given.data, given.data_dir, f"train[:{count}]")
    made, noise = [], noise_for(budget, count / 2, batch, updates)

    def train(some, theirs, number):
        made.append(trained(some, theirs, number, noise, batch, updates))
        return made[-1]

    found = attacks.audit(train, images, labels, given.shadows, GUESSED, DELTA, seed=seed)
    row = spent(made[0]) | {"updates": updates, "shadows": given.shadows}
    for attack, result in found.items():
        row |= {
            f"{attack}_auc": round(result["auc"], 4),
            f"{attack}_right": f"{result['right']}/{result['guesses']}",
            f"{attack}_epsilon": round(result["epsilon"], 3),
        }
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("scores", "audit"), default="scores")
    parser.add_argument("--data", choices=("mnist", "fashion_mnist"), default="mnist")
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--budgets", default=",".join(BUDGETS))
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--audit-updates", type=int, default=AUDIT_UPDATES)
    parser.add_argument("--shadows", type=int, default=4)
    tables.add_quick(parser)
    given = parser.parse_args()
    file, run = f"privacy_{given.what}", {"scores": scores, "audit": audit}[given.what]
    updates = str(given.updates if given.what == "scores" else given.audit_updates)
    keys = ("data", "budget", "seed", "updates")
    done = [tuple(row[key] for key in keys) for row in tables.rows_so_far(file)]
    for seed, budget in itertools.product(given.seeds.split(","), given.budgets.split(",")):
        place = {"data": given.data, "budget": budget, "seed": seed}
        if given.quick or (*place.values(), updates) not in done:
            tables.give(file, place | run(given, budget, int(seed)), given.quick)


if __name__ == "__main__":
    main()
