"""GANs for Keras and TensorFlow: `fit` them, load them, serve them."""

from tfgan_zoo import losses as losses
from tfgan_zoo import penalties as penalties
from tfgan_zoo.models import *  # noqa: F403
from tfgan_zoo.presets import from_preset as from_preset
from tfgan_zoo.presets import list_presets as list_presets

__version__ = "0.1.0"
