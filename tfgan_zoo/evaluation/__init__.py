"""Scores of generated images: sets of images to score, and `evaluate`."""

from tfgan_zoo.evaluation.bias import bias as bias
from tfgan_zoo.evaluation.collect import default_cache as default_cache
from tfgan_zoo.evaluation.evaluate import evaluate as evaluate
from tfgan_zoo.evaluation.memorisation import membership as membership
from tfgan_zoo.evaluation.memorisation import memorisation as memorisation
from tfgan_zoo.evaluation.report import report as report
from tfgan_zoo.evaluation.results import Result as Result
from tfgan_zoo.evaluation.results import read as read
from tfgan_zoo.evaluation.results import write as write
from tfgan_zoo.evaluation.sources import ImageSet as ImageSet
from tfgan_zoo.evaluation.sources import captions as captions
from tfgan_zoo.evaluation.sources import from_arrays as from_arrays
from tfgan_zoo.evaluation.sources import from_client as from_client
from tfgan_zoo.evaluation.sources import from_data as from_data
from tfgan_zoo.evaluation.sources import from_model as from_model
from tfgan_zoo.evaluation.sources import from_saved_model as from_saved_model
