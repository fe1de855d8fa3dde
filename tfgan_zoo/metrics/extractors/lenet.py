"""A small convolutional classifier: of MNIST and Fashion-MNIST in this package, of any set for CAS.

Reference: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, with batch
normalisation (Ioffe and Szegedy, 2015) and ReLU in place of its sigmoids.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

FEATURES = 128


def network(image_shape, num_classes, name="lenet"):
    """From float images in [-1, 1] to features `[B, 128]`, 0 or more, and logits `[B, num_classes]`."""
    inputs = x = layers.Input(image_shape)
    for filters, pool in ((32, 2), (64, 1), (64, 2), (128, 2)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(pool, padding="same")(x) if pool > 1 else x
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Flatten()(x)
    features = layers.Dense(FEATURES, activation="relu", name="features")(x)
    logits = layers.Dense(num_classes, name="logits")(layers.Dropout(0.2)(features))
    return keras.Model(inputs, [features, logits], name=name)


def train(model, images, labels, epochs, batch_size=128, flip=False, reach=1, seed=0, verbose=0):
    """Trains a `network` as a classifier, on shifted and perhaps mirrored images.

    Adam with its rate falling from 2e-3 to 0 along half a cosine; at the end the weights are replaced
    by their moving average.

    Args:
        model: A `network`, of this file or with the same outputs.
        images: uint8 `[N, H, W, C]`.
        labels: Ints `[N]`.
        epochs: Int.
        flip: Whether mirrored images keep their label.
        reach: Int. The most pixels by which images are shifted.
        seed: Int. Of order, shifts and flips; initial weights are the caller's.
    """
    classifier = keras.Model(model.input, model.output[1])
    steps = epochs * (len(images) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    momentum = min(0.995, 1 - 10 / max(steps, 20))  # the average forgets the initial weights
    optimizer = keras.optimizers.Adam(rate, use_ema=True, ema_momentum=momentum)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(optimizer, loss, metrics=["accuracy"])
    data = tf.data.Dataset.from_tensor_slices((images, np.asarray(labels, np.int32)))
    data = data.shuffle(len(images), seed=seed).batch(batch_size, drop_remainder=True)
    data = data.map(lambda x, y: (_augmented(x, flip, reach), y), tf.data.AUTOTUNE)
    classifier.fit(data.prefetch(2), epochs=epochs, verbose=verbose, shuffle=False)


def accuracy(model, images, labels):
    """The share of uint8 images `[N, H, W, C]` whose label is the most probable class."""
    found = [
        np.argmax(model(to_floats(images[k : k + 500]))[1], 1) for k in range(0, len(images), 500)
    ]
    return float(np.mean(np.concatenate(found) == labels))


def to_floats(images):
    """uint8 pixels as float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1


def _augmented(images, flip, reach):
    """Each batch shifted by up to `reach` pixels; each image mirrored with probability 1/2."""
    images = to_floats(images)
    height, width = images.shape[1:3]
    padded = tf.pad(images, [[0, 0], [reach, reach], [reach, reach], [0, 0]], constant_values=-1.0)
    top, left = tf.unstack(tf.random.uniform([2], 0, 2 * reach + 1, tf.int32))
    images = padded[:, top : top + height, left : left + width]
    if not flip:
        return images
    mirrored = tf.random.uniform([tf.shape(images)[0], 1, 1, 1]) < 0.5
    return tf.where(mirrored, images[:, :, ::-1], images)
