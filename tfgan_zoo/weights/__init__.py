"""The variables of a model by name: in an artifact, in a `.keras` file and in a checkpoint."""

from tfgan_zoo.weights.loading import load as load
from tfgan_zoo.weights.named import copy as copy
from tfgan_zoo.weights.named import variables as variables
