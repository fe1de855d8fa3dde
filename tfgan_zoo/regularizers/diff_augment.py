"""The same augmentation throughout."""

from tfgan_zoo import augment
from tfgan_zoo.regularizers.base import Regularizer


class DiffAugment(Regularizer):
    """Real and generated images are changed at random, and the generator learns through the changes.

    Args:
        policy: Some of "color,translation,cutout", with commas between them, done in that order. The
            paper has all three for small data sets.

    Reference: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020
    (arXiv:2006.10738).
    """

    bounds = {"policy": ""}

    def __init__(self, policy: str = "color,translation,cutout"):
        self.policy = policy
        names, known = self._names(), augment.DIFF_AUGMENT
        if not set(names) <= set(known) or len(set(names)) < len(names):
            raise ValueError(
                f"DiffAugment: policy must be some of {', '.join(known)}, each once, with commas "
                f"between them. Received: policy={policy!r}."
            )

    def augment_images(self, model, images, rng):
        for name in self._names():
            images = augment.DIFF_AUGMENT[name](images, rng)
        return images

    def _names(self):
        return [name.strip() for name in self.policy.split(",")]
