"""Callbacks for `fit`: samples, logs, scores, exact resume, and watches for divergence and collapse."""

from tfgan_zoo.callbacks.backup import BackupAndRestore as BackupAndRestore
from tfgan_zoo.callbacks.collapse import CollapseMonitor as CollapseMonitor
from tfgan_zoo.callbacks.collapse import CollapseWarning as CollapseWarning
from tfgan_zoo.callbacks.decay import LinearDecay as LinearDecay
from tfgan_zoo.callbacks.evaluate import Evaluate as Evaluate
from tfgan_zoo.callbacks.guard import DivergenceError as DivergenceError
from tfgan_zoo.callbacks.guard import DivergenceGuard as DivergenceGuard
from tfgan_zoo.callbacks.logs import JsonlLogger as JsonlLogger
from tfgan_zoo.callbacks.logs import TensorBoardScalars as TensorBoardScalars
from tfgan_zoo.callbacks.samples import SampleGrid as SampleGrid
from tfgan_zoo.callbacks.stopping import StopAtStep as StopAtStep
from tfgan_zoo.callbacks.stopping import StopOnSignal as StopOnSignal
from tfgan_zoo.callbacks.translations import TranslationGrid as TranslationGrid
from tfgan_zoo.callbacks.translations import translation_grid as translation_grid
