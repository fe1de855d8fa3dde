"""Do images show each word of the captions they were drawn of? A classifier of real images judges.

    python benchmarks/caption_words.py textgan_avatars_32 --data ./avatars32

One small network with a softmax for each attribute of the captions of saved_models/avatars.mjs learns
from the real training images, with a seed of its own. It then judges the test images, images that the
model draws of the test captions, and the same images beside captions that they were not drawn of.
Writes results/caption_words.csv and docs/images/<name>_texts.png.
"""

import argparse
import json
import pathlib
import re

import keras
import numpy as np
import tables
from keras import layers
from text_retrieval import JUDGE_SEED, _drawn, _pairs, _ten_by_ten

import tfgan_zoo
from tfgan_zoo.visualization import image_grid, write_png

ROOT = pathlib.Path(__file__).parents[1]
ABSENT = "none"
ATTRIBUTES = {  # what of a caption says it, or else it is absent
    "mood": r"(\w+) face",
    "skin": r"(\w+) skin",
    "hair_length": r"(\w+) \w+ hair",
    "hair_colour": r"\w+ (\w+) hair",
    "glasses": r"(sunglasses|glasses)",
    "beard": r"(beard)",
    "hat": r"(\w+) hat",
    "earrings": r"(earrings)",
    "clothes": r"(\w+) clothes",
}
FEWER = ["long blond hair, sunglasses", "green clothes"]  # things than the model's own texts name


def whole_captions(data, part):
    """All that there is to say of each image, in the order in which folders are read."""
    texts = json.loads((pathlib.Path(data) / f"{part}.json").read_text())
    return [texts[name] for name in sorted(texts)]


def values(captions):
    """`{attribute: [the word of each caption]}`."""
    found = {}
    for name, pattern in ATTRIBUTES.items():
        matches = [re.search(rf"\b{pattern}", text) for text in captions]
        found[name] = [match[1] if match else ABSENT for match in matches]
    return found


class WordClassifier:
    """Tells the word of each attribute of images: `fit`, then `predict`."""

    def __init__(self, image_shape, words):
        keras.utils.set_random_seed(JUDGE_SEED)
        self.words = {name: sorted(set(column)) for name, column in words.items()}
        x = images = keras.Input(image_shape)
        for width in (32, 64, 128):
            x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Dense(256, "relu")(layers.Dropout(0.2)(layers.Flatten()(x)))
        heads = {name: layers.Dense(len(known))(x) for name, known in self.words.items()}
        self.network = keras.Model(images, heads)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.network.compile("adam", loss=dict.fromkeys(heads, loss))

    def fit(self, images, words, epochs):
        targets = {n: np.array([self.words[n].index(w) for w in c]) for n, c in words.items()}
        self.network.fit(images, targets, batch_size=128, epochs=epochs, verbose=2)

    def predict(self, images):
        found = self.network.predict(images, batch_size=500, verbose=0)
        return {n: np.array(self.words[n])[v.argmax(axis=1)] for n, v in found.items()}


def rows(name, kind, seen, asked):
    """Of the captions that name an attribute, the share whose images show it as they say."""
    for attribute, words in asked.items():
        words = np.array(words)
        named = words != ABSENT
        row = {"model": name, "images": kind, "attribute": attribute, "count": len(words)}
        row |= {"named": int(named.sum())}
        row["right"] = f"{(seen[attribute] == words)[named].mean():.4f}"
        print(row, flush=True)
        yield row


def measured(given):
    gan = tfgan_zoo.from_preset(given.what)
    images, _ = _pairs(given.data, "train", None, gan.image_shape)
    shown = values(whole_captions(given.data, "train"))
    classifier = WordClassifier(gan.image_shape, shown)
    classifier.fit(images, shown, given.epochs)
    images, captions = _pairs(given.data, "test", None, gan.image_shape)
    asked, drawn = values(captions), classifier.predict(_drawn(gan, captions))
    yield from rows(gan.name, "real", classifier.predict(images), asked)
    yield from rows(gan.name, "generated", drawn, asked)
    other = {name: np.roll(seen, 1) for name, seen in drawn.items()}
    yield from rows(gan.name, "of another caption", other, asked)
    picture = image_grid(_ten_by_ten(gan, [*gan.default_texts, *FEWER]), columns=10)
    write_png(ROOT / "docs" / "images" / f"{gan.name}_texts.png", picture)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", help="preset or exported folder")
    parser.add_argument("--data", required=True, help="folder with train and test")
    parser.add_argument("--epochs", type=int, default=8, help="of the classifier")
    tables.write_csv("caption_words", list(measured(parser.parse_args())))


if __name__ == "__main__":
    main()
