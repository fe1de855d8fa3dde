"""Growing: the schedule, the fading in, and what a stage leaves alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo.layers import Rng
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput

RANDOM = np.random.default_rng(0)
LATENTS = tf.constant(RANDOM.normal(size=(4, 4)), tf.float32)
IMAGES = tf.constant(RANDOM.uniform(-1, 1, size=(4, 8, 8, 1)), tf.float32)


def three_stages(**options):
    """2x2, 4x4 from step 3, 8x8 from step 10: images that fade in over 4 steps."""
    options = {"widths": (4, 3, 2), "stable_steps": 3, "fade_in_steps": 4, **options}
    return make("ProGAN", **options)


def at_step(gan, step):
    gan.iterations.assign(step)
    gan.after_discriminator_update({})  # writes the growth into the networks
    return gan


def rng(stage):
    return Rng(0, tf.constant(0, tf.int64), 0, 4, stage)


def enlarged(images, times=2):
    return np.repeat(np.repeat(images, times, axis=1), times, axis=2)


def halved(images):
    batch, height, width, channels = images.shape
    shape = (batch, height // 2, 2, width // 2, 2, channels)
    return np.reshape(images, shape).mean(axis=(2, 4), dtype=np.float64).astype(np.float32)


def test_schedule():
    gan = three_stages()
    expected = [(0, 0), (2, 0), (3, 1), (5, 1), (7, 1), (9, 1), (10, 2), (13, 2), (14, 2), (99, 2)]
    growth = [0, 0, 0, 0.5, 1, 1, 1, 1.75, 2, 2]
    for (step, stage), value in zip(expected, growth, strict=True):
        gan.iterations.assign(step)
        assert int(gan.stage()) == stage and float(gan.growth()) == value


def test_generator_fades_in():
    """With alpha = 0 the stage's images are the last stage's, enlarged; with alpha = 1 the new ones."""
    gan = three_stages()
    small = gan.synthesize(LATENTS, {}, rng(0)).numpy()
    assert small.shape == (4, 2, 2, 1)
    middle = {}
    for step in (3, 4, 7):  # alpha = 0, 1/4, 1
        middle[step] = at_step(gan, step).synthesize(LATENTS, {}, rng(1)).numpy()
    np.testing.assert_allclose(middle[3], enlarged(small), atol=1e-6)
    network = gan.generator.get_layer
    new = network("to_rgb_1")(network("features_1")(network("features_0")(LATENTS)))
    np.testing.assert_allclose(middle[7], new, atol=1e-6)
    np.testing.assert_allclose(middle[4], 0.75 * enlarged(small) + 0.25 * new.numpy(), atol=1e-6)
    large = at_step(gan, 10).synthesize(LATENTS, {}, rng(2)).numpy()
    np.testing.assert_allclose(large, enlarged(middle[7]), atol=1e-6)


def test_discriminator_fades_in():
    """With alpha = 0 it says of an image what it said of the image's half in the last stage."""
    gan = three_stages()
    small = halved(halved(IMAGES.numpy()))
    logits = gan.discriminate(tf.constant(small), {})["logits"]
    middle = at_step(gan, 3).discriminate(tf.constant(halved(IMAGES.numpy())), {})["logits"]
    np.testing.assert_allclose(middle, logits, atol=1e-5)
    before = at_step(gan, 9).discriminate(tf.constant(halved(IMAGES.numpy())), {})["logits"]
    large = at_step(gan, 10).discriminate(IMAGES, {})["logits"]
    np.testing.assert_allclose(large, before, atol=1e-5)
    assert not np.allclose(large, at_step(gan, 12).discriminate(IMAGES, {})["logits"])


@pytest.mark.parametrize(("step", "stage"), [(0, 0), (4, 1), (9, 1), (12, 2), (20, 2)])
def test_saved_networks_are_those_of_the_stage(step, stage):
    """They take and give images of the full size at any growth."""
    gan = at_step(three_stages(), step)
    times = 4 >> stage
    images = gan.synthesize(LATENTS, {}, rng(stage))
    whole = gan.generator(LATENTS, training=True)
    np.testing.assert_allclose(whole, enlarged(images, times), atol=1e-6)
    shown = gan.discriminate_images(IMAGES, {}, rng(stage)).images
    expected = gan.discriminate(shown, {})["logits"]
    logits = gan.discriminator(enlarged(shown, times), training=True)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    drawn = gan.render(LATENTS)
    np.testing.assert_allclose(drawn, np.clip(whole, -1, 1), atol=1e-6)


