"""Variants whose discriminator says more than real or fake: loss terms, codes, routes of gradients."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import WITHOUT_BATCH_STATISTICS, make

from tfgan_zoo import regularizers
from tfgan_zoo.layers import Rng
from tfgan_zoo.models.ssgan import rotated
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput


def rng(count, update=0):
    return Rng(3, tf.constant(update, tf.int64), 0, count)


def log_softmax(logits):
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def outputs_of(rng, latents=None, **heads):
    """Random outputs of a discriminator: `heads` are widths by name."""
    outputs = {
        name: rng.normal(size=(8, width)).astype(np.float32) for name, width in heads.items()
    }
    return DiscriminatorOutput(None, {k: tf.constant(v) for k, v in outputs.items()}, latents)


# === ACGAN ===


def test_acgan_terms():
    """Against cross-entropies in float64, within 1e-6."""
    gan, random = make("ACGAN", class_weight=0.5), np.random.default_rng(0)
    real, fake = (outputs_of(random, logits=1, class_logits=3) for _ in range(2))
    labels = random.integers(0, 3, 8)
    batch = {"labels": tf.constant(labels, tf.int32)}
    terms = gan.discriminator_terms(real, fake, batch, rng(8))
    terms |= gan.generator_terms(fake, batch, rng(8))
    expected = {
        name: -log_softmax(output.outputs["class_logits"])[np.arange(8), labels].mean()
        for name, output in {"d_real_class": real, "d_fake_class": fake}.items()
    }
    expected["g_class"] = expected["d_fake_class"]
    for name, value in expected.items():
        assert terms[name][0] == 0.5
        np.testing.assert_allclose(terms[name][1], value, rtol=1e-6)
    right = real.outputs["class_logits"].numpy().argmax(axis=1) == labels
    assert terms["class_accuracy"][0] is None
    np.testing.assert_allclose(terms["class_accuracy"][1], right.mean())


def test_acgan_scores_without_labels(tmp_path):
    """The discriminator is not told the class: the exported `score` takes images only, and names it."""
    gan = make("ACGAN")
    gan.compile()
    signatures = tf.saved_model.load(gan.export(tmp_path)).signatures
    assert list(signatures["score"].structured_input_signature[1]) == ["images"]
    assert set(signatures["generate"].structured_input_signature[1]) == {"seed", "label"}
    images = np.random.default_rng(0).uniform(-1, 1, (5, 8, 8, 1)).astype(np.float32)
    served = signatures["score"](images=images)
    assert served["class_logits"].shape == (5, 3) and served["logits"].shape == (5, 1)
    expected = gan.discriminator(images, training=False)
    np.testing.assert_allclose(served["class_logits"], expected["class_logits"], atol=1e-6)


# === InfoGAN ===


def test_infogan_terms():
    """Against log likelihoods in float64, within 1e-5."""
    gan = make("InfoGAN", information_weight=0.5, continuous_weight=0.1)
    heads = {"logits": 1, "category_logits": 6, "code_mean": 2, "code_log_deviation": 2}
    latents = gan.sample_latents(rng(8)).numpy().astype(np.float64)
    random = np.random.default_rng(1)
    fake = outputs_of(random, tf.constant(latents, tf.float32), **heads)
    outputs = {name: np.asarray(value, np.float64) for name, value in fake.outputs.items()}
    category = 0
    for i in range(2):
        block = slice(3 * i, 3 * i + 3)
        category -= (log_softmax(outputs["category_logits"][:, block]) * latents[:, block]).sum(1)
    deviation = outputs["code_log_deviation"]
    error = (latents[:, 6:8] - outputs["code_mean"]) / np.exp(deviation)
    code = (error**2 / 2 + deviation + np.log(2 * np.pi) / 2).sum(axis=1)
    for player, terms in (
        ("d", gan.discriminator_terms(fake, fake, {}, rng(8))),
        ("g", gan.generator_terms(fake, {}, rng(8))),
    ):
        assert [weight for weight, _ in terms.values()] == [0.5, 0.1]
        np.testing.assert_allclose(terms[f"{player}_category"][1], category.mean(), rtol=1e-5)
        np.testing.assert_allclose(terms[f"{player}_code"][1], code.mean(), rtol=1e-5)


def test_infogan_latents():
    """Codes are one-hot and fair, the others uniform, alike in training and for seeds."""
    gan = make("InfoGAN")
    sampled, seeded = gan.sample_latents(rng(6000)).numpy(), gan.latents_for(range(6000)).numpy()
    for latents in (sampled, seeded):
        codes = latents[:, :6].reshape(-1, 2, 3)
        assert set(np.unique(codes)) == {0.0, 1.0} and (codes.sum(axis=2) == 1).all()
        # The deviation of a share among 6000 is 0.006, of the mean of a uniform one 0.0075.
        np.testing.assert_allclose(codes.mean(axis=0), 1 / 3, atol=0.03)
        pairs = np.einsum("ni,nj->ij", codes[:, 0], codes[:, 1]) / len(codes)
        np.testing.assert_allclose(pairs, 1 / 9, atol=0.02)  # independent of each other
        rest = latents[:, 6:]
        assert rest.min() >= -1 and rest.max() < 1
        np.testing.assert_allclose(rest.mean(axis=0), 0, atol=0.04)
        np.testing.assert_allclose(rest.std(axis=0), 3**-0.5, atol=0.02)
    np.testing.assert_array_equal(gan.latents_for([41]).numpy()[0], seeded[41])


def test_infogan_codes_of_a_seed_are_the_same_everywhere(tmp_path):
    gan = make("InfoGAN", learned_deviation=False)
    gan.ema_generator.set_weights([10 * w for w in gan.ema_generator.get_weights()])
    gan.compile()
    signatures = tf.saved_model.load(gan.export(tmp_path)).signatures
    seeds, latents = np.arange(5) + 30, gan.latents_for(np.arange(5) + 30).numpy()
    categories = latents[:, :6].reshape(5, 2, 3).argmax(axis=2).astype(np.int32)
    expected = gan(latents)
    served = signatures["generate"](seed=tf.constant(seeds))["images"]
    np.testing.assert_allclose(served, expected, atol=1e-6)
    inputs = {"seed": seeds, "category": categories, "code": latents[:, 6:8]}
    by_codes = signatures["generate_from_codes"](**{k: tf.constant(v) for k, v in inputs.items()})
    np.testing.assert_allclose(by_codes["images"], expected, atol=1e-6)
    np.testing.assert_array_equal(gan.generate(5, seed=30), gan.generate_from_seeds(seeds))
    score = signatures["score"](images=tf.zeros([2, 8, 8, 1]))
    assert {k: v.shape[1] for k, v in score.items()} == {
        "logits": 1,
        "category_logits": 6,
        "code_mean": 2,
    }


def test_infogan_traverses_one_code():
    gan = make("InfoGAN")
    gan.ema_generator.set_weights([10 * w for w in gan.ema_generator.get_weights()])
    latents = gan.latents_for([7]).numpy()
    for code, values in ((1, [0, 1, 2]), (3, [-1.0, 0.0, 0.5])):
        expected = np.repeat(latents, 3, axis=0)
        if code == 1:
            expected[:, 3:6] = np.eye(3)
        else:
            expected[:, 7] = values
        np.testing.assert_array_equal(gan.traverse(code, values, 7), gan._rendered(expected, None))
    with pytest.raises(ValueError, match=r"code must lie in \[0, 4\). Received: 4"):
        gan.traverse(4, [0.0])
    with pytest.raises(ValueError, match=r"integers in \[0, 3\). Received: \[3\]"):
        gan.traverse(0, [3])


def test_infogan_truncation_keeps_the_codes():
    gan = make("InfoGAN")
    latents = gan.latents_for(range(4))
    nearer = gan.truncate(latents, 0.5).numpy()
    np.testing.assert_array_equal(nearer[:, :8], latents[:, :8])
    np.testing.assert_allclose(nearer[:, 8:], 0.5 * latents[:, 8:], atol=1e-7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 8}, "a latent_dim above the 8 values of its codes"),
        ({"latent_distribution": "normal"}, "latents are uniform"),
        ({"image_shape": (10, 8, 1)}, "multiples of 4"),
    ],
)
def test_infogan_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        make("InfoGAN", **options)


# === BEGAN ===


def test_began_logits_and_loss(images):
    """The logit is minus the mean absolute error, and L(x) - k L(G(z)) is what is minimised."""
    gan, batch = make("BEGAN"), {"images": tf.constant(images[:8])}
    outputs = gan.discriminate(batch["images"], batch)
    error = np.abs(np.float64(images[:8]) - outputs["reconstructions"]).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(outputs["logits"][:, 0], -error, rtol=1e-5)
    for k in (0.0, 0.3):
        gan.k.assign(k)
        loss, logs = gan.discriminator_loss(batch, rng(8))
        np.testing.assert_allclose(logs["real_error"], error.mean(), rtol=1e-5)
        np.testing.assert_allclose(loss, logs["real_error"] - k * logs["fake_error"], atol=1e-6)
        np.testing.assert_allclose(logs["d_loss"], loss, atol=1e-6)  # not L(x) - L(G(z))
    loss, _ = gan.generator_loss(batch, rng(8))
    fake = gan.discriminate_generated(batch, rng(8))
    np.testing.assert_allclose(loss, -np.mean(fake.logits), rtol=1e-5)


def test_began_keeps_the_balance(images):
    """k and the convergence measure after every step are those of the logged errors, in float64."""
    gan, k = make("BEGAN", gamma=0.7, lambda_k=2.0), 0.0
    gan.compile(jit_compile=False)
    values = []
    for _ in range(4):
        logs = gan.fit(images[:16], batch_size=16, verbose=0, epochs=1).history
        real, fake = logs["real_error"][0], logs["fake_error"][0]
        k = min(1.0, max(0.0, k + 2.0 * (0.7 * real - fake)))
        np.testing.assert_allclose([logs["k"][0], float(gan.k.numpy())], k, atol=1e-6)
        np.testing.assert_allclose(logs["convergence"][0], real + abs(0.7 * real - fake), rtol=1e-6)
        values.append(k)
    assert values[0] > 0 and len(set(values)) > 1


def test_began_stays_within_bounds():
    gan = make("BEGAN", lambda_k=10.0)
    for real, fake, expected in ((1.0, 0.0, 1.0), (0.0, 1.0, 0.0)):
        gan.after_discriminator_update(
            {"real_error": tf.constant(real), "fake_error": tf.constant(fake)}
        )
        assert float(gan.k.numpy()) == expected
    with pytest.raises(ValueError, match="BEGAN's objective is 'wasserstein'. Received: Hinge"):
        make("BEGAN", objective="hinge")


# === VAEGAN ===


def posterior(gan, images, noise):
    """Latents of the images and the divergence of equation 2, in float64."""
    outputs = {k: np.float64(v) for k, v in gan.encoder(images).items()}
    mean, log_variance = outputs["mean"], outputs["log_variance"]
    divergence = (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1).mean() / 2
    return np.float32(mean + np.exp(log_variance / 2) * noise), divergence


def test_vaegan_losses(images):
    """Divergence, feature error and the game's terms, against float64 within 1e-5."""
    gan, batch = make("VAEGAN", **WITHOUT_BATCH_STATISTICS), {"images": tf.constant(images[:8])}
    known = rng(8)
    prior, noise = known.normal([4]), known.normal([4])
    latents, _ = posterior(gan, batch["images"], noise)
    seen = [batch["images"], gan.generator(latents), gan.generator(prior)]
    outputs = [gan.discriminator(x) for x in seen]
    features = [np.float64(output["features"]) for output in outputs]
    error = ((features[0] - features[1]) ** 2).sum(axis=(1, 2, 3)).mean() / 2
    logits = [np.float64(output["logits"]) for output in outputs]
    games = [np.log1p(np.exp(-x)).mean() for x in logits]  # -log D
    loss, logs = gan.generator_loss(batch, rng(8))
    expected = {"g_loss": games[2], "g_rebuilt": games[1], "feature_error": error}
    assert logs.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(loss, games[2] + games[1] + 0.1 * error, rtol=1e-5)
    loss, logs = gan.discriminator_loss(batch, rng(8))
    against = [np.log1p(np.exp(x)).mean() for x in logits]  # -log(1 - D)
    np.testing.assert_allclose(logs["d_rebuilt"], against[1], rtol=1e-5)
    np.testing.assert_allclose(loss, games[0] + against[1] + against[2], rtol=1e-5)


