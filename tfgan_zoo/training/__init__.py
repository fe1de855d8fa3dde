"""Training runs: a preset, a strategy and a precision, in a numbered directory that can be resumed."""

from tfgan_zoo.training.devices import STRATEGIES as STRATEGIES
from tfgan_zoo.training.devices import make_strategy as make_strategy
from tfgan_zoo.training.directory import load_run as load_run
from tfgan_zoo.training.directory import options_of as options_of
from tfgan_zoo.training.loop import Interrupted as Interrupted
from tfgan_zoo.training.loop import Plan as Plan
from tfgan_zoo.training.loop import plan as plan
from tfgan_zoo.training.loop import resume as resume
from tfgan_zoo.training.loop import time_step as time_step
from tfgan_zoo.training.loop import train as train
from tfgan_zoo.training.options import JIT as JIT
from tfgan_zoo.training.options import PRECISIONS as PRECISIONS
from tfgan_zoo.training.options import Options as Options
