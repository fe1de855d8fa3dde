"""Residual networks with classes: their layers' mathematics, SNGAN, SAGAN, BigGAN, BigGAN-deep."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo.layers import (
    BatchNormalization,
    Modulation,
    SelfAttention,
    SpectralDense,
    TruncationBatchNormalization,
)
from tfgan_zoo.models.biggan_deep import bottleneck_down, bottleneck_up
from tfgan_zoo.networks import biggan, resnet


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def rewritten(network):
    """The network with weights from N(0, 1), so that none is 0 as at the start."""
    for seed, weight in enumerate(network.trainable_weights):
        weight.assign(random(*weight.shape, seed=seed))
    return network


# === Layers ===


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_modulation(dtype):
    """To the rounding of the output alone, since all is computed in float32."""
    x, gains, biases = random(2, 3, 3, 4), random(2, 4, seed=1), random(2, 4, seed=2)
    outputs = Modulation(dtype=dtype)([x, gains, biases])
    assert outputs.dtype == keras.DTypePolicy(dtype).compute_dtype
    # Keras casts the inputs of a layer to its dtype.
    x, gains, biases = (np.asarray(tf.cast(v, outputs.dtype), float) for v in (x, gains, biases))
    expected = x * (1 + gains[:, None, None]) + biases[:, None, None]
    rounding = {"float32": 1e-6, "mixed_bfloat16": 2**-8, "mixed_float16": 2**-11}[dtype]
    np.testing.assert_allclose(np.asarray(outputs, float), expected, rtol=rounding, atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_batch_normalization_without_gain_and_bias(jit_compile):
    x = random(8, 5, 5, 4)
    plain = BatchNormalization(epsilon=1e-5, center=False, scale=False)
    outputs = tf.function(plain, jit_compile=jit_compile)(tf.constant(x), training=True)
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    np.testing.assert_allclose(outputs, (x - mean) / np.sqrt(variance + 1e-5), atol=1e-5)
    assert [w.name for w in plain.weights] == ["moving_mean", "moving_variance"]
    np.testing.assert_allclose(plain.moving_variance, 0.99 + 0.01 * variance, rtol=1e-5)


def test_conditional_batch_normalization_is_one_with_the_labels_gain_and_bias():
    x, labels = random(6, 3, 3, 4), np.array([0, 2, 1, 1, 0, 2])
    maps, label = keras.Input((3, 3, 4)), keras.Input([], dtype="int32")
    network = keras.Model(
        [maps, label], resnet.normalized(maps, "batch", keras.ops.one_hot(label, 3))
    )
    means, variances = x.mean((0, 1, 2)), x.var((0, 1, 2))
    normal = (x - means) / np.sqrt(variances + 1e-5)
    np.testing.assert_allclose(network([x, labels], training=True), normal, atol=1e-5)  # at first
    gains, biases = (w.numpy() for w in rewritten(network).trainable_weights)
    assert gains.shape == biases.shape == (3, 4)
    expected = normal * (1 + gains[labels])[:, None, None] + biases[labels][:, None, None]
    np.testing.assert_allclose(network([x, labels], training=True), expected, atol=1e-5)
    with pytest.raises(ValueError, match="generator_normalization must be 'batch' or None"):
        resnet.normalized(maps, "layer")


def spectral(layer):
    """The 1x1 kernel of a layer as it is used, float64, `[in, out]`."""
    kernel = layer.normalized(tf.convert_to_tensor(layer.kernel)).numpy()
    return kernel.reshape(kernel.shape[-2:]).astype(np.float64)


def test_self_attention_is_the_softmax_of_the_paper():
    """Equations 1 to 3 in float64, with pooled keys and values; rtol 1e-5."""
    layer, x = SelfAttention(), random(2, 6, 4, 16)
    np.testing.assert_array_equal(layer(x), x)  # gamma is 0 at first
    layer.gamma.assign(0.7)
    query, key, value, output = (
        spectral(each) for each in (layer.query, layer.key, layer.value, layer.output_map)
    )
    assert [w.shape[1] for w in (query, key, value, output)] == [2, 2, 8, 16]

    def pooled(maps):
        return maps.reshape(2, 3, 2, 2, 2, -1).max((2, 4)).reshape(2, 6, -1)

    wide = x.astype(np.float64)
    scores = (wide @ query).reshape(2, 24, -1) @ pooled(wide @ key).transpose(0, 2, 1)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    found = (weights @ pooled(wide @ value)).reshape(2, 6, 4, -1)
    np.testing.assert_allclose(layer(x), wide + 0.7 * found @ output, rtol=1e-5, atol=1e-6)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()


def test_self_attention_moves_with_the_map():
    """Shifted around by whole windows, mirrored or turned, before or after: the result is the same."""
    layer, x = SelfAttention(), random(2, 6, 6, 16)
    layer(x)
    layer.gamma.assign(0.7)
    moves = {
        "shifted": lambda x: np.roll(x, (2, 4), axis=(1, 2)),
        "mirrored": lambda x: x[:, :, ::-1],
        "turned": lambda x: np.rot90(x, axes=(1, 2)),
    }
    for name, move in moves.items():
        expected = move(np.asarray(layer(x)))
        np.testing.assert_allclose(layer(move(x)), expected, atol=1e-5, err_msg=name)


def test_self_attention_in_half_precision():
    layer, x = SelfAttention(dtype="mixed_float16"), random(2, 4, 4, 8)
    layer(x)
    layer.gamma.assign(1.0)
    wide = SelfAttention()
    wide.build(x.shape)
    wide.set_weights(layer.get_weights())
    assert layer(x).dtype == tf.float16
    np.testing.assert_allclose(np.asarray(layer(x), np.float32), wide(x), atol=0.02)


def test_projection_is_the_inner_product_with_the_class_vector():
    features, labels = random(5, 7), np.array([0, 1, 2, 1, 0])
    inputs, label = keras.Input((7,)), keras.Input([], dtype="int32")
    network = rewritten(
        keras.Model([inputs, label], resnet.logits_of(inputs, label, num_classes=3))
    )
    table, linear = (x for x in network.layers if isinstance(x, SpectralDense))
    assert linear.name == "logits" and table.kernel.shape == (3, 7)
    vectors = spectral(table)[labels]
    expected = features @ spectral(linear) + linear.bias.numpy()
    expected += (features * vectors).sum(1, keepdims=True)
    np.testing.assert_allclose(network([features, labels]), expected, rtol=1e-5, atol=1e-6)


# === Networks ===


@pytest.mark.parametrize(
    ("image_shape", "expected"),
    [((8, 8, 1), (4, 1)), ((28, 28, 1), (7, 2)), ((32, 32, 3), (4, 3)), ((48, 48, 3), (6, 3))],
)
def test_first_map(image_shape, expected):
    assert resnet.base_resolution(image_shape) == expected


@pytest.mark.parametrize("image_shape", [(4, 4, 1), (32, 28, 1), (30, 30, 3), (100, 100, 3)])
def test_images_of_a_size_that_cannot_be(image_shape):
    with pytest.raises(ValueError, match="square images with a side of 4, 5, 6 or 7 times"):
        resnet.base_resolution(image_shape)


SIZES = {"image_shape": (16, 16, 1), "width": 4, "latent_dim": 12, "num_classes": 3}


@pytest.mark.parametrize(
    ("variant", "options"),
    [
        ("SNGAN", {"network": "resnet"}),
        pytest.param("SNGAN", {"network": "resnet_flat"}, marks=pytest.mark.full),
        ("SNGAN", {"network": "cnn"}),
        ("SAGAN", {"attention_size": 8}),
        pytest.param("BigGAN", {"attention_size": 8}, marks=pytest.mark.full),
        ("BigGANDeep", {"attention_size": 8}),
    ],
)
def test_networks_with_classes(variant, options):
    """Both players are told the class, and every trained number has a part in what they say."""
    gan = make(variant, **SIZES, **options)
    for network in (gan.generator, gan.discriminator):
        rewritten(network)
    latents, labels = tf.constant(random(4, 12)), tf.constant([0, 0, 1, 2])
    with tf.GradientTape(persistent=True) as tape:
        images = gan.generator([latents, labels], training=True)
        logits = gan.discriminator([images, labels])
        total = tf.reduce_sum(logits * random(4, 1))
    assert images.shape == (4, 16, 16, 1) and logits.shape == (4, 1)
    other = gan.discriminator([images, (labels + 1) % 3])
    assert np.abs(other - logits).min() > 1e-4
    other = gan.generator([latents, (labels + 1) % 3], training=True)
    assert np.abs(other - images).max(axis=(1, 2, 3)).min() > 1e-4
    for network in (gan.generator, gan.discriminator):
        gradients = tape.gradient(total, network.trainable_weights)
        for weight, gradient in zip(network.trainable_weights, gradients, strict=True):
            assert gradient is not None, weight.path
    attending = [layer for layer in gan.discriminator.layers if isinstance(layer, SelfAttention)]
    assert len(attending) == ("attention_size" in options)


def test_training_a_residual_network_with_classes(images, labels):
    gan = make("SNGAN", network="resnet", num_classes=3, n_critic=1)
    gan.compile()
    before = gan.get_weights()
    gan.fit(images, labels, batch_size=16, epochs=1, verbose=0)
    still = [v.path for v, b in zip(gan.weights, before, strict=True) if np.array_equal(v, b)]
    assert set(still) <= {"logits/bias"}
    assert gan.generate(2, seed=0, labels=[1, 2]).shape == (2, 8, 8, 1)


@pytest.mark.parametrize("variant", ["SAGAN", "BigGAN"])
def test_attention_size(variant):
    with pytest.raises(ValueError, match=r"attention_size must be None or one of \[8\]"):
        make(variant, attention_size=4)
    assert make(variant, attention_size=None)


@pytest.mark.parametrize("variant", ["BigGAN", "BigGANDeep"])
def test_the_discriminator_may_attend_at_a_size_of_its_own(variant):
    def sides(network):
        attending = [layer for layer in network.layers if isinstance(layer, SelfAttention)]
        return [layer.input.shape[1] for layer in attending]

    gan = make(variant, **SIZES, attention_size=16, discriminator_attention_size=8)
    assert (sides(gan.generator), sides(gan.discriminator)) == ([16], [8])


@pytest.mark.full
def test_sngans_discriminator_at_64_halves_in_every_block():
    """As snresnet_64.py of the authors; at other sizes a last block keeps the map."""
    for side, expected in ((64, 2), (48, 3), (128, 4)):
        gan = make("SNGAN", image_shape=(side, side, 1), network="resnet", width=1)
        maps = [layer for layer in gan.discriminator.layers if isinstance(layer, keras.layers.Add)]
        assert maps[-1].output.shape[1] == expected
        assert len(maps) == {64: 5, 48: 5, 128: 6}[side]


# === BigGAN ===


def test_latents_are_split_by_levels():
    parts = biggan.split(tf.constant(random(2, 12)), 4)
    assert [part.shape for part in parts] == [(2, 3)] * 4
    np.testing.assert_array_equal(tf.concat(parts, 1), random(2, 12))
    with pytest.raises(ValueError, match="latent_dim must be a multiple of 4"):
        biggan.split(tf.zeros([2, 10]), 4)


def test_each_part_of_the_latents_has_a_place():
    """A block's part, and the class, reach the gain and bias of its two normalizations."""
    gan = make("BigGAN", **SIZES, attention_size=None, embedding_dim=5)
    sizes = [
        layer.kernel.shape[0] for layer in gan.generator.layers if isinstance(layer, SpectralDense)
    ]
    assert sizes == [4] + 2 * 2 * 2 * [9]  # 12 / 3 latents; 2 blocks of 2 normalizations, 4 + 5


