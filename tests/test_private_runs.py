"""Private runs: what they have spent when they were killed, what they give out; and attacks on
models."""

import gc
import json
import os
import stat

import keras
import numpy as np
import private_part
import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo import callbacks, datasets, losses, privacy, runs
from tfgan_zoo.callbacks import BackupAndRestore
from tfgan_zoo.callbacks.backup_secret import SECRET
from tfgan_zoo.callbacks.steps import state_of
from tfgan_zoo.cli import arguments
from tfgan_zoo.datasets.fingerprint import differences, fingerprint
from tfgan_zoo.privacy import DPSGD, audit

TINY = {"image_shape": [8, 8, 1], "width": 2, "latent_dim": 4, "discriminator_normalization": None}


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.iterations.numpy()) == self.step:
            raise Killed


def values(gan):
    return [np.array(variable.numpy()) for variable in state_of(gan)]


@pytest.mark.full
@pytest.mark.parametrize("kills", [(3,), (1, 1, 2, 3, 3, 5, 6, 8, 9, 11)], ids=["one", "ten"])
def test_a_run_that_is_killed_spends_as_one_that_was_not(kills, images, tmp_path):
    """Each process has a secret of its own until it finds that of the run; steps that are made anew
    are the same, so that what was seen of them tells no more."""
    gan = tfgan_zoo.DCGAN(**TINY, n_critic=2, privacy=DPSGD(1.0, 1.0, delta=1e-3))
    gan.compile(jit_compile=False)
    first, seen = values(gan), {}

    def process(*callbacks):
        for variable, value in zip(state_of(gan), first, strict=True):
            variable.assign(value)
        gan._privacy_secret = np.frombuffer(os.urandom(16), np.uint32)
        gan.fit(images, batch_size=8, epochs=3, verbose=0, callbacks=[*callbacks])

    for step in kills:
        with pytest.raises(Killed):
            process(BackupAndRestore(tmp_path, save_freq=2), Kill(step))
        gc.collect()  # a killed process holds no lock
        weights = gan.generator.get_weights()[0]
        np.testing.assert_array_equal(seen.setdefault(step, weights), weights)
    process(BackupAndRestore(tmp_path, save_freq=2))
    secret = json.loads((tmp_path / SECRET).read_text())["secret"]
    assert (
        stat.S_IMODE((tmp_path / SECRET).stat().st_mode) == 0o600 and gan._privacy_secret == secret
    )
    with pytest.raises(ValueError, match="trained privately with batch_size=8"):
        gan.fit(images, batch_size=16, verbose=0)
    found, spent = values(gan), privacy.spent(gan)
    assert spent["updates"] == 24 and spent["sampling_probability"] == 1 / 8
    assert spent["epsilon"] == privacy.epsilon(24, 1 / 8, 1.0, 0.99e-3)

    class Keep(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            assert self.model._privacy_secret == secret

    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / SECRET).write_text(json.dumps({"secret": secret}))
    process(BackupAndRestore(tmp_path / "whole"), Keep())
    for left, right in zip(values(gan), found, strict=True):
        np.testing.assert_array_equal(left, right)
    (tmp_path / SECRET).unlink()
    gc.collect()
    with pytest.raises(ValueError, match="secret.json is missing"):
        process(BackupAndRestore(tmp_path))


def test_noise_is_not_used_by_two_runs(tmp_path):
    """Not even where the first one was killed before its first checkpoint."""
    made = [tfgan_zoo.DCGAN(**TINY, privacy=DPSGD(clip, 1.0)) for clip in (1.0, 1.0, 2.0)]
    for gan in made:
        gan.compile(jit_compile=False)
    for gan in made[:2]:
        BackupAndRestore(tmp_path).restore(gan)
        gc.collect()
    assert made[0]._privacy_secret == made[1]._privacy_secret
    with pytest.raises(ValueError, match=r"of another run, whose noise .*l2_norm_clip"):
        BackupAndRestore(tmp_path).restore(made[2])
    assert made[0]._privacy_secret != made[2]._privacy_secret


