"""Scores of generated images: sets of images to score, and `evaluate`."""

from tfgan_zoo.evaluation.bias import attributes as attributes
from tfgan_zoo.evaluation.bias import bias as bias
from tfgan_zoo.evaluation.bias import group_quality as group_quality
from tfgan_zoo.evaluation.collect import default_cache as default_cache
from tfgan_zoo.evaluation.evaluate import evaluate as evaluate
from tfgan_zoo.evaluation.memorisation import membership as membership
from tfgan_zoo.evaluation.memorisation import memorisation as memorisation
from tfgan_zoo.evaluation.pairs import Pairs as Pairs
from tfgan_zoo.evaluation.pairs import Pictures as Pictures
from tfgan_zoo.evaluation.pairs import pairs_from_arrays as pairs_from_arrays
from tfgan_zoo.evaluation.pairs import pairs_from_data as pairs_from_data
from tfgan_zoo.evaluation.pairs import pairs_from_dataset as pairs_from_dataset
from tfgan_zoo.evaluation.pairs import unpaired_from_data as unpaired_from_data
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
from tfgan_zoo.evaluation.translation import TranslationScores as TranslationScores
from tfgan_zoo.evaluation.translation import evaluate_translation as evaluate_translation
from tfgan_zoo.evaluation.translation import write_rows as write_rows
from tfgan_zoo.evaluation.translation_names import translation_metrics as translation_metrics
from tfgan_zoo.evaluation.translation_report import panel as panel
from tfgan_zoo.evaluation.translation_report import translation_report as translation_report
from tfgan_zoo.evaluation.translators import Translator as Translator
from tfgan_zoo.evaluation.translators import translator_from_client as translator_from_client
from tfgan_zoo.evaluation.translators import translator_from_model as translator_from_model
from tfgan_zoo.evaluation.translators import (
    translator_from_neighbours as translator_from_neighbours,
)
from tfgan_zoo.evaluation.translators import (
    translator_from_saved_model as translator_from_saved_model,
)
