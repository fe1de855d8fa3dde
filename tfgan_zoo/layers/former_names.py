"""Layers that had another name in an earlier release: what was saved under it still loads."""

import re

import keras
from keras import layers

FORMER = {}  # the new name of each old one


class Renamed(layers.Layer):
    """A layer that is given its old name: `class ConstantInput(Renamed, former="LearnedConstant")`.

    Keras files hold the class's name twice: in the config of a model of layers, and, in snake case, in
    the place of the layer's weights.
    """

    def __init_subclass__(cls, former=None, **kwargs):
        super().__init_subclass__(**kwargs)
        if former:
            cls._former, FORMER[former] = former, cls.__name__
            keras.saving.get_custom_objects()[f"tfgan_zoo>{former}"] = cls

    def load_own_variables(self, store):
        place = getattr(store, "_h5_entry_path", None)
        if place and not len(store.keys()):
            parent, _, own = place.rpartition("/")
            own = own.replace(_snake_case(type(self).__name__), _snake_case(self._former))
            store = store.get(f"{parent}/{own}")
        super().load_own_variables(store)


def _snake_case(name):
    return re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