def begun(folder, data, batch_size=16, weights=None, kill=1):
    """A process that makes a step and is killed before it has saved anything."""
    gan = tfgan_zoo.DCGAN(**TINY, privacy=DPSGD(1.0, 1.0))
    gan.compile(jit_compile=False)
    if weights is not None:
        gan.generator.set_weights([weight + weights for weight in gan.generator.get_weights()])
    stop = [Kill(kill)] if kill else []
    gan.fit(data, batch_size=batch_size, verbose=0, callbacks=[BackupAndRestore(folder, 4), *stop])


def test_noise_is_added_to_the_sums_of_one_run(tmp_path):
    """A run that was killed before its first checkpoint goes on with the same images, labels, batch size
    and weights, or not at all; so does one that was killed later, whose last steps are made anew."""
    images = np.random.default_rng(0).uniform(-1, 1, (320, 8, 8, 1)).astype(np.float32)
    with pytest.raises(Killed):
        begun(tmp_path, images)
    written, gone = (tmp_path / SECRET).read_text(), "whose noise must not be used twice"
    assert stat.S_IMODE((tmp_path / SECRET).stat().st_mode) == 0o600
    other = images.copy()
    other[4] = -other[4]  # one image, which is none of the 256 that others look at
    for data, options, found in (
        (-images, {}, "320 of 320 images that were compared are others"),
        (other, {}, "1 of 320 images that were compared are others"),
        (images, {"batch_size": 8}, "batch_size: then 16, now 8"),
        (images, {"weights": 1e-3}, "the weights that training begins with are others"),
    ):
        gc.collect()
        with pytest.raises(ValueError, match=f"{gone}. {found}"):
            begun(tmp_path, data, **options)
        assert (tmp_path / SECRET).read_text() == written
    gc.collect()
    begun(tmp_path, images, kill=None)
    gc.collect()
    with pytest.raises(ValueError, match=f"{gone}. 1 of 320 images"):
        begun(tmp_path, other, kill=None)


def test_every_image_counts_where_256_are_looked_at_of_others():
    many = np.zeros((5000, 2, 3, 1), np.uint8)
    then = fingerprint(datasets.array_source(many), whole=True)
    many[1] = 255
    now = fingerprint(datasets.array_source(many), whole=True)
    assert differences(then, now) == ["1 of 5000 images that were compared are others"]
    assert not differences(*[fingerprint(datasets.array_source(x)) for x in (many, many * 0)])


def test_logs_of_a_private_run_do_not_tell_how_long_a_step_took(images, tmp_path):
    """It takes longer when more images were drawn."""
    times = {}
    for made in (None, DPSGD(1.0, 1.0)):
        gan, folder = tfgan_zoo.DCGAN(**TINY, privacy=made), tmp_path / str(made)
        gan.compile(jit_compile=False)
        watch = [
            callbacks.JsonlLogger(folder / "logs.jsonl"),
            callbacks.TensorBoardScalars(folder / "events", every=1),
            callbacks.SampleGrid(folder, every=1, tensorboard_dir=folder / "events"),
        ]
        gan.fit(images, batch_size=16, verbose=0, callbacks=watch)
        rows = [json.loads(line) for line in (folder / "logs.jsonl").read_text().splitlines()]
        assert len(rows) == 4 and all(("time" in row) == (made is None) for row in rows)
        times[made] = [
            {tf.compat.v1.Event.FromString(record.numpy()).wall_time for record in events}
            for events in map(tf.data.TFRecordDataset, map(str, (folder / "events").iterdir()))
        ]
    logged, private = times.values()
    assert all(len(each) > 4 for each in logged) and [len(each) for each in private] == [1, 1]


