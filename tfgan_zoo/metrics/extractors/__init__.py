"""Networks from images to features and class probabilities, by the names that metrics end with."""

from tfgan_zoo.metrics.extractors.registry import Extractor as Extractor
from tfgan_zoo.metrics.extractors.registry import get as get
from tfgan_zoo.metrics.extractors.registry import names as names
from tfgan_zoo.metrics.extractors.registry import register as register
