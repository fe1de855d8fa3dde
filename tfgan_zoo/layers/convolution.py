"""Strided convolutions that XLA computes fast on CPUs too.

A transposed convolution, and the gradient of a strided one by its input, are convolutions of a feature
map with zeros between its places. XLA multiplies by the zeros; and where the kernel has more places
than the map, as 5x5 at 4x4, it swaps the two, for which its CPU code has plain loops: 30 times the
time. The same numbers come of one convolution without zeros for each place of an output within its
stride, with every stride-th row and column of the kernel: the sub-pixel convolutions of Shi et al., "Is
the deconvolution layer the same as a convolutional layer?", 2016 (arXiv:1609.07009).
"""

import contextlib
import contextvars

import keras
import tensorflow as tf

_uses_subpixels = contextvars.ContextVar("uses_subpixels", default=False)


@contextlib.contextmanager
def subpixel_convolutions():
    """Within it, `Conv2D` and `Conv2DTranspose` compute in sub-pixels what XLA is slow at on CPUs. It is
    for tracing: a function keeps what it was traced with."""
    token = _uses_subpixels.set(True)
    try:
        yield
    finally:
        _uses_subpixels.reset(token)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, whose gradient is fast under XLA on CPUs too."""

    def convolution_op(self, inputs, kernel):
        if not _in_subpixels(self, inputs):
            return super().convolution_op(inputs, kernel)
        kernel = tf.convert_to_tensor(kernel)
        return strided_convolution(inputs, kernel, self.strides[0], self.padding)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, which is fast under XLA on CPUs too."""

    def call(self, inputs):
        if not _in_subpixels(self, inputs):
            return super().call(inputs)
        size = self.compute_output_shape(inputs.shape)[1:3]
        kernel = tf.convert_to_tensor(self.kernel)
        outputs = transposed_convolution(inputs, kernel, size, self.strides[0], self.padding)
        outputs = outputs + self.bias if self.use_bias else outputs
        return outputs if self.activation is None else self.activation(outputs)


_PLAIN = {
    "dilation_rate": (1, 1),
    "groups": 1,
    "output_padding": None,
    "data_format": "channels_last",
}


def _in_subpixels(layer, inputs):
    """Whether a layer is to be computed so, and is of those that can; the others are Keras's."""
    (stride, other), sizes = layer.strides, layer.kernel_size
    plain = all(getattr(layer, name, value) == value for name, value in _PLAIN.items())
    known = None not in inputs.shape[1:]
    return _uses_subpixels.get() and plain and known and 1 < stride == other <= min(sizes)


def strided_convolution(images, kernel, stride, padding):
    """`tf.nn.conv2d`, whose gradient by the images is a `transposed_convolution`.

    Args:
        images: Float `[B, H, W, C]`, H and W known.
        kernel: `[h, w, C, O]` of the same dtype, h and w at least `stride`.
        stride: Int, above 1.
        padding: "same" or "valid".

    Returns:
        `[B, H', W', O]`.
    """

    @tf.custom_gradient
    def apply(images, kernel):
        def gradient(upstream):
            by_images = transposed_convolution(upstream, kernel, images.shape[1:3], stride, padding)
            return by_images, _gradient_by_kernel(images, kernel, upstream, stride, padding)

        return tf.nn.conv2d(images, kernel, stride, padding.upper()), gradient

    return apply(images, kernel)


def transposed_convolution(maps, kernel, size, stride, padding):
    """The transpose of `strided_convolution`, in sub-pixels.

    Args:
        maps: Float `[B, H', W', O]`, H' and W' known.
        kernel: `[h, w, C, O]` of the same dtype, h and w at least `stride`.
        size: (H, W), of images whose convolution has the size of `maps`.
        stride, padding: As in `strided_convolution`.

    Returns:
        `[B, H, W, C]`.
    """

    @tf.custom_gradient
    def apply(maps, kernel):
        def gradient(upstream):
            by_maps = strided_convolution(upstream, kernel, stride, padding)
            return by_maps, _gradient_by_kernel(upstream, kernel, maps, stride, padding)

        return _interleaved(maps, kernel, size, stride, padding), gradient

    return apply(maps, kernel)


def _gradient_by_kernel(images, kernel, upstream, stride, padding):
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images,
        filter_sizes=kernel.shape,
        out_backprop=upstream,
        strides=[1, stride, stride, 1],
        padding=padding.upper(),
    )


def _interleaved(maps, kernel, size, stride, padding):
    """One convolution for each place within a stride, and all pixels in their places."""
    flipped = tf.transpose(kernel, [0, 1, 3, 2])
    axes = list(zip(size, kernel.shape[:2], maps.shape[1:3], strict=True))
    row_phases, column_phases = [
        [_phase(place, *axis, stride, padding) for place in range(stride)] for axis in axes
    ]
    rows = []
    for top, row_padding in row_phases:
        columns = []
        for left, column_padding in column_phases:
            part = tf.reverse(flipped[top::stride, left::stride], [0, 1])
            paddings = [[0, 0], row_padding, column_padding, [0, 0]]
            columns.append(tf.nn.conv2d(maps, part, 1, paddings))
        rows.append(tf.stack(columns, axis=3))
    pixels = tf.stack(rows, axis=2)  # [B, H / stride, stride, W / stride, stride, C]
    _, height, _, width, _, channels = pixels.shape
    pixels = tf.reshape(pixels, [-1, height * stride, width * stride, channels])
    return pixels[:, : size[0], : size[1]]


def _phase(place, side, taps, length, stride, padding):
    """The first tap of the kernel that meets the places `place + n * stride` of an image, and what those
    taps need around a map of that length, along one axis."""
    total = max((length - 1) * stride + taps - side, 0) if padding == "same" else 0
    offset, first = divmod(place + total // 2, stride)
    before = -(-(taps - first) // stride) - 1 - offset
    return first, [before, -(-side // stride) + offset - length]
