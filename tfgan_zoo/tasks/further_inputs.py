"""What a translation takes beside an image, such as the domain that it is brought into."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.tasks.conditions import Labels


class FurtherInput:
    """A further input of a translation, of which a model gives a list: `ImageToImage.further_inputs`.

    A subclass defines `spec`, `rows` and `examples`; one whose rows in files are not the tensors that
    the network takes, such as pictures, `file_spec` and `decoded` too.

    Attributes:
        name: Of the argument of `translate` and of calls, and of the input of `translate_tensor`.
        num_classes: Int n of an input whose values are classes in [0, n), else None.
    """

    name: str
    num_classes = None

    def spec(self):
        """The `tf.TensorSpec` of a batch, as the network takes it."""
        raise NotImplementedError(f"{type(self).__name__} must define spec().")

    def rows(self, values, count):
        """What a caller gives, one value for all images or one for each, as a list of `count` arrays.

        Raises:
            ValueError: Something else.
        """
        raise NotImplementedError(f"{type(self).__name__} must define rows().")

    def examples(self, seeds):
        """A list of the values of golden pictures as served signatures take them: ints, or bytes."""
        raise NotImplementedError(f"{type(self).__name__} must define examples().")

    def file_spec(self):
        """The `tf.TensorSpec` of a batch in the signature `translate`."""
        return self.spec()

    def decoded(self, row):
        """Whether a row of `file_spec` can be used, a bool scalar, and what gives its tensor."""
        return tf.constant(True), lambda: row


class Domain(FurtherInput):
    """The class of images that an image is brought into: its number or, where known, its name."""

    name = "domain"

    def __init__(self, num_classes, class_names=None):
        self.num_classes, self._labels = num_classes, Labels(num_classes, class_names)

    def spec(self):
        return tf.TensorSpec([None], tf.int32, name=self.name)

    def rows(self, values, count):
        return list(self._labels.given(values, count))

    def examples(self, seeds):
        return [seed % self.num_classes for seed in seeds]


def check_names(model, given):
    """Refuses further inputs of other names than the model's.

    Raises:
        ValueError: One that is missing, or that the model does not take.
    """
    wanted = [further.name for further in model.further_inputs()]
    if set(given) != set(wanted):
        expected = f"{', '.join(wanted)} beside images" if wanted else "images alone"
        received = ", ".join(given) or "images alone"
        raise ValueError(f"{type(model).__name__} translates {expected}. Received: {received}.")


def in_order(model, given):
    """The values of `{name: values}` in the order of the model's inputs, a list."""
    check_names(model, given)
    return [given[further.name] for further in model.further_inputs()]


def rows(model, given, count):
    """What a caller gives, `{name: values}`, as a list of `count` dictionaries, one an image."""
    check_names(model, given)
    columns = {f.name: f.rows(given[f.name], count) for f in model.further_inputs()}
    return [{name: column[i] for name, column in columns.items()} for i in range(count)]


def batched(rows):
    """Rows as tensors `{name: [B, …]}`."""
    return {name: tf.constant(np.stack([row[name] for row in rows])) for name in rows[0]}
