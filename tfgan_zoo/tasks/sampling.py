"""From seeds to latents, and from latents to images."""

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.engine import construction
from tfgan_zoo.layers.rng import normal_rows, uniform_rows, within
from tfgan_zoo.names import suggesting
from tfgan_zoo.tasks.adversarial import AdversarialLosses
from tfgan_zoo.tasks.drawing import draw
from tfgan_zoo.tasks.pixels import quantized
from tfgan_zoo.tasks.pixels import to_uint8 as to_uint8
from tfgan_zoo.tasks.served import guarded

_MAX_PNG_CHANNELS = 4


def latents_from_seeds(seeds, latent_dim, distribution):
    """One latent vector for each seed, a function of that seed only.

    Args:
        seeds: int64 `[B]`.
        latent_dim: Int D.
        distribution: "normal", "truncated_normal" (within [-2, 2]) or "uniform" (over [-1, 1)).

    Returns:
        float32 `[B, D]`.
    """
    seeds = tf.cast(seeds, tf.int64)[:, None]
    low, high = seeds & 0xFFFFFFFF, tf.bitwise.right_shift(seeds, 32)
    key = (tf.cast(low, tf.uint32), tf.cast(high & 0xFFFFFFFF, tf.uint32))
    rows = tf.zeros_like(seeds[:, 0], tf.uint32)
    if distribution == "normal":
        return normal_rows(key, rows, latent_dim)
    if distribution == "truncated_normal":
        return within(normal_rows(key, rows, latent_dim), 2.0)
    return 2 * uniform_rows(key, rows, latent_dim) - 1


def interpolate_latents(start, end, shares, distribution):
    """Latents on the way from `start` to `end`, float32 `[N, D]`.

    Normal latents go along the great circle, so that no midpoint is shorter than what the generator
    saw in training (White, "Sampling Generative Networks", 2016); uniform ones along the line.

    Args:
        start, end: Floats `[D]`, or one for each share, `[N, D]`.
        shares: Floats `[N]`: 0 is the start, 1 the end.
        distribution: "normal", "truncated_normal" or "uniform".
    """
    share, start, end = np.asarray(shares)[:, None], *map(np.float64, (start, end))
    line = (1 - share) * start + share * end
    if distribution == "uniform":
        return line.astype(np.float32)
    lengths = np.linalg.norm(start, axis=-1) * np.linalg.norm(end, axis=-1)
    angle = np.arccos(np.clip((start * end).sum(-1) / lengths, -1.0, 1.0))[..., None]
    sine = np.where(np.sin(angle) < 1e-6, np.nan, np.sin(angle))
    path = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / sine
    return np.where(np.isnan(path), line, path).astype(np.float32)


def checked_truncation(truncation, latents):
    """A truncation as it is, or, outside of a graph, float32 `[B]`, one for each of the latents."""
    if not tf.executing_eagerly():
        return truncation
    return numbers.truncations(truncation, len(latents))


