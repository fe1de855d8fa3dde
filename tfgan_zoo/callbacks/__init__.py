"""Callbacks for `fit`: samples, logs, exact resume, and a guard against divergence."""

from tfgan_zoo.callbacks.backup import BackupAndRestore as BackupAndRestore
from tfgan_zoo.callbacks.guard import DivergenceError as DivergenceError
from tfgan_zoo.callbacks.guard import DivergenceGuard as DivergenceGuard
from tfgan_zoo.callbacks.logs import JsonlLogger as JsonlLogger
from tfgan_zoo.callbacks.logs import TensorBoardScalars as TensorBoardScalars
from tfgan_zoo.callbacks.samples import SampleGrid as SampleGrid
from tfgan_zoo.callbacks.samples import image_grid as image_grid
from tfgan_zoo.callbacks.samples import write_png as write_png
from tfgan_zoo.callbacks.stopping import StopAtStep as StopAtStep
from tfgan_zoo.callbacks.stopping import StopOnSignal as StopOnSignal
