"""Convolutions in sub-pixels, gradients by kernels as convolutions: TensorFlow's own numbers, and only
where they are asked for."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo import layers
from tfgan_zoo.layers.convolution import strided_convolution, transposed_convolution

RANDOM = np.random.default_rng(0)
CASES = [  # kernel size, stride, height and width
    ((5, 5), 2, (8, 8)),
    ((5, 4), 2, (7, 10)),
    ((3, 3), 2, (9, 6)),
    ((2, 2), 2, (7, 7)),
    ((5, 3), 3, (8, 11)),
]
PADDINGS = ("same", "valid")
KINDS = {"strided": layers.Conv2D, "transposed": layers.Conv2DTranspose}


def normal(*shape, dtype="float32"):
    return tf.constant(RANDOM.normal(size=shape), dtype)


@pytest.fixture(params=list(itertools.product(CASES, PADDINGS)), ids=str)
def case(request):
    """Images, a kernel, the stride and the padding."""
    (kernel_size, stride, size), padding = request.param
    return normal(2, *size, 3), normal(*kernel_size, 3, 4), stride, padding


def both_orders(function, inputs, kernel):
    """The values, their gradients, and those of a penalty on the gradient by the inputs."""
    with tf.GradientTape() as outer:
        outer.watch([inputs, kernel])
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            outputs = function(inputs, kernel)
            loss = tf.reduce_sum(tf.sin(outputs))
        gradients = tape.gradient(loss, [inputs, kernel])
        penalty = tf.reduce_sum(tf.square(gradients[0]))
    return [outputs, *gradients, *outer.gradient(penalty, [inputs, kernel])]


def check_close(values, expected, tolerance=1e-4):
    for value, known in zip(values, expected, strict=True):
        scale = np.abs(known).max()
        assert scale > 0
        np.testing.assert_allclose(value, known, 0, tolerance * scale)


@pytest.mark.parametrize("way", ["graph", "XLA", "sub-pixels without XLA"])
def test_gradients_of_both_orders_are_those_of_tensorflow(case, way):
    images, kernel, stride, padding = case
    size = images.shape[1:3]

    def ours(images, kernel, maps):
        strided = lambda x, k: strided_convolution(x, k, stride, padding)  # noqa: E731
        transposed = lambda x, k: transposed_convolution(x, k, size, stride, padding)  # noqa: E731
        return both_orders(strided, images, kernel) + both_orders(transposed, maps, kernel)

    strided = lambda x, k: tf.nn.conv2d(x, k, stride, padding.upper())  # noqa: E731
    transposed = lambda x, k: tf.nn.conv2d_transpose(  # noqa: E731
        x, k, images.shape, stride, padding.upper()
    )
    maps = normal(*strided(images, kernel).shape)
    expected = both_orders(strided, images, kernel) + both_orders(transposed, maps, kernel)
    within = layers.cpu_convolutions(xla=way != "graph")(ours)
    check_close(tf.function(within, jit_compile=way == "XLA")(images, kernel, maps), expected)


def test_a_gradient_by_the_kernel_has_gradients_itself(case):
    """As unrolled training needs it, where an update is derived."""
    images, kernel, stride, padding = case

    def derived(convolve, images, kernel):
        with tf.GradientTape() as outer:
            outer.watch(images)
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                loss = tf.reduce_sum(tf.sin(convolve(images, kernel)))
            energy = tf.reduce_sum(tf.square(tape.gradient(loss, kernel)))
        return outer.gradient(energy, images)

    ours = lambda x, k: strided_convolution(x, k, stride, padding)  # noqa: E731
    stock = lambda x, k: tf.nn.conv2d(x, k, stride, padding.upper())  # noqa: E731
    with layers.cpu_convolutions(xla=False):
        value = derived(ours, images, kernel)
    check_close([value], [derived(stock, images, kernel)])


def test_the_transpose_is_a_sum_over_the_taps(case):
    """In float64 and by loops: place i of the maps gives kernel[t] times itself to pixel i * stride + t,
    less what padding "same" takes before the image."""
    images, kernel, stride, padding = case
    kernel = tf.cast(kernel, tf.float64)
    shape = tf.nn.conv2d(images, tf.cast(kernel, tf.float32), stride, padding.upper()).shape
    maps = normal(*shape, dtype="float64")
    lengths = [(n - 1) * stride + k for n, k in zip(shape[1:3], kernel.shape[:2], strict=True)]
    whole = np.zeros([2, *lengths, 3])
    for i, j in itertools.product(*map(range, shape[1:3])):
        tops = slice(i * stride, i * stride + kernel.shape[0])
        lefts = slice(j * stride, j * stride + kernel.shape[1])
        whole[:, tops, lefts] += np.einsum("bo,hwco->bhwc", maps[:, i, j], kernel)
    spare = [max(n - side, 0) for n, side in zip(lengths, images.shape[1:3], strict=True)]
    top, left = [n // 2 if padding == "same" else 0 for n in spare]
    expected = np.zeros(images.shape)
    cut = whole[:, top : top + images.shape[1], left : left + images.shape[2]]
    expected[:, : cut.shape[1], : cut.shape[2]] = cut
    value = transposed_convolution(maps, kernel, images.shape[1:3], stride, padding)
    np.testing.assert_allclose(value, expected, 0, 1e-12)


@pytest.mark.parametrize("padding", PADDINGS)
def test_second_derivatives_by_finite_differences(padding):
    images, kernel = normal(1, 7, 6, 2, dtype="float64"), normal(3, 3, 2, 2, dtype="float64")

    def gradient(images, kernel):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(tf.sin(strided_convolution(images, kernel, 2, padding)))
        return tape.gradient(loss, images)

    theory, numbers = tf.test.compute_gradient(gradient, [images, kernel], delta=1e-5)
    check_close(theory, numbers, 1e-7)


# === Layers ===


@pytest.mark.parametrize("compiler", ["eager", "graph", "XLA"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_biases_add_up_in_bfloat16(kind, compiler):
    """Of 4,096 ones, where TensorFlow's kernel gives 512; one operation of TensorFlow, which rounds."""
    layer, inputs = KINDS[kind](3, 3, padding="same", dtype="mixed_bfloat16"), normal(4, 32, 32, 2)
    layer.build(inputs.shape)

    def gradient(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.cast(layer(inputs), tf.float32))
        return tape.gradient(loss, layer.bias.value)

    if compiler != "eager":
        gradient = tf.function(gradient, jit_compile=compiler == "XLA")
    np.testing.assert_array_equal(gradient(inputs), np.full(3, 4096.0))


