"""Blocks that two variants or more use."""

from tfgan_zoo.deprecated import renamed
from tfgan_zoo.layers.activations import LeakyReLU as LeakyReLU
from tfgan_zoo.layers.activations import ScaledActivation as ScaledActivation
from tfgan_zoo.layers.alias_free import AliasFreeConv2D as AliasFreeConv2D
from tfgan_zoo.layers.alias_free import FilteredLeakyReLU as FilteredLeakyReLU
from tfgan_zoo.layers.attention import SelfAttention as SelfAttention
from tfgan_zoo.layers.clipping import Clamp as Clamp
from tfgan_zoo.layers.clipping import Clip as Clip
from tfgan_zoo.layers.contextual import ContextualAttention as ContextualAttention
from tfgan_zoo.layers.convolution import Conv2D as Conv2D
from tfgan_zoo.layers.convolution import Conv2DTranspose as Conv2DTranspose
from tfgan_zoo.layers.convolution import cpu_convolutions as cpu_convolutions
from tfgan_zoo.layers.convolution import is_cpu_graph as is_cpu_graph
from tfgan_zoo.layers.dropout import Dropout as Dropout
from tfgan_zoo.layers.equalized import EqualizedConv2D as EqualizedConv2D
from tfgan_zoo.layers.equalized import EqualizedDense as EqualizedDense
from tfgan_zoo.layers.fourier import FourierFeatures as FourierFeatures
from tfgan_zoo.layers.gated import GatedConv2D as GatedConv2D
from tfgan_zoo.layers.lab import lab_to_rgb as lab_to_rgb
from tfgan_zoo.layers.lab import rgb_to_lab as rgb_to_lab
from tfgan_zoo.layers.maxout import Maxout as Maxout
from tfgan_zoo.layers.minibatch import MinibatchDiscrimination as MinibatchDiscrimination
from tfgan_zoo.layers.minibatch import MinibatchStddev as MinibatchStddev
from tfgan_zoo.layers.modulated import ModulatedConv2D as ModulatedConv2D
from tfgan_zoo.layers.modulated import modulated_convolution as modulated_convolution
from tfgan_zoo.layers.modulation import Modulation as Modulation
from tfgan_zoo.layers.noise import NoiseInjection as NoiseInjection
from tfgan_zoo.layers.normalization import BatchNormalization as BatchNormalization
from tfgan_zoo.layers.normalization import InstanceNormalization as InstanceNormalization
from tfgan_zoo.layers.normalization import PixelNormalization as PixelNormalization
from tfgan_zoo.layers.normalization import (
    TruncationBatchNormalization as TruncationBatchNormalization,
)
from tfgan_zoo.layers.padding import ReflectionPadding2D as ReflectionPadding2D
from tfgan_zoo.layers.padding import reflected as reflected
from tfgan_zoo.layers.padding import reflected_to_multiple as reflected_to_multiple
from tfgan_zoo.layers.resampling import BilinearResize as BilinearResize
from tfgan_zoo.layers.resampling import BilinearUpsampling as BilinearUpsampling
from tfgan_zoo.layers.resampling import NearestUpsampling2D as NearestUpsampling2D
from tfgan_zoo.layers.resampling import Resample as Resample
from tfgan_zoo.layers.resampling import resample as resample
from tfgan_zoo.layers.rng import Rng as Rng
from tfgan_zoo.layers.shuffle import PixelShuffle as PixelShuffle
from tfgan_zoo.layers.shuffle import PixelUnshuffle as PixelUnshuffle
from tfgan_zoo.layers.spectral import SpectralConv2D as SpectralConv2D
from tfgan_zoo.layers.spectral import SpectralDense as SpectralDense
from tfgan_zoo.layers.spectral import SpectralFirstMap as SpectralFirstMap
from tfgan_zoo.layers.spectral import SpectralProjection as SpectralProjection
from tfgan_zoo.layers.spectral import advance_spectral_norms as advance_spectral_norms
from tfgan_zoo.layers.styles import AdaptiveInstanceNormalization as AdaptiveInstanceNormalization
from tfgan_zoo.layers.styles import ConstantInput as ConstantInput
from tfgan_zoo.layers.styles import MovingAverage as MovingAverage
from tfgan_zoo.layers.text import ConditioningAugmentation as ConditioningAugmentation
from tfgan_zoo.layers.text import EmbeddingBag as EmbeddingBag

__getattr__ = renamed(
    __name__,
    Draws="Rng",
    LearnedConstant="ConstantInput",
    StyleAverage="MovingAverage",
    TokenSum="EmbeddingBag",
)
