"""The old name of `tfgan_zoo.visualization`."""

from tfgan_zoo.deprecated import moved

__getattr__ = moved(__name__, "tfgan_zoo.visualization")
