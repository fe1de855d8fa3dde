"""Our measures against TF-GAN's, torch-fidelity's and lpips's on the same numbers."""

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).parent / "oracles"))
import agreement


@pytest.mark.parametrize(
    ("package", "rows"),
    [
        ("tensorflow_gan", agreement.tensorflow_gan_rows),
        ("torch_fidelity", agreement.fidelity_rows),
    ],
)
def test_agreement(tmp_path, package, rows):
    """Each line of the table in docs/metrics.md, to the tolerance that stands there."""
    if agreement.python_of(package) is None:
        pytest.skip(f"{package} is not installed, and {agreement.PYTHONS[package]} is not set")
    for row in rows(tmp_path):
        assert row.difference <= row.tolerance, row
