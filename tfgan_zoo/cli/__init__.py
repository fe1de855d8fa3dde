"""The command line: `tfgan-zoo list | info | train | sample | project | evaluate | serve | …`.

TensorFlow takes seconds to import, so it is imported within the commands: `--help` answers at once.
"""

import gc

from tfgan_zoo.cli import drawing as drawing
from tfgan_zoo.cli import evaluation as evaluation  # registers its commands
from tfgan_zoo.cli import exploring as exploring
from tfgan_zoo.cli import exporting as exporting
from tfgan_zoo.cli import fairness as fairness
from tfgan_zoo.cli import forensics as forensics
from tfgan_zoo.cli import importing as importing
from tfgan_zoo.cli import inspection as inspection
from tfgan_zoo.cli import latent as latent
from tfgan_zoo.cli import marking as marking
from tfgan_zoo.cli import models as models
from tfgan_zoo.cli import serving as serving
from tfgan_zoo.cli import sharing as sharing
from tfgan_zoo.cli import translation as translation
from tfgan_zoo.cli.app import app as app


def main():
    """The entry point."""
    gc.set_threshold(50_000, 20, 100)  # TensorFlow's import spent a third of its time on garbage
    app()