def test_vaegan_loss_of_the_encoder(images):
    """Divergence and feature error, of latents drawn for this loss, against float64 within 1e-5."""
    gan, batch = make("VAEGAN", **WITHOUT_BATCH_STATISTICS), {"images": tf.constant(images[:8])}
    latents, divergence = posterior(gan, batch["images"], rng(8).normal([4]))
    features = [
        np.float64(gan.discriminator(x)["features"]) for x in (images[:8], gan.generator(latents))
    ]
    error = ((features[0] - features[1]) ** 2).sum(axis=(1, 2, 3)).mean() / 2
    loss, logs = gan.encoder_loss(batch, rng(8))
    np.testing.assert_allclose(logs["divergence"], divergence, rtol=1e-5)
    np.testing.assert_allclose(loss, divergence + error, rtol=1e-5)


@pytest.mark.parametrize(
    "regularizer", [regularizers.ADA(full=True), regularizers.InstanceNoise(0.5)]
)
def test_vaegan_compares_features_of_images_augmented_alike(regularizer, images):
    """So that a perfect reconstruction has no error, and the next draws are others."""
    gan = make("VAEGAN", **WITHOUT_BATCH_STATISTICS, regularizers=[regularizer])
    images = tf.constant(images[:8])
    batch, made = {"images": images}, rng(8)
    if "ada/probability" in gan.state:
        gan.state["ada/probability"].assign(0.9)
    assert gan._feature_error(images, batch, made)[0] == 0
    assert gan._feature_error(-images, batch, made)[0] > 0
    seen = [gan.augment_images(images, same) for same in (made, made, rng(8))]
    assert not np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2])


