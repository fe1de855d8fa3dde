"""Two logical CPUs, so that distribution is tested on any machine."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from mode_table import pytest_runtest_logreport as pytest_runtest_logreport
from mode_table import pytest_sessionfinish as pytest_sessionfinish

from tfgan_zoo import progress
from tfgan_zoo.engine import private

progress.FIRST = 1e6  # or what a command prints would depend on how busy the machine is
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
gc.freeze()  # modules stay: collections of garbage need not look at them
gc.set_threshold(100_000, 20, 100)  # an eighth of the tests' time went into looking for garbage


@pytest.fixture(autouse=True)
def seeded(request, monkeypatch):
    """A test draws the same numbers, weights and secrets in any order of the tests."""
    keras.utils.set_random_seed(0)
    secrets = np.random.default_rng(0)
    monkeypatch.setattr(private, "drawn_secret", lambda: secrets.integers(2**32, size=4))
    if hasattr(request.module, "RANDOM"):
        request.module.RANDOM = np.random.default_rng(0)


@pytest.fixture
def data_dir():
    """The folder of real data sets, where there is one."""
    folder = os.environ.get("TFGAN_ZOO_DATA")
    if not folder:
        pytest.skip("TFGAN_ZOO_DATA is not set: no folder of real data sets on this machine")
    return pathlib.Path(folder)


@pytest.fixture
def images():
    """64 images of 8x8, float32 in [-1, 1]."""
    return np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype(np.float32)


@pytest.fixture
def labels():
    return np.arange(64) % 3


@pytest.fixture(scope="session")
def mirrored():
    """The one of this process: a second would reuse the first one's collective keys, and fail."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def pytest_addoption(parser):
    parser.addoption("--write-mode-table", metavar="FILE", help="write the results of all cells")


@pytest.fixture(scope="module")
def browser():
    """Chromium, of Debian's packages `chromium` and `chromium-driver`; without them tests skip."""
    import chromium

    if not (chromium.CHROMIUM and chromium.DRIVER):
        pytest.skip("no chromium and chromedriver")
    found = chromium.Browser()
    yield found
    found.driver.quit()