def test_orthogonal_regularization():
    """Equation 3 in float64, of all kernels of the generator but the shared embedding; rtol 1e-5."""
    gan = make("BigGAN")
    rewritten(gan.generator)
    expected, count = 0.0, 0
    for weight in gan.generator.trainable_weights:
        if weight.name == "kernel" and not weight.path.startswith(biggan.EMBEDDING):
            matrix = weight.numpy().astype(np.float64).reshape(-1, weight.shape[-1])
            gram = matrix.T @ matrix
            expected += (gram**2).sum() - (np.diag(gram) ** 2).sum()
            count += 1
    assert len(gan.regularized_kernels()) == count > 10
    weight, penalty = gan.generator_terms(None, None, None)["orthogonal"]
    assert weight == 1e-4
    np.testing.assert_allclose(penalty, expected, rtol=1e-5)
    assert make("BigGAN", orthogonal_weight=0.0).generator_terms(None, None, None) == {}


def test_initial_kernels_are_orthogonal():
    for kernel in make("BigGAN").regularized_kernels():
        matrix = np.reshape(kernel, (-1, kernel.shape[-1])).astype(np.float64)
        gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5)


@pytest.mark.full
def test_export_takes_truncation_and_standing_statistics(tmp_path):
    gan = make("BigGAN")
    before = [w.numpy() for w in gan.ema_generator.non_trainable_weights]
    path = gan.export(tmp_path, "model", standing_statistics=2, warmup_batch_sizes=(1,))
    signature = tf.saved_model.load(path).signatures["generate"]
    assert set(signature.structured_input_signature[1]) == {"seed", "label", "truncation"}
    inputs = {"seed": tf.constant([3, 3], tf.int64), "label": tf.constant([1, 1])}
    images = signature(**inputs, truncation=tf.constant([1.0, 0.3]))["images"]
    assert np.abs(images[0] - images[1]).max() > 1e-3
    again = tfgan_zoo.from_preset(str(path))
    np.testing.assert_allclose(again.forward_seeds([3], [1], 0.3), images[1:], atol=1e-5)
    normalizations = [
        layer for layer in again.ema_generator.layers if isinstance(layer, BatchNormalization)
    ]
    assert len(normalizations) == 3
    assert all(np.abs(layer.moving_mean).max() > 0 for layer in normalizations)
    for ours, value in zip(gan.ema_generator.non_trainable_weights, before, strict=True):
        np.testing.assert_array_equal(ours, value)  # the model itself is as it was


