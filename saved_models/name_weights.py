"""Names the tensors of published models that were exported before tensors had names.

    python saved_models/name_weights.py                                  # all of them
    python saved_models/name_weights.py saved_models/began_fashion_mnist   # or some

Writes `assets.extra/preset.json` anew, with the options as they are called now, and `weights.json`
beside it; graph and weights stay as they are. `weights.json` says by which key the checkpoint has a
tensor of the model; and it has the state, which those exports left out, and where that is from. Steps
are those of the card. What else a model goes on from was measured of its own networks, by the functions
below, and is an estimate.
"""

import pathlib
import re
import sys

import keras
import numpy as np
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo import datasets, exported
from tfgan_zoo.files import write_json
from tfgan_zoo.layers import Rng
from tfgan_zoo.weights import artifact, named, positional

HERE = pathlib.Path(__file__).parent
_PARTS = 32  # batches that an estimate reads
# The text network as it was trained is in this SavedModel since its `score` uses it. Its variables are
# called token_sum_2/embeddings, dense_14/… and dense_15/… there.
_TEXT_ENCODER = {
    "textgan_emoji_32": {
        "text_encoder/embedding_bag/embeddings": "_all_variables/26",
        "text_encoder/dense/kernel": "_all_variables/27",
        "text_encoder/dense/bias": "_all_variables/36",
        "text_encoder/dense_1/kernel": "_all_variables/32",
        "text_encoder/dense_1/bias": "_all_variables/18",
    }
}


def main(folders):
    for folder in folders:
        version = exported.exported(folder)
        (version / artifact.RECORD).unlink(missing_ok=True)
        gan = tfgan_zoo.from_preset(version)
        write_json(version / artifact.RECORD, record(version, gan))
        model = {"name": gan.name, "model": keras.saving.serialize_keras_object(gan)}
        write_json(version / exported.EXTRA / exported.RECORD, model)
        print(version, flush=True)


def record(version, gan):
    """What `weights.json` says of a version: `{"tensors": …, "state": …, "from": …}`."""
    name = version.parent.name
    keys = dict(tf.train.list_variables(str(version / "variables" / "variables")))
    count = sum(key.startswith(f"{artifact.COLLECTION}/") for key in keys)
    tensors = positional.names(gan, count) | _TEXT_ENCODER.get(name, {})
    tensors = {k: v for k, v in tensors.items() if not k.startswith(f"{named.STATE}/")}
    state, sources = {"iterations": steps(version.parent)}, {"iterations": "the card's steps"}
    for key, (estimate, source) in ESTIMATES.get(name, {}).items():
        state[key], sources[key] = round(float(estimate(gan)), 4), source
    return {"tensors": tensors, "state": state, "from": sources}


def steps(folder):
    """How long a published model was trained."""
    row = re.search(r"^\| Training \| ([\d,]+) steps", (folder / "README.md").read_text(), re.M)
    return int(row[1].replace(",", ""))


# === What was not kept ===


def path_length_mean(gan):
    """The mean path length of StyleGAN2's generator, which the moving mean follows."""
    length = tf.function(lambda part: gan._path_length_penalty(Rng(0, part, 0, 32))[1])
    return np.mean([length(tf.constant(part, tf.int64)) for part in range(_PARTS)])


def ada_probability(gan):
    """The probability at which the mean sign of real images' logits is ADA's target, where it comes to
    rest; by bisection."""
    images = list(_images("./noto_emoji64", (64, 64), 3).take(_PARTS // 2))

    @tf.function
    def sign(images, part):
        return tf.reduce_mean(
            tf.sign(gan.discriminate_images(images, {}, Rng(0, part, 0, 64)).logits)
        )

    low, high = 0.0, 1.0
    for _ in range(7):
        middle = (low + high) / 2
        gan.state["ada/probability"].assign(middle)
        signs = [sign(batch, tf.constant(part, tf.int64)) for part, batch in enumerate(images)]
        low, high = (middle, high) if np.mean(signs) > gan.regularizers[0].target else (low, middle)
    return (low + high) / 2


def k_of_began(gan):
    """Where k comes to rest: the mean of what it is after 400 further steps of two copies, of which one
    began below, at 0, and one above, at 0.3."""
    ends = []
    for start in (0.0, 0.3):
        copy = tfgan_zoo.from_preset(gan.name)
        copy.iterations.assign(22_500)
        copy.k.assign(start)
        copy.compile()
        images = datasets.load("fashion_mnist", image_size=(28, 28), channels=1, batch_size=16)
        copy.fit(images, steps_per_epoch=400, verbose=0)
        ends.append(float(copy.k.numpy()))
    return np.mean(ends)


def _images(data, size, channels):
    loaded = datasets.load(data, image_size=size, channels=channels, batch_size=64)
    return loaded.map(lambda batch: batch["images"] if isinstance(batch, dict) else batch)


_PATHS = "the mean path length of the published generator"
ESTIMATES = {
    "began_fashion_mnist": {"k": (k_of_began, "where k rests as the published networks train on")},
    "stylegan2_emoji_64": {
        "ada/probability": (
            ada_probability,
            "where the published discriminator is at ADA's target",
        ),
        "path_length_mean": (path_length_mean, _PATHS),
    },
    "stylegan2_fashion_mnist": {"path_length_mean": (path_length_mean, _PATHS)},
}


if __name__ == "__main__":
    given = [pathlib.Path(path).resolve() for path in sys.argv[1:]]
    found = sorted(path for path in HERE.iterdir() if path.is_dir() and exported.exported(path))
    main(given or found)
