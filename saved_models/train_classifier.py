"""Trains one of the classifiers that the package ships as feature extractors.

python saved_models/train_classifier.py fashion_mnist --data-dir ~/tensorflow_datasets
"""

import argparse
import pathlib

import keras
import tensorflow_datasets as tfds

from tfgan_zoo.metrics.extractors import lenet, resnet

WEIGHTS = pathlib.Path(lenet.__file__).parent / "weights"
# Name of the weights, network, epochs, and how images are changed.
CLASSIFIERS = {
    "mnist": ("lenet_mnist", lenet, 14, {}),
    "fashion_mnist": ("lenet_fashion_mnist", lenet, 14, {"flip": True}),
    "cifar10": ("resnet_cifar10", resnet, 12, {"flip": True, "reach": 3}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=CLASSIFIERS)
    parser.add_argument("--data-dir")
    parser.add_argument("--epochs", type=int)
    parser.add_argument(
        "--precision", default="float32", help="or mixed_bfloat16, where CPUs have it"
    )
    given = parser.parse_args()
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(given.precision)
    name, kind, epochs, changes = CLASSIFIERS[given.name]
    splits = (
        tfds.load(given.name, split=split, data_dir=given.data_dir, batch_size=-1)
        for split in ("train", "test")
    )
    train, test = ({key: part[key].numpy() for key in ("image", "label")} for part in splits)
    model = kind.network(train["image"].shape[1:], 10)
    lenet.train(model, train["image"], train["label"], given.epochs or epochs, **changes, verbose=2)
    print(f"{given.name}: test accuracy {lenet.accuracy(model, test['image'], test['label']):.4f}")
    WEIGHTS.mkdir(exist_ok=True)
    model.save_weights(WEIGHTS / f"{name}.weights.h5")


if __name__ == "__main__":
    main()
