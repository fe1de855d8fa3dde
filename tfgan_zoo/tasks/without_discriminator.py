"""The base of models from images to images that learn by distances alone."""

from tfgan_zoo.engine.players import Player
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.image_to_image import ImageToImage


class WithoutDiscriminator(ImageToImage):
    """One player, the generator: a variant overrides `build_generator` and `generator_loss`.

    It has the options of `ImageToImage` but for `objective` and `d_learning_rate`.
    """

    @classmethod
    def _inherited_defaults(cls):
        found = super()._inherited_defaults()
        return {k: v for k, v in found.items() if k not in ("objective", "d_learning_rate")}

    def build_networks(self):
        self.generator = self.build_generator()
        with full_precision():
            self.ema_generator = self.build_generator()

    def networks(self):
        return {"generator": self.generator, "ema_generator": self.ema_generator}

    def players(self):
        """The generator."""
        return [Player("generator", [self.generator], self.generator_loss, self.g_learning_rate)]