def test_real_images_are_averaged_down_and_mixed():
    gan = at_step(three_stages(), 4)
    shown = gan.discriminate_images(IMAGES, {}, rng(1)).images
    half = halved(IMAGES.numpy())
    np.testing.assert_allclose(shown, 0.75 * enlarged(halved(half)) + 0.25 * half, atol=1e-6)


def test_drift():
    gan = three_stages(drift_weight=2.0, penalty=None)
    images = tf.constant(halved(halved(IMAGES.numpy())))
    logits = tf.constant([[1.0], [-2.0], [0.0], [3.0]])
    real = DiscriminatorOutput(images, {"logits": logits})
    (weight, value), *others = gan.discriminator_terms(real, real, {}, rng(0)).values()
    assert weight == 2.0 and float(value) == 14 / 4 and not others


def test_layers_to_come_stay_as_they_are():
    """Adam moves nothing, not by rounding either, where all gradients were 0."""
    gan = make("ProGAN")
    gan.compile(run_eagerly=True)
    names = ("features_1", "to_rgb_1", "block_1", "from_rgb_1")

    def later():
        return [(v.path, v.numpy()) for v in gan.variables if any(n in v.path for n in names)]

    before = later()
    gan.fit(np.tile(IMAGES, (2, 1, 1, 1)), batch_size=4, epochs=1, verbose=0)  # stage 0
    assert len(before) == 18 and int(gan.stage()) == 1
    for (path, old), (_, new) in zip(before, later(), strict=True):
        np.testing.assert_array_equal(new, old, err_msg=path)
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        for slot in optimizer.variables[2:]:
            if any(name in slot.path for name in names):
                assert not slot.numpy().any(), slot.path


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.full)])
def test_every_stage_is_traced_once(jit_compile, monkeypatch):
    gan = make("ProGAN", stable_steps=1, fade_in_steps=1)
    gan.compile(jit_compile=jit_compile)
    traced, after_a_step = [], []
    for name in ("discriminator_loss", "generator_loss"):
        loss = getattr(gan, name)

        def counted(batch, rng, name=name, loss=loss):
            traced.append((name, rng.stage))
            return loss(batch, rng)

        monkeypatch.setattr(gan, name, counted)

    class Count(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            after_a_step.append(len(traced))

    images = np.tile(IMAGES, (4, 1, 1, 1))
    gan.fit(images, batch_size=4, epochs=1, verbose=0, callbacks=[Count()])
    assert int(gan.stage()) == 1 and after_a_step == [4] * 4
    assert len(set(traced)) == 4  # two players in two stages


@pytest.mark.parametrize(
    "stop", [2, pytest.param(3, marks=pytest.mark.full)]
)  # at the border, and while the new size fades in
def test_resume_across_a_border(stop, tmp_path):
    images = RANDOM.uniform(-1, 1, (20, 8, 8, 1)).astype(np.float32)

    def trained(gan, epochs, **options):
        gan.fit(images, batch_size=4, steps_per_epoch=1, epochs=epochs, verbose=0, **options)
        return gan

    def new():
        gan = make("ProGAN")
        gan.compile(run_eagerly=True)
        return gan

    whole = trained(new(), 5)
    trained(new(), stop).save_weights(tmp_path / "cut.weights.h5")
    resumed = new()
    resumed.load_weights(tmp_path / "cut.weights.h5")
    trained(resumed, 5, resume=True)
    for ours, theirs in zip(resumed.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (4,) * 5}, r"multiples of 16. Received: image_shape=\(8, 8, 1\)"),
        ({"image_shape": (8, 16, 1)}, "square images"),
        ({"fade_in_steps": 0}, "fade_in_steps must be an integer >= 1"),
    ],
)
def test_other_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make("ProGAN", **options)
