"""The options of the training step, each against what it should do."""

import statistics

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import WITHOUT_BATCH_STATISTICS, make

from tfgan_zoo.losses import NonSaturating
from tfgan_zoo.penalties import GradientPenalty
from tfgan_zoo.regularizers import Balance, InstanceNoise
from tfgan_zoo.tasks.sampling import interpolate_latents, latents_from_seeds, to_uint8

PLAIN = {**WITHOUT_BATCH_STATISTICS, "seed": 5}


def trained(images, steps=1, batch_size=16, optimizers=0.05, variant="DCGAN", **options):
    gan = make(variant, **{**PLAIN, **options})
    rates = [keras.optimizers.SGD(optimizers), keras.optimizers.SGD(optimizers)]
    gan.compile(*rates, jit_compile=False)
    history = gan.fit(
        images, batch_size=batch_size, epochs=1, steps_per_epoch=steps, verbose=0
    ).history
    return gan, history


def assert_same(first, second, **tolerance):
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_allclose(a, b, **tolerance, err_msg=a.path)


def differ(first, second):
    return not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_accumulated_gradients_are_those_of_the_whole_batch(images):
    options = {"steps": 2, "dropout": 0.2, "regularizers": [InstanceNoise(0.1)]}
    whole, _ = trained(images, **options)
    parts, _ = trained(images, **options, gradient_accumulation_steps=4)
    assert_same(parts, whole, rtol=1e-4, atol=1e-6)


def test_two_time_scales():
    gan = make("DCGAN", g_learning_rate=1e-4, d_learning_rate=4e-4)
    gan.compile()
    rates = [float(o.learning_rate.numpy()) for o in (gan.g_optimizer, gan.d_optimizer)]
    np.testing.assert_allclose(rates, [1e-4, 4e-4])
    assert gan.g_optimizer.beta_1 == 0.5


@pytest.mark.parametrize("low", [0.0, 0.9])
def test_balance_skips_the_winner(images, low):
    """The measure starts at 0.5, so (0, 0.1) stops the discriminator and (0.9, 1) the generator."""
    gan = make("DCGAN", **PLAIN, regularizers=[Balance(low, low + 0.1)])
    gan.compile(jit_compile=True)
    generator, discriminator = gan.generator.get_weights(), gan.discriminator.get_weights()
    gan.fit(images, batch_size=16, epochs=1, verbose=0)
    assert differ(gan.generator.get_weights(), generator) == (low == 0.0)
    assert differ(gan.discriminator.get_weights(), discriminator) == (low == 0.9)
    moved = [bool(int(o.iterations.numpy())) for o in (gan.g_optimizer, gan.d_optimizer)]
    assert moved == [low == 0.0, low == 0.9]


def test_lazy_penalty_is_taken_every_kth_update_and_k_times_as_strong(images):
    options = {"variant": "WGANGP", "n_critic": 2, "batch_size": 8}
    _, every = trained(images, steps=1, **options)
    _, lazy = trained(images, steps=1, **options, penalty=GradientPenalty(10.0, every=2))
    # Of the two updates of the step the log shows the last, which the lazy one leaves out.
    assert lazy["gradient_penalty"] == [0.0] and every["gradient_penalty"][0] > 0
    options |= {"n_critic": 1}
    _, odd = trained(images, steps=1, **options, penalty=GradientPenalty(10.0, every=3))
    _, once = trained(images, steps=1, **options)
    np.testing.assert_allclose(
        odd["gradient_penalty"][0], 3 * once["gradient_penalty"][0], rtol=1e-5
    )


def test_label_smoothing_is_one_sided(images):
    """With the discriminator's logits, the smoothed loss is known in closed form."""
    _, plain = trained(images, optimizers=1e-12)
    _, smooth = trained(images, optimizers=1e-12, objective=NonSaturating(label_smoothing=0.25))
    gan = make("DCGAN", **PLAIN)
    order = np.asarray(_first_batch(images, gan))
    logits = np.asarray(gan.discriminator(order), np.float64)
    np.testing.assert_allclose(
        smooth["d_loss"][0] - plain["d_loss"][0], 0.25 * logits.mean(), atol=1e-6
    )


def _first_batch(images, gan):
    from tfgan_zoo.datasets.stream import array_source, stream

    return next(iter(stream(array_source(images), 16, seed=gan.seed)))["images"]


@pytest.mark.full
def test_instance_noise_decays(images):
    """With noise that has decayed to nothing, a step equals one without noise."""
    gans = []
    for noise in ([], [InstanceNoise(1.0, steps=2)]):
        gan = make("DCGAN", **PLAIN, regularizers=noise)
        gan.observe("discriminator", {})  # the first update, by which its steps begin
        gan.iterations.assign(2)
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), jit_compile=False)
        gan.fit(images, batch_size=16, epochs=1, steps_per_epoch=1, verbose=0)
        gans.append(gan)
    for network in ("generator", "discriminator", "ema_generator"):
        assert_same(*(gan.networks()[network] for gan in gans), atol=0)
    noisy, _ = trained(images, regularizers=[InstanceNoise(1.0)])
    calm, _ = trained(images)
    assert differ(noisy.get_weights(), calm.get_weights())


def test_critic_sees_fresh_images_at_every_update(images):
    """One step of n_critic updates equals as many images, each seen once, as the batches hold."""
    seen = []
    gan = make("DCGAN", **PLAIN, n_critic=4)
    gan.compile(jit_compile=False, run_eagerly=True)
    loss = gan.discriminator_loss
    gan.discriminator_loss = lambda batch, rng: (
        seen.append(batch["images"].numpy()),
        loss(batch, rng),
    )[1]
    gan.fit(images, batch_size=16, epochs=1, verbose=0)
    rows = np.concatenate(seen).reshape(64, -1)
    assert len(seen) == 4 and len(np.unique(rows, axis=0)) == 64