def gradient_function(layer, within):
    """The layer's gradient by its inputs as a graph, traced within the context or without."""

    def gradient(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        return outputs, tape.gradient(outputs, inputs)

    return tf.function(layers.cpu_convolutions(xla=True)(gradient) if within else gradient)


def operations(function, inputs):
    return [op.type for op in function.get_concrete_function(inputs).graph.get_operations()]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", KINDS)
def test_layers_use_subpixels_where_they_are_asked_to(kind, dtype):
    layer = KINDS[kind](4, 5, 2, "same", activation="relu", dtype=dtype, bias_initializer="ones")
    stock = getattr(keras.layers, type(layer).__name__).from_config(layer.get_config())
    inputs = normal(2, 8, 8, 3)
    stock.build(inputs.shape)
    layer.build(inputs.shape)
    layer.set_weights(stock.get_weights())
    plain, within = gradient_function(layer, False), gradient_function(layer, True)
    if dtype == "float32":
        assert operations(plain, inputs) == operations(gradient_function(stock, False), inputs)
    assert "Conv2DBackpropInput" in operations(plain, inputs)
    assert "Conv2DBackpropInput" not in operations(within, inputs)
    tolerance = 1e-4 if dtype == "float32" else 0.02
    check_close(*[[tf.cast(x, tf.float32) for x in f(inputs)] for f in (within, plain)], tolerance)


@pytest.mark.parametrize(
    ("kind", "stride", "padding"),
    [
        ("strided", 2, "same"),
        ("strided", 1, "valid"),
        ("strided", 1, "same"),
        ("transposed", 2, "same"),
        ("transposed", 3, "valid"),
    ],
)
def test_gradients_by_kernels_of_small_maps_in_bfloat16(kind, stride, padding):
    """In a graph; not where the map is larger, the channels are few, or in float32."""

    def operations_of(side, dtype="mixed_bfloat16", channels=64):
        layer = KINDS[kind](channels, 3, stride, padding, dtype=dtype)
        inputs = normal(4, side, side, channels)
        layer.build(inputs.shape)

        def gradients(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.sin(tf.cast(layer(inputs), tf.float32)))
            return tape.gradient(loss, [layer.kernel.value, layer.bias.value])

        graph = tf.function(layers.cpu_convolutions(xla=False)(gradients))
        plain = tf.function(gradients)
        check_close([tf.cast(x, "float32") for x in graph(inputs)], plain(inputs), 0.04)
        return operations(graph, inputs)

    large = 18 if kind == "strided" else 9
    assert "Conv2DBackpropFilter" not in operations_of(4)
    for others in ({"side": large * stride}, {"channels": 32}, {"dtype": "float32"}):
        assert "Conv2DBackpropFilter" in operations_of(**{"side": 4, **others})


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("strided", {"kernel_size": 3, "strides": 1}),
        ("strided", {"kernel_size": 2, "strides": 3}),
        ("strided", {"kernel_size": 3, "strides": (1, 2)}),
        ("strided", {"kernel_size": 3, "dilation_rate": 2}),
        ("transposed", {"kernel_size": 3, "strides": 2, "output_padding": 1}),
        ("transposed", {"kernel_size": 3, "dilation_rate": 2}),
    ],
)
def test_other_layers_are_keras_own(kind, options):
    layer, inputs = KINDS[kind](4, **options), normal(2, 8, 8, 4)
    layer.build(inputs.shape)
    plain, within = gradient_function(layer, False), gradient_function(layer, True)
    assert operations(plain, inputs) == operations(within, inputs)


