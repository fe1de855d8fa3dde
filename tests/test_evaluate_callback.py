"""Scores while training: the best model that is kept, the end without progress, and going on."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_runs import make, train, values

from tfgan_zoo import callbacks, evaluation
from tfgan_zoo.callbacks.evaluate import read_best
from tfgan_zoo.metrics import extractors

FD, KD = "fd64_toy_evaluate_callback", "kd64_toy_evaluate_callback"


@pytest.fixture(scope="module", autouse=True)
def toy():
    """Features of 8x8 images: eight random projections."""
    pixels = keras.Input((8, 8, 1))
    dense = keras.layers.Dense(8, kernel_initializer=keras.initializers.GlorotUniform(seed=1))
    model = keras.Model(pixels, dense(keras.layers.Flatten()(pixels)))
    extractors.register("toy_evaluate_callback", model, (8, 8, 1))


@pytest.fixture
def reference(images):
    return evaluation.from_arrays(np.uint8((images + 1) * 127))


class Shift(keras.callbacks.Callback):
    """Moves the last bias of the generator before a step: by 10, all that it draws is white."""

    def __init__(self, step, by):
        super().__init__()
        self.step, self.by = step, by

    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.iterations.numpy()) == self.step - 1:
            for network in (self.model.generator, self.model.ema_generator):
                network.weights[-1].assign_add([self.by])


class Record(keras.callbacks.Callback):
    """The whole state after each step."""

    def on_train_begin(self, logs=None):
        self.states = {}

    def on_train_batch_end(self, batch, logs=None):
        self.states[int(self.model.iterations.numpy())] = values(self.model)


def assert_same(one, other):
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def lines(directory):
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def test_the_best_model_is_kept_bit_for_bit(images, reference, tmp_path):
    record, spoil = Record(), Shift(5, 10.0)
    watch = callbacks.Evaluate(
        [KD, FD],
        reference,
        every=2,
        directory=tmp_path,
        monitor=FD,
        tensorboard_dir=tmp_path / "tb",
    )
    watched = train(make(), images, spoil, watch, record)
    assert_same(watched, train(make(), images, Shift(5, 10.0)))  # looking changes nothing
    scores = {step: found[FD].value for step, found in watch.history}
    assert list(scores) == [2, 4, 6, 8] and min(scores[6], scores[8]) > 1.2 * scores[4]
    best = min(scores, key=scores.get)
    kept = read_best(tmp_path)
    assert (kept["step"], kept["metric"], kept["value"]) == (best, FD, scores[best])
    assert kept == watch.best and kept["interval"] == dict(watch.history)[best][FD].interval
    gan = make()
    gan.load_weights(tmp_path / "best" / "model.weights.h5")
    assert_same(values(gan), record.states[best])
    assert [(line["step"], line[FD]["value"]) for line in lines(tmp_path)] == list(scores.items())
    assert lines(tmp_path)[0][KD]["interval"] == watch.history[0][1][KD].interval
    assert _scalars(tmp_path / "tb") == {(name, step) for name in (FD, KD) for step in scores}


def _scalars(folder):
    """`(tag, step)` of all values in event files."""
    events = (
        tf.compat.v1.Event.FromString(record.numpy())
        for path in folder.iterdir()
        for record in tf.data.TFRecordDataset(str(path))
    )
    return {(value.tag, event.step) for event in events for value in event.summary.value}


def test_training_ends_without_progress(images, reference):
    gan = make()
    watch = callbacks.Evaluate([FD], lambda split: reference, every=2, patience=2)
    train(gan, images, Shift(3, 10.0), watch, epochs=3)
    assert watch.best["step"] == 2
    assert int(gan.iterations.numpy()) == 6  # 12 without the end; worse at 4 and at 6


def test_a_resumed_run_goes_on_from_its_best(images, reference, tmp_path):
    def watchers(**others):
        backup = callbacks.BackupAndRestore(tmp_path / "checkpoints", save_freq=2, keep=9)
        return callbacks.Evaluate([FD], reference, 2, tmp_path, **others), backup

    train(make(), images, Shift(3, 10.0), *watchers(), callbacks.StopAtStep(6))
    first, weights = lines(tmp_path), (tmp_path / "best" / "model.weights.h5").read_bytes()
    (tmp_path / "checkpoints" / "000000006" / "state.json").unlink()  # as if killed before it
    watch, backup = watchers(patience=3)
    with pytest.warns(UserWarning, match="damaged"):
        train(make(), images, watch, backup, epochs=3)
    again = lines(tmp_path)
    assert [line["step"] for line in again] == [2, 4, 6, 8]  # and not 12: three in a row were worse
    assert again[:2] == first[:2] and again[2][FD] == first[2][FD]
    assert [step for step, _ in watch.history] == [6, 8] and watch.best["step"] == 2
    assert (tmp_path / "best" / "model.weights.h5").read_bytes() == weights
    with pytest.raises(ValueError, match=f"is that by {FD}, and this run monitors {KD}"):
        other = callbacks.Evaluate([KD], reference, 2, tmp_path)
        train(make(), images, other, backup, epochs=3)


@pytest.mark.full
def test_a_run_from_the_first_step_begins_anew(images, reference, tmp_path):
    good = callbacks.Evaluate([FD], reference, 2, tmp_path)
    train(make(), images, good, epochs=1)
    bad = callbacks.Evaluate([FD], reference, 4, tmp_path)
    train(make(), images, Shift(1, 10.0), bad, epochs=1)
    assert [line["step"] for line in lines(tmp_path)] == [4]
    assert read_best(tmp_path)["value"] == bad.best["value"] > good.best["value"]


def test_a_kill_between_two_files_leaves_the_best_before(images, reference, tmp_path):
    weights = tmp_path / "best" / "model.weights.h5"

    class Copy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.iterations.numpy()) == 2:
                self.content, self.record = weights.read_bytes(), read_best(tmp_path)

    copy = Copy()
    watch = callbacks.Evaluate([FD], reference, 2, tmp_path)
    train(make(), images, Shift(1, 10.0), Shift(3, -10.0), watch, copy, epochs=1)
    assert (copy.record["step"], read_best(tmp_path)["step"]) == (2, 4)
    weights.write_bytes(copy.content)  # best.json of step 4 was written, its weights not yet
    assert read_best(tmp_path) == copy.record
    weights.write_bytes(copy.content[:-100])
    assert read_best(tmp_path) is None


def test_what_cannot_be_done_is_refused_at_the_door(reference):
    cases = [
        (([], reference), {}, "a list of one name or more. Received: \\[\\]"),
        ((FD, reference), {}, "a list of one name or more. Received: 'fd64"),
        ((["fdd50k"], reference), {}, "There is no metric 'fdd50k'"),
        (([FD], None), {}, "fd64_toy_evaluate_callback compares with real images"),
        (([FD], np.zeros((64, 8, 8, 1), np.uint8)), {}, "reference must be .* Received: ndarray"),
        (([FD], reference), {"monitor": KD}, "monitor must be one of the metrics, fd64_toy"),
        ((["ms_ssim64"], None), {}, "ms_ssim64 is good near the real images' own"),
        (
            ([FD], reference),
            {"patience": 0},
            "patience must be None or a positive int. Received: 0",
        ),
        (([FD], reference), {"every": 0}, "An interval must be 'epoch' or a positive int"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(ValueError, match=message):
            callbacks.Evaluate(*arguments, **options)


def test_missing_weights_fail_before_the_first_step(images, reference, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_INCEPTION_V3", "nowhere")
    gan = make()
    with pytest.raises(FileNotFoundError, match="no file at nowhere"):
        train(gan, images, callbacks.Evaluate(["fid64_legacy"], reference, every=2))
    assert int(gan.iterations.numpy()) == 0