@pytest.mark.full
def test_what_a_private_run_gives_out(images, tmp_path):
    """epsilon in the logs, in run.json and beside the export, and the secret nowhere but in the
    checkpoints."""
    np.savez(tmp_path / "x.npz", images=images)
    [made] = arguments.overrides("dcgan_mnist", ["privacy=dpsgd(1.0, 1.5, delta=1e-3)"]).values()
    assert made == DPSGD(1.0, 1.5, delta=1e-3)
    assert arguments.setting("privacy", keras.saving.serialize_keras_object(made)).startswith(
        "privacy=dpsgd("
    )
    options = {"data": str(tmp_path / "x.npz"), "batch_size": 16, "jit": "off", "steps": 3}
    run = runs.Options("dcgan_mnist", overrides=TINY | {"privacy": made}, **options)
    directory = runs.train(run, tmp_path / "runs", verbose=False)
    logs = [json.loads(line) for line in (directory / "logs.jsonl").read_text().splitlines()]
    told = json.loads((directory / "run.json").read_text())["privacy"]
    assert told["epsilon"] == privacy.epsilon(3, 1 / 4, 1.5, 0.99e-3) and told["updates"] == 3
    assert all(
        row["epsilon"] >= told["epsilon"] for row in logs
    )  # that at the end of an epoch of 4
    assert all("d_loss" not in row and "g_loss" in row for row in logs)
    gan = runs.load_run(directory)
    version = gan.export(tmp_path / "served", "mine", warmup_batch_sizes=(1,))
    assert json.loads((version / "assets.extra" / "privacy.json").read_text()) == told
    assert privacy.spent(tfgan_zoo.from_preset(version)) == told
    words = json.loads((directory / "checkpoints" / SECRET).read_text())["secret"]
    for path in [*version.rglob("*"), *directory.rglob("*")]:
        if path.is_file() and path.name != SECRET:
            content = path.read_bytes()
            for word in words:
                assert str(word).encode() not in content, path
                assert np.int64(word).tobytes() not in content, path


# === Attacks ===


@pytest.mark.parametrize(
    ("right", "guesses"), [(90, 100), (60, 100), (50, 100), (100, 100), (0, 10)]
)
def test_the_bound_without_delta_is_that_of_clopper_and_pearson(right, guesses):
    from scipy import stats

    test = stats.binomtest(right, guesses, alternative="greater")
    least = test.proportion_ci(0.95, "exact").low
    expected = max(0.0, np.log(least / (1 - least))) if least > 0 else 0.0
    found = audit.epsilon_of_guesses(right, guesses, 1000)
    assert found == pytest.approx(expected, abs=2e-3)
    assert audit.epsilon_of_guesses(right, guesses, 1000, delta=1e-3) <= found


@pytest.mark.full
def test_the_bound_holds_for_randomized_response():
    """The mechanism that tells each coin truly with probability e^2 / (1 + e^2) has epsilon 2: it
    is exceeded in a twentieth of the audits at most, and nearly reached."""
    random, bounds = np.random.default_rng(0), []
    for _ in range(300):
        right = int(random.binomial(400, 1 / (1 + np.exp(-2))))
        bounds.append(audit.epsilon_of_guesses(right, 400, 400, delta=1e-5))
    assert np.mean(np.array(bounds) > 2) <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5
    assert 1.6 < np.median(bounds) < 2


def test_likelihood_ratios_find_what_a_mean_shift_tells():
    """Images with levels of their own, by which all scores alike tell little, and a shift of 2
    deviations: an AUC of Phi(sqrt(2))."""
    random, count, models = np.random.default_rng(0), 4000, 65
    level, inside = random.normal(0, 10, count), random.random((models, count)) < 0.5
    scores = level + 2.0 * inside + random.normal(size=(models, count))
    found = audit.likelihood_ratios(scores[0], scores[1:], inside[1:])
    assert audit.auc(found, inside[0]) == pytest.approx(0.9214, abs=0.015)
    assert audit.auc(scores[0], inside[0]) < 0.6
    none = audit.likelihood_ratios(scores[0], scores[1:2], np.ones((1, count), bool))
    np.testing.assert_array_equal(none, 0)


class Overfitted:
    """Holds for real what it was trained on, and draws it."""

    objective = losses.get("non_saturating")

    def __init__(self, images, labels, seed):
        self.known, self.noise = images, np.random.default_rng(seed)

    def discriminator_outputs(self, images, batch):
        flat = np.reshape(images, [len(images), -1])
        is_known = (flat[:, None] == self.known.reshape(len(self.known), -1)).all(2).any(1)
        return {
            "logits": tf.constant(is_known[:, None] + self.noise.normal(size=(len(flat), 1)) / 10)
        }

    def generate_from_seeds(self, seeds):
        return np.uint8(np.round((self.known[seeds % len(self.known)] + 1) * 127.5))


