"""Exact continuation of runs that were stopped, killed or damaged."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from tiny_runs import TINY, make, train

from tfgan_zoo import callbacks
from tfgan_zoo.callbacks.backup import checkpoints, read_state


def assert_same(one, other):
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.fixture(scope="module")
def unbroken():
    """The state after 8 steps, 2 epochs, in one go."""
    images = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype(np.float32)
    return train(make(), images)


@pytest.mark.parametrize("stop", [4, 6])
def test_a_stopped_run_goes_on_bit_for_bit(stop, unbroken, images, tmp_path):
    train(make(), images, callbacks.StopAtStep(stop), callbacks.BackupAndRestore(tmp_path))
    assert_same(train(make(), images, callbacks.BackupAndRestore(tmp_path)), unbroken)


def test_two_replicas_go_on_bit_for_bit(mirrored, images, tmp_path):
    with mirrored.scope():
        make(name="replicated")
    whole = train(make(name="replicated"), images)
    backup = callbacks.BackupAndRestore(tmp_path)
    train(make(name="replicated"), images, callbacks.StopAtStep(6), backup)
    assert_same(train(make(name="replicated"), images, backup), whole)


def test_a_killed_process_goes_on_bit_for_bit(unbroken, images, tmp_path):
    script = f"""
        import os, signal, keras, numpy as np, tfgan_zoo
        from tfgan_zoo import callbacks
        class Kill(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                if int(self.model.iterations.numpy()) == 6:
                    os.kill(os.getpid(), signal.SIGKILL)
        images = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype(np.float32)
        gan = tfgan_zoo.DCGAN(**{TINY!r}, g_learning_rate=2e-4, d_learning_rate=2e-4)
        gan.compile(jit_compile=False)
        watchers = [callbacks.BackupAndRestore({str(tmp_path)!r}, save_freq=5), Kill()]
        gan.fit(images, batch_size=16, epochs=2, callbacks=watchers, verbose=0)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.getcwd()}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [folder.name for folder in checkpoints(tmp_path)] == ["000000005"]
    assert_same(train(make(), images, callbacks.BackupAndRestore(tmp_path, 5)), unbroken)


def test_a_damaged_checkpoint_is_set_aside(unbroken, images, tmp_path):
    train(make(), images, callbacks.BackupAndRestore(tmp_path, save_freq=3), epochs=2)
    newest, before = checkpoints(tmp_path)[::-1]
    assert (newest.name, before.name) == ("000000008", "000000006")
    with open(newest / "model.weights.h5", "r+b") as file:
        file.truncate(1000)
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=3)
    with pytest.warns(UserWarning, match="damaged"):
        state = train(make(), images, backup)
    assert_same(state, unbroken)
    assert read_state(newest)["step"] == 8  # written anew
    for folder in checkpoints(tmp_path):
        (folder / "state.json").write_text("{")
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="None of the 2 checkpoints"):
        backup.restore(make())


def test_another_configuration_is_refused_by_name(images, tmp_path):
    def backup(**run_config):
        return callbacks.BackupAndRestore(tmp_path, run_config=run_config)

    train(make(n_critic=2), images, backup(data="a"), epochs=1)
    cases = [
        (make(n_critic=1), backup(data="a"), "n_critic: checkpoint 2, now 1"),
        (make(1e-3, n_critic=2), backup(data="a"), "g_learning_rate: checkpoint 0.0002, now 0.001"),
        (make(1e-3, n_critic=2), backup(data="a"), "d_optimizer.learning_rate: checkpoint 0.0002"),
        (make(n_critic=2), backup(data="b"), "data: checkpoint a, now b"),
        (make(n_critic=2, dtype="mixed_bfloat16"), backup(data="a"), "dtype: checkpoint float32"),
    ]
    for gan, watcher, message in cases:
        with pytest.raises(ValueError, match=message):
            train(gan, images, watcher)
    with pytest.raises(ValueError, match=r"steps in an epoch .* checkpoint 2, now 4"):
        train(make(n_critic=2), images, backup(data="a"), batch_size=8)
    with pytest.raises(ValueError, match="keep must be 2 or more"):
        callbacks.BackupAndRestore(tmp_path, keep=1)


def test_weights_that_are_not_finite_are_not_saved(images, tmp_path):
    gan, backup = make(), callbacks.BackupAndRestore(tmp_path)
    train(gan, images, backup, epochs=1)
    gan.generator.weights[0].assign(np.full(gan.generator.weights[0].shape, np.nan))
    with pytest.warns(UserWarning, match="Step 4 is not saved"):
        backup.save()
    assert np.isfinite(gan.generator.weights[0].numpy()).all() is np.False_
    assert backup.restore(gan)
    assert np.isfinite(gan.generator.weights[0].numpy()).all()