def test_vaegan_routes_gradients(images):
    """With the same latents in all losses, each player's gradient is algorithm 1's: the encoder is moved
    by divergence + error, the decoder by gamma * error + the game, the discriminator by the game."""
    gan = make("VAEGAN", **WITHOUT_BATCH_STATISTICS)
    batch = {"images": tf.constant(images[:8])}
    latents = rng(8).normal([2, 4])
    prior, noise = latents[:, 0], latents[:, 1]
    gan.sample_latents = lambda rng: prior
    same = SimpleNamespace(normal=lambda shape: noise)
    networks = {player.name: player.networks for player in gan.players()}
    assert networks == {
        "discriminator": [gan.discriminator],
        "encoder": [gan.encoder],
        "generator": [gan.generator],
    }
    found = {player.name: gradients_of_player(player, batch, same) for player in gan.players()}
    watched = {name: [v.value for v in gan.trainable_of(name)] for name in networks}
    with tf.GradientTape(persistent=True) as tape:
        outputs = gan.encoder(batch["images"])
        mean, log_variance = outputs["mean"], outputs["log_variance"]
        kl = -0.5 * tf.reduce_mean(
            tf.reduce_sum(1 + log_variance - mean**2 - tf.exp(log_variance), axis=1)
        )
        real = gan.discriminator(batch["images"])
        rebuilt = gan.discriminator(gan.generator(mean + tf.exp(log_variance / 2) * noise))
        drawn = gan.discriminator(gan.generator(prior))["logits"]
        distance = real["features"] - rebuilt["features"]
        error = 0.5 * tf.reduce_mean(tf.reduce_sum(distance**2, axis=[1, 2, 3]))
        game = sum(tf.reduce_mean(tf.nn.softplus(-x)) for x in (rebuilt["logits"], drawn))
        against = sum(tf.reduce_mean(tf.nn.softplus(x)) for x in (rebuilt["logits"], drawn))
        against += tf.reduce_mean(tf.nn.softplus(-real["logits"]))
    weights = {  # of each equation in each player's loss; the error and the game must not leak
        "encoder": {"kl": 1.0, "error": 1.0, "game": 0.0},
        "generator": {"kl": 0.0, "error": 0.1, "game": 1.0},
        "discriminator": {"error": 0.0, "against": 1.0},
    }
    values = {"kl": kl, "error": error, "game": game, "against": against}
    for name, terms in weights.items():
        parts = {
            term: tape.gradient(values[term], watched[name], unconnected_gradients="zero")
            for term in terms
        }
        for place, ours in enumerate(found[name]):
            expected = sum(weight * parts[term][place] for term, weight in terms.items())
            np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6, err_msg=name)
        for term in terms.keys() - {"kl"}:  # what must not reach a player would be seen
            assert max(np.abs(part).max() for part in parts[term]) > 1e-5, (name, term)