def test_deep_shortcuts_keep_channels():
    """With a branch of zeros, what is left is the shortcut: kept, dropped or added channels."""
    x = random(2, 4, 4, 8)

    def zero(inputs, channels, size):
        return keras.ops.zeros((2, *inputs.shape[1:3], channels))

    same = lambda x: x  # noqa: E731
    doubled = x.repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(bottleneck_up(x, 4, zero, same), doubled[..., :4])
    np.testing.assert_array_equal(bottleneck_up(x, 8, zero, same, is_doubled=False), x)
    halved = x.reshape(2, 2, 2, 2, 2, 8).mean((2, 4))
    wider = bottleneck_down(x, 12, zero)
    np.testing.assert_allclose(wider[..., :8], halved, atol=1e-6)
    np.testing.assert_array_equal(wider[..., 8:], np.zeros((2, 2, 2, 4)))
    np.testing.assert_array_equal(bottleneck_down(x, 8, zero, is_halved=False), x)


# === Options that checkpoints of others need ===


def test_spectral_layers_with_both_vectors_take_them_as_they_are():
    """As torch.nn.utils.spectral_norm in evaluation; new ones begin at the start of an iteration."""
    layer = SpectralDense(3, mode="stored", use_bias=False)
    x = random(2, 4)
    layer.build((None, 4))
    kernel, u, v = (np.asarray(value) for value in (layer.kernel, layer.u, layer.v))
    np.testing.assert_allclose([np.linalg.norm(u), np.linalg.norm(v)], 1, atol=1e-6)
    np.testing.assert_allclose(layer(x), x @ kernel / (v @ kernel @ u), rtol=1e-5)
    for _ in range(50):
        layer.advance()
    largest = np.linalg.svd(kernel)[1][0]
    np.testing.assert_allclose(layer(x), x @ kernel / largest, rtol=1e-4)
    plain = SpectralDense(3, mode=None, use_bias=False)
    np.testing.assert_allclose(plain(x), x @ np.asarray(plain.kernel), rtol=1e-6)
    plain.advance()
    again = SpectralDense.from_config(layer.get_config())
    assert again.mode == "stored"


