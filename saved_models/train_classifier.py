"""Trains the classifier of MNIST or Fashion-MNIST that the package ships as a feature extractor.

python saved_models/train_classifier.py fashion_mnist --data-dir ~/tensorflow_datasets
"""

import argparse
import pathlib

import keras
import tensorflow_datasets as tfds

from tfgan_zoo.metrics.extractors import lenet

WEIGHTS = pathlib.Path(lenet.__file__).parent / "weights"
EPOCHS = 14


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["mnist", "fashion_mnist"])
    parser.add_argument("--data-dir")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    given = parser.parse_args()
    keras.utils.set_random_seed(0)
    splits = (
        tfds.load(given.name, split=split, data_dir=given.data_dir, batch_size=-1)
        for split in ("train", "test")
    )
    train, test = ({key: part[key].numpy() for key in ("image", "label")} for part in splits)
    model = lenet.network(train["image"].shape[1:], 10)
    flip = given.name == "fashion_mnist"
    lenet.train(model, train["image"], train["label"], given.epochs, flip=flip, verbose=2)
    print(f"{given.name}: test accuracy {lenet.accuracy(model, test['image'], test['label']):.4f}")
    WEIGHTS.mkdir(exist_ok=True)
    model.save_weights(WEIGHTS / f"lenet_{given.name}.weights.h5")


if __name__ == "__main__":
    main()
