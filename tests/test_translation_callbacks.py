"""Callbacks of models from images to images: grids of translations, rates that fall."""

import keras
import numpy as np
import pytest
from cases import asked_for, make
from PIL import Image

from tfgan_zoo import callbacks, runs
from tfgan_zoo.datasets import array_source
from tfgan_zoo.engine.batch_inputs import joined


@pytest.fixture
def batch():
    model = make("CycleGAN")
    images = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype(np.float32)
    return {"images": images, "targets": asked_for(model, np.arange(16))}


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_train_batch_end(self, step, logs=None):
        optimizers = (self.model.g_optimizer, self.model.d_optimizer)
        self.found.append([float(optimizer.learning_rate) for optimizer in optimizers])


@pytest.mark.full
def test_rates_fall_by_the_step(batch):
    model, rates = make("CycleGAN", g_learning_rate=4e-4), Rates()
    model.compile()
    decay = callbacks.LinearDecay(2, 6)
    model.fit(batch, batch_size=4, epochs=1, verbose=0, callbacks=[decay, rates])
    model.fit(
        batch, batch_size=4, epochs=1, verbose=0, callbacks=[callbacks.LinearDecay(2, 6), rates]
    )
    shares = np.array([1, 1, 1, 0.75, 0.5, 0.25, 0, 0])
    np.testing.assert_allclose(rates.found, np.stack([4e-4 * shares, 2e-4 * shares], 1), rtol=1e-6)


def test_a_decay_refuses_schedules_and_empty_spans(batch):
    with pytest.raises(ValueError, match="end must be after"):
        callbacks.LinearDecay(5, 5)
    model = make("Pix2Pix")
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.5)
    model.compile(g_optimizer=keras.optimizers.Adam(schedule))
    with pytest.raises(ValueError, match="has a schedule"):
        model.fit(batch, batch_size=4, verbose=0, callbacks=[callbacks.LinearDecay(1, 2)])


def test_what_a_grid_cannot_be_drawn_of(batch, tmp_path):
    for data, error in (
        ({"images": batch["images"]}, ValueError),
        ({**batch, "targets": batch["targets"][:3]}, ValueError),
        ({**batch, "images": np.uint8(batch["images"])}, ValueError),
        (batch["images"], TypeError),
    ):
        with pytest.raises(error):
            callbacks.TranslationGrid(tmp_path, data)
    model = make("Pix2Pix")
    model.compile()
    with pytest.raises(TypeError, match="Use TranslationGrid"):
        model.fit(batch, batch_size=4, verbose=0, callbacks=[callbacks.SampleGrid(tmp_path)])
    with pytest.raises(NotImplementedError, match=r"Look at translate\(\)"):
        model.evaluate(batch)


@pytest.mark.parametrize("variant", ["Pix2Pix", pytest.param("CycleGAN", marks=pytest.mark.full)])
def test_grids(variant, batch, tmp_path):
    model = make(variant)
    model.compile()
    source = joined(array_source(batch["images"]), {"targets": batch["targets"]})
    grid = callbacks.TranslationGrid(tmp_path, source, count=5, every=2)
    model.fit(source, batch_size=4, epochs=1, verbose=0, callbacks=[grid])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002.png", "000004.png"]
    rows = 3 + (variant == "CycleGAN")
    image = Image.open(tmp_path / "000004.png")
    assert image.size == (5 * 10 - 2, rows * 10 - 2)
    second_row = np.asarray(image.convert("L"))[10:18, :8]
    np.testing.assert_array_equal(second_row, model.translate(batch["images"][:1])[0, ..., 0])


def test_a_grid_of_domains(batch, tmp_path):
    """One row for each, of labelled images without targets."""
    model = make("StarGAN")
    source = joined(array_source(batch["images"]), {"labels": np.arange(16) % 3})
    grid = callbacks.TranslationGrid(tmp_path, source, count=5)
    grid.set_model(model)
    drawn = grid.grid()
    assert drawn.shape == (4 * 10 - 2, 5 * 10 - 2, 3)
    made = model.translate(batch["images"][:1], domain=2)[0]
    np.testing.assert_array_equal(drawn[30:38, :8], made.repeat(3, -1))


@pytest.mark.full
def test_a_run_whose_rates_fall(tmp_path):
    for letter in "AB":
        (tmp_path / "data" / f"train{letter}").mkdir(parents=True)
        for number in range(4):
            pixels = np.full((16, 16, 3), 40 * number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / f"train{letter}" / f"{number}.png")
    small = {"image_shape": (16, 16, 3), "width": 2, "blocks": 1, "discriminator_width": 2}
    options = runs.Options(
        preset="cyclegan_horse2zebra",
        data=str(tmp_path / "data"),
        overrides={**small, "patch": 16, "pool_size": 4},
        batch_size=1,
        steps=4,
        precision="float32",
    )
    rates = Rates()
    runs.train(options, tmp_path / "runs", extra_callbacks=[rates], verbose=False)
    np.testing.assert_allclose(np.array(rates.found)[:, 0], 2e-4 * np.array([1, 1, 1, 0.5]), 1e-6)


def test_a_run(tmp_path):
    """Of pairs in a folder, by the options of the preset, interrupted and gone on with."""
    rng = np.random.default_rng(0)
    for number in range(6):
        pixels = rng.integers(0, 256, (16, 32, 3), np.uint8)
        (tmp_path / "data" / "train").mkdir(exist_ok=True, parents=True)
        Image.fromarray(pixels).save(tmp_path / "data" / "train" / f"{number}.png")
    options = runs.Options(
        preset="pix2pix_facades",
        data=str(tmp_path / "data"),
        overrides={"image_shape": (16, 16, 3), "width": 2, "discriminator_width": 2, "patch": 16},
        batch_size=2,
        steps=3,
        precision="float32",
    )
    directory = runs.train(options, run_root=tmp_path / "runs", verbose=False)
    directory = runs.resume(directory, steps=6, verbose=False)
    assert keras.models.load_model(directory / "model.keras").iterations.numpy() == 6
    assert [path.name for path in sorted((directory / "samples").iterdir())] == [
        "000003.png",
        "000006.png",
    ]
