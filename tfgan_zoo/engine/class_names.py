"""The names of a model's classes: by them, not by numbers, data and models are joined."""

from tfgan_zoo.datasets.labels import checked_names, joined
from tfgan_zoo.engine.state import State


class ClassNames(State):
    """The attribute `class_names`."""

    num_classes = None  # set by models that take labels
    _class_names = None

    @property
    def class_names(self):
        """The names of the classes by their number, a tuple of strings; None where they are not known.

        `fit` takes them from data that have names; they are saved and exported with the model. Others
        than `num_classes` different strings raise ValueError.
        """
        return self._class_names

    @class_names.setter
    def class_names(self, names):
        names = None if names is None else checked_names(names)
        model = type(self).__name__
        if names and self.num_classes is None:
            raise ValueError(f"{model} has no classes to name. Received: class_names={names}.")
        if names and len(names) != self.num_classes:
            raise ValueError(
                f"{model} has num_classes={self.num_classes}. Received {len(names)} class_names: "
                f"{some(names)}."
            )
        self._class_names = names


def joined_to(gan, source):
    """The source with its labels as the model numbers its classes, and the names of these or None.

    Raises:
        ValueError: Classes that are not those of the model.
    """
    names = source.class_names
    if gan.num_classes is None or names is None:
        return source, gan.class_names
    if gan.class_names is None and len(names) != gan.num_classes:
        raise ValueError(
            f"The data have {len(names)} classes ({some(names)}), and the model has "
            f"num_classes={gan.num_classes}. Make the model with num_classes={len(names)}."
        )
    try:
        return joined(source, gan.class_names), gan.class_names or names
    except ValueError as error:
        raise ValueError(
            f"The model was made for other classes. {error} Train a new model, or rename the classes "
            "of the data; gan.class_names = None forgets the names of the model's."
        ) from error


def some(names, most=10):
    """The first of the names, for messages."""
    return ", ".join([*names[:most], *["…"] * (len(names) > most)])
