"""Writes published models anew in place, as the package exports them now: the same version and pixels.

    python saved_models/reexport.py                            # all of them
    python saved_models/reexport.py saved_models/dcgan_mnist   # or some, in any folder

A model whose images would change by more than rounding, or of which weights would be lost, is left as it
is, and the exit status is 1.
"""

import pathlib
import shutil
import sys
import tempfile

import numpy as np
import tensorflow as tf

from tfgan_zoo import from_preset, presets
from tfgan_zoo.evaluation.sources import digest, export_digest
from tfgan_zoo.files import read_json, write_json
from tfgan_zoo.serving import golden

HERE = pathlib.Path(__file__).parent


def main(folders):
    """Rewrites the newest version in each folder; returns how many could not be."""
    failed = 0
    for folder in folders:
        version = presets.exported(folder)
        try:
            print(f"{version}: {rewrite(version)}", flush=True)
        except (golden.VerificationError, ValueError) as error:
            print(f"{version}: left as it is. {error}", flush=True)
            failed += 1
    return failed


def rewrite(version):
    """Exports a version's model again and puts it in the place of the old one, if it draws the same.

    Returns:
        A sentence that tells how equal the images are.
    """
    record, reference = presets.exported_record(version), golden.read(version)
    if "watermark" in record:
        raise ValueError("It has a watermark, which only who has the key exports again.")
    with tempfile.TemporaryDirectory(dir=version.parents[1], prefix=".reexport-") as folder:
        new = from_preset(str(version)).export(folder, record["name"], int(version.name))
        said = golden.compare(reference, golden.read(new).images)
        golden.verify(new, trust_model=True)  # made here
        if _weights(version) - _weights(new):
            raise ValueError("Weights would be lost.")
        _keep_golden(version, new)
        measured, now = export_digest(version), export_digest(new)
        old = pathlib.Path(folder) / "old"
        version.rename(old)
        try:
            shutil.move(new, version)
        except OSError:
            old.rename(version)
            raise
    for scores in version.parent.glob("scores*.json"):  # which were measured from these weights
        scores.write_text(scores.read_text().replace(measured, now))
    return said


def _weights(version):
    """Digests of all arrays in a version's checkpoint; single numbers may be state, which moves."""
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    arrays = map(reader.get_tensor, reader.get_variable_to_shape_map())
    return {digest(array) for array in arrays if isinstance(array, np.ndarray) and array.ndim}


def _keep_golden(old, new):
    """Golden images stay those of the machine that published the model first: rewriting on one machine
    after another must not add their roundings up."""
    shutil.copytree(old / golden.IMAGES, new / golden.IMAGES, dirs_exist_ok=True)
    kept = {"sha256": golden.read(old).sha256}
    write_json(new / golden.FILE, read_json(new / golden.FILE) | kept)


if __name__ == "__main__":
    given = [pathlib.Path(path).resolve() for path in sys.argv[1:]]
    found = sorted(path for path in HERE.iterdir() if path.is_dir() and presets.exported(path))
    failed = main(given or found)
    from publish import trust_translators  # where this script lies

    trust_translators()
    sys.exit(failed > 0)