def test_critic_is_traced_once_and_all_its_updates_are_functions(images):
    """In one graph all updates would begin at once, and training would hold the maps of all."""
    gan = make("DCGAN", **PLAIN, n_critic=4)
    gan.compile()
    traced, loss = [], gan.discriminator_loss
    gan.discriminator_loss = lambda *args: traced.append(None) or loss(*args)
    batch = {"images": tf.constant(images[:16])}
    graph = tf.function(gan.train_step, autograph=False).get_concrete_function(batch).graph
    assert len(traced) == 1
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("StatefulPartitionedCall") == 5 and "AssignVariableOp" not in kinds


def test_clipped_weights(images):
    gan, _ = trained(images, variant="WGAN", n_critic=1, clip_value=0.01)
    assert max(np.abs(w).max() for w in gan.discriminator.get_weights()) <= 0.01


@pytest.mark.parametrize("objective", ["minimax", "hinge", "relativistic", "relativistic_average"])
@pytest.mark.parametrize(
    "penalty",
    [
        "dragan",
        "r1",
        *(
            pytest.param(p, marks=pytest.mark.full)
            for p in (None, "r2", "one_sided_gradient_penalty")
        ),
    ],
)
def test_any_objective_with_any_penalty(objective, penalty, images):
    _, history = trained(images, objective=objective, penalty=penalty)
    assert all(np.isfinite(values).all() for values in history.values())
    assert (penalty in history) == (penalty is not None)


def test_relativistic_average_over_replicas(images, mirrored):
    """Its mean is over the global batch, so two replicas give what one gives."""
    gans = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            gan = make("DCGAN", **PLAIN, objective="relativistic_average")
        gan.compile(keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05))
        gan.fit(images, batch_size=16, epochs=1, verbose=0)
        gans.append(gan)
    assert_same(*gans, rtol=1e-4, atol=1e-7)
    with pytest.raises(ValueError, match="averages over the whole batch"):
        gans[1].compile(jit_compile=True)


def test_loss_scale_meets_an_infinity_on_the_second_replica_only(images, mirrored):
    """Keras looks for infinities on the first replica; ours must skip the update on both."""
    with mirrored.scope():
        gan = make("DCGAN", **PLAIN, dtype="mixed_float16")
    gan.compile(jit_compile=False)
    loss = gan.discriminator_loss

    def overflow(batch, rng):
        value, logs = loss(batch, rng)
        second = rng.rows[0] > 0
        return value * tf.where(second, np.inf, 1.0), logs

    gan.discriminator_loss = overflow
    before = gan.discriminator.get_weights()
    with pytest.warns(UserWarning, match="1 of the 1 updates of the discriminator .* skipped"):
        gan.fit(images, batch_size=16, epochs=1, steps_per_epoch=1, verbose=0)
    assert not differ(gan.discriminator.get_weights(), before)
    assert float(gan.d_optimizer.dynamic_scale.numpy()) == 2.0**14


def test_steps_per_execution(images, mirrored):
    one, _ = trained(images, steps=4)
    gan = make("DCGAN", **PLAIN)
    rates = [keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05)]
    gan.compile(*rates, jit_compile=False, steps_per_execution=2)
    gan.fit(images, batch_size=16, epochs=1, verbose=0)
    assert_same(gan, one, rtol=1e-5, atol=1e-7)
    with mirrored.scope():
        gan = make("DCGAN")
    with pytest.raises(ValueError, match="steps_per_execution must be 1 on several replicas"):
        gan.compile(steps_per_execution=2)


def test_latents_are_functions_of_their_seeds():
    both = latents_from_seeds([7, 8], 64, "normal").numpy()
    np.testing.assert_array_equal(latents_from_seeds([8], 64, "normal").numpy()[0], both[1])
    uniform = latents_from_seeds(range(200), 64, "uniform").numpy()
    assert abs(uniform.mean()) < 0.02 and abs(uniform.std() - 3**-0.5) < 0.01
    normal = latents_from_seeds(range(200), 64, "normal").numpy()
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.02


def test_interpolation_keeps_the_length_of_normal_latents():
    start, end = np.array([3.0, 0.0]), np.array([0.0, 3.0])
    path = interpolate_latents(start, end, np.linspace(0, 1, 5), "normal")
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(
        interpolate_latents(start, end, [0, 0.5, 1], "uniform")[1], [1.5, 1.5]
    )


def test_to_uint8():
    assert to_uint8([-2, -1, 0, 1, 2]).tolist() == [0, 0, 128, 255, 255]


def test_truncation(images):
    """Latents beyond twice the truncation are drawn anew within, and keep their order."""
    gan = make("DCGAN", latent_distribution="normal", latent_dim=500)
    latents = latents_from_seeds(range(200), 500, "normal")
    nearer = gan.truncate(latents, 0.5).numpy()
    assert np.abs(nearer).max() < 1.0
    normal = statistics.NormalDist()
    low, high = normal.cdf(-1), normal.cdf(1)
    for ours, latent in zip(nearer[0], latents[0].numpy(), strict=True):
        expected = normal.inv_cdf(low + (high - low) * normal.cdf(latent))
        assert ours == pytest.approx(expected, abs=2e-6)
    np.testing.assert_array_equal(gan.truncate(latents, 1.0), latents)
    several = gan.truncate(latents[:3], [0.5, 1.0, 0.25]).numpy()
    np.testing.assert_array_equal(several[1], latents[1])
    assert np.abs(several[2]).max() < 0.5
    with pytest.raises(
        ValueError, match=r"truncation must lie in \(0, 1\]. Received: truncation=1.5"
    ):
        gan.generate(2, truncation=1.5)