def test_an_audit_finds_an_overfitted_model_and_nothing_in_one_that_is_not():
    images = np.random.default_rng(1).uniform(-1, 1, (200, 4, 4, 1)).astype(np.float32)
    found = audit.audit(Overfitted, images, shadows=6)
    assert set(found) == {"discriminator", "loss", "nearest", "lira"}
    for attack, row in found.items():
        assert row["guesses"] == row["right"] == 40 and row["epsilon"] > 2, attack
    ignorant = lambda images, labels, seed: Overfitted(images[:1] + 5, labels, seed)  # noqa: E731
    found = audit.audit(ignorant, images, shadows=4)
    assert all(row["epsilon"] == 0 for name, row in found.items() if name != "nearest")


def test_the_command_line_says_what_is_wrong():
    with pytest.raises(ValueError, match="l2_norm_clip must be"):
        arguments.overrides("dcgan_mnist", ["privacy=dpsgd(0.0, 1.0)"])
    with pytest.raises(ValueError, match="--set privacy"):
        arguments.overrides("dcgan_mnist", ["privacy=dpsgd(1.0)"])
    for written, told in (
        ("dpsgd(l2_norm_clip=nan, noise_multiplier=1.0)", "l2_norm_clip must be .*=nan"),
        ("dpsgd(-inf, 1.0)", "l2_norm_clip must be .*=-inf"),
        ("dpsgd(1.0, noise_multiplier=inf)", "noise_multiplier must be .*=inf"),
        ("dpsgd(1.0, noise_multiplier='a')", "noise_multiplier must be .*='a'"),
        ("dpsgd(1.0, -1)", "noise_multiplier must be .*=-1"),
        ("dpsgd(1.0, 1.0, delta=nan)", r"delta must be None or a number in \(0, 1\).*=nan"),
        ("dpsgd(1.0, 1.0, microbatches=0.5)", "microbatches must be None or .*=0.5"),
        (
            "dpsgd(1.0, noise_multiplier=10**400)",
            r"privacy: dpsgd: noise_multiplier needs a number.*Received: 10 \*\* 400",
        ),
        ("dpsgd", "privacy needs none, or dpsgd.*Received: 'dpsgd'"),
        ("nan", "privacy needs none, or dpsgd.*Received: 'nan'"),
        ("dpsgd(**{'delta': 1})", "privacy needs a name, or a name with arguments"),
    ):
        with pytest.raises(ValueError, match=told):
            arguments.overrides("dcgan_mnist", [f"privacy={written}"])


# === What was learned otherwise ===


def exported(gan, folder, name, images=None):
    """An exported model, after an epoch of four steps on images if there are any."""
    gan.compile(jit_compile=False)
    if images is not None:
        gan.fit(images, batch_size=16, verbose=0)
    return gan.export(folder, name, warmup_batch_sizes=())


def said(version):
    return json.loads((version / "assets.extra" / "privacy.json").read_text())


def test_epsilon_does_not_cover_what_weights_had_learned_before(images, tmp_path):
    """Weights without privacy, then with it: the model and all that is made of it say so."""
    first = exported(tfgan_zoo.DCGAN(**TINY), tmp_path, "open", images)
    assert not (first / "assets.extra" / "privacy.json").exists()
    with pytest.warns(UserWarning, match="open were trained without privacy") as warned:
        gan = tfgan_zoo.from_preset(first, privacy=DPSGD(1.0, 1.0))
    assert len(warned) == 1
    second = exported(gan, tmp_path, "closed", images)
    holds = (
        "the images of the training since alone: the model began with weights of open (4 steps, "
    )
    told = said(second)
    assert told["holds_for"] == f"{holds}without privacy)" and told["updates"] == 4
    assert told["holds_for"] in private_part.text(told)
    again = tfgan_zoo.from_preset(second)
    again.save(tmp_path / "model.keras")
    for model in (again, keras.saving.load_model(tmp_path / "model.keras")):
        assert privacy.spent(model) == told
    gan.save_weights(tmp_path / "closed.weights.h5")
    fresh = tfgan_zoo.DCGAN(**TINY, privacy=DPSGD(1.0, 1.0))
    assert privacy.spent(fresh)["holds_for"] == "all images that it was trained on"
    open_model = tfgan_zoo.from_preset(first)
    open_model.save_weights(tmp_path / "open.weights.h5")
    with pytest.warns(UserWarning, match="trained without privacy"):
        fresh.load_weights(tmp_path / "open.weights.h5")
    assert "began with weights of a file (4 steps, without" in privacy.spent(fresh)["holds_for"]
    with pytest.warns(UserWarning, match="trained with privacy, and this model is without"):
        open_model.load_weights(tmp_path / "closed.weights.h5")
    assert open_model.learned_before[-1]["privacy"]["updates"] == 4


