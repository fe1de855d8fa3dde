"""One layer by itself in TensorFlow and PyTorch: forward, by its input and by its kernel.

`tensorflow_calls` and `torch_calls` take a `flops.Layer`, the size of a batch and a precision, and give
three functions without arguments in that order.
"""


def _arranged(layer, convolve, by_input, by_kernel):
    """A transposed convolution is the gradient of a convolution by its input, and the reverse."""
    if layer.kind == "transposed convolution":
        return by_input, convolve, by_kernel
    return convolve, by_input, by_kernel


def _maps(layer, batch):
    """Shapes of the larger and the smaller feature maps, of which a convolution reads the larger."""
    shapes = (batch, *layer.input), (batch, *layer.output)
    return shapes[::-1] if layer.kind == "transposed convolution" else shapes


def tensorflow_calls(layer, batch, precision):
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it warns of functions that are alike
    draw = lambda shape: tf.cast(tf.random.normal(shape), precision)  # noqa: E731
    call = _bound(lambda function: tf.function(function, autograph=False))
    read, given = _maps(layer, batch)
    x, y, kernel = draw(read), draw(given), draw(layer.kernel)
    if layer.kind == "dense":
        return (
            call(tf.matmul, x, kernel),
            call(lambda y, kernel: tf.matmul(y, kernel, transpose_b=True), y, kernel),
            call(lambda x, y: tf.matmul(x, y, transpose_a=True), x, y),
        )
    options = {"strides": [1, *layer.strides, 1], "padding": "SAME"}
    raw = tf.raw_ops
    return _arranged(
        layer,
        call(lambda x, kernel: raw.Conv2D(input=x, filter=kernel, **options), x, kernel),
        call(
            lambda y, kernel: raw.Conv2DBackpropInput(
                input_sizes=read, filter=kernel, out_backprop=y, **options
            ),
            y,
            kernel,
        ),
        call(
            lambda x, y: raw.Conv2DBackpropFilter(
                input=x, filter_sizes=layer.kernel, out_backprop=y, **options
            ),
            x,
            y,
        ),
    )


def _bound(compiled):
    """From a function and its inputs to a call of the compiled function."""

    def call(function, *inputs):
        run = compiled(function)
        return lambda: run(*inputs)

    return call


def torch_calls(layer, batch, precision):
    import tables
    import torch

    torch.set_num_threads(tables.cores())
    draw = lambda shape: torch.randn(shape).to(getattr(torch, precision))  # noqa: E731
    read, given = _maps(layer, batch)
    if layer.kind == "dense":
        x, y, kernel = draw(read), draw(given), draw(layer.kernel)
        return lambda: x @ kernel, lambda: y @ kernel.T, lambda: x.T @ y
    side, _, inputs, outputs = layer.kernel
    x, y, kernel = (
        draw([shape[0], shape[3], *shape[1:3]]).contiguous(memory_format=torch.channels_last)
        for shape in (read, given, (outputs, side, side, inputs))
    )
    padding = [(side - 1) // 2] * 2
    options = layer.strides, padding, (1, 1), False, (0, 0), 1

    def derive(*mask):
        backward = torch.ops.aten.convolution_backward
        return lambda: backward(y, x, kernel, None, *options, [*mask, False])

    convolve = lambda: torch.conv2d(x, kernel, None, layer.strides, padding)  # noqa: E731
    return _arranged(layer, convolve, derive(True, False), derive(False, True))
