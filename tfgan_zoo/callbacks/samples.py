"""Pictures of what the generator draws, for the same seeds all along."""

import os
from collections.abc import Sequence

from numpy.typing import ArrayLike

from tfgan_zoo.callbacks.steps import StepCallback
from tfgan_zoo.callbacks.tensorboard import Writer
from tfgan_zoo.files import local
from tfgan_zoo.visualization import image_grid, write_png


class GridCallback(StepCallback):
    """Writes what `grid()` gives as `<directory>/<step>.png`, and to TensorBoard as `tag`.

    Args:
        directory: Folder of the PNG files.
        every: Int, or "epoch".
        tensorboard_dir: Folder of event files that get the same pictures, or None.
    """

    tag = "samples"

    def __init__(
        self,
        directory: str | os.PathLike,
        every: int | str = "epoch",
        tensorboard_dir: str | os.PathLike | None = None,
    ):
        super().__init__(every)
        self.directory, self._writer = local(directory), None
        self.tensorboard_dir = tensorboard_dir and local(tensorboard_dir)

    def grid(self):
        """The picture, uint8 `[H, W, C]`."""
        raise NotImplementedError

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.tensorboard_dir is not None and self.is_chief:
            self._writer = Writer(self.tensorboard_dir, self.model.privacy is None)

    def on_step(self, step, logs):
        if not self.is_chief:
            return
        grid = self.grid()
        write_png(self.directory / f"{step:06d}.png", grid)
        if self._writer:
            self._writer.image(self.tag, grid, step)

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()


class SampleGrid(GridCallback):
    """Draws the images of fixed seeds as a grid, `<directory>/<step>.png`.

    Args:
        directory: Folder of the PNG files.
        seeds: Int n for the seeds 0 to n - 1, or the seeds.
        every: Int, or "epoch".
        labels: Int, or one for each seed, for a model with labels; by default seed % num_classes.
        tensorboard_dir: Folder of event files that get the same images, or None.

    Raises:
        ValueError: Before training, for a model whose images have more than 4 channels.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        seeds: int | Sequence[int] = 16,
        every: int | str = "epoch",
        labels: ArrayLike | None = None,
        tensorboard_dir: str | os.PathLike | None = None,
    ):
        super().__init__(directory, every, tensorboard_dir)
        self.seeds = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
        self.labels = labels

    def on_train_begin(self, logs=None):
        channels = self.model.image_shape[-1]
        if not hasattr(self.model, "generate_from_seeds"):
            raise TypeError(
                f"SampleGrid draws from seeds, and {type(self.model).__name__} translates images. Use "
                "TranslationGrid."
            )
        if channels > 4:
            raise ValueError(
                f"SampleGrid writes PNG files, which have 1 to 4 channels, and the model's images have "
                f"{channels}. Leave the callback out."
            )
        super().on_train_begin(logs)

    def grid(self):
        return image_grid(self.model.generate_from_seeds(self.seeds, self.labels))
