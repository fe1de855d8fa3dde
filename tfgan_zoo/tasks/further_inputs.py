"""What a translation takes beside an image, such as the domain that it is brought into."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import names
from tfgan_zoo.tasks import pictures
from tfgan_zoo.tasks.conditions import Labels
from tfgan_zoo.tasks.picture_bytes import picture


class FurtherInput:
    """A further input of a translation, of which a model gives a list: `ImageToImage.further_inputs`.

    A subclass defines `spec`, `rows` and `examples`; one whose rows in files are not the tensors that
    the network takes, such as pictures, `file_spec` and `decoded` too.

    Attributes:
        name: Of the argument of `translate` and of calls, and of the input of `translate_tensor`.
        num_classes: Int n of an input whose values are classes in [0, n), else None.
        default: The value of an input that may be left out, else None. Such inputs come last in the
            list, and no server asks for them.
    """

    name: str
    num_classes = default = None

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
        """A list of the values of golden pictures: ints, or pictures, uint8 `[H, W, C]`."""
        raise NotImplementedError(f"{type(self).__name__} must define examples().")

    def shown(self, batch):
        """A list of values for the images of a batch, each of which becomes a row of a grid."""
        raise NotImplementedError(f"{type(self).__name__} must define shown().")

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
        self.num_classes, self._labels = num_classes, Labels(num_classes, class_names, self.name)

    def spec(self):
        return tf.TensorSpec([None], tf.int32, name=self.name)

    def rows(self, values, count):
        return list(self._labels.given(values, count))

    def examples(self, seeds):
        return [seed % self.num_classes for seed in seeds]

    def shown(self, batch):
        return list(range(self.num_classes))


class Attributes(Domain):
    """Which of n attributes an image gets: a number whose bits these are, the first one the lowest; or
    n zeros and ones, `[n]` or for each image `[B, n]`; or the name of the only one, if it is known."""

    def __init__(self, count, names=None):
        super().__init__(2**count)
        self.count, self.names = count, names

    def rows(self, values, count):
        return super().rows(self._numbers(values, count), count)

    def _numbers(self, values, count):
        if self.names is not None and np.asarray(values).dtype.kind in "OUS":
            return 2 ** np.asarray(names.numbered(values, self.names))
        found = np.asarray(values)
        are_bits = found.dtype.kind in "biuf" and bool(np.all((found == 0) | (found == 1)))
        if found.shape not in ((self.count,), (1, self.count), (count, self.count)):
            return values
        is_of_images = found.shape == (count,) and found.dtype.kind in "iu"
        if (is_of_images and are_bits and self.count > 1) or (found.ndim == 2 and not are_bits):
            raise ValueError(
                f"{self.name} must be numbers in [0, {self.num_classes}), one for each image, or zeros "
                f"and ones, [{count}, {self.count}]. Received: {values!r}."
            )
        if not are_bits:
            return values
        found = found[0] if found.ndim == 2 and len(found) == 1 else found  # of all images
        return found.astype(int) @ 2 ** np.arange(self.count)

    def shown(self, batch):
        return [2**number for number in range(self.count)]


class Style(FurtherInput):
    """A picture in whose style an image is painted: as images of `translate` are given."""

    name = "styles"

    def __init__(self, image_shape, max_served_pixels):
        self.image_shape, self.max_served_pixels = image_shape, max_served_pixels

    def spec(self):
        shape = [None, None, None, self.image_shape[-1]]
        return tf.TensorSpec(shape, tf.float32, name=self.name)

    def file_spec(self):
        return tf.TensorSpec([None], tf.string, name="style_bytes")

    def decoded(self, row):
        return picture(row, self.image_shape[-1], self.max_served_pixels)

    def rows(self, values, count):
        found = pictures.listed(values, self.image_shape[-1])
        if len(found) not in (1, count):
            raise ValueError(
                f"styles must be one for all or one for each of {count} images. Received: {len(found)}."
            )
        return found * count if len(found) == 1 else found

    def examples(self, seeds):
        from tfgan_zoo.serving import golden  # which only exporting needs

        return [golden.example(self.image_shape, seed + 1) for seed in seeds]

    def shown(self, batch):
        return [batch["targets"]]


class Strength(FurtherInput):
    """How much of what is asked for an image gets, a number in [0, 1]."""

    name, default = "alpha", 1.0

    def spec(self):
        return tf.TensorSpec([None], tf.float32, name=self.name)

    def rows(self, values, count):
        found = np.atleast_1d(values)
        is_known = found.dtype.kind in "iuf" and found.shape in ((1,), (count,))
        if not is_known or not np.all((found >= 0) & (found <= 1)):
            raise ValueError(
                f"{self.name} must be a number in [0, 1], or one for each of {count} images. Received: "
                f"{values!r}."
            )
        return list(np.broadcast_to(found.astype(np.float32), [count]))


def served(model):
    """The inputs that a server asks for, a list."""
    return [further for further in model.further_inputs() if further.default is None]


def check_names(model, given):
    """Refuses further inputs of other names than the model's.

    Raises:
        ValueError: One that is missing, or that the model does not take.
    """
    wanted = [further.name for further in served(model)]
    known = {further.name for further in model.further_inputs()}
    if not set(wanted) <= set(given) <= known:
        expected = f"{', '.join(wanted)} beside images" if wanted else "images alone"
        received = ", ".join(given) or "images alone"
        raise ValueError(f"{type(model).__name__} translates {expected}. Received: {received}.")


def in_order(model, given):
    """The values of `{name: values}` in the order of the model's inputs, a list."""
    check_names(model, given)
    return [given.get(further.name, further.default) for further in model.further_inputs()]


