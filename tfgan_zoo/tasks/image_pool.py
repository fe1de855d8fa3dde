"""A pool of generated images, of which a discriminator is shown older ones.

Reference: Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial
Training", 2017 (arXiv:1612.07828, section 2.3), as CycleGAN uses it.
"""

import tensorflow as tf


class ImagePool:
    """Images made before, a part of the model's state: saved, and the same on every replica.

    Until it is full every image goes in and is shown. Then half of the images are shown; in place of the
    others one of the pool is, and they take its place. The places of one update differ.

    Args:
        model: The model whose state it is.
        name: Of the state, such as "pool".
        size: Int. Images in the pool; at least those of a global batch.
        shape: Of an image.
    """

    def __init__(self, model, name, size, shape):
        self.name, self.size, self._replicas = name, size, model._replicas
        options = {"exported": False}
        self.count = model.add_state(f"{name}/count", 0, "int64", **options)
        self.images = model.add_state(f"{name}/images", 0.0, shape=(size, *shape), **options)

    def shown(self, images, rng):
        """What a discriminator is shown in place of images `[B, H, W, C]`, and what `keep` needs.

        Raises:
            ValueError: A global batch of more images than the pool has places.
        """
        if rng.count * self._replicas > self.size:
            raise ValueError(
                f"An update has {rng.count * self._replicas} images, and the pool {self.size} places. "
                "Give a smaller batch_size, or a larger pool_size; 0 leaves the pool out."
            )
        seen, size = tf.cast(self.count.value, tf.int32), self.size
        places = rng.start + tf.range(rng.count)
        is_full, is_older = seen >= size, rng.uniform([])[:, None, None, None] < 0.5
        slots = tf.gather(tf.argsort(rng.shared_uniform([size])), places % size)
        slots = tf.where(is_full, slots, (seen + places) % size)
        older = tf.gather(self.images.value, slots)
        shown = tf.where(is_full & is_older, older, images)
        fits = is_full | (seen + places < size)
        goes_in = fits[:, None, None, None] & (is_older | ~is_full)
        kept = tf.where(goes_in, images, older)
        rows = {"slots": tf.cast(slots, tf.float32), "images": tf.stop_gradient(kept)}
        return shown, {f"{self.name}/{key}": value for key, value in rows.items()}

    def keep(self, rows):
        """Takes in the images of a global batch."""
        slots = tf.cast(tf.round(rows[f"{self.name}/slots"]), tf.int32)
        kept = tf.tensor_scatter_nd_update(
            self.images.value, slots[:, None], rows[f"{self.name}/images"]
        )
        self.images.assign(kept)
        self.count.assign_add(tf.size(slots, tf.int64))