def test_what_is_exported_has_no_subpixels():
    """A step under XLA on a CPU is traced with them, and the networks keep nothing of it."""
    gan = tfgan_zoo.DCGAN(image_shape=(8, 8, 1), latent_dim=4, width=4)
    gan.compile(jit_compile=True)
    images = RANDOM.uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
    gan.fit(images, batch_size=4, verbose=0)
    traced = gan._whole_update._list_all_concrete_functions()
    found = {op.type for function in traced for op in function.graph.get_operations()}
    assert "Conv2D" in found and "Conv2DBackpropInput" not in found
    network = tf.function(gan.generator).get_concrete_function(tf.TensorSpec((None, 4)))
    assert "Conv2DBackpropInput" in {op.type for op in network.graph.get_operations()}


@pytest.mark.parametrize("way", ["eager", "graph", "XLA"])
@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize(
    ("side", "stride", "taps"),
    [((1, 1), 2, 5), ((1, 1), 2, 3), ((2, 2), 3, 4), ((6, 1), 2, 5)],
    ids=str,
)
def test_gradients_in_bfloat16_where_the_map_is_smaller_than_the_stride(
    side, stride, taps, spectral, way
):
    """As in float32; TensorFlow's own is whatever stood in memory, here 1e30."""
    kind = layers.SpectralConv2D if spectral else layers.Conv2D
    images = normal(4, *side, 8)

    def gradients(dtype):
        keras.utils.set_random_seed(0)
        layer = kind(8, taps, stride, padding="same", dtype=dtype)
        layer.build(images.shape)

        def of_kernel(images):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.cast(layer(images), tf.float32) ** 2)
            return tape.gradient(loss, layer.kernel)

        jit = way == "XLA"
        return (
            of_kernel
            if way == "eager"
            else tf.function(of_kernel, jit_compile=jit, autograph=False)
        )

    expected, in_half = gradients("float32")(images), gradients("mixed_bfloat16")
    for _ in range(3):
        shape = [taps, taps, 8, 8]
        junk = [
            tf.fill(shape, tf.constant(1e30, t))
            for t in (tf.bfloat16, tf.float32)
            for _ in range(6)
        ]
        del junk
        check_close([in_half(images)], [expected], 0.03)
