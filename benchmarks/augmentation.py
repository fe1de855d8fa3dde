"""Do generated images help a classifier that has few real ones? On Fashion-MNIST.

    python benchmarks/augmentation.py --data-dir tfds     # adds to results/augmentation.csv

A seed picks so many training images of each class. On them alone learn a class-conditional GAN, with
DiffAugment, and the same classifier several times, each for as many updates: on the real images, with
random shifts, with images of the GAN in the place of half of each batch, and on these alone; and, as
a trap, with images of a published model that saw all 60,000 training images. Accuracy is that on the
test images, which nothing here has seen before. Recipes were chosen with seed 100, which is not in the
table, and `--split train[50000:]`, which writes no rows. Runs that the file has are left out, so that it
goes on where it was stopped.
"""

import argparse
import functools
import itertools
import time

import learned
import numpy as np
import tables

CLASSES, SHAPE = 10, (28, 28, 1)
POOL = "train[:50000]"  # what seeds pick from
PRESET = "conditional_gan_fashion_mnist"
OPTIONS = {"width": 32, "g_learning_rate": 5e-4, "d_learning_rate": 5e-4, "ema_decay": 0.99}
POLICY = "translation,cutout"  # of DiffAugment
GAN_BATCH, GAN_STEPS = 64, 1500
GENERATED = 5000  # images that a GAN draws for the classifiers
BATCH, UPDATES, RATE = 64, 500, 2e-3  # of a classifier
SHARE = 0.5  # of each batch that is generated, where both kinds are in it
SHIFT = 1 / 28  # of the side, each way; flips, alone and with 2 pixels, did worse
ARMS = {  # name: (share of generated images, whether all are shifted)
    "real": (0.0, False),
    "classical": (0.0, True),
    "mixed": (SHARE, False),
    "mixed_classical": (SHARE, True),
    "generated": (1.0, False),
}
SAW_MORE = (
    "biggan_fashion_mnist"  # whose images the arm "saw_more" has, as "mixed" those of the GAN
)
EXTRACTOR, JUDGED = "lenet_fashion_mnist", 2000  # what looks at generated images, and at how many


# === Data ===


garments = functools.cache(learned.garments)


def few(count, seed, data_dir):
    """`count` images of each class, which the seed picks, and their labels."""
    images, labels = garments(POOL, data_dir)
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(labels == k))[:count] for k in range(CLASSES)]
    return images[np.concatenate(rows)], labels[np.concatenate(rows)]


# === The GAN ===


def trained(real, seed, given):
    """A model that has seen these images, and no others."""
    from tfgan_zoo import datasets, regularizers

    options = OPTIONS | {"regularizers": [regularizers.DiffAugment(POLICY)]}
    gan = learned.compiled(PRESET, seed, given.precision, options)
    steps = 2 if given.quick else given.steps
    source = datasets.array_source(*real)
    gan.fit(source, batch_size=GAN_BATCH, epochs=1, steps_per_epoch=steps, verbose=0)
    return gan


def drawn(gan, count):
    """`(images, labels)`, as many of each class."""
    labels = np.arange(count, dtype=np.int32) % CLASSES
    return gan.generate(count, seed=0, labels=labels, batch_size=500), labels


@functools.cache
def of_more(count):
    """`(images, labels)` of a published model."""
    import tfgan_zoo

    return drawn(tfgan_zoo.from_preset(SAW_MORE), count)


def judged(images, labels, given):
    """Seen by a classifier of all training images: the share of generated ones that it gives the class
    that was asked for, and the Fréchet distance to the test images in its features."""
    from tfgan_zoo import metrics
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get(EXTRACTOR)
    features, probabilities = extractor(images)
    real, _ = extractor(garments(given.split, given.data_dir)[0][: len(images)])
    named = np.mean(probabilities.argmax(axis=1) == labels)
    return {"named": float(named), "fd": metrics.frechet_distance(real, features)}


