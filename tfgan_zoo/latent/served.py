"""Images between two seeds of a served model, by its signature `from_latents`."""

from typing import TYPE_CHECKING

import numpy as np

from tfgan_zoo import numbers
from tfgan_zoo.tasks.pixels import to_uint8
from tfgan_zoo.tasks.sampling import interpolate_latents, latents_from_seeds

if TYPE_CHECKING:
    from tfgan_zoo.serving import Client

_DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")
_DEFAULTS = {"label": 0, "truncation": 1.0}


class ServedLatents:
    """Draws what lies between seeds of a served model.

    A server does not tell how its model makes latents of seeds: they are made in each known way, and the
    one is taken by which `from_latents` draws the image that `generate` draws of the seed.

    Args:
        client: `serving.Client`, or what has its `predict` and `metadata`.
    """

    def __init__(self, client: "Client"):
        self._client, self._distribution = client, None
        self._inputs = client.metadata().get("from_latents", {}).get("inputs", {})

    def image(self, seed, toward, share, **asked):
        """The image at a share of the way from one seed's latents to another's, uint8 `[H, W, C]`.

        Args:
            seed, toward: Ints.
            share: Float in [0, 1].
            asked: `label` (0), `text` or `truncation` (1), where the model takes it.

        Raises:
            ValueError: A share out of range, a model whose latents are not known, or without its text.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share must be a number in [0, 1]. Received: {share!r}.")
        defaults = {name: value for name, value in _DEFAULTS.items() if name in self._inputs}
        asked = {name: self._row(name, value) for name, value in {**defaults, **asked}.items()}
        if missing := self._inputs.keys() - {"latents", *asked}:
            raise ValueError(f"The model needs {', '.join(sorted(missing))} too.")
        start, end = self._latents([seed, toward], self.distribution(asked))
        point = interpolate_latents(start, end, [share], self._distribution)
        return self._drawn("from_latents", latents=point, **asked)

    def distribution(self, asked):
        """By which latents are made of seeds, a name; `asked` are rows of the other inputs."""
        if "latents" not in self._inputs:
            raise ValueError(
                "This model is served without from_latents, and seeds cannot be mixed."
            )
        if self._distribution is None:
            drawn = self._drawn("generate", seed=np.zeros(1, np.int64), **asked)
            ways = (d for d in _DISTRIBUTIONS if self._is_alike(drawn, d, asked))
            self._distribution = next(ways, None)
        if self._distribution is None:
            raise ValueError(
                "How this model makes latents of seeds is not known: they cannot be mixed."
            )
        return self._distribution

    def _is_alike(self, drawn, distribution, asked):
        found = self._drawn("from_latents", latents=self._latents([0], distribution), **asked)
        return np.abs(found.astype(int) - drawn).max() <= 1  # kernels round another way

    def _latents(self, seeds, distribution):
        size = self._inputs["latents"].shape[-1]
        return latents_from_seeds(numbers.seeds("seeds", seeds), size, distribution).numpy()

    def _drawn(self, signature, **inputs):
        return to_uint8(self._client.predict(signature, inputs)["images"])[0]

    def _row(self, name, value):
        if name not in self._inputs:
            raise ValueError(f"The model takes no {name}. Received: {value!r}.")
        if name == "truncation":
            return numbers.truncations(value, 1).copy()
        if name == "text":
            return np.array([value.encode()], object)
        return numbers.classes(name, value, 1)
