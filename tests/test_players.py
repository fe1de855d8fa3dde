"""Players, their optimizers in `compile`, and hooks of a user's own class with what they promise."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, CONVOLUTIONAL, make

import tfgan_zoo
from tfgan_zoo.engine.players import Player
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput

sgd = keras.optimizers.SGD


def fitted(gan, images, *labels):
    gan.compile(run_eagerly=True)
    return gan.fit(images, *labels, batch_size=16, steps_per_epoch=2, verbose=0).history


# === compile ===


def test_optimizers_by_player(tmp_path):
    gan = make("VAEGAN")
    rates = {"discriminator": 0.5, "generator": 0.25, "encoder": 0.125}
    gan.compile(optimizers={name: sgd(rate) for name, rate in rates.items()})
    assert {n: float(gan.optimizer_of(n).learning_rate.numpy()) for n in rates} == rates
    assert gan.encoder_optimizer is gan.optimizer_of("encoder")
    assert {o.name for o in gan.optimizer.optimizers} == {
        "d_optimizer",
        "g_optimizer",
        "encoder_optimizer",
    }
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert {n: float(again.optimizer_of(n).learning_rate.numpy()) for n in rates} == rates
    gan.compile(d_optimizer=sgd(0.1), optimizers={"encoder": "rmsprop"})  # others by default
    kinds = [gan.optimizer_of(name).__class__.__name__ for name in rates]
    assert kinds == ["SGD", type(gan.default_optimizer(0.1)).__name__, "RMSprop"]


def test_optimizers_are_a_dictionary():
    with pytest.raises(
        TypeError, match="optimizers must be a dictionary such as .*Received: \\['adam"
    ):
        make("DCGAN").compile(optimizers=["adam", "adam"])


WRONG = [
    (
        "DCGAN",
        {"optimizers": {"encoder": "sgd"}},
        "DCGAN has no player 'encoder'. Its players: disc",
    ),
    ("VAEGAN", {"optimizers": {"encodr": "sgd"}}, "no player 'encodr'. Its players: .*encoder"),
    (
        "DCGAN",
        {"g_optimizer": "sgd", "optimizers": {"generator": "adam"}},
        "two optimizers of the generator. Give one of them",
    ),
    ("VAEGAN", {"optimizers": {"encoder": "sdg"}}, "encoder_optimizer must be a Keras optimizer"),
]


@pytest.mark.parametrize(("variant", "given", "message"), WRONG)
def test_optimizers_refused(variant, given, message):
    with pytest.raises(ValueError, match=message):
        make(variant).compile(**given)


def test_one_optimizer_for_two_players_is_refused():
    both = sgd(0.1)
    with pytest.raises(ValueError, match="are the same object"):
        make("VAEGAN").compile(optimizers={"encoder": both, "generator": both})


# === Hooks of a user's own ===

SEEN = {}


def noted(name, *values):
    SEEN.setdefault(name, values)


class Hooked(tfgan_zoo.ConditionalGAN):
    """Overrides every documented hook, notes what it is given and does what the hook promises."""

    def sample_latents(self, rng):
        noted("sample_latents", rng)
        return 0.5 * super().sample_latents(rng)

    def synthesize(self, latents, batch, rng):
        noted("synthesize", latents, batch, rng)
        return super().synthesize(latents, batch, rng)

    def augment_images(self, images, rng):
        noted("augment_images", images, rng)
        return images[:, ::-1]

    def discriminate(self, images, batch):
        noted("discriminate", images, batch)
        return {**super().discriminate(images, batch), "mean": tf.reduce_mean(images, [1, 2, 3])}

    def discriminator_terms(self, real, fake, batch, rng):
        noted("discriminator_terms", real, fake, batch, rng)
        extra = {"real_mean": (None, tf.reduce_mean(real.outputs["mean"]))}
        return super().discriminator_terms(real, fake, batch, rng) | extra

    def generator_terms(self, fake, batch, rng):
        noted("generator_terms", fake, batch, rng)
        return {"size": (0.5, tf.reduce_mean(tf.square(fake.originals)))}

    def reduce_loss(self, values, fake):
        noted("reduce_loss", values, fake)
        return tf.reduce_mean(values)

    def after_discriminator_update(self, logs):
        noted("after_discriminator_update", logs)
        logs["counted"] = tf.constant(1.0)

    def after_generator_update(self, logs):
        noted("after_generator_update", logs)

    def lazy_regularization(self, k, rng, term, shape=()):
        noted("lazy_regularization", k, rng.player_update, shape)
        return super().lazy_regularization(k, rng, term, shape)


def test_hooks_are_given_what_they_document(images, labels):
    SEEN.clear()
    gan = Hooked(**CASES["ConditionalGAN"], penalty="r1")
    logs = fitted(gan, images, labels)
    assert set(SEEN) == {name for name, hook in vars(Hooked).items() if callable(hook)} - {
        "__init__"
    }
    assert {"real_mean", "size", "counted", "r1"} <= set(logs)
    (rng,) = SEEN["sample_latents"]
    assert isinstance(rng, tfgan_zoo.layers.Rng) and rng.count == 16 and rng.stage == 0
    latents, batch, _ = SEEN["synthesize"]
    assert latents.shape == (16, gan.latent_dim)
    assert {name: (value.shape, value.dtype) for name, value in batch.items()} == {
        "images": ((16, 8, 8, 1), tf.float32),
        "labels": ((16,), tf.int32),
    }
    real, fake, *_ = SEEN["discriminator_terms"]
    for found in (real, fake):
        assert isinstance(found, DiscriminatorOutput) and found.logits.shape == (16, 1)
        assert found.outputs["mean"].shape == (16,) and found.images.shape == (16, 8, 8, 1)
    assert real.latents is None and real.originals is None
    np.testing.assert_array_equal(fake.images, fake.originals[:, ::-1])
    values, seen = SEEN["reduce_loss"]
    assert values.shape == (16,) and seen.latents.shape == (16, gan.latent_dim)
    assert set(SEEN["after_discriminator_update"][0]) >= {"d_loss", "d_ranking_accuracy", "r1"}
    assert set(SEEN["after_generator_update"][0]) == {"g_loss", "size"}
    k, update, shape = SEEN["lazy_regularization"]
    assert (k, int(update), shape) == (1, 0, ())


class OwnLoss(tfgan_zoo.DCGAN):
    """A loss of its own that logs nothing."""

    def discriminator_loss(self, batch, rng):
        fake = self.synthesize(self.sample_latents(rng), batch, rng)
        real, fake = (self.discriminator_logits(x, batch) for x in (batch["images"], fake))
        return tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake)), {}


def test_a_loss_of_ones_own_need_not_log(images):
    """And is that of the class where it computes the same."""
    own, inherited = OwnLoss(**CONVOLUTIONAL), make("DCGAN")
    assert set(fitted(own, images)) == {"g_loss"}
    assert set(fitted(inherited, images)) == {"g_loss", "d_loss", "d_ranking_accuracy"}
    for ours, theirs in zip(own.variables, inherited.variables, strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-4, 1e-7, err_msg=ours.path)


REMOVED = tfgan_zoo.GAN._removed


@pytest.mark.parametrize("name", REMOVED)
def test_old_names_of_hooks_are_refused_where_the_class_is_defined(name):
    with pytest.raises(TypeError, match=f"Own.{name} is called {REMOVED[name]} now. Rename it."):
        type("Own", (tfgan_zoo.DCGAN,), {name: lambda self, *given: given})
    assert hasattr(tfgan_zoo.GAN, REMOVED[name]) and not hasattr(tfgan_zoo.GAN, name)


class Scored(tfgan_zoo.DCGAN):
    """A third player, which predicts the logits of images, with two updates a step."""

    def build_networks(self):
        super().build_networks()
        shape = [keras.Input(self.image_shape), keras.layers.Flatten(), keras.layers.Dense(1)]
        self.scorer = keras.Sequential(shape, name="scorer")

    def networks(self):
        return {**super().networks(), "scorer": self.scorer}

    def players(self):
        scorer = Player("scorer", [self.scorer], self.scorer_loss, 0.1, updates=2)
        return [*super().players(), scorer]

    def scorer_loss(self, batch, rng):
        if tf.executing_eagerly():
            noted(f"update {int(rng.player_update)}", batch["images"], rng.update)
        wanted = self.discriminator_logits(batch["images"], batch)
        loss = tf.reduce_mean(tf.square(self.scorer(batch["images"], training=True) - wanted))
        return loss, {"scorer_loss": loss}


def test_a_player_of_ones_own(images):
    """Four updates a step in their order; the players' data end with the last of the step's."""
    SEEN.clear()
    gan = Scored(**CONVOLUTIONAL)
    before = gan.scorer.get_weights()
    assert [player.name for player in gan.players_in_turn()] == [
        "discriminator",
        "generator",
        "scorer",
        "scorer",
    ]
    assert gan.batches_per_step == 2
    logs = fitted(gan, images)
    assert "scorer_loss" in logs and not np.array_equal(before[0], gan.scorer.get_weights()[0])
    assert [int(SEEN[f"update {i}"][1]) for i in range(4)] == [2, 3, 6, 7]  # of all players
    rows = np.concatenate([SEEN[f"update {i}"][0] for i in range(4)]).reshape(64, -1)
    assert len(np.unique(rows, axis=0)) == 64  # each on images of its own
    counts = [o.iterations for o in (gan.scorer_optimizer, gan.d_optimizer)] + [gan.iterations]
    assert [int(count.numpy()) for count in counts] == [4, 2, 2]


def test_the_average_moves_once_a_step(images):
    """After the last update of the last player, on one replica as with one update."""
    gan = Scored(**CONVOLUTIONAL, ema_decay=0.5)
    before = [v.numpy() for v in gan.ema_generator.variables]
    gan.compile(jit_compile=False)
    gan.fit(images, batch_size=16, steps_per_epoch=1, verbose=0)
    pairs = zip(gan.ema_generator.variables, before, gan.generator.variables, strict=True)
    for average, old, new in pairs:
        np.testing.assert_allclose(average, 0.1 * old + 0.9 * new.numpy(), 1e-5, 1e-6)


@pytest.mark.parametrize("name", ["objective", "penalty", "regularizers"])
def test_objects_of_a_model_do_not_change(name):
    """A file would not have the new one."""
    gan = make("DCGAN")
    with pytest.raises(AttributeError, match=f"{name} is set when the model is made"):
        setattr(gan, name, "r1")
