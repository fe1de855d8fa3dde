"""The guard, the logs and the samples, on tiny real models: nothing is mocked."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_runs import make, train

from tfgan_zoo import callbacks, visualization
from tfgan_zoo.callbacks.steps import state_of

# === DivergenceGuard ===


def test_the_guard_recovers_and_lowers_the_rates(images):
    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if int(self.model.iterations.numpy()) == 5:
                kernel = self.model.discriminator.trainable_weights[0]
                kernel.assign(np.full(kernel.shape, np.nan, np.float32))

    gan, guard = make(), callbacks.DivergenceGuard(check_every=2)
    with pytest.warns(UserWarning, match=r"Step 6: d_loss = nan.* step 2, with rates x 0\.5"):
        state = train(gan, images, guard, Poison())
    assert all(np.isfinite(value).all() for value in state)
    assert int(gan.iterations.numpy()) == 8
    assert int(gan.g_optimizer.iterations.numpy()) == 2 + 2  # went back with the weights
    rates = [float(o.learning_rate.numpy()) for o in (gan.g_optimizer, gan.d_optimizer)]
    np.testing.assert_allclose(rates, 1e-4)


def test_the_guard_gives_up_with_a_report(images):
    gan, guard = make(1e6), callbacks.DivergenceGuard(tries=2, limit=50, check_every=2)
    with (
        pytest.warns(UserWarning, match="Training diverged"),
        pytest.raises(callbacks.DivergenceError) as error,
    ):
        train(gan, images, guard, epochs=10)
    report = str(error.value)
    assert "2 tries with learning rates lowered by 0.5" in report
    assert "at rates g 1e+06" in report and "at rates g 2.5e+05" in report
    assert len(error.value.divergences) == 3
    assert all(np.isfinite(variable.numpy()).all() for variable in state_of(gan))


def test_the_guard_refuses_what_it_cannot_guard(images):
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
    gan = make(name="scheduled")
    gan.compile(g_optimizer=keras.optimizers.Adam(schedule), jit_compile=False)
    with pytest.raises(ValueError, match="g_optimizer, which follows a schedule"):
        train(gan, images, callbacks.DivergenceGuard())
    gan.compile(
        g_optimizer=keras.optimizers.MultiOptimizer(
            keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1))
        )
    )
    with pytest.raises(ValueError, match="rates of g_optimizer, a MultiOptimizer"):
        train(gan, images, callbacks.DivergenceGuard())
    with pytest.raises(ValueError, match="factor must be in"):
        callbacks.DivergenceGuard(factor=2.0)


@pytest.mark.parametrize("stop", [7, pytest.param(8, marks=pytest.mark.full)])
def test_a_run_that_is_cut_between_divergences_ends_as_an_uncut_one(stop, images, tmp_path):
    """At step 11 the guard goes back to step 8 where it remembers a copy of it, and raises where it
    remembers the try before."""

    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if int(self.model.iterations.numpy()) in (5, 10):
                kernel = self.model.discriminator.trainable_weights[0]
                kernel.assign(np.full(kernel.shape, np.nan, np.float32))

    ends = []
    for stops in ((99,), (stop, 99)):
        folder = tmp_path / str(len(stops))
        for last in stops:
            guard = callbacks.DivergenceGuard(check_every=2)
            backup = callbacks.BackupAndRestore(folder, save_freq=9)
            with pytest.warns(UserWarning, match="Training diverged"):
                state = train(
                    make(), images, guard, backup, Poison(), callbacks.StopAtStep(last), epochs=3
                )
        ends.append((state, guard.divergences))
    for one, other in zip(ends[0][0], ends[1][0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert ends[0][1] == ends[1][1] and len(ends[0][1]) == 2


def test_a_damaged_state_of_the_guard_is_told(images, tmp_path):
    run = lambda: train(  # noqa: E731
        make(), images, callbacks.DivergenceGuard(), callbacks.BackupAndRestore(tmp_path), epochs=1
    )
    run()
    (tmp_path / "000000004" / "DivergenceGuard.npz").write_bytes(b"PK")
    with pytest.warns(UserWarning, match=r"DivergenceGuard.npz cannot be read .* begins anew"):
        run()


# === Logs and samples ===


def test_each_step_is_logged_once(images, tmp_path):
    log, events = tmp_path / "logs.jsonl", tmp_path / "tensorboard"
    train(
        make(),
        images,
        callbacks.JsonlLogger(log),
        callbacks.StopAtStep(6),
        callbacks.BackupAndRestore(tmp_path / "checkpoints", save_freq=5),
    )
    (tmp_path / "checkpoints" / "000000006" / "state.json").unlink()  # as if killed before it
    log.write_text(log.read_text() + '{"step": 7, "ep')
    with pytest.warns(UserWarning, match="damaged"):
        train(
            make(),
            images,
            callbacks.JsonlLogger(log),
            callbacks.TensorBoardScalars(events, every=1),
            callbacks.SampleGrid(tmp_path / "samples", seeds=3, tensorboard_dir=events),
            callbacks.BackupAndRestore(tmp_path / "checkpoints", save_freq=5),
        )
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["step"], line["epoch"]) for line in lines] == [
        (step, (step - 1) // 4 + 1) for step in range(1, 9)
    ]
    assert lines[0].keys() == {"step", "epoch", "time", "d_loss", "g_loss", "d_ranking_accuracy"}
    assert sorted(_events(events)) == [*(("g_loss", s) for s in (6, 7, 8)), ("samples", 8)]
    assert [path.name for path in (tmp_path / "samples").iterdir()] == ["000008.png"]


def _events(folder):
    """`(tag, step)` of the generator's losses and the images in all event files."""
    for path in folder.iterdir():
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag in ("g_loss", "samples"):
                    yield value.tag, event.step


def test_a_grid_holds_the_images_of_its_seeds(images, tmp_path):
    gan = make()
    train(gan, images, callbacks.SampleGrid(tmp_path, seeds=[5, 1, 2], every=3), epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["000003.png"]
    drawn = gan.generate_from_seeds([5, 1, 2])
    grid = visualization.image_grid(drawn)
    assert grid.shape == (18, 18, 1) and grid.dtype == np.uint8
    np.testing.assert_array_equal(grid[10:, :8], drawn[2])
    assert (grid[8:10] == 255).all() and (grid[10:, 10:] == 255).all()
    visualization.write_png(tmp_path / "again.png", grid)
    read = tf.io.decode_png((tmp_path / "again.png").read_bytes())
    np.testing.assert_array_equal(read, grid)
