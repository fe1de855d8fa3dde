"""Measures of generated images: distances between sets of features, and scores of classes.

All are computed in float64. They say nothing of the network that gives the features: a number means
something only together with it, with the counts and with the way images were resized.
"""

from tfgan_zoo.metrics.classes import inception_score as inception_score
from tfgan_zoo.metrics.classes import mode_coverage as mode_coverage
from tfgan_zoo.metrics.frechet import Moments as Moments
from tfgan_zoo.metrics.frechet import frechet_distance as frechet_distance
from tfgan_zoo.metrics.frechet import frechet_distance_infinity as frechet_distance_infinity
from tfgan_zoo.metrics.images import colourfulness as colourfulness
from tfgan_zoo.metrics.images import ms_ssim_diversity as ms_ssim_diversity
from tfgan_zoo.metrics.images import path_length as path_length
from tfgan_zoo.metrics.images import psnr as psnr
from tfgan_zoo.metrics.images import sliced_wasserstein_distance as sliced_wasserstein_distance
from tfgan_zoo.metrics.images import ssim as ssim
from tfgan_zoo.metrics.kernel import kernel_distance as kernel_distance
from tfgan_zoo.metrics.manifold import coverage as coverage
from tfgan_zoo.metrics.manifold import density as density
from tfgan_zoo.metrics.manifold import precision as precision
from tfgan_zoo.metrics.manifold import recall as recall