def gradients_of_player(player, batch, rng):
    with tf.GradientTape() as tape:
        loss, _ = player.loss(batch, rng)
    return tape.gradient(loss, [v.value for v in player.trainable_variables])


def test_vaegan_updates_each_player_alone(images):
    """With the optimizers of two players at rest, the third's networks alone change in a step."""
    names = ("discriminator", "encoder", "generator")
    for moved in names:
        gan = make("VAEGAN", **WITHOUT_BATCH_STATISTICS)
        rates = {name: keras.optimizers.SGD(float(name == moved)) for name in names}
        gan.compile(optimizers=rates, run_eagerly=True)
        before = {name: gan.networks()[name].get_weights() for name in names}
        gan.fit(images[:16], batch_size=16, verbose=0)
        changed = {
            name
            for name in names
            for old, new in zip(before[name], gan.networks()[name].get_weights(), strict=True)
            if not np.array_equal(old, new)
        }
        assert changed == {moved}


@pytest.mark.full
def test_vaegan_encodes_and_reconstructs(images, tmp_path):
    gan = make("VAEGAN")
    gan.compile()
    gan.fit(images, batch_size=16, verbose=0)
    latents, rebuilt = gan.encode(images, batch_size=24), gan.reconstruct(images)
    assert latents.shape == (64, 4) and latents.dtype == np.float32
    assert rebuilt.shape == images.shape and rebuilt.dtype == np.uint8
    signatures = tf.saved_model.load(gan.export(tmp_path)).signatures
    np.testing.assert_allclose(signatures["encode"](images=images)["latents"], latents, atol=1e-5)
    served = signatures["reconstruct"](images=images)["images"]
    assert np.abs((served + 1) * 127.5 - rebuilt).max() <= 0.51
    assert set(signatures["score"](images=images)) == {"logits"}
    weights = [gan.networks()[name].get_weights() for name in ("encoder", "ema_encoder")]
    changed = [not np.array_equal(a, b) for a, b in zip(*weights, strict=True)]
    assert all(changed)  # the average is not the encoder itself