def test_batch_statistics_by_truncation():
    """On a row they are its own; between two the lower one has the share of the way to the upper one."""
    layer = TruncationBatchNormalization(51, epsilon=0.0, center=False, scale=False)
    x = np.ones((6, 2, 2, 1), np.float32)
    layer([x, np.zeros(6, np.float32)])
    layer.moving_mean.assign(np.arange(51.0)[:, None])
    truncations = np.float32([0, 0.4, 0.7, 1, 0.43, 0.995])
    made = np.asarray(layer([x, truncations]))[:, 0, 0, 0]
    np.testing.assert_allclose(1 - made, [0, 20, 35, 50, 21.5, 49.25], atol=1e-4)
    layer([10 * x, truncations], training=True)
    assert float(layer.moving_mean[50, 0]) > 0 and float(layer.moving_mean[20, 0]) == 20


def test_truncated_normal_latents_are_scaled_by_truncation():
    gan = make("SNGAN", latent_dim=512, latent_distribution="truncated_normal")
    latents = gan.latents_for(np.arange(20))
    assert 1.9 < np.abs(latents).max() <= 2 and abs(np.std(latents) - 0.88) < 0.02
    np.testing.assert_allclose(gan.truncate(latents, 0.5), 0.5 * latents)


_ATTENTION = {"num_classes": 3, "attention_size": 8}
SMALL = {
    "SAGAN": _ATTENTION,
    **{k: {**_ATTENTION, "embedding_dim": 4} for k in ("BigGAN", "BigGANDeep")},
}
OTHERS = [
    ("SNGAN", {"generator_channels": (6, 4), "discriminator_channels": (4, 6)}),
    ("BigGAN", {"conditioning": "class", "activated_shortcuts": True, "attention_size": None}),
]
MORE = [
    ("SNGAN", {"discriminator_normalization": "batch", "discriminator_spectral_norm": None}),
    (
        "SNGAN",
        {"network": "cnn", "discriminator_pooling": "sum", "discriminator_activation": "gelu"},
    ),
    ("SNGAN", {"generator_spectral_norm": "stored", "upsampling": "bilinear", "num_classes": 3}),
    ("BigGAN", {"conditioning": "embedding", "attention_blocks": (0,)}),
    ("BigGANDeep", {"truncation_statistics": 3, "depth": 1, "last_channels": 4}),
    ("SAGAN", {"generator_spectral_norm": "stored", "discriminator_spectral_norm": "stored"}),
]