def named(model, inputs):
    """What a call is given first as a dictionary: images, or a tuple or dictionary of all inputs.

    Raises:
        ValueError: A tuple of more parts than the model takes.
    """
    if isinstance(inputs, dict):
        return inputs
    parts = inputs if isinstance(inputs, tuple) else (inputs,)
    wanted = ["images", *(further.name for further in model.further_inputs())]
    if len(parts) > len(wanted):
        raise ValueError(
            f"{type(model).__name__} takes {', '.join(wanted)}. Received: {len(parts)} inputs."
        )
    return dict(zip(wanted, parts, strict=False))


def refuse(model, what):
    """Refuses a model with further inputs.

    Raises:
        ValueError: The message names them.
    """
    if wanted := [further.name for further in served(model)]:
        raise ValueError(
            f"{what} is for models that translate images alone; {type(model).__name__} takes "
            f"{', '.join(wanted)} too."
        )


def as_tensors(model, given):
    """Images and what a call is given with them, `{name: values}`, as tensors; floating tensors as they
    are, so that gradients pass."""
    images = given.get("images")
    count = None if images is None else images.shape[0]
    found = dict(given)
    for wanted in model.further_inputs():
        value = given.get(wanted.name)
        is_tensor = keras.ops.is_tensor(value)
        is_symbol = is_tensor and (
            isinstance(value, keras.KerasTensor) or tf.is_symbolic_tensor(value)
        )
        is_float = is_tensor and value.dtype.is_floating and not wanted.num_classes
        if value is None or is_symbol or is_float:
            continue
        value = value.numpy() if is_tensor else value
        found[wanted.name] = tf.constant(np.stack(wanted.rows(value, count)))
    return found


def rows(model, given, count):
    """What a caller gives, `{name: values}`, as a list of `count` dictionaries, one an image."""
    check_names(model, given)
    wanted = model.further_inputs()
    columns = {f.name: f.rows(given.get(f.name, f.default), count) for f in wanted}
    return [{name: column[i] for name, column in columns.items()} for i in range(count)]


def together(rows, size):
    """Slices of at most `size` rows that can be one batch: neighbours of the same shapes."""
    shapes, start = [[np.shape(value) for value in row.values()] for row in rows], 0
    for stop in range(1, len(rows) + 1):
        if stop in (len(rows), start + size) or shapes[stop] != shapes[start]:
            yield slice(start, stop)
            start = stop


def batched(rows):
    """Rows as tensors `{name: [B, …]}`."""
    return {name: tf.constant(np.stack([row[name] for row in rows])) for name in rows[0]}
