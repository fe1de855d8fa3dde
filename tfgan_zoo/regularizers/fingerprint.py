"""A mark that a generator draws by itself."""

import pathlib

import tensorflow as tf

from tfgan_zoo.regularizers.base import Regularizer
from tfgan_zoo.watermark import Watermark, carriers, read_key


class Fingerprint(Regularizer):
    """Teaches a generator to draw the mark of a key: whoever has its weights draws marked images.

    To the generator's loss it adds `weight` times the mean of max(0, score - s)^2, where s is an
    image's score for `watermark.Watermark(key, bits=0)`, which detects it: of images without mark
    s has a standard normal distribution, and at 5.2 one is told at a false-positive rate of 1e-6. The
    discriminator works against the mark, which real images do not have: the more of it, the further
    from them is what is drawn. A score too low for a single image is often found in several together, by
    `detect_together`.

    The mark is in the weights, not in the graph: no file of the model holds the key or its signs.
    Further training without this regularizer weakens it.

    Args:
        key_file: Str. File that `watermark.create_key` wrote. It is read when training begins; configs
            and saved models hold its path only, and draw without it.
        score: Float. The score that images are to have; less than the square root of their carriers,
            which are 5 in each block of 4x4 pixels, of 64x64 pixels at most.
        weight: Float.

    Raises:
        ValueError: A score that no image of the model's size can reach; a file that is no key, or that
            of another key than when the model began to train.
        FileNotFoundError: There is no such file when training begins.

    Reference: generators that learn a mark are those of Yu et al., "Artificial Fingerprinting for
    Generative Models: Rooting Deepfake Attribution in Training Data", 2021 (arXiv:2007.08457), there
    by marked training images; here by a term of the loss, and with a detector whose false-positive
    rate is proven.
    """

    bounds = {"score": "> 0", "weight": ">= 0"}
    _mark = None  # not read yet

    def __init__(self, key_file: str, score: float = 9.0, weight: float = 1.0):
        self.key_file = str(pathlib.Path(key_file))
        self.score = score
        self.weight = weight

    def build(self, model):
        most = carriers.count(*model.image_shape[:2]) ** 0.5
        if self.score >= most:
            raise ValueError(
                f"Fingerprint: score must be less than {most:.1f}, the square root of the carriers that "
                f"images {model.image_shape} have. Received: score={self.score}."
            )

    def before_training(self, model):
        mark, before = Watermark(read_key(self.key_file), bits=0), self._mark
        if before is not None and before.fingerprint != mark.fingerprint:
            raise ValueError(
                f"{self.key_file} holds another key than when this model began to train: that of the "
                f"fingerprint {before.fingerprint}, and now {mark.fingerprint}. Put the first one back; "
                "for another mark make another model."
            )
        self._mark = mark

    def generator_terms(self, model, fake, batch, rng):
        if self._mark is None:  # in a training loop without fit
            self.before_training(model)
        scores = self._mark.scores(fake.originals)
        missing = tf.reduce_mean(tf.square(tf.nn.relu(self.score - scores)))
        logs = {"fingerprint_score": (None, tf.reduce_mean(scores))}
        return {"fingerprint": (self.weight, missing), **logs}
