"""Latent spaces: interpolations, projections of given images, directions, mixed styles."""

from tfgan_zoo.latent.directions import ClosedForm as ClosedForm
from tfgan_zoo.latent.directions import Supervised as Supervised
from tfgan_zoo.latent.directions import class_direction as class_direction
from tfgan_zoo.latent.directions import closed_form_directions as closed_form_directions
from tfgan_zoo.latent.directions import edit as edit
from tfgan_zoo.latent.directions import supervised_direction as supervised_direction
from tfgan_zoo.latent.editing import Edit as Edit
from tfgan_zoo.latent.editing import Editor as Editor
from tfgan_zoo.latent.paths import mix as mix
from tfgan_zoo.latent.paths import path as path
from tfgan_zoo.latent.projection import Projection as Projection
from tfgan_zoo.latent.projection import project as project
from tfgan_zoo.latent.resampling import balanced_seeds as balanced_seeds
from tfgan_zoo.latent.served import ServedLatents as ServedLatents
from tfgan_zoo.latent.spaces import Space as Space
