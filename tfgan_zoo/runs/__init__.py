"""Training runs: a preset, a strategy and a precision, in a numbered directory that can be resumed."""

from tfgan_zoo.runs.devices import STRATEGIES as STRATEGIES
from tfgan_zoo.runs.devices import make_strategy as make_strategy
from tfgan_zoo.runs.directory import load_run as load_run
from tfgan_zoo.runs.directory import options_of as options_of
from tfgan_zoo.runs.loop import Interrupted as Interrupted
from tfgan_zoo.runs.loop import Plan as Plan
from tfgan_zoo.runs.loop import plan as plan
from tfgan_zoo.runs.loop import resume as resume
from tfgan_zoo.runs.loop import time_step as time_step
from tfgan_zoo.runs.loop import train as train
from tfgan_zoo.runs.options import JIT as JIT
from tfgan_zoo.runs.options import PRECISIONS as PRECISIONS
from tfgan_zoo.runs.options import Options as Options
