"""A local page to move through what a model draws: `tfgan-zoo explore`."""

from tfgan_zoo.explore.app import serve as serve
from tfgan_zoo.explore.endpoint import ServedModel as ServedModel
from tfgan_zoo.explore.gans import Drawing as Drawing
from tfgan_zoo.explore.translators import Translation as Translation
