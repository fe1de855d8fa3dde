"""One picture of a latent space: a seed's, moved towards others and along directions."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.latent.directions import class_direction, closed_form_directions
from tfgan_zoo.latent.spaces import Space, has_styles
from tfgan_zoo.tasks.pixels import to_uint8

MOST_DIRECTIONS = 10  # of those in closed form


class Edit(NamedTuple):
    """What a picture is drawn from; parts that are left out change nothing.

    Attributes:
        seed: Int. Its latents are where all else begins.
        point: Floats of the editor's space to begin at in place of the seed's, such as a projection's.
        label, text: For a model that takes one; by default that of the seed, as `generate` has it.
        truncation: Float in (0, 1], of all latents of seeds.
        toward, share: Another seed, and how much of the way to it is gone, a float in [0, 1].
        style_seed, style_layers: The seed whose styles some layers take, and their numbers from 0.
        codes: Pairs of a code's number and its value, of a model with `with_codes`.
        moves: Pairs of a direction in closed form, 1 being the strongest, and a multiple of it.
        class_moves: Pairs of two classes of the extractor, (start, end), and a multiple of the direction
            from the one to the other; see `class_direction`.
        extractor, samples: The classifier's name, and how many images it is shown.
    """

    seed: int = 0
    point: np.ndarray | None = None
    label: int | str | None = None
    text: str | None = None
    truncation: float = 1.0
    toward: int | None = None
    share: float = 0.5
    style_seed: int | None = None
    style_layers: tuple = ()
    codes: tuple = ()
    moves: tuple = ()
    class_moves: tuple = ()
    extractor: str = "lenet_fashion_mnist"
    samples: int = 2000

    @property
    def is_plain(self):
        """Whether `generate` draws it."""
        others = (self.point, self.toward, self.style_seed)
        edits = (self.codes, self.moves, self.class_moves)
        return all(value is None for value in others) and not any(edits)


class Editor:
    """Draws the pictures of `Edit`s; points are of w+ for a model with styles, else of z.

    Directions are computed when they are first asked for, and kept.

    Args:
        gan: `GAN`.
    """

    def __init__(self, gan: keras.Model):
        self.gan = gan
        self.space = Space(gan, "w+" if has_styles(gan) else "z")
        self._render = tf.function(self.space.render, autograph=False)
        self._closed_form, self.class_directions = None, {}

    def image(self, edit: Edit) -> np.ndarray:
        """The picture, uint8 `[H, W, C]`; bit for bit that of `gan.generate` where nothing is edited.

        Raises:
            ValueError: A part that is out of range, or that the model does not take.
        """
        if edit.is_plain:
            asked = {"labels": edit.label, "texts": edit.text, "truncation": edit.truncation}
            return self.gan.generate(1, edit.seed, **asked)[0]
        labels = self._labels(edit)
        labels = None if labels is None else tf.constant(labels)
        return to_uint8(self._render(tf.constant(self.point(edit)[None]), labels).numpy())[0]

    def point(self, edit: Edit) -> np.ndarray:
        """The point of the space whose picture that is, float32."""
        point = self._seeds(edit, edit.seed) if edit.point is None else self._given(edit.point)
        if edit.toward is not None:
            end, share = self._seeds(edit, edit.toward), _finite("share", edit.share, 0, 1)
            point = self.space.between(point[None], end[None], [share])[0]
        if edit.codes:
            point = self._with_codes(point, edit.codes)
        if edit.style_seed is not None:
            layers = self._layers(edit.style_layers)
            point[layers] = self._seeds(edit, edit.style_seed)[layers]
        for number, strength in edit.moves:
            point = point + np.float32(_finite("strength", strength)) * self.direction(number)
        for classes, strength in edit.class_moves:
            found = self.class_direction(edit.extractor, *classes, edit.samples)
            point = point + np.float32(_finite("strength", strength)) * found.direction
        return point

    # === Directions ===

    @property
    def count(self):
        """How many directions in closed form there are, the strongest ones."""
        return min(MOST_DIRECTIONS, self.space.shape[-1])

    def closed_form(self):
        """The `ClosedForm` of the model.

        Raises:
            ValueError: Its first layers are not affine.
        """
        if self._closed_form is None:
            self._closed_form = closed_form_directions(self.gan, self.count)
        return self._closed_form

    def direction(self, number):
        """A direction in closed form by its number from 1 on, float32 `[D]`."""
        number = numbers.integer("direction", number, 1, self.count)
        return self.closed_form().directions[number - 1]

    def class_direction(self, extractor, start, end, samples):
        """The `Supervised` direction from one class of a classifier to another."""
        asked = (extractor, start, end, samples)
        if asked not in self.class_directions:
            self.class_directions[asked] = class_direction(self.gan, *asked)
        return self.class_directions[asked]

    # === Pieces ===

    def _seeds(self, edit, seed):
        seed = numbers.integer("seed", seed, *numbers.INT64)
        labels = self._labels(edit) if self.space.name != "z" else None
        return self.space.from_seeds([seed], edit.truncation, labels)[0]

    def _labels(self, edit):
        """The label or text as an array `[1]`; None for a model without."""
        own = self.gan.condition
        for name, value in {"labels": edit.label, "texts": edit.text}.items():
            if value is not None and not (own and own.key == name):
                raise ValueError(f"{type(self.gan).__name__} takes no {name}. Received: {value!r}.")
        if own is None:
            return None
        asked = edit.label if own.key == "labels" else edit.text
        return own.defaults([edit.seed]).numpy() if asked is None else own.given(asked, 1)

    def _given(self, point):
        point = np.array(point, np.float32)
        self.space.check(point[None])
        if not np.isfinite(point).all():
            raise ValueError("A point must be finite; this one holds NaN or infinity.")
        return point

    def _layers(self, layers):
        name = type(self.gan).__name__
        if self.space.name == "z":
            raise ValueError(f"{name} has no styles, and only styles can be mixed.")
        if not layers:
            raise ValueError("style_layers must name the layers that take the style.")
        last = self.gan.num_styles - 1
        return [numbers.integer("style_layers", layer, 0, last) for layer in layers]

    def _with_codes(self, point, codes):
        if not hasattr(self.gan, "with_codes"):
            raise ValueError(f"{type(self.gan).__name__} has no codes. Received: codes={codes}.")
        for code, value in codes:
            point = self.gan.with_codes(point[None], code, [value])[0]
        return point


def _finite(name, value, low=-1e6, high=1e6):
    number = numbers.plain(value)
    if not numbers.is_number(number) or not low <= number <= high:
        raise ValueError(f"{name} must be a number in [{low:g}, {high:g}]. Received: {value!r}.")
    return number
