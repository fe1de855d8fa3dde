"""What the page asks of a GAN in this process: pictures of edits, directions, projections."""

import numpy as np

from tfgan_zoo import latent
from tfgan_zoo.datasets.sources import GARMENTS
from tfgan_zoo.explore import commands, pictures
from tfgan_zoo.explore.work import Busy
from tfgan_zoo.metrics import extractors

_CLASSIFIERS = {
    "lenet_fashion_mnist": GARMENTS,
    "lenet_mnist": tuple("0123456789"),
}  # of grey images
_EDITS = set(latent.Edit._fields)
_PROJECTION = {"picture", "file", "label", "text", "steps", "restarts", "candidates"}
_MOST = {"steps": 2000, "restarts": 8, "candidates": 1024}
_DEVIATIONS = 4  # of points, as far as the sliders of directions go


class Drawing:
    """A GAN of this process.

    Args:
        gan: `GAN`.
        words: How the command line names it, a list: the model, and its options.
    """

    image_parameters = _EDITS
    takes_pictures = True

    def __init__(self, gan, words):
        if gan.image_shape[-1] > 4:
            raise ValueError(
                f"A page shows images of 1 to 4 channels, not of {gan.image_shape[-1]}."
            )
        self.gan, self.words, self.editor = gan, list(words), latent.Editor(gan)
        self.uploads, self._points = pictures.uploads(), pictures.results()
        self.jobs = {
            "project": ("The projection", _PROJECTION, self._projected),
            "directions": (
                "The search for a direction",
                {"start", "end", "extractor", "samples"},
                self._class_direction,
            ),
        }

    def describe(self):
        """What the model is and which controls it has, for `/api/model`."""
        controls = {"seed": True, "truncation": True, "toward": True, "directions": True}
        controls |= {"project": {"most": _MOST, "space": self.editor.space.name}}
        controls |= self._condition() | self._codes()
        if self.editor.space.name == "w+":
            controls["styles"] = {"layers": self.gan.num_styles}
        classifiers = self._classifiers()
        if classifiers:
            controls["class_directions"] = classifiers
        name = type(self.gan).__name__
        return {"kind": "gan", "class": name, "image": self.gan.image_shape, "controls": controls}

    def image(self, asked):
        """The PNG file of a state.

        Raises:
            ValueError: Something that the model does not take, or that is out of range.
        """
        return pictures.png(self.editor.image(self._edit(asked)))

    def directions(self):
        """Strengths of the directions in closed form, and how far the sliders of each go."""
        try:
            found = self.editor.closed_form()
        except ValueError as error:
            return {"strengths": [], "limits": [], "absent": str(error)}
        points = self.editor.space.from_seeds(np.arange(64))
        places = points.reshape(len(points), -1, points.shape[-1])[:, 0] @ found.directions.T
        limits = np.maximum(np.ceil(_DEVIATIONS * places.std(axis=0) * 2) / 2, 0.5)
        return {"strengths": found.strengths.tolist(), "limits": limits.tolist()}

    def command(self, asked):
        """The command that draws the same picture; of a projection the two that do."""
        edit = self._edit(asked)
        start = [("seed", edit.seed)]
        before = ""
        if "point" in asked:
            _, before = self._points.get_kept(asked["point"])
            start = [("point", "found.npz")]
        given = commands.condition(asked, self.gan.class_names)
        options = [*start, *given, *commands.edits(edit), ("out", commands.OUT)]
        return before + commands.line(["draw", *self.words], options)

    # === Pieces ===

    def _edit(self, asked):
        given = dict(asked)
        if "point" in given:
            given["point"], _ = self._points.get_kept(given["point"])
        edit = latent.Edit(**given)
        for (start, end), _ in edit.class_moves:
            if (edit.extractor, start, end, edit.samples) not in self.editor.class_directions:
                raise Busy("This direction between two classes must be found first.")
        return edit

    def _condition(self):
        own = self.gan.condition
        if own is None:
            return {}
        if own.key == "texts":
            return {"text": {"examples": list(own.texts)}}
        return {"label": {"count": own.num_classes, "names": self.gan.class_names}}

    def _codes(self):
        if not hasattr(self.gan, "with_codes"):
            return {}
        gan = self.gan
        found = [{"categories": gan.categories}] * gan.categorical_codes
        return {"codes": found + [{"categories": None}] * gan.continuous_codes}

    def _classifiers(self):
        """Classifiers whose classes a direction may join: of grey images, and models without labels."""
        if self.gan.condition is not None or self.gan.image_shape[-1] != 1:
            return []
        known = [name for name in _CLASSIFIERS if name in extractors.names()]
        return [{"name": name, "classes": _CLASSIFIERS[name]} for name in known]

    def _class_direction(self, asked):
        defaults = latent.Edit._field_defaults
        extractor = asked.get("extractor", defaults["extractor"])
        samples = asked.get("samples", defaults["samples"])
        if extractor not in _CLASSIFIERS or not {"start", "end"} <= asked.keys():
            raise ValueError(
                f"Give start, end, and an extractor of {', '.join(_CLASSIFIERS)}. Received: {asked}."
            )
        if not 100 <= samples <= 10_000:
            raise ValueError(f"samples must lie in [100, 10,000]. Received: {samples}.")
        found = self.editor.class_direction(extractor, asked["start"], asked["end"], samples)
        return {"accuracy": found.accuracy, "chance": found.chance}

    def _projected(self, asked):
        own, options = self.gan.condition, {k: asked[k] for k in _MOST if k in asked}
        for name, value in options.items():
            if not 0 <= value <= _MOST[name]:
                raise ValueError(f"{name} must lie in [0, {_MOST[name]:,}]. Received: {value}.")
        contents = self.uploads.get_kept(asked.get("picture", ""))
        image = pictures.pixels(contents, self.gan.image_shape[2], tuple(self.gan.image_shape[:2]))
        given = self._given_condition(asked)
        given = given or self._default_condition()
        labels = None if own is None else given.get("label", given.get("text"))
        space = self.editor.space.name
        found = latent.project(self.gan, image[None], space, labels=labels, **options)
        names = [("images", commands.file(asked.get("file"))), *options.items(), ("space", space)]
        names += commands.condition(given, self.gan.class_names)
        names += [("save", "found.npz"), ("out", "found.png")]
        before = commands.line(["project", *self.words], names) + " && "
        point = self._points.put((found.points[0], before), contents, *map(str, names))
        losses = [float(found.losses[0].mean()), float(found.losses.min())]
        return {"point": point, "losses": losses, **given}

    def _given_condition(self, asked):
        given = {k: v for k, v in asked.items() if k in ("label", "text")}
        for name in given.keys() - self._condition().keys():
            raise ValueError(
                f"{type(self.gan).__name__} takes no {name}. Received: {given[name]!r}."
            )
        return given

    def _default_condition(self):
        own = self.gan.condition
        if own is None:
            return {}
        first = own.defaults([0]).numpy()[0]
        return {"label": int(first)} if own.key == "labels" else {"text": first.decode()}
