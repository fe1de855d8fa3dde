"""Shares of the classes that a generator draws, as they are wanted."""

from collections.abc import Sequence

import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.metrics import extractors
from tfgan_zoo.regularizers.base import Regularizer


class ClassShares(Regularizer):
    """Draws the mean of a classifier's probabilities of generated images to the shares that are wanted.

    To the generator's loss it adds `weight` times the cross-entropy of the wanted shares and that mean,
    less their entropy: KL(target || mean), which is 0 where the shares are met. With equal shares it
    balances what few examples made rare; with a share of 0 a class is unlearned, and the others take
    its place. The discriminator still sees what it is trained on: train on balanced images, or images
    without the class, or it works against this term.

    Args:
        classifier: Str. Name of an extractor with classes: "lenet_mnist", "lenet_fashion_mnist",
            "resnet_cifar10", or one of your own by `metrics.extractors.register`.
        target: K shares, numbers of 0 or more with the sum 1; a share for each class of the classifier.
        weight: Float.

    Raises:
        ValueError: A classifier that is not known, or without classes; shares that are not K, are
            negative, or have another sum than 1 (by more than 1e-6).

    Reference: the pull of a batch's mean prediction to a prior of classes is that of Springenberg,
    "Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks", 2016
    (arXiv:1511.06390), section 3.1, here with a classifier that is not trained.
    """

    bounds = {"weight": ">= 0"}
    reads = "replica"

    def __init__(self, classifier: str, target: Sequence[float], weight: float = 1.0):
        self.classifier = classifier
        self.target = tuple(map(float, target))
        self.weight = weight

    def build(self, model):
        self.extractor = extractors.get(self.classifier)
        classes = getattr(self.extractor, "num_classes", None)
        if classes is None:
            raise ValueError(f"{self.classifier} has no classes: ClassShares needs a classifier.")
        numbers.shares("target", self.target, classes, is_whole=True)

    def generator_terms(self, model, fake, batch, rng):
        pixels = (tf.cast(fake.originals, tf.float32) + 1) * 127.5
        _, probabilities = self.extractor.from_floats(pixels)
        return {"class_shares": (self.weight, divergence(self.target, probabilities))}


def divergence(target, probabilities):
    """KL(target || mean of the rows) in nats, a float32 scalar; `probabilities`: float32 `[B, K]`."""
    shares = tf.constant(target, tf.float32)
    mean = tf.maximum(tf.reduce_mean(probabilities, axis=0), 1e-7)
    return tf.reduce_sum(tf.math.xlogy(shares, shares) - shares * tf.math.log(mean))
