"""The base of models from images to images that learn by distances alone."""

from tfgan_zoo.tasks.image_to_image import ImageToImage


class WithoutDiscriminator(ImageToImage):
    """One player, the generator: a variant overrides `build_generator` and `generator_loss`.

    It has the options of `ImageToImage` but for `objective` and `d_learning_rate`.
    """

    has_discriminator = False

    @classmethod
    def _inherited_defaults(cls):
        found = super()._inherited_defaults()
        return {k: v for k, v in found.items() if k not in ("objective", "d_learning_rate")}
