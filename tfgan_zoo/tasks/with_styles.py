"""Models that translate an image in the style of another one, which they are given with it."""

import functools
import os

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.layers import reflected_to_multiple
from tfgan_zoo.tasks import pictures, tiling
from tfgan_zoo.tasks.picture_bytes import picture
from tfgan_zoo.tasks.pixels import quantized, to_uint8
from tfgan_zoo.tasks.without_discriminator import WithoutDiscriminator


class WithStyles(WithoutDiscriminator):
    """Translation of pictures and styles: a variant overrides `stylize`, beside what its base says.

    `translate`, calls, `predict` and the served signatures take styles after images.
    """

    takes_styles = True

    def stylize(self, images, styles, alpha, training=False):
        """Float images `[B, H, W, C]` and styles `[B, H', W', C]`, whose sides are multiples of
        `size_multiple` -> images in that style."""
        raise NotImplementedError(f"{type(self).__name__} must define stylize().")

    def call(self, images, styles, alpha=1.0, direction="forward", training=False):
        """Float images and styles `[B, H, W, C]` in [-1, 1], of any sizes -> float32 images of the size
        of the first; `alpha` in [0, 1] is how much of the style they have."""
        self._check_direction(direction)
        images, styles = tf.convert_to_tensor(images), tf.convert_to_tensor(styles)
        shape = tf.shape(images)
        whole = (reflected_to_multiple(each, self.size_multiple) for each in (images, styles))
        made = tf.cast(self.stylize(*whole, alpha, training), tf.float32)
        return made[:, : shape[1], : shape[2]]

    def predict_step(self, data):
        images, styles = data[0] if len(data) == 1 else data
        return self(images, styles)

    def translate_batch(self, images, targets):
        return self.translate(images, targets)

    def translate(
        self,
        images,
        styles=None,
        alpha=1.0,
        direction="forward",
        seed=None,
        batch_size=1,
        tile=None,
        overlap=32,
    ):
        """Translates pictures of any size in the styles of others.

        Args:
            images: uint8 or float images in [-1, 1], `[N, H, W, C]` or one, `[H, W, C]`; or a file, a
                folder, or a list of files and arrays.
            styles: The same: one for all images, or one for each.
            alpha: Float in [0, 1]. How much of the style they have; with 0 they keep their own.
            direction: "forward".
            seed: Int in [0, 2**31), or None; nothing is drawn.
            batch_size: Int. Images of one array translated at once.
            tile: Int, or None. Side of overlapping tiles in which larger images are translated, each by
                statistics of its own, so that they may differ in colour.
            overlap: Int. Pixels that neighbouring tiles share.

        Returns:
            uint8 `[N, H, W, O]`, or `[H, W, O]` of one image; of a folder or list a list of these.

        Raises:
            ValueError, TypeError: Images or styles that cannot be read, of other channels, or as many
                styles as do not fit; an option outside its range.
        """
        self.check_translation(direction, seed, tile, overlap)
        numbers.integer("batch_size", batch_size)
        if not numbers.is_number(alpha) or not 0 <= alpha <= 1:
            raise ValueError(f"alpha must be a number in [0, 1]. Received: {alpha!r}.")
        found, is_one, is_list = self._floats(images)
        given = self._styles(styles, len(found))
        made = []
        for rows in _batches(found, given, batch_size):
            parts = (np.stack([each[row] for row in rows]) for each in (found, given))
            made += list(to_uint8(self._stylized(*parts, alpha, tile, overlap)))
        return made if is_list else made[0] if is_one else np.stack(made)

    def _floats(self, images):
        """Pictures as a list of floats `[H, W, C]`, and whether they were one, or a list."""
        channels = self.image_shape[-1]
        if isinstance(images, (list, tuple)) or pictures.is_folder(images):
            listed = pictures.files_of(images) if pictures.is_folder(images) else images
            return [self._floats(image)[0][0] for image in listed], False, True
        if isinstance(images, (str, os.PathLike)):
            images = pictures.read(images, channels)
        found = pictures.as_floats(images, channels)
        return ([found], True, False) if found.ndim == 3 else (list(found), False, False)

    def _styles(self, styles, count):
        if styles is None:
            raise ValueError(
                f"{type(self).__name__} paints in the style of another picture: give translate(images, "
                "styles). The command line has --style."
            )
        found = self._floats(styles)[0]
        if len(found) not in (1, count):
            raise ValueError(
                f"styles must be one for all or one for each of {count} images. Received: {len(found)}."
            )
        return found * count if len(found) == 1 else found

    def _stylized(self, images, styles, alpha, tile, overlap):
        graph, alpha = self._graph_of("forward"), tf.constant(alpha, tf.float32)
        if tile is None or max(images.shape[1:3]) <= tile:
            return np.asarray(graph(tf.constant(images), tf.constant(styles), alpha))

        def run(part, style):
            return graph(tf.constant(part), tf.constant(style[None]), alpha)

        pairs = zip(images, styles, strict=True)
        return np.stack(
            [
                tiling.translated(
                    functools.partial(run, style=style), image, tile, overlap, self.scale
                )
                for image, style in pairs
            ]
        )

    def _inputs_of_graph(self, direction):
        return [*super()._inputs_of_graph(direction) * 2, tf.TensorSpec([])]

    # === Serving ===

    def endpoints(self):
        """As of `ImageToImage`, with a style for every image: `translate(image_bytes, style_bytes)` and
        `translate_tensor(images, styles)`."""
        found = super().endpoints()
        names = {"translate": "style_bytes", "translate_tensor": "styles"}
        for key, name in names.items():
            if key in found:
                function, (spec,) = found[key]
                found[key] = (function, [spec, tf.TensorSpec(spec.shape, spec.dtype, name=name)])
        return found

    def _serve_tensors(self, images, styles, direction):
        return {"images": self(images, styles)}

    def _serve_bytes(self, image_bytes, style_bytes, direction):
        channels, most = self.image_shape[-1], self.max_served_pixels

        def translated(contents):
            (fits, image), (also_fits, style) = (picture(each, channels, most) for each in contents)
            both = tf.logical_and(fits, also_fits)
            return tf.cond(both, lambda: self._painted(image(), style()), lambda: tf.constant(""))

        inputs = (image_bytes, style_bytes)
        made = tf.map_fn(translated, inputs, fn_output_signature=tf.string)
        return {"image_bytes": tf.ensure_shape(made, [None])}

    def _painted(self, image, style):
        return tf.io.encode_png(quantized(self(image[None], style[None]))[0])


def _batches(images, styles, size):
    """Places of images that go together: neighbours of one size, with styles of one size."""
    rows = []
    for row, _ in enumerate(images):
        shapes = [(images[k].shape, styles[k].shape) for k in (*rows[:1], row)]
        if rows and (len(rows) == size or shapes[0] != shapes[1]):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows
