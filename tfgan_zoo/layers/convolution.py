"""Convolutions that are fast on CPUs where TensorFlow's or XLA's own are not.

Under XLA: a transposed convolution, and the gradient of a strided one by its input, are convolutions of
a feature map with zeros between its places. XLA multiplies by the zeros; and where the kernel has more
places than the map, as 5x5 at 4x4, it swaps the two, for which its CPU code has plain loops: 30 times
the time. The same numbers come of one convolution without zeros for each place of an output within its
stride, with every stride-th row and column of the kernel: the sub-pixel convolutions of Shi et al., "Is
the deconvolution layer the same as a convolutional layer?", 2016 (arXiv:1609.07009).

In graphs, in bfloat16: oneDNN's gradient by the kernel reaches a tenth to a third of the other passes'
rate where the map is small. It is a convolution too, of the images by the gradient of the map, whose
channels are the examples, which takes a quarter of the time at 4x4.

In bfloat16, outside XLA: where a map is smaller than the stride, TensorFlow 2.21 leaves those places of
the gradient by the kernel that meet nothing but padding as they were in memory, NaN or anything. Padded
beforehand, without padding of the convolution's own, all places are computed.
"""

import contextlib
import contextvars

import keras
import tensorflow as tf

_compiler = contextvars.ContextVar("compiler", default=None)
LARGEST_MAP, FEWEST_CHANNELS = 8, 64  # of what is computed otherwise in bfloat16


@contextlib.contextmanager
def cpu_convolutions(xla: bool):
    """Within it, `Conv2D` and `Conv2DTranspose` compute in other ways what XLA, or a graph, is slow
    at on CPUs. It is for tracing: a function keeps what it was traced with."""
    token = _compiler.set("XLA" if xla else "graph")
    try:
        yield
    finally:
        _compiler.reset(token)


def is_cpu_graph():
    """Whether a training step without XLA is being traced for CPUs."""
    return _compiler.get() == "graph"


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, whose gradients are fast on CPUs too, and right in bfloat16.

    TensorFlow's kernel of the gradient by a bias, `BiasAddGrad`, adds up bfloat16 in bfloat16 on CPUs:
    of ones it gives at most 512, however many there are.
    """

    def call(self, inputs):
        if self.compute_dtype != "bfloat16":
            return super().call(inputs)
        return _finished(self, self.convolution_op(inputs, self.kernel))

    def convolution_op(self, inputs, kernel):
        if _is_wrong(self, inputs):
            sizes = zip(inputs.shape[1:3], self.kernel_size, self.strides, strict=True)
            inputs = tf.pad(inputs, [[0, 0], *(_same_padding(*axis) for axis in sizes), [0, 0]])
            return tf.nn.conv2d(inputs, tf.convert_to_tensor(kernel), self.strides, "VALID")
        if not _is_slow(self, inputs):
            return super().convolution_op(inputs, kernel)
        kernel = tf.convert_to_tensor(kernel)
        return strided_convolution(inputs, kernel, self.strides[0], self.padding)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, which is fast on CPUs too, and right in bfloat16: see `Conv2D`."""

    def call(self, inputs):
        if _is_slow(self, inputs):
            size = self.compute_output_shape(inputs.shape)[1:3]
            kernel = tf.convert_to_tensor(self.kernel)
            stride = self.strides[0]
            outputs = transposed_convolution(inputs, kernel, size, stride, self.padding)
            return _finished(self, outputs)
        if self.compute_dtype != "bfloat16":
            return super().call(inputs)
        options = ("strides", "padding", "output_padding", "data_format", "dilation_rate")
        options = {name: getattr(self, name) for name in options}
        return _finished(self, keras.ops.conv_transpose(inputs, self.kernel, **options))


def _finished(layer, outputs):
    """With the layer's bias, added by an operation whose gradient sums in float32, and activation."""
    if layer.use_bias:
        is_last = layer.data_format == "channels_last"
        outputs = outputs + tf.reshape(layer.bias, [-1] if is_last else [-1, 1, 1])
    return outputs if layer.activation is None else layer.activation(outputs)


