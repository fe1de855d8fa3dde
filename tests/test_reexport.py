"""Published models are rewritten in place, and only where they draw the same."""

import importlib.util
import json
import pathlib

import numpy as np
import tensorflow as tf
from cases import make

SCRIPT = pathlib.Path(__file__).parents[1] / "saved_models" / "reexport.py"


def test_a_version_is_rewritten_in_place(tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("reexport", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    version = make("DCGAN", name="dcgan").export(tmp_path, warmup_batch_sizes=(1,))
    (version.parent / "README.md").write_text("card")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    written = (version / "saved_model.pb").stat().st_mtime_ns
    assert script.main([version.parent]) == 0
    assert "8 images, identical" in capsys.readouterr().out
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert (version / "saved_model.pb").stat().st_mtime_ns > written
    image = version / "assets.extra" / "golden" / "seed_0.png"
    image.write_bytes(tf.io.encode_png(np.zeros([8, 8, 1], np.uint8)).numpy())  # not the model's
    file = version / "assets.extra" / "golden.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"sha256": ["0" * 64, *record["sha256"][1:]]}))
    written = (version / "saved_model.pb").stat().st_mtime_ns
    assert script.main([version.parent]) == 1
    assert "left as it is. 1 of 8 images differ" in capsys.readouterr().out
    assert (version / "saved_model.pb").stat().st_mtime_ns == written
