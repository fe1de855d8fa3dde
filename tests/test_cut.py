"""CUT and FastCUT: antialiased networks, the maps that are compared, both losses by hand."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo.layers import BilinearUpsampling, ReflectionPadding2D, Resample, Rng
from tfgan_zoo.models.cut import patch_nce_loss
from tfgan_zoo.networks.translation import blurred


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def draws(count, update=3):
    return Rng(0, tf.constant(update, tf.int64), 0, count)


# === Layers ===


def filtered(x, taps):
    """Weighted sums of neighbours `[B, H - K + 1, W - K + 1, C]`, by shifts."""
    for axis in (1, 2):
        count = x.shape[axis] - len(taps) + 1
        x = sum(tap * x.take(range(i, i + count), axis) for i, tap in enumerate(taps))
    return x


def test_blur_of_a_mirrored_map():
    """Every second pixel of the whole, to 1e-6."""
    x = uniform(2, 6, 10, 3)
    mirrored = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")
    expected = filtered(mirrored, (0.25, 0.5, 0.25))[:, ::2, ::2]
    np.testing.assert_allclose(blurred(x.astype(np.float32)), expected, atol=1e-6)


def test_bilinear_doubling():
    """The filter (1, 3, 3, 1) of a map with zeros between its places, its edge repeated; to 1e-6."""
    x = uniform(2, 5, 3, 2)
    edged = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
    spread = np.zeros((2, 14, 10, 2))
    spread[:, ::2, ::2] = edged
    expected = filtered(spread, (0.25, 0.75, 0.75, 0.25))[:, :10, :6]
    np.testing.assert_allclose(BilinearUpsampling()(x.astype(np.float32)), expected, atol=1e-6)


def test_maps_of_unknown_size():
    x = uniform(2, 6, 10, 3).astype(np.float32)
    down = Resample(down=2, padding=(0, 0), taps=(1, 2, 1))
    spec = [tf.TensorSpec([None, None, None, 3])]
    padded = ReflectionPadding2D(1)(x)
    for layer, value in ((down, padded), (BilinearUpsampling(), x)):
        of_any_size = tf.function(layer, input_signature=spec)
        np.testing.assert_allclose(of_any_size(value), layer(value), atol=1e-6)
        assert layer.compute_output_shape((None, None, None, 3)) == (None, None, None, 3)


# === Networks ===


def test_maps_that_are_compared():
    """Of the sizes of the authors' layers 0, 4, 8, 12 and 16."""
    model = make("CUT", image_shape=(48, 64, 3), width=6, blocks=6)
    maps = model.encoder(uniform(1, 48, 64, 3).astype(np.float32))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (54, 70, 3),
        (48, 64, 12),
        (24, 32, 24),
        (12, 16, 24),
        (12, 16, 24),
    ]
    logits = make("CUT", image_shape=(48, 64, 3), patch=70).discriminator(np.zeros((1, 48, 64, 3)))
    assert logits["logits"].shape == (1, 4, 6, 1)


@pytest.mark.parametrize(("blocks", "chosen"), [(1, [1]), (2, [1, 2]), (6, [1, 5]), (9, [1, 5])])
def test_blocks_that_are_compared(blocks, chosen):
    model = make("CUT", blocks=blocks)
    sums = [layer for layer in model.generator.layers if type(layer).__name__ == "Add"]
    maps = model.encoder.outputs[3:]
    assert [sums.index(x._keras_history.operation) + 1 for x in maps] == chosen


def test_what_is_saved_is_the_plain_generator():
    model = make("CUT")
    names = ("generator", "discriminator", "ema_generator", "projector")
    assert tuple(model.networks()) == names
    unique = {id(v) for network in model.networks().values() for v in network.variables}
    assert {id(v) for v in model.variables} - unique == {id(v) for v in model.state.values()}
    before = model.encoder(np.ones((1, 8, 8, 1)))[1]
    model.generator.set_weights([2 * weight for weight in model.generator.get_weights()])
    assert not np.allclose(model.encoder(np.ones((1, 8, 8, 1)))[1], before)


def test_targets_of_other_channels_are_refused():
    with pytest.raises(ValueError, match="target_channels has no effect"):
        make("CUT", target_channels=3)


# === Losses ===


def cross_entropy(queries, keys, temperature):
    """Of equation 2, float64: of each patch against all patches of its image."""
    found = []
    for q, k in zip(unit(queries), unit(keys), strict=True):
        similar = np.exp(q @ k.T / temperature)
        found.append(-np.log(np.diag(similar) / similar.sum(1)))
    return np.array(found)


def unit(x):
    return x / np.sqrt(np.sum(x**2, axis=-1, keepdims=True) + 1e-8)