def test_a_bound_that_has_ended_is_not_told(images, tmp_path):
    """Private weights, then without privacy: epsilon holds until the next step, and not beyond."""
    private = tfgan_zoo.DCGAN(**TINY, privacy=DPSGD(1.0, 1.0))
    first = exported(private, tmp_path, "closed", images)
    with pytest.warns(UserWarning, match="closed were trained with privacy.* leave privacy=None"):
        gan = tfgan_zoo.from_preset(first, privacy=None)
    assert said(exported(gan, tmp_path, "same")) == said(first) == privacy.spent(private)
    told = said(exported(gan, tmp_path, "open", images))
    epsilon, delta = (privacy.spent(private)[name] for name in ("epsilon", "delta"))
    assert told["epsilon"] == "inf" and told["holds_for"] == (
        "no image: it was trained without privacy after it had begun with weights of closed "
        f"(4 steps, epsilon {epsilon:.4g} at delta {delta:.3g})"
    )
    assert told["holds_for"] in private_part.text(told)
    with pytest.warns(UserWarning, match="open were trained without privacy"):
        third = tfgan_zoo.from_preset(tmp_path / "open", privacy=DPSGD(1.0, 1.0))
    assert "closed (4 steps, epsilon" in privacy.spent(third)["holds_for"]
    assert "then with weights of open (8 steps, without" in privacy.spent(third)["holds_for"]


@pytest.mark.full
@pytest.mark.filterwarnings("ignore:unclosed file")  # of the process that is killed
def test_a_run_says_what_its_first_weights_had_learned(images, tmp_path):
    """Also when it was killed, and in the model that lies in it."""
    first = exported(tfgan_zoo.DCGAN(**TINY), tmp_path, "open", images)
    np.savez(tmp_path / "x.npz", images=images)
    options = runs.Options(
        "dcgan_mnist",
        data=str(tmp_path / "x.npz"),
        overrides=TINY | {"privacy": DPSGD(1.0, 1.5, delta=1e-3)},
        init=str(first),
        batch_size=16,
        precision="float32",
        jit="off",
        steps=6,
    )
    with pytest.warns(UserWarning, match="open were trained without"), pytest.raises(Killed):
        runs.train(options, tmp_path / "runs", [Kill(9)], verbose=False)
    gc.collect()
    [directory] = (tmp_path / "runs").iterdir()
    promised = json.loads((directory / "run.json").read_text())["privacy"]
    assert promised["updates"] == 6 and "weights of open (4 steps, without" in promised["holds_for"]
    assert privacy.spent(runs.load_run(directory))["holds_for"] == promised["holds_for"]
    runs.resume(directory, verbose=False)
    told = json.loads((directory / "run.json").read_text())
    assert told["privacy"] == promised and told["options"]["first_step"] == 4
    begun = runs.Options(
        **{**told["options"], "init": str(tmp_path / "again"), "first_step": 0, "steps": 2}
    )
    runs.load_run(directory).export(tmp_path, "again", warmup_batch_sizes=())
    second = runs.train(begun, tmp_path / "runs", verbose=False)
    told = json.loads((second / "run.json").read_text())["privacy"]
    assert told["updates"] == 8 and told["holds_for"] == promised["holds_for"]
