"""Scores test images against training images: the floor of a model's scores on that data.

    python saved_models/floor.py fashion_mnist --data-dir ~/tensorflow_datasets
    python saved_models/floor.py cifar10 --metrics fd10k_effnet,recall10k_effnet
    python saved_models/floor.py ./avatars32

Writes floor_<data>.json, of which docs/models.md has the first row of a table. What was killed goes on.
"""

import argparse

from image_sets import data_name
from make_index import HERE
from score import metrics, reference

from tfgan_zoo import evaluation


def main(given):
    def real(split):
        return reference(given.data, split, None, given.data_dir)

    names = given.metrics.split(",") if given.metrics else metrics(given.data, None)
    found = evaluation.evaluate(real("test"), names, real, evaluation.default_cache())
    evaluation.write(HERE / f"floor_{data_name(given.data)}.json", found)
    print(*found, sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a TFDS name or a folder, of data with a test split")
    parser.add_argument("--data-dir")
    parser.add_argument("--metrics", help="the usual ones by default")
    main(parser.parse_args())
