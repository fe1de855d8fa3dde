"""What servers answer for a model from images to images."""

import functools

import tensorflow as tf

from tfgan_zoo.engine import construction
from tfgan_zoo.tasks import further_inputs
from tfgan_zoo.tasks.model import ZooModel
from tfgan_zoo.tasks.picture_bytes import picture
from tfgan_zoo.tasks.pixels import quantized
from tfgan_zoo.tasks.served import guarded

_OF_FILES = {1, 3, 4}  # channels


class ServedTranslation(ZooModel):
    """The endpoints of an `ImageToImage`."""

    max_served_pixels = 2**20  # of a picture in a file, which a server decodes

    def endpoints(self):
        """What `export` writes: `{name: (function, input signature)}`, for each direction.

        `translate` takes the bytes of image files, strings `[B]`, and gives those of PNG files; every
        row has a size of its own and is answered by itself, with "" where it is no picture, cut off,
        WebP, or of more than `max_served_pixels`. `translate_tensor` takes float32 `[B, H, W, C]` in
        [-1, 1], of any size, and is alone where images have other channels than 1, 3 or 4. With a second
        direction there are `translate_backward` and so on. Each takes the model's `further_inputs` too
        that have no default, one for each row.
        """
        found, further = {}, further_inputs.served(self)
        for direction in self.directions:
            name = "" if direction == "forward" else f"_{direction}"
            contents = tf.TensorSpec([None], tf.string, name="image_bytes")
            shape = [None, None, None, self._channels(direction)]
            images = tf.TensorSpec(shape, tf.float32, name="images")
            if {self.image_shape[-1], self.target_shape[-1]} <= _OF_FILES:
                of_bytes = functools.partial(self._serve_bytes, direction=direction)
                found[f"translate{name}"] = (
                    of_bytes,
                    [contents, *(f.file_spec() for f in further)],
                )
            of_tensors = functools.partial(self._serve_tensors, direction=direction)
            found[f"translate_tensor{name}"] = (of_tensors, [images, *(f.spec() for f in further)])
        return found

    def served(self):
        """The `endpoints`, safe to serve: rows of `translate_tensor` that hold NaN or infinity are
        answered with NaN, those of a class that does not exist with NaN or "". For a model with classes
        `classes` answers how many there are, and their names."""
        ranges = {f.name: f.num_classes for f in self.further_inputs() if f.num_classes}
        found = {
            name: (guarded(function, signature, ranges), signature)
            for name, (function, signature) in self.endpoints().items()
        }
        if self.condition is not None and self.num_classes is not None:
            found["classes"] = (self.condition.describe, [self.condition.spec()])
        return found

    def example_inputs(self, seeds):
        """`{name: values}` of golden pictures, by arguments of `translate` and by served inputs."""
        wanted = further_inputs.served(self)
        names = ({f.name: f for f in wanted}, {f.file_spec().name: f for f in wanted})
        return tuple({name: f.examples(seeds) for name, f in found.items()} for found in names)

    def _serve_tensors(self, images, *others, direction):
        return {"images": self._made(images, *others, direction=direction)}

    def _serve_bytes(self, image_bytes, *others, direction):
        further = further_inputs.served(self)

        def translated(row):
            found = [picture(row[0], self._channels(direction), self.max_served_pixels)]
            found += [f.decoded(value) for f, value in zip(further, row[1:], strict=True)]
            fits = tf.reduce_all(tf.stack([is_good for is_good, _ in found]))
            made = lambda: self._png([decoded() for _, decoded in found], direction)  # noqa: E731
            return tf.cond(fits, made, lambda: tf.constant(""))

        made = tf.map_fn(translated, (image_bytes, *others), fn_output_signature=tf.string)
        return {"image_bytes": tf.ensure_shape(made, [None])}

    def _png(self, inputs, direction):
        made = self._made(*(value[None] for value in inputs), direction=direction)
        return tf.io.encode_png(quantized(made)[0])

    def export(self, path, name=None, version=None, **options):
        """Writes `<path>/<name>/<version>/`, a SavedModel for servers. See `tfgan_zoo.export.export`."""
        from tfgan_zoo.export import export  # gRPC and its messages, which only exporting needs

        construction.check_saved(self)
        return export(self, path, name, version, **options)
