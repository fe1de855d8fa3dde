"""Augmentations of what a discriminator is shown: DiffAugment and ADA, as pure functions.

Images are float32 `[B, H, W, C]` in [-1, 1], and stay float32 of that shape, though values may leave the
range, as in both papers. Every example has draws of its own. The results can be differentiated twice by
the images, so that the generator learns through them and penalties on gradients can be taken. All is
plain arithmetic and gathers that XLA compiles; the batch size must be known when the function is traced.

References: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020
(arXiv:2006.10738); Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020
(arXiv:2006.06676), appendix B, with its default strengths.
"""

from tfgan_zoo.augment.ada import ADA as ADA
from tfgan_zoo.augment.ada import ada_color as ada_color
from tfgan_zoo.augment.ada import ada_cutout as ada_cutout
from tfgan_zoo.augment.ada import filtered as filtered
from tfgan_zoo.augment.ada import geometric as geometric
from tfgan_zoo.augment.ada import hue_rotated as hue_rotated
from tfgan_zoo.augment.ada import noisy as noisy
from tfgan_zoo.augment.bands import band_gains as band_gains
from tfgan_zoo.augment.bands import equalised as equalised
from tfgan_zoo.augment.bands import filter_bank as filter_bank
from tfgan_zoo.augment.diff_augment import DIFF_AUGMENT as DIFF_AUGMENT
from tfgan_zoo.augment.diff_augment import color as color
from tfgan_zoo.augment.diff_augment import cutout as cutout
from tfgan_zoo.augment.diff_augment import flip_and_shift as flip_and_shift
from tfgan_zoo.augment.diff_augment import translation as translation
from tfgan_zoo.augment.warps import affine as affine
from tfgan_zoo.augment.warps import quarter_turns as quarter_turns
from tfgan_zoo.augment.warps import rotation as rotation
from tfgan_zoo.augment.warps import scaling as scaling
from tfgan_zoo.augment.warps import shift as shift
