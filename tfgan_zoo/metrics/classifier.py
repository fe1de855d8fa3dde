"""Classification accuracy score: how well a classifier trained on generated images knows real ones.

Reference: Ravuri and Vinyals, "Classification Accuracy Score for Conditional Generative Models", 2019;
here with the small convolutional network of `extractors.lenet` in place of a ResNet-50.
"""

import math
import random

from tfgan_zoo.metrics.extractors import lenet

_EPOCHS, _STEPS = 10, 300  # the more of the two


def classification_accuracy_score(generated, real, seed=0):
    """Trains on `generated` and looks at `real`, both with `images` uint8 `[N, H, W, C]` and `labels`.

    Returns:
        `(accuracy, error)`: a share of the real images, and its standard error by their number.

    Raises:
        ValueError: Images without labels, or of two sizes.
    """
    for name, part in (("generated", generated), ("real", real)):
        if part.labels is None:
            raise ValueError(
                f"The classification accuracy score needs labels; the {name} images have none."
            )
    if generated.images.shape[1:] != real.images.shape[1:]:
        raise ValueError(
            f"Both sets must be of one size. Received: {real.images.shape[1:]} (real) and "
            f"{generated.images.shape[1:]} (generated)."
        )
    num_classes = int(max(generated.labels.max(), real.labels.max())) + 1
    state = random.getstate()
    random.seed(seed)  # Keras draws the seeds of initializers and dropout here
    try:
        model = lenet.network(generated.images.shape[1:], num_classes)
    finally:
        random.setstate(state)
    batch_size = min(128, len(generated.images))
    epochs = max(_EPOCHS, math.ceil(_STEPS / (len(generated.images) // batch_size)))
    lenet.train(model, generated.images, generated.labels, epochs, batch_size, seed=seed)
    share = lenet.accuracy(model, real.images, real.labels)
    return share, math.sqrt(share * (1 - share) / len(real.images))
