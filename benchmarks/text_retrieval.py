"""Do images show the captions they were drawn of? A classifier of real images must find the caption.

    python benchmarks/text_retrieval.py split ./noto_emoji64 ./noto_emoji64_split
    tfgan-zoo train textgan_emoji_32 --data ./noto_emoji64_split
    python benchmarks/text_retrieval.py measure runs/0001-textgan_emoji_32 --data ./noto_emoji64_split

`split` holds back a tenth of the images, chosen by a hash of their captions, so that the second command
never sees them. `measure` trains an image and a text encoder on the real training images, with a seed
of its own; draws an image for each of some captions; and asks how often the right caption is the one
nearest to the image among all of them, or among the nearest ten. It writes results/text_retrieval.csv
and docs/images/<name>_texts.png. Beside the generated images stand the real ones, which are the most
that this classifier can find, images drawn of another caption, and chance.
"""

import argparse
import hashlib
import json
import pathlib
import shutil

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tables import write_csv

import tfgan_zoo
from tfgan_zoo import datasets, evaluation, runs
from tfgan_zoo.layers import EmbeddingBag
from tfgan_zoo.losses.texts import contrastive_loss
from tfgan_zoo.tasks.conditions import tokens
from tfgan_zoo.visualization import image_grid, write_png

ROOT = pathlib.Path(__file__).parents[1]
VOCABULARY, LENGTH, DIMENSION, TEMPERATURE = 8192, 256, 128, 0.1
JUDGE_SEED = 20_000  # no model of the zoo is trained with it
HELD_BACK = 10  # one in so many
PICTURED = [
    "red apple",
    "green heart",
    "blue heart",
    "black sun with rays",
    "clock face three oclock",
    "smiling face with open mouth",
    "dog face",
    "tulip",
    "automobile",
    "full moon symbol",
]


def split(source, target):
    """Copies a folder with names.json to `target/train` and `target/test`, by a hash of the captions."""
    captions = json.loads((source / "names.json").read_text())
    parts = {"train": {}, "test": {}}
    for name, text in captions.items():
        digest = int(hashlib.sha256(text.encode()).hexdigest(), 16)
        parts["train" if digest % HELD_BACK else "test"][name] = text
    for part, names in parts.items():
        (target / part).mkdir(parents=True)
        for name in names:
            shutil.copy(source / name, target / part / name)
        (target / part / "names.json").write_text(json.dumps(names, indent=1))
        print(f"{target / part}: {len(names)} images")


# === The classifier ===


