"""What a generator is asked for beside its latents: a class, or a text."""

import numpy as np
import tensorflow as tf

from tfgan_zoo import names, numbers
from tfgan_zoo.engine.input_checks import check_labels

_LETTERS_IN_A_TOKEN = 8  # what follows the first letters is not read, so that no text is costly


class Labels:
    """Classes, integers in [0, num_classes), or their names; in the training step int32 `[B]`.

    Attributes:
        key: Name of the argument of `generate`, and in data sets.
        served: Name of the input of served signatures.
    """

    served = "label"

    def __init__(self, num_classes, class_names=None, key="labels"):
        self.num_classes, self.class_names, self.key = num_classes, class_names, key

    def spec(self):
        """Of the input of served signatures."""
        return tf.TensorSpec([None], tf.int32, name=self.served)

    def defaults(self, seeds):
        """What is drawn for int64 seeds `[B]` where nothing is asked for."""
        return tf.cast(tf.cast(seeds, tf.int64) % self.num_classes, tf.int32)

    def checked(self, values, count):
        """`count` values as an array, for `fit`; others raise ValueError."""
        values = None if values is None else self.numbered(values)
        return check_labels(values, count, self.num_classes)

    def given(self, values, count):
        """What a caller of `generate` asks for, one for all images or one for each."""
        return numbers.classes(self.key, self.numbered(values), count, self.num_classes)

    def numbered(self, values):
        """Names of the model's classes as their numbers; see `names.numbered`."""
        return values if self.class_names is None else names.numbered(values, self.class_names)

    def describe(self, label):
        """What the served signature `classes` answers to int32 `[B]`: how many classes there are and,
        where their names are known, the name of each; it is empty for a class that does not exist."""
        count = tf.fill(tf.shape(label), self.num_classes)
        if self.class_names is None:
            return {"num_classes": count}
        exists = (label >= 0) & (label < count)
        found = tf.gather(tf.constant(self.class_names), tf.where(exists, label, 0))
        return {"num_classes": count, "class_name": tf.where(exists, found, "")}

    def in_graph(self, values, count):
        """`count` values of a data set, or any number, checked where they are read."""
        if not values.dtype.is_integer:
            raise TypeError(f"Labels must be integers. Received: {values.dtype.name}.")
        values = tf.ensure_shape(tf.reshape(values, [-1]), [count])
        known = tf.reduce_all((values >= 0) & (values < self.num_classes))
        message = f"A batch has labels outside [0, {self.num_classes})."
        with tf.control_dependencies([tf.debugging.Assert(known, [message])]):
            return tf.cast(values, tf.int32)

    def encode(self, values):
        """What the networks take, of a tensor of values."""
        return values


class Texts:
    """Strings in UTF-8; in the training step the token ids of `tokens`, int32 `[B, length]`.

    Args:
        vocabulary_size, length: See `tokens`.
        texts: List of strings; image `seed` is by default that of text `seed % len(texts)`.
    """

    key, served = "texts", "text"

    def __init__(self, vocabulary_size, length, texts):
        self.vocabulary_size, self.length, self.texts = vocabulary_size, length, texts

    def spec(self):
        return tf.TensorSpec([None], tf.string, name=self.served)

    def defaults(self, seeds):
        texts = tf.constant([text.encode() for text in self.texts])
        return tf.gather(texts, tf.cast(seeds, tf.int64) % len(self.texts))

    def checked(self, values, count):
        if values is None:
            raise ValueError(
                "The model draws from texts and needs them: fit(images, texts), or batches of "
                "(images, texts)."
            )
        values = _as_objects(values)
        if values.shape != (count,) or not all(isinstance(v, (str, bytes)) for v in values.flat):
            raise ValueError(
                f"Texts must be strings of shape ({count},), one for each image. Received shape "
                f"{values.shape}, dtype {values.dtype}."
            )
        blank = [index for index, text in enumerate(values) if not text.strip()]
        if blank:
            raise ValueError(f"{len(blank)} of {count} texts are blank, the first at {blank[0]}.")
        array = np.empty(count, object)
        array[:] = [text.encode() if isinstance(text, str) else bytes(text) for text in values]
        return array

    def given(self, values, count):
        values = _as_objects(values)
        return self.checked(np.broadcast_to(values, [count]) if values.ndim == 0 else values, count)

    def in_graph(self, values, count):
        return tf.ensure_shape(values, [count])

    def encode(self, values):
        if values.dtype != tf.string:
            return values
        return tokens(values, self.vocabulary_size, self.length)


def _as_objects(texts):
    """Strings as an array of objects: as fixed-width ones each would take the memory of the longest."""
    return np.asarray(texts, None if hasattr(texts, "dtype") else object)


def tokens(texts, vocabulary_size, length):
    """Token ids of texts, by operations that every server has.

    A text is put in lower case and cut at everything but letters, digits and symbols. Its tokens are
    its words, its pairs of neighbouring words, and the triples of letters in each word, whose ends
    count as letters; so a word that was never seen is near to those it looks like. A token's id is a
    hash of it, which does not change between platforms.

    Args:
        texts: Strings `[B]` in UTF-8. What is not UTF-8 counts as a symbol.
        vocabulary_size: Int V. Ids lie in [1, V); two tokens may share one.
        length: Int. Tokens beyond it, and letters beyond 8 times it, are left out.

    Returns:
        int32 `[B, length]`, filled up with 0; all 0 for a text without a word.
    """
    texts = tf.strings.substr(texts, 0, _LETTERS_IN_A_TOKEN * length, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(texts, r"[\p{P}\p{Z}\p{C}]+", " ")
    words = tf.strings.split(tf.strings.lower(texts, encoding="utf-8"))
    # No word has a "#" in it, so that no triple of letters is taken for a word.
    letters = tf.strings.unicode_split(tf.strings.join(["#", words.values, "#"]), "UTF-8")
    triples = tf.strings.ngrams(words.with_values(letters), 3, separator="#").merge_dims(1, 2)
    found = tf.concat([tf.strings.ngrams(words, (1, 2), separator=" "), triples], axis=1)
    ids = 1 + tf.strings.to_hash_bucket_fast(found.values, vocabulary_size - 1)
    padded = found.with_values(ids).to_tensor(0, shape=[None, length])
    return tf.ensure_shape(tf.cast(padded, tf.int32), [texts.shape[0], length])
