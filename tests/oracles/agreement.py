"""How far our measures are from those of TF-GAN, torch-fidelity and lpips, on the same numbers.

    python tests/oracles/agreement.py    # writes benchmarks/results/metric_agreement.csv

An oracle runs in a process of its own: the Python of TFGAN_ZOO_TFGAN_PYTHON or TFGAN_ZOO_TORCH_PYTHON if
they are set, else this one.
"""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import NamedTuple

import numpy as np

from tfgan_zoo import metrics
from tfgan_zoo.metrics import images as images_module
from tfgan_zoo.metrics.extractors import inception_v3, lpips

HERE = pathlib.Path(__file__).parent
PYTHONS = {"tensorflow_gan": "TFGAN_ZOO_TFGAN_PYTHON", "torch_fidelity": "TFGAN_ZOO_TORCH_PYTHON"}


class Row(NamedTuple):
    """A line of the table; the difference is relative to the oracle's largest number."""

    measure: str
    oracle: str
    difference: float
    tolerance: float


def python_of(package):
    """The Python that has the package of an oracle, or None."""
    given = os.environ.get(PYTHONS[package])
    return given or (sys.executable if importlib.util.find_spec(package) else None)


def run(package, script, argument):
    """The last line that an oracle prints."""
    command = [python_of(package), HERE / script, argument]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return (done.stdout.splitlines() or [""])[-1]


def arrays():
    """Features, logits, patches and images to measure."""
    rng = np.random.default_rng(0)
    return {
        "real": rng.normal(size=(300, 16)),
        "generated": 0.3 + 1.2 * rng.normal(size=(300, 16)),
        "logits": 2 * rng.normal(size=(200, 10)),
        "patches": rng.normal(size=(4000, 147)).astype(np.float32),
        "other_patches": rng.normal(0.1, 1.2, (4000, 147)).astype(np.float32),
        "images": rng.uniform(0, 255, (4, 32, 32, 3)).astype(np.float32),
    }


def tensorflow_gan_rows(folder):
    """TF-GAN's Fréchet, kernel and sliced distance and Inception score."""
    given, path = arrays(), folder / "arrays.npz"
    np.savez(path, **given)
    theirs = json.loads(run("tensorflow_gan", "metrics_oracle.py", path))
    with np.load(path.with_suffix(".pyramid.npz")) as file:
        pyramid = [file[name] for name in sorted(file.files)]
    rng = np.random.default_rng(1)
    patches = given["patches"], given["other_patches"]
    rows = [
        ("Fréchet distance", frechet(given), theirs["frechet"], 1e-6),
        ("kernel distance", kernel(given), theirs["kernel"], 1e-6),
        ("Inception score, 1 split", score(given, 1), theirs["score"], 1e-6),
        ("Laplacian pyramid", list(images_module._pyramid(given["images"], 16)), pyramid, 1e-6),
        ("sliced Wasserstein distance, 2,048 other directions",
         images_module._sliced(*patches, 2048, rng), theirs["sliced"], 0.02),
    ]  # fmt: skip
    return [Row(name, "TF-GAN", difference(*pair), most) for name, *pair, most in rows]


def fidelity_rows(folder):
    """torch-fidelity's measures and networks, and the authors' LPIPS."""
    given, path = arrays(), folder / "features.npz"
    np.savez(path, **{name: given[name] for name in ("real", "generated", "logits")})
    theirs = json.loads(run("torch_fidelity", "fidelity_oracle.py", path))
    run("torch_fidelity", "torch_oracle.py", folder)
    network = dict(np.load(folder / "arrays.npz"))
    real, generated = given["real"], given["generated"]
    resized = inception_v3.resize_legacy(network["images"])
    features, logits = inception_v3.load(folder / "inception.npz")(inception_v3.normalize(resized))
    distances = perceptual(folder, network)
    rows = [
        ("Fréchet distance", frechet(given), theirs["frechet_inception_distance"], 1e-6),
        ("kernel distance", kernel(given), theirs["kernel_inception_distance_mean"], 1e-6),
        ("Inception score, 10 splits", score(given, 10), theirs["inception_score_mean"], 1e-6),
        ("improved precision", metrics.precision(real, generated)[0], theirs["precision"], 1e-6),
        ("improved recall", metrics.recall(real, generated)[0], theirs["recall"], 1e-6),
        ("resizing of TensorFlow 1", inception_v3.resize_legacy(network["small"]),
         network["small_resized"], 1e-5),
        ("Inception network, features", features, network["features"], 1e-5),
        ("Inception network, logits", logits, network["logits_unbiased"], 1e-5),
    ]  # fmt: skip
    rows = [Row(name, "torch-fidelity", difference(*pair), most) for name, *pair, most in rows]
    return [*rows, Row("LPIPS", "lpips", difference(distances, network["distances"]), 1e-5)]


def frechet(given):
    return metrics.frechet_distance(given["real"], given["generated"])


def kernel(given):
    return metrics.kernel_distance(given["real"], given["generated"], subsets=1)[0]


def score(given, splits):
    odds = np.exp(given["logits"])
    return metrics.inception_score(odds / odds.sum(1, keepdims=True), splits)[0]


def perceptual(folder, network):
    return lpips.load(folder / "vgg16.npz")([network["first"], network["second"]])


def difference(ours, theirs):
    """The largest difference, over the largest magnitude of the oracle's numbers."""
    if not isinstance(theirs, list):
        ours, theirs = [ours], [theirs]
    pairs = [
        (np.asarray(a, np.float64), np.asarray(b, np.float64))
        for a, b in zip(ours, theirs, strict=True)
    ]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def main():
    sys.path.append(str(HERE.parents[1] / "benchmarks"))
    from tables import write_csv

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rows = [*tensorflow_gan_rows(folder), *fidelity_rows(folder)]
    write_csv("metric_agreement", [row._asdict() for row in rows])


if __name__ == "__main__":
    main()