def test_patch_nce_by_hand():
    """To 1e-5 of float64, of which the logits of up to 14 are rounded."""
    queries, keys = uniform(3, 7, 5), uniform(3, 7, 5, seed=1)
    found = patch_nce_loss(queries.astype(np.float32), keys.astype(np.float32), 0.07)
    np.testing.assert_allclose(found, cross_entropy(queries, keys, 0.07), 1e-5, 1e-5)
    same = patch_nce_loss(queries.astype(np.float32), queries.astype(np.float32), 0.07)
    assert (same.numpy() < found.numpy()).mean() > 0.9


def by_hand(model, images, made, rng, flips):
    """The contrastive loss in float64, of what the encoder gives and the projector's weights."""
    losses = []
    keys, queries = (model.encoder(x, training=True) for x in (images, made))
    for number, (k, q) in enumerate(zip(keys, queries, strict=True)):
        k, q = np.float64(k), np.float64(q)
        q = np.where(flips[:, None, None, None], q[:, :, ::-1], q)
        drawn = rng.shared_uniform([k.shape[1] * k.shape[2]]).numpy()
        places = np.argsort(-drawn, kind="stable")[: model.nce_patches]
        assert len(set(places)) == min(model.nce_patches, len(drawn))
        first, bias, second, other = _layers_of(model, number)
        k, q = (x.reshape(len(x), -1, x.shape[-1])[:, places] for x in (k, q))
        k, q = (np.maximum(x @ first + bias, 0) @ second + other for x in (k, q))
        losses.append(cross_entropy(q, k, model.temperature).mean())
    return np.mean(losses)


def _layers_of(model, number):
    """Kernels and biases of the projector's two layers of a map."""
    second = model.projector.outputs[number]._keras_history.operation
    first = second.input._keras_history.operation
    return [np.float64(w) for layer in (first, second) for w in layer.get_weights()]


@pytest.mark.parametrize("variant", ["CUT", "FastCUT"])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_losses_by_hand(variant, player):
    """Of equations 2 to 5 and the authors' code, to 1e-4 of float64."""
    weight = 10.0 if variant == "FastCUT" else 1.0
    model = make(variant, nce_weight=weight, nce_patches=256 if variant == "CUT" else 5)
    model.projector.set_weights([20 * w for w in model.projector.get_weights()])
    images, targets = (uniform(4, 8, 8, 1, seed=s).astype(np.float32) for s in (0, 1))
    logits = lambda x: np.float64(model.discriminator(x, training=True)["logits"])  # noqa: E731
    rng = draws(4)
    flips = np.zeros(4, bool)
    if variant == "FastCUT":
        flips = rng.uniform([]).numpy() < 0.5
        assert 0 < flips.sum() < 4
    mirrored = np.where(flips[:, None, None, None], images[:, :, ::-1], images)
    made = model.generator(mirrored, training=True).numpy()
    batch = {"images": tf.constant(images), "targets": tf.constant(targets)}
    loss, _ = getattr(model, f"{player}_loss")(batch, draws(4))
    if player == "discriminator":
        expected = 0.5 * (np.mean((logits(targets) - 1) ** 2) + np.mean(logits(made) ** 2))
    else:
        contrast = weight * by_hand(model, images, made, rng, flips)
        if variant == "CUT":
            same = model.generator(targets, training=True).numpy()
            contrast = 0.5 * (contrast + by_hand(model, targets, same, rng, flips))
        expected = np.mean((logits(made) - 1) ** 2) + contrast
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_keys_have_no_gradient():
    """The projector learns by what is made of images, not by images."""
    model = make("CUT")
    images = tf.constant(uniform(2, 8, 8, 1), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = model.patch_nce(images, tf.stop_gradient(images[:, ::-1]), draws(2))
    assert tape.gradient(loss, images) is None


@pytest.mark.full
def test_patches_come_to_match():
    """The contrastive loss falls while the model trains."""
    options = {"nce_patches": 32, "projection_units": 16, "temperature": 0.07}
    model = make("CUT", width=8, g_learning_rate=2e-3, **options)
    images, targets = (uniform(16, 8, 8, 1, seed=s).astype(np.float32) for s in (0, 1))
    model.compile()
    logs = model.fit(images, targets, batch_size=8, epochs=30, verbose=0).history
    assert logs["nce"][-1] < 0.7 * logs["nce"][0]


# === Counts ===


def test_parameters_are_those_of_the_authors_code():
    """Of its layers by hand: it prints 11.378 M, 2.765 M and 0.560 M."""
    heads = sum(256 * count + 256 + 256 * 256 + 256 for count in (3, 128, 256, 256, 256))
    counts = {"generator": 11_378_179, "discriminator": 2_764_737, "projector": heads}
    assert heads == 560_384
    for name in ("cut_horse2zebra", "cut_horse2zebra_fast"):
        networks = tfgan_zoo.from_preset(name, load_weights=False).networks()
        for network, count in counts.items():
            variables = networks[network].trainable_variables
            assert sum(int(np.prod(v.shape)) for v in variables) == count


def test_decay_begins_as_in_the_authors_code():
    assert (tfgan_zoo.CUT.decay_begins, tfgan_zoo.FastCUT.decay_begins) == (0.5, 0.75)
