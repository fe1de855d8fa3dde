"""Writes what a model's `endpoints()` offers as a SavedModel."""

import pathlib
import shutil
import tempfile

import numpy as np
from keras.export import ExportArchive


def export(model, path):
    """Writes a SavedModel to `path`: beside it first, then renamed, so that nobody sees half of one.

    The first endpoint becomes `serving_default`. Nothing in it is compiled by XLA, which a stock
    TensorFlow Serving would refuse.

    Args:
        model: A model with `endpoints() -> {name: (function, input signature)}`.
        path: The folder to write. It must not exist.

    Raises:
        FileExistsError: `path` exists.
        ValueError: A variable holds NaN or infinity; the message names it.
    """
    path = pathlib.Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists. Give a new path, or remove it first.")
    _refuse_unfinite(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as beside:
        target = pathlib.Path(beside) / "saved_model"
        _archive(model).write_out(str(target), verbose=False)
        shutil.move(target, path)


def _archive(model):
    archive = ExportArchive()
    archive.track(model)
    for name, (function, signature) in model.endpoints().items():
        archive.add_endpoint(name, function, input_signature=signature)
    return archive


def _refuse_unfinite(model):
    bad = [v.path for v in model.variables if not np.isfinite(np.asarray(v.numpy())).all()]
    if bad:
        raise ValueError(
            f"Not exported: {', '.join(bad[:3])}{' and others' if len(bad) > 3 else ''} hold NaN or "
            "infinity. Go back to an earlier checkpoint."
        )
