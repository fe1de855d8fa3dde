"""Detectors by name: shipped ones, `.keras` files and exported folders."""

import os
import pathlib

from tfgan_zoo import presets, trust
from tfgan_zoo.forensics.detector import Detector

SHIPPED = pathlib.Path(__file__).parent / "weights"


def shipped() -> list[str]:
    """The names of the detectors that come with the package, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.keras"))


def load(name_or_path: str | os.PathLike, trust_model: bool = False) -> Detector:
    """A `Detector`.

    Args:
        name_or_path: A name of `shipped()`, a `.keras` file that `detector.save` wrote, or a folder that
            `detector.export` wrote.
        trust_model: Whether to load a folder whose graph decodes pictures or could reach files, the
            network or Python.

    Raises:
        FileNotFoundError: Nothing of that name.
        ValueError: A file or a folder of something else.
        UntrustedModelError: A file that names classes from elsewhere, or such a graph.
    """
    path = pathlib.Path(name_or_path)
    if str(name_or_path) in shipped():
        detector = trust.load_keras(SHIPPED / f"{name_or_path}.keras")
    elif path.is_dir():
        detector = presets.from_preset(path, trust_model=trust_model)
    elif path.is_file():
        detector = trust.load_keras(path)
    else:
        raise FileNotFoundError(
            f"There is no detector {name_or_path}. It is a .keras file, an exported folder, or one of "
            f"{', '.join(shipped()) or 'none'}, which come with the package."
        )
    if not isinstance(detector, Detector):
        raise ValueError(f"{name_or_path} is a {type(detector).__name__}, not a Detector.")
    return detector