def test_vaegan_refuses():
    with pytest.raises(ValueError, match="objective is 'non_saturating' or 'minimax'. R.*: Hinge"):
        make("VAEGAN", objective="hinge")
    with pytest.raises(ValueError, match="gamma must be a number > 0. Received: gamma=0"):
        make("VAEGAN", gamma=0.0)


# === SSGAN ===


def test_rotations(images):
    """Against numpy's, whose quarter turns are counterclockwise too; four of them change nothing."""
    turns = np.arange(64) % 4
    expected = [np.rot90(image, turn) for image, turn in zip(images, turns, strict=True)]
    np.testing.assert_array_equal(rotated(tf.constant(images), turns), expected)
    turned = tf.constant(images)
    for _ in range(4):
        turned = rotated(turned, np.ones(64, np.int32))
    np.testing.assert_array_equal(turned, images)


def test_ssgan_terms(images):
    """The cross-entropy in float64 of the turns that were drawn, within 1e-5; they are fair."""
    gan, batch = make("SSGAN"), tf.constant(images)
    turns = np.floor(4 * rng(64).uniform([]).numpy()).astype(int)
    turned = np.stack([np.rot90(image, turn) for image, turn in zip(images, turns, strict=True)])
    logits = gan.discriminator(turned)["rotation_logits"].numpy()
    expected = -log_softmax(logits)[np.arange(64), turns].mean()
    shown = DiscriminatorOutput(batch, {})
    terms = gan.discriminator_terms(shown, shown, {}, rng(64))
    assert terms["d_rotation"][0] == 1.0 and terms["rotation_accuracy"][0] is None
    np.testing.assert_allclose(terms["d_rotation"][1], expected, rtol=1e-5)
    np.testing.assert_allclose(
        terms["rotation_accuracy"][1], (logits.argmax(axis=1) == turns).mean()
    )
    weight, loss = gan.generator_terms(shown, {}, rng(64))["g_rotation"]
    assert weight == 0.2
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    many = np.floor(4 * rng(4000).uniform([]).numpy())
    # The deviation of a share of a quarter among 4000 is 0.007.
    np.testing.assert_allclose(np.bincount(many.astype(int)) / 4000, 0.25, atol=0.03)


def test_ssgan_refuses():
    with pytest.raises(ValueError, match="must be square. Received: image_shape=\\(8, 16, 1\\)"):
        make("SSGAN", image_shape=(8, 16, 1))
    with pytest.raises(ValueError, match="takes no labels. Received: num_classes=3"):
        make("SSGAN", num_classes=3)