_PLAIN = {
    "dilation_rate": (1, 1),
    "groups": 1,
    "output_padding": None,
    "data_format": "channels_last",
}


def _is_wrong(layer, inputs):
    """Whether TensorFlow's gradient by the kernel would be: see above."""
    plain = layer.data_format == "channels_last" and layer.groups == 1
    sides = [
        side or max(layer.strides) for side in inputs.shape[1:3]
    ]  # of an unknown one it is not known
    is_half = keras.backend.standardize_dtype(inputs.dtype) == "bfloat16"
    is_small = any(side < stride for side, stride in zip(sides, layer.strides, strict=True))
    return plain and is_half and is_small and layer.padding == "same"


def _same_padding(side, taps, stride):
    """What the padding "same" adds before and behind an axis."""
    total = max((-(-side // stride) - 1) * stride + taps - side, 0)
    return [total // 2, total - total // 2]


def _is_slow(layer, inputs):
    """Whether a layer is computed in another way than Keras's."""
    (stride, other), sizes = layer.strides, layer.kernel_size
    plain = all(getattr(layer, name, value) == value for name, value in _PLAIN.items())
    if not plain or None in inputs.shape[1:] or not stride == other <= min(sizes):
        return False
    if _compiler.get() == "XLA":
        return stride > 1
    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    side = max(inputs.shape[1:3]) if is_transposed else -(-max(inputs.shape[1:3]) // stride)
    is_small = side <= LARGEST_MAP and min(layer.kernel.shape[2:]) >= FEWEST_CHANNELS
    return is_cpu_graph() and inputs.dtype == tf.bfloat16 and is_small


def strided_convolution(images, kernel, stride, padding):
    """`tf.nn.conv2d`, whose gradient by the images is a `transposed_convolution`.

    Args:
        images: Float `[B, H, W, C]`, H and W known.
        kernel: `[h, w, C, O]` of the same dtype, h and w at least `stride`.
        stride: Int.
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
    """The transpose of `strided_convolution`, in sub-pixels if not within graphs' `cpu_convolutions`.

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

        if is_cpu_graph():
            shape = [tf.shape(maps)[0], *size, kernel.shape[2]]
            return tf.nn.conv2d_transpose(maps, kernel, shape, stride, padding.upper()), gradient
        return _interleaved(maps, kernel, size, stride, padding), gradient

    return apply(maps, kernel)


def _gradient_by_kernel(images, kernel, upstream, stride, padding):
    if _compiler.get() == "graph":
        return _kernel_convolution(images, upstream, kernel.shape[:2], stride, padding)
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images,
        filter_sizes=kernel.shape,
        out_backprop=upstream,
        strides=[1, stride, stride, 1],
        padding=padding.upper(),
    )


def _kernel_convolution(images, upstream, taps, stride, padding):
    """The gradient by a kernel of `taps`, as a convolution: channels are examples, examples channels."""

    @tf.custom_gradient
    def apply(images, upstream):
        def gradient(kernel):
            by_images = transposed_convolution(upstream, kernel, images.shape[1:3], stride, padding)
            return by_images, strided_convolution(images, kernel, stride, padding)

        axes = zip(images.shape[1:3], taps, upstream.shape[1:3], strict=True)
        spare = [(length - 1) * stride + tap - side for side, tap, length in axes]
        height, width = [side + min(n, 0) for side, n in zip(images.shape[1:3], spare, strict=True)]
        around = [[max(n, 0) // 2, max(n, 0) - max(n, 0) // 2] for n in spare]
        kernel = tf.nn.conv2d(
            tf.transpose(images[:, :height, :width], [3, 1, 2, 0]),
            tf.transpose(upstream, [1, 2, 0, 3]),
            1,
            [[0, 0], *around, [0, 0]],
            dilations=stride,
        )
        return tf.transpose(kernel, [1, 2, 0, 3]), gradient

    return apply(images, upstream)


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