class RetrievalClassifier:
    """Finds texts of images.

    Args:
        image_shape: `(height, width, channels)`.
    """

    def __init__(self, image_shape):
        keras.utils.set_random_seed(JUDGE_SEED)
        widths = [32 * 2**level for level in range((min(image_shape[:2]) // 4).bit_length() - 1)]
        steps = [layers.Conv2D(w, 3, 2, "same", activation="relu") for w in widths]
        self.images = keras.Sequential(
            [keras.Input(image_shape), *steps, layers.Flatten(), layers.Dense(DIMENSION)]
        )
        self.texts = keras.Sequential(
            [
                keras.Input([LENGTH], dtype="int32"),
                EmbeddingBag(VOCABULARY, DIMENSION),
                layers.Dense(DIMENSION, "relu"),
                layers.Dense(DIMENSION),
            ]
        )
        self._optimizer = keras.optimizers.Adam(1e-3)

    def fit(self, images, texts, epochs, batch_size=128):
        """Trains on float images in [-1, 1] and their texts, with some noise."""
        ids = tokens(tf.constant(texts), VOCABULARY, LENGTH)
        data = tf.data.Dataset.from_tensor_slices((images, ids)).shuffle(len(images), JUDGE_SEED)
        for epoch in range(epochs):
            found = [float(self._step(*batch)) for batch in data.batch(batch_size, True)]
            print(
                f"classifier: epoch {epoch + 1} of {epochs}, loss {np.mean(found):.3f}", flush=True
            )

    @tf.function
    def _step(self, images, ids):
        variables = [*self.images.trainable_variables, *self.texts.trainable_variables]
        same = tf.reduce_all(ids[:, None] == ids[None], axis=-1)
        with tf.GradientTape() as tape:
            seen = self.images(images + 0.1 * tf.random.normal(tf.shape(images)), training=True)
            loss = contrastive_loss(seen, self.texts(ids, training=True), same, TEMPERATURE)
            loss = tf.reduce_mean(loss)
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def ranks(self, images, texts):
        """How many of the texts `[N]` are nearer to each image `[N]` than its own, ints `[N]`."""
        ids = tokens(tf.constant(texts), VOCABULARY, LENGTH)
        pair = self.images.predict(images, verbose=0), self.texts.predict(ids, verbose=0)
        seen, read = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in pair)
        cosines = seen @ read.T
        return (cosines > np.diag(cosines)[:, None]).sum(axis=1)


# === Measurement ===


def measure(what, data, data_dir, count, epochs, grid_texts):
    gan, name = _opened(what)
    sets = {part: _pairs(data, part, data_dir, gan.image_shape) for part in _parts(data)}
    classifier = RetrievalClassifier(gan.image_shape)
    classifier.fit(*sets["train"], epochs)
    rows = [row for part in sets for row in scores(gan, classifier, name, part, *sets[part], count)]
    write_csv("text_retrieval", rows)
    picture = image_grid(_ten_by_ten(gan, grid_texts or PICTURED), columns=10)
    write_png(ROOT / "docs" / "images" / f"{name}_texts.png", picture)


def scores(gan, classifier, name, part, images, texts, count):
    """A row for the real, the generated and the wrongly drawn images of `count` captions."""
    chosen = np.sort(np.random.default_rng(JUDGE_SEED).permutation(len(texts))[:count])
    images, texts = images[chosen], texts[chosen]
    drawn = {"real": images, "generated": _drawn(gan, texts)}
    # Half the list away, since neighbours in the order of the files have words in common.
    drawn["of another caption"] = np.roll(drawn["generated"], len(texts) // 2, axis=0)
    for kind, pictures in drawn.items():
        ranks = classifier.ranks(pictures, texts)
        row = {"model": name, "captions": part, "images": kind, "count": len(texts)}
        row |= {f"top_{k}": f"{np.mean(ranks < k):.4f}" for k in (1, 10)}
        row |= {f"chance_{k}": f"{k / len(texts):.4f}" for k in (1, 10)}
        print(row, flush=True)
        yield row


def _opened(what):
    """The model of a run directory, or of an exported folder or preset, and its name."""
    is_run = (pathlib.Path(what) / "run.json").is_file()
    gan = runs.load_run(what) if is_run else tfgan_zoo.from_preset(what)
    return gan, gan.name


def _parts(data):
    return ("train", "test") if (pathlib.Path(data) / "test").is_dir() else ("train",)


def _pairs(data, part, data_dir, image_shape):
    size, channels = image_shape[:2], image_shape[2]
    loaded = datasets.load(data, part, size, shuffle=False, data_dir=data_dir, channels=channels)
    images = np.concatenate([batch["images"] for batch in loaded])
    return images, evaluation.captions(data, part, data_dir)


def _drawn(gan, texts):
    return datasets.to_floats(tf.constant(gan.generate(len(texts), seed=0, texts=texts))).numpy()


def _ten_by_ten(gan, texts):
    """Ten images of each of ten texts, a row each."""
    return np.concatenate([gan.generate(10, seed=0, texts=text) for text in texts[:10]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    splits = commands.add_parser("split")
    splits.add_argument("source", type=pathlib.Path)
    splits.add_argument("target", type=pathlib.Path)
    measures = commands.add_parser("measure")
    measures.add_argument("what", help="run directory, exported folder or preset")
    measures.add_argument("--data", default="noto_emoji64")
    measures.add_argument("--data-dir")
    measures.add_argument("--count", type=int, default=300, help="captions, and candidates")
    measures.add_argument("--epochs", type=int, default=30, help="of the classifier")
    measures.add_argument("--text", action="append", help="for the picture; ten of them")
    given = parser.parse_args()
    if given.command == "split":
        split(given.source, given.target)
    else:
        names = (given.what, given.data, given.data_dir, given.count, given.epochs, given.text)
        measure(*names)


if __name__ == "__main__":
    main()
