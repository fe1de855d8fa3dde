"""Latent spaces: z of every model; w and w+ of models with styles."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.tasks.sampling import interpolate_latents, to_uint8


class Space:
    """A latent space of a model: its points and their images.

    A point of "z" is what the generator is trained with, `[latent_dim]`. A point of "w" is one style for
    all layers of a model with styles, `[D]`, and one of "w+" has a style for each layer,
    `[num_styles, D]` (Abdal et al., "Image2StyleGAN", 2019).

    Attributes:
        shape: That of one point.

    Args:
        gan: `GAN`; one with styles has `styles_from_latents`, `images_from_styles` and `num_styles`.
        name: "z", "w" or "w+"; None is "w" for a model with styles, and else "z".

    Raises:
        ValueError: Another name, or "w" or "w+" for a model without styles.
    """

    def __init__(self, gan: keras.Model, name: str | None = None):
        known = ("z", "w", "w+") if has_styles(gan) else ("z",)
        name = name or ("w" if has_styles(gan) else "z")
        if name not in known:
            raise ValueError(
                f"{type(gan).__name__} has the latent spaces {', '.join(known)}. Received: {name!r}."
            )
        self.gan, self.name = gan, name
        self.shape = self.from_seeds([0]).shape[1:]

    # === Points ===

    def from_seeds(
        self, seeds: ArrayLike, truncation: float = 1.0, labels: ArrayLike | None = None
    ) -> np.ndarray:
        """The points whose images `generate_from_seeds` draws, float32 `[N, …]`; for labels see
        `from_latents`."""
        latents = self.gan.latents_for(np.asarray(seeds, np.int64))
        return self.from_latents(latents, truncation, labels)

    def from_latents(
        self, latents: ArrayLike, truncation: float = 1.0, labels: ArrayLike | None = None
    ) -> np.ndarray:
        """Points of latents `[N, latent_dim]`, as a float32 array; truncation in (0, 1].

        The styles of a model with labels are of a class: labels are an int, or ints `[N]`, 0 by default.
        """
        if not 0 < truncation <= 1:
            raise ValueError(f"truncation must lie in (0, 1]. Received: {truncation!r}.")
        if self.name == "z":
            latents = latents if truncation == 1 else self.gan.truncate(latents, truncation)
            return np.array(latents, np.float32)
        labels = {"labels": self.labels(labels, len(latents))} if self.gan.condition else {}
        styles = np.array(self.gan.styles_from_latents(tf.constant(latents), truncation, **labels))
        return styles if self.name == "w+" else styles[:, 0]

    def between(self, starts: ArrayLike, ends: ArrayLike, shares: ArrayLike) -> np.ndarray:
        """Interpolates from `starts` `[N, …]` to `ends`, one point for each share `[N]`.

        In z this is `interpolate_latents`; in w and w+ it is linear.
        """
        starts, ends = np.asarray(starts), np.asarray(ends)
        distribution = self.gan.latent_distribution if self.name == "z" else "uniform"
        flat = (points.reshape(len(points), -1) for points in (starts, ends))
        return interpolate_latents(*flat, shares, distribution).reshape(starts.shape)

    def likely(self, points: tf.Tensor) -> tf.Tensor:
        """The nearest points such as the generator saw in training; a tensor.

        Uniform latents lie in [-1, 1]. The length of normal ones is sqrt(D) with a standard deviation of
        0.7, whatever D: it is kept within sqrt(D) + 2. Styles may be any.
        """
        if self.name != "z":
            return points
        if self.gan.latent_distribution == "uniform":
            return tf.clip_by_value(points, -1.0, 1.0)
        return tf.clip_by_norm(points, self.gan.latent_dim**0.5 + 2, axes=[1])

    # === Images ===

    def render(self, points: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Float images in [-1, 1] `[N, H, W, C]` of points, a tensor with gradients."""
        if self.name == "z":
            return self.gan.render(points, labels)
        if self.name == "w":
            points = tf.repeat(points[:, None], self.gan.num_styles, axis=1)
        return self.gan.images_from_styles(points)

    def images(
        self, points: ArrayLike, labels: ArrayLike | None = None, batch_size: int = 64
    ) -> np.ndarray:
        """uint8 images `[N, H, W, C]` of points `[N, …]`.

        Args:
            points: Floats `[N, …]`.
            labels: Int, or ints `[N]`, for a model with labels, 0 by default; a string, or strings
                `[N]`, for one with texts, the first of its `default_texts` by default.
            batch_size: Int. Images drawn at once.

        Raises:
            ValueError: Points or labels of another shape, or labels for a model without.
        """
        points, drawn = np.asarray(points, np.float32), []
        self.check(points)
        labels = self.labels(labels, len(points))
        for start in range(0, len(points), batch_size):
            rows = slice(start, start + batch_size)
            part = None if labels is None else tf.constant(labels[rows])
            drawn.append(np.asarray(self.render(tf.constant(points[rows]), part)))
        return to_uint8(np.concatenate(drawn))

    def labels(self, labels, count):
        """Labels or texts `[count]` as an array, or None for a model without; checked."""
        condition = self.gan.condition
        if condition is None:
            if labels is not None:
                name = type(self.gan).__name__
                raise ValueError(f"{name} takes no labels. Received: labels={labels!r}.")
            return None
        labels = np.asarray(condition.defaults([0])[0].numpy() if labels is None else labels)
        labels = np.broadcast_to(labels, [count]) if labels.ndim == 0 else labels
        return condition.checked(labels, count)

    def check(self, points):
        """Refuses an array that is not one of points of this space."""
        shape = np.shape(points)
        if not shape or shape[1:] != self.shape or not shape[0]:
            wanted = ", ".join(map(str, ("N", *self.shape)))
            raise ValueError(
                f"Points of the space {self.name} have shape [{wanted}]. Received: {shape}."
            )


def has_styles(gan):
    """Whether the model's latents become styles, one for each layer."""
    return hasattr(gan, "images_from_styles")
