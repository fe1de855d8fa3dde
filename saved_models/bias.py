"""Measures which classes a published model draws and whether it copies; writes bias.json and the card.

    python saved_models/bias.py dcgan_fashion_mnist --data-dir ~/tensorflow_datasets
    python saved_models/bias.py textgan_emoji_32 --data ./noto_emoji64_split
    python saved_models/bias.py                     # all models that draw, of data at hand

In the features of the data's small classifier: 2,000 samples, all training images, 2,000 test images. In
those of EfficientNet-Lite0, which reads fewer than a hundred images a second on a core: 500 samples, the
first 4,000 training images and 500 test images, or as many as there are.
"""

import argparse
import functools
import json
import pathlib

import cards
import numpy as np
from make_index import HERE
from score import CLASSIFIERS, reference

import tfgan_zoo
from tfgan_zoo import evaluation, presets, provenance
from tfgan_zoo.evaluation.collect import cache_folder, collect_joined
from tfgan_zoo.evaluation.memorisation import nearest
from tfgan_zoo.evaluation.results import now
from tfgan_zoo.evaluation.sources import export_digest
from tfgan_zoo.files import write_json
from tfgan_zoo.metrics import extractors
from tfgan_zoo.metrics.manifold import distances

SAMPLES = {True: 2000, False: 500}  # with and without a classifier of the data
TRAINING = {True: None, False: 4000}  # images, None: all


def main(name, given):
    folder = HERE / name
    version = presets.exported(folder)
    data = given.data or presets.get_preset(name).dataset
    found = measured(version, data, given.data_dir)
    write_json(folder / "bias.json", found)
    cards.write(folder)
    print(
        f"{name}: total variation {found['total_variation']}, near {found['near_share']}",
        flush=True,
    )


def measured(version, data, data_dir):
    """What bias.json has."""
    config = presets.exported_record(version)["model"]["config"]
    is_known = data in CLASSIFIERS
    extractor = extractors.get(CLASSIFIERS.get(data, "efficientnet_lite0"))
    texts = evaluation.captions(data, data_dir=data_dir) if "default_texts" in config else None
    classes = config.get("num_classes")
    images = evaluation.from_saved_model(version, classes, name=version.parent.name, texts=texts)
    samples = collect_joined(images, images.first(SAMPLES[is_known]), extractor, needs(extractor))
    of_data = data, tuple(config["image_shape"]), data_dir, extractor.name
    train, known = real("train", TRAINING[is_known], *of_data)
    _, others = real("test", SAMPLES[is_known], *of_data)
    return {
        "samples": SAMPLES[is_known],
        "training_images": {
            "count": len(known.features),
            "are_all": len(known.features) == train.count,
            "is_folder": not is_known and pathlib.Path(data).is_dir(),
        },
        "held_out": others and len(others.features),
        "extractor": extractor.name,
        "extractor_sha256": extractor.digest,
        **of_classes(samples, known, is_known and extractor.num_classes, train.class_names),
        **of_copies(samples.features, known.features, others and others.features),
        "sha256": export_digest(version),
        "versions": provenance.versions(),
        "time": now(),
    }


def needs(extractor):
    return ["features", "probabilities"] if extractor.num_classes else ["features"]


@functools.cache
def real(split, count, data, shape, data_dir, extractor):
    """Images of a split and statistics of the first `count`, or of all; None and None without it."""
    try:
        images = reference(data, split, shape, data_dir)
    except ValueError:
        return None, None
    extractor = extractors.get(extractor)
    rows = images.first(count or images.count)
    folder = cache_folder(evaluation.default_cache(), images, rows, extractor, needs(extractor))
    return images, collect_joined(images, rows, extractor, needs(extractor), folder)


def of_classes(samples, known, num_classes, names):
    """Shares by the data's classifier; nothing where only one of other classes is here."""
    if not num_classes:
        return {"class_names": None, "classes": [], "total_variation": None}
    labels = [found.probabilities.argmax(axis=1) for found in (samples, known)]
    found = evaluation.bias(*labels, num_classes)
    return {
        "class_names": names,
        "classes": [share._asdict() for share in found.classes],
        "total_variation": found.total_variation,
    }


def of_copies(samples, known, others):
    """Distances to the nearest training image, and the test of copying where images were held out."""
    if others is None:
        _, apart = nearest(samples, known)
        told = {"near_share": None, "near_interval": None, "z": None}
        return {
            **told,
            "distances": {"samples": quartiles(apart), "others": quartiles(within(known))},
        }
    found = evaluation.memorisation(samples, known, others)
    return {
        "near_share": found.near_share,
        "near_interval": found.interval,
        "z": found.z,
        "distances": {"samples": quartiles(found.generated), "others": quartiles(found.held_out)},
    }


def within(features):
    """The distance of each row to its nearest other row."""
    features, found = np.asarray(features, np.float64), []
    for block in distances(features, features):
        first = sum(map(len, found))
        block[np.arange(len(block)), first + np.arange(len(block))] = np.inf
        numbers = block.argmin(axis=1)
        rows = features[first : first + len(block)]
        found.append(np.linalg.norm(rows - features[numbers], axis=1))
    return np.concatenate(found)


def quartiles(values):
    return [float(f"{value:.4g}") for value in np.quantile(values, (0.25, 0.5, 0.75))]


def drawing():
    """The models that draw without a picture."""
    known = json.loads((HERE / "index.json").read_text())
    classes = {name: preset.model_class for name, preset in presets.list_presets().items()}
    return [e["name"] for e in known if issubclass(classes[e["name"]], tfgan_zoo.GAN)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--data", help="where it is not the preset's; a folder of images")
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    for each in options.names or drawing():
        main(each, options)
