"""The models, one paper a file."""

from tfgan_zoo.models.acgan import ACGAN as ACGAN
from tfgan_zoo.models.conditional_gan import ConditionalGAN as ConditionalGAN
from tfgan_zoo.models.dcgan import DCGAN as DCGAN
from tfgan_zoo.models.gan import GAN as GAN
from tfgan_zoo.models.lsgan import LSGAN as LSGAN
from tfgan_zoo.models.progan import ProGAN as ProGAN
from tfgan_zoo.models.r3gan import R3GAN as R3GAN
from tfgan_zoo.models.sagan import SAGAN as SAGAN
from tfgan_zoo.models.sngan import SNGAN as SNGAN
from tfgan_zoo.models.stylegan import StyleGAN as StyleGAN
from tfgan_zoo.models.stylegan2 import StyleGAN2 as StyleGAN2
from tfgan_zoo.models.textgan import TextGAN as TextGAN
from tfgan_zoo.models.vanilla_gan import VanillaGAN as VanillaGAN
from tfgan_zoo.models.wgan import WGAN as WGAN
from tfgan_zoo.models.wgan_gp import WGANGP as WGANGP