class Sampling(AdversarialLosses):
    """`generate`, `interpolate` and `export` of a `GAN`."""

    truncates = False  # whether served models take `truncation`
    _graphs = ((), {})  # of `render`: the networks that they hold, and each by its rows' names

    def latents_for(self, seeds):
        """The latents of int64 seeds `[B]`, float32 `[B, D]`, each a function of its seed only."""
        return latents_from_seeds(seeds, self.latent_dim, self.latent_distribution)

    def truncate(self, latents, truncation):
        """Latents nearer to the middle, for less varied and cleaner images; float32 `[B, D]`.

        Normal latents beyond 2 * truncation are drawn anew within (Brock et al. 2019, section 3.1;
        here by the increasing map between the two distributions, so that a seed keeps its place);
        uniform and truncated normal ones are scaled.

        Args:
            latents: float32 `[B, D]`.
            truncation: Float in (0, 1], or one for each image; 1 changes nothing.
        """
        truncation = tf.broadcast_to(tf.cast(truncation, tf.float32), [tf.shape(latents)[0]])[
            :, None
        ]
        if self.latent_distribution != "normal":
            return latents * truncation
        return tf.where(truncation < 1, within(latents, 2 * truncation), latents)

    @suggesting
    def generate(self, n, seed=None, labels=None, truncation=1.0, batch_size=64, texts=None):
        """Draws images from the moving average of the generator.

        Args:
            n: Int. How many.
            seed: Int. Image i is a function of seed + i alone. None draws a seed.
            labels: Int, or ints `[n]`, for a model with labels; by default (seed + i) % num_classes.
                For a model with `class_names`, names too: "orange", or `["orange", "lemon"]`, in
                upper or lower case.
            truncation: Float in (0, 1], or floats `[n]`; see `truncate`.
            batch_size: Int. Images drawn at once.
            texts: String, or strings `[n]`, for a model that draws from texts.

        Returns:
            uint8 `[n, H, W, C]`.
        """
        seeds = numbers.seeds_from(seed, n)
        return self.generate_from_seeds(seeds, labels, truncation, batch_size, texts)

    @suggesting
    def generate_from_seeds(self, seeds, labels=None, truncation=1.0, batch_size=64, texts=None):
        """Draws one image for each seed: int64 `[n]` -> uint8 `[n, H, W, C]`."""
        seeds = numbers.seeds("seeds", seeds)
        latents = self.latents_for(seeds)
        asked = self._asked_for(seeds, labels=labels, texts=texts)
        return self._rendered(latents, asked, truncation, batch_size)

    @suggesting
    def interpolate(self, start_seed, end_seed, steps=8, label=None, text=None):
        """Images on the way from one seed's image to another's, uint8 `[steps, H, W, C]`."""
        ends = {"start_seed": start_seed, "end_seed": end_seed}
        ends = [numbers.integer(name, seed, *numbers.INT64) for name, seed in ends.items()]
        numbers.integer("steps", steps)
        start, end = self.latents_for(ends).numpy()
        shares = np.linspace(0.0, 1.0, steps)
        path = interpolate_latents(start, end, shares, self.latent_distribution)
        return self._rendered(path, self._asked_for(0, labels=label, texts=text))

    def _asked_for(self, seeds, **given):
        """The labels or texts that a caller gives; by default those of the seeds."""
        own = self.condition.key if self.condition else None
        for name, values in given.items():
            if values is not None and name != own:
                model = type(self).__name__
                raise ValueError(f"{model} takes no {name}. Received: {name}={values!r}.")
        if own and given[own] is None:
            return self.condition.defaults(seeds).numpy()
        return given.get(own)

    def render(self, latents, labels=None, truncation=1.0, training=False):
        """Float images in [-1, 1], `[B, H, W, C]`, of the averaged generator."""
        latents = self.checked_latents(latents)
        if not (isinstance(truncation, float) and truncation == 1.0):
            latents = self.truncate(latents, checked_truncation(truncation, latents))
        labels = self.checked_labels(labels, latents)
        images = self.ema_generator(self.inputs_of_average(latents, labels), training=training)
        return tf.cast(images, tf.float32)

    def checked_latents(self, latents):
        """Latents as a float tensor `[B, D]`; other shapes and dtypes, and outside of a graph NaN and
        infinity, raise ValueError."""
        latents = tf.convert_to_tensor(latents)
        rank_is_known = latents.shape.rank is not None
        if rank_is_known and not latents.shape.is_compatible_with([None, self.latent_dim]):
            raise ValueError(
                f"Latents must have shape [B, {self.latent_dim}]. Received: {latents.shape}."
            )
        if not latents.dtype.is_floating:
            raise ValueError(f"Latents must be floats. Received: {latents.dtype.name}.")
        if tf.executing_eagerly() and not np.isfinite(np.asarray(latents, np.float32)).all():
            raise ValueError("Latents hold NaN or infinity.")
        return latents

    def checked_labels(self, labels, latents):
        """Labels or texts as a tensor `[B]`; outside of a graph, classes that do not exist raise
        ValueError."""
        own = self.condition
        if own is None and labels is not None:
            raise ValueError(f"{type(self).__name__} takes no labels. Received: {labels!r}.")
        if own is None:
            return None
        if labels is None:
            raise ValueError(f"{type(self).__name__} needs {own.key}, one for each row of latents.")
        if tf.executing_eagerly() and self.num_classes is not None:
            labels = own.given(labels, len(latents))
        return tf.convert_to_tensor(labels)

    def inputs_of_average(self, latents, labels):
        """What the averaged generator is called with."""
        return self.generator_inputs(latents, {"labels": labels})

    def _rendered(self, latents, labels, truncation=1.0, batch_size=64):
        n = len(latents)
        numbers.integer("batch_size", batch_size)
        truncations = numbers.truncations(truncation, n)
        labels = self.condition.given(labels, n) if self.condition else None
        parts = draw(self, np.float32(latents), labels, truncations, batch_size)
        return np.concatenate(list(parts))

    def forward_seeds(self, seeds, labels=None, truncation=1.0, training=False):
        """Float images in [-1, 1], `[n, H, W, C]`, of the averaged generator for int64 seeds `[n]`."""
        latents = self.latents_for(seeds)
        if self.condition and labels is None:
            labels = self.condition.defaults(seeds)
        return self.render(latents, labels, truncation, training)

    def endpoints(self):
        """What `export` writes: `{name: (function, input signature)}`.

        Every input has a batch dimension and every row is answered by itself, so that a server may
        run the rows of several requests together: `seed` int64 `[B]`, `label` int32 `[B]` for a model
        with labels, `text` strings `[B]` for one that draws from texts, `truncation` float32 `[B]` for
        a model that `truncates`, `latents` float32 `[B, D]`, `images` float32 `[B, H, W, C]` in [-1, 1].
        """
        channels = self.image_shape[-1]
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        images = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        label = [self.condition.spec()] if self.condition else []
        options = label + [tf.TensorSpec([None], tf.float32, name="truncation")] * self.truncates
        found = {
            "generate_png": (self._serve_png, [seed, *options]),
            "generate": (self._serve_images, [seed, *options]),
            "from_latents": (self._serve_latents, [latents, *options]),
            "score": (
                self.served_scores,
                [images, *(label if self.conditional_discriminator else [])],
            ),
        }
        if channels > _MAX_PNG_CHANNELS:
            del found["generate_png"]
        return found

    def served(self):
        """The `endpoints`, safe to serve: a row with a class that does not exist, a truncation outside
        (0, 1], NaN or infinity is answered with NaN and empty strings, and all others as ever. For a
        model with classes `classes` answers how many there are, and their names."""
        ranges = self.classes_of_inputs()
        found = {
            name: (guarded(function, signature, ranges), signature)
            for name, (function, signature) in self.endpoints().items()
        }
        if self.num_classes is not None:
            found["classes"] = (self.condition.describe, [self.condition.spec()])
        return found

    def classes_of_inputs(self):
        """`{name: n}` of the inputs of endpoints whose values are classes in [0, n)."""
        return {} if self.num_classes is None else {self.condition.served: self.num_classes}

    def _serve_images(self, seed, *options):
        return {"images": self.forward_seeds(seed, **self._named(options))}

    def _serve_png(self, seed, *options):
        images = self.forward_seeds(seed, **self._named(options))
        return {"image_bytes": tf.io.encode_png(quantized(images))}

    def _serve_latents(self, latents, *options):
        return {"images": self.render(latents, **self._named(options))}

    def _named(self, options):
        """The inputs that this model takes beside seeds or latents, by name."""
        names = ["labels"] * (self.condition is not None) + ["truncation"] * self.truncates
        return dict(zip(names, options, strict=True))

    def served_scores(self, images, label=None):
        """What the signature `score` answers; of the logits of patches, their mean."""
        key = self.condition.key if self.condition else "labels"
        outputs = self.discriminator_outputs(images, {key: label})
        return {**outputs, "logits": tf.reduce_mean(outputs["logits"], axis=1, keepdims=True)}

    def export(self, path, name=None, version=None, **options):
        """Writes `<path>/<name>/<version>/`, a SavedModel for servers. See `tfgan_zoo.export.export`."""
        from tfgan_zoo.export import export  # gRPC and its messages, which only exporting needs

        construction.check_saved(self)
        return export(self, path, name, version, **options)