# === Classifiers ===


def classifier():
    import keras
    from keras import layers

    x = inputs = keras.Input(SHAPE)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(CLASSES)(x))


def learns(real, generated, share, is_augmented, seed, updates):
    """A classifier after so many updates; in each batch `share` of the images are generated."""
    import keras

    keras.utils.set_random_seed(seed)
    model = classifier()
    rate = keras.optimizers.schedules.CosineDecay(RATE, updates)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, steps_per_execution=min(50, updates))
    data = batches(real, generated, round(share * BATCH), seed)
    if is_augmented:
        augment = classical(seed)
        data = data.map(lambda x, y: (augment(x, training=True), y))
    model.fit(data.prefetch(2), epochs=1, steps_per_epoch=updates, verbose=0, shuffle=False)
    return model


def batches(real, generated, count, seed):
    """Endless batches of floats in [-1, 1] and labels, `count` of each generated, the others real."""
    import tensorflow as tf

    def endless(arrays, size):
        data = tf.data.Dataset.from_tensor_slices((floats(arrays[0]), arrays[1]))
        return data.shuffle(len(arrays[0]), seed=seed).repeat().batch(size)

    parts = [(real, BATCH - count), (generated, count)]
    parts = [endless(arrays, size) for arrays, size in parts if size]
    if len(parts) == 1:
        return parts[0]
    join = functools.partial(tf.concat, axis=0)
    return tf.data.Dataset.zip(*parts).map(lambda a, b: (join([a[0], b[0]]), join([a[1], b[1]])))


def classical(seed):
    from keras import layers

    return layers.RandomTranslation(SHIFT, SHIFT, "constant", fill_value=-1.0, seed=seed)


def floats(images):
    return images.astype(np.float32) / 127.5 - 1


def accuracy(model, images, labels):
    found = model.predict(floats(images), batch_size=500, verbose=0).argmax(axis=1)
    return float(np.mean(found == labels))


# === Rows ===


def row_of(count, seed, given):
    from tfgan_zoo import visualization

    real, test = few(count, seed, given.data_dir), garments(given.split, given.data_dir)
    updates, wanted = (2, 100) if given.quick else (UPDATES, GENERATED)
    began = time.process_time()
    gan = trained(real, seed, given)
    generated = drawn(gan, wanted)
    row = {"gan_cpu_seconds": time.process_time() - began}
    if given.pictures:
        sheet = visualization.image_grid(generated[0][:100], CLASSES)
        visualization.write_png(f"{given.pictures}/{count}_{seed}.png", sheet)
    row |= judged(*(values[:JUDGED] for values in generated), given)
    for arm, (share, is_augmented) in ARMS.items():
        model = learns(real, generated, share, is_augmented, seed, updates)
        row[arm] = accuracy(model, *test)
    model = learns(real, of_more(wanted), SHARE, False, seed, updates)
    return row | {"saw_more": accuracy(model, *test)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--counts", default="20,100,500", help="real images a class")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--split", default="test", help="what classifiers are tested on")
    parser.add_argument("--pictures", help="a folder for a sheet of what each GAN draws")
    parser.add_argument("--steps", type=int, default=GAN_STEPS, help="of the GAN")
    parser.add_argument("--precision", default="mixed_bfloat16", help="of the GAN")
    tables.add_quick(parser)
    given = parser.parse_args()
    for count, seed in itertools.product(given.counts.split(","), given.seeds.split(",")):
        place = {"count": count, "seed": seed}
        if given.quick or not is_done(place):
            row = place | {"steps": given.steps} | row_of(int(count), int(seed), given)
            keeps = given.split == "test" and not given.quick
            tables.give("augmentation", row, not keeps, precision=given.precision)


def is_done(place):
    return any(place.items() <= row.items() for row in tables.rows_so_far("augmentation"))


if __name__ == "__main__":
    main()
