"""Published models are rewritten in place, and only where they draw the same."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo.evaluation.sources import export_digest
from tfgan_zoo.serving import golden

SCRIPT = pathlib.Path(__file__).parents[1] / "saved_models" / "reexport.py"


def _script():
    spec = importlib.util.spec_from_file_location("reexport", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.mark.full
def test_a_version_is_rewritten_in_place(tmp_path, capsys):
    script = _script()
    version = make("DCGAN", name="dcgan").export(tmp_path, warmup_batch_sizes=(1,))
    (version.parent / "README.md").write_text("card")
    # Of two sets; they name what they were measured of.
    all_scores = [version.parent / name for name in ("scores.json", "scores_set5.json")]
    for scores in all_scores:
        scores.write_text(f'["{export_digest(version)}"]')
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    written = (version / "saved_model.pb").stat().st_mtime_ns
    assert script.main([version.parent]) == 0
    assert "8 images, identical" in capsys.readouterr().out
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert (version / "saved_model.pb").stat().st_mtime_ns > written
    for scores in all_scores:
        assert json.loads(scores.read_text()) == [export_digest(version)]
    image = version / "assets.extra" / "golden" / "seed_0.png"
    image.write_bytes(tf.io.encode_png(np.zeros([8, 8, 1], np.uint8)).numpy())  # not the model's
    file = version / "assets.extra" / "golden.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"sha256": ["0" * 64, *record["sha256"][1:]]}))
    written = (version / "saved_model.pb").stat().st_mtime_ns
    assert script.main([version.parent]) == 1
    assert "left as it is. 1 of 8 images differ" in capsys.readouterr().out
    assert (version / "saved_model.pb").stat().st_mtime_ns == written


def test_a_version_that_would_lose_weights_is_left(tmp_path, capsys, monkeypatch):
    script = _script()
    version = make("DCGAN", name="dcgan").export(tmp_path, warmup_batch_sizes=(1,))
    before = (version / "saved_model.pb").read_bytes()
    assert len(script._weights(version)) >= 3  # many are only zeros, or ones
    monkeypatch.setattr(script, "_weights", lambda folder: {str(folder)})  # none is found again
    assert script.main([version.parent]) == 1
    assert "left as it is. Weights would be lost" in capsys.readouterr().out
    assert (version / "saved_model.pb").read_bytes() == before


def test_golden_images_stay_those_of_the_first_machine(tmp_path):
    script = _script()
    version = make("DCGAN", name="dcgan").export(tmp_path, warmup_batch_sizes=(1,))
    image = version / "assets.extra" / "golden" / "seed_0.png"
    pixels = tf.io.decode_png(image.read_bytes()).numpy()
    pixels[0, 0] ^= 1  # one level, as kernels of another machine round
    image.write_bytes(tf.io.encode_png(pixels).numpy())
    file = version / "assets.extra" / "golden.json"
    record = json.loads(file.read_text())
    digests = [golden.pixels_sha256(pixels), *record["sha256"][1:]]
    file.write_text(json.dumps(record | {"sha256": digests}))
    kept = image.read_bytes()
    assert script.main([version.parent]) == 0
    assert image.read_bytes() == kept
    assert json.loads(file.read_text())["sha256"] == digests