@pytest.mark.parametrize(
    ("variant", "given"),
    [*OTHERS, *(pytest.param(*row, marks=pytest.mark.full) for row in MORE)],
    ids=str,
)
def test_models_with_such_options_train_and_draw(variant, given):
    sizes = {"image_shape": (8, 8, 3), "latent_dim": 4, "width": 4, "n_critic": 1}
    gan = getattr(tfgan_zoo, variant)(**{**sizes, **SMALL.get(variant, {}), **given})
    gan.compile(jit_compile=False)
    images = np.tanh(random(4, 8, 8, 3))
    labels = [] if gan.num_classes is None else [np.arange(4, dtype=np.int32) % 3]
    gan.fit(images, *labels, batch_size=4, epochs=1, verbose=0)
    assert gan.generate(2, seed=0, truncation=0.5).shape == (2, 8, 8, 3)
    again = type(gan).from_config(gan.get_config())
    assert [v.shape for v in again.variables] == [v.shape for v in gan.variables]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"generator_channels": (4, 4, 4)}, "generator_channels must be 2 integers"),
        ({"discriminator_channels": (4,) * 9}, "cannot be halved 8 times"),
        ({"generator_channels": 4}, "generator_channels must be None or a sequence of integers"),
    ],
)
def test_channels_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        tfgan_zoo.SNGAN(image_shape=(8, 8, 3), latent_dim=4, width=4, **given)
