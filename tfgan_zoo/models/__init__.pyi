"""The models, one paper a file. Written by `python benchmarks/make_stubs.py`."""

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.engine.players import Player
from tfgan_zoo.layers import Rng
from tfgan_zoo.losses import Objective
from tfgan_zoo.penalties import Penalty
from tfgan_zoo.presets import Preset
from tfgan_zoo.privacy import DPSGD
from tfgan_zoo.regularizers import Regularizer
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput

class ImageToImage(keras.Model):
    """Turns images into images: `fit` on images and targets, then call it, `predict` or
    `translate`."""

    presets: dict[str, Preset]
    image_shape: tuple[int, int, int]
    target_channels: int | None
    objective: Objective
    g_learning_rate: float
    d_learning_rate: float
    ema_decay: float
    gradient_accumulation_steps: int
    seed: int
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def add_state(self, name: str, value=0.0, dtype="float32", shape=(), exported=True): ...
    def adversarial(self, logits_of_real, logits_of_fake): ...
    def batch_inputs(self): ...
    def batch_options(self): ...
    @property
    def batches_per_step(self): ...
    def before_training(self): ...
    def build_discriminator(self) -> keras.Model: ...
    def build_generator(self) -> keras.Model: ...
    def build_networks(self) -> None: ...
    def call(self, images: Any, direction="forward", training: bool = False, **further): ...
    def check_compile(self): ...
    def check_translation(
        self, direction="forward", seed: ArrayLike | None = None, tile=None, overlap=32, **further
    ): ...
    @property
    def class_names(self): ...
    def compile(
        self,
        g_optimizer: str | keras.optimizers.Optimizer | None = None,
        d_optimizer: str | keras.optimizers.Optimizer | None = None,
        optimizers: Mapping[str, keras.optimizers.Optimizer] | None = None,
        jit_compile: bool | Literal["auto"] = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        **others,
    ) -> None: ...
    def compile_from_config(self, config: dict): ...
    def compute_loss(self, *args, **options): ...
    def data_fingerprint(self, whole=False): ...
    def default_optimizer(self, learning_rate: float) -> keras.optimizers.Optimizer: ...
    def ema_pairs(self) -> list[tuple[keras.Model, keras.Model]]: ...
    def endpoints(self): ...
    def evaluate(self, *args, **options): ...
    def example_inputs(self, seeds: ArrayLike): ...
    def export(
        self,
        path: str | os.PathLike,
        name: str | None = None,
        version: int | None = None,
        **options,
    ) -> pathlib.Path | str: ...
    def fit(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        resume: bool = False,
        **others,
    ) -> keras.callbacks.History: ...
    def fooled(self, logits_of_fake): ...
    def freeze_discriminator_layers(self, count): ...
    @classmethod
    def from_config(cls, config: dict) -> Self: ...
    @classmethod
    def from_preset(
        cls, name: str | os.PathLike, load_weights: bool = True, **overrides
    ) -> Self: ...
    def further_inputs(self): ...
    def get_compile_config(self): ...
    def get_config(self) -> dict: ...
    def gradient_transforms(self, player): ...
    def gradients_of(self, name: str, batch: dict[str, tf.Tensor], turn, replica): ...
    def load_own_variables(self, store): ...
    @classmethod
    def loader_arguments(cls, options): ...
    def make_train_function(self, force=False): ...
    def mean_over_replicas(self, tensors): ...
    def networks(self) -> dict[str, keras.Model]: ...
    def networks_of(self, name: str): ...
    def observe(self, player, logs: dict[str, tf.Tensor]): ...
    def optimizer_of(self, name: str): ...
    def player(self, name: str): ...
    def player_optimizer(self, player, learning_rate: float): ...
    def players(self) -> list[Player]: ...
    def players_in_turn(self): ...
    def predict(
        self,
        x,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> np.ndarray: ...
    def predict_on_batch(self, x): ...
    def predict_step(self, data): ...
    def quantize(self, *args, **options): ...
    def remember_data(self, source): ...
    def rows_of_update(self, player, batch: dict[str, tf.Tensor], turn, replica, stage=0): ...
    def save(self, filepath: str | os.PathLike, overwrite: bool = True, **options) -> None: ...
    def save_own_variables(self, store): ...
    def save_to_preset(self, path: str | os.PathLike): ...
    def served(self): ...
    def skip_update(self, player): ...
    def stage(self): ...
    @property
    def state(self): ...
    def synthesize(self, images: Any) -> tf.Tensor: ...
    @property
    def target_shape(self): ...
    def test_on_batch(self, *args, **options): ...
    def test_step(self, data): ...
    def train_on_batch(self, x, y=None, return_dict: bool = False, **others): ...
    def train_step(self, data): ...
    def trainable_of(self, name: str): ...
    def transform(self, images: Any, others, direction, training: bool): ...
    def translate(
        self,
        images: Any,
        direction="forward",
        seed: ArrayLike | None = None,
        batch_size: int = 1,
        tile=None,
        overlap=32,
        **further,
    ): ...
    def translator(self, direction, training: bool = False): ...

class CUT(ImageToImage):
    """One generator from images to targets, whose patches stay like those that they were made
    of."""

    width: int
    blocks: int
    patch: Literal[1, 16, 34, 70, 142, 286]
    discriminator_width: int
    nce_weight: float
    identity_weight: float
    nce_patches: int
    temperature: float
    projection_units: int
    flip_equivariance: bool
    antialias: bool
    upsampling: Literal["bilinear", "transpose"] | None
    dropout: float
    normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"] | None
    pad_to: int | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "least_squares",
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        width: int = 64,
        blocks: int = 9,
        patch: Literal[1, 16, 34, 70, 142, 286] = 70,
        discriminator_width: int = 64,
        nce_weight: float = 1.0,
        identity_weight: float = 1.0,
        nce_patches: int = 256,
        temperature: float = 0.07,
        projection_units: int = 256,
        flip_equivariance: bool = False,
        antialias: bool = True,
        upsampling: Literal["bilinear", "transpose"] | None = None,
        dropout: float = 0.0,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "instance",
        pad_to: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_projector(self, channels): ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    def patch_nce(self, images: Any, made, rng: Rng, flips=None): ...
    @property
    def size_multiple(self): ...

class CycleGAN(ImageToImage):
    """Two generators, from images to targets and back, which undo each other's work."""

    network: Literal["unet", "resnet"]
    width: int
    blocks: int
    patch: Literal[1, 16, 34, 70, 142, 286]
    discriminator_width: int
    cycle_weight: float
    identity_weight: float
    pool_size: int
    dropout: float
    normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"] | None
    upsampling: Literal["transpose", "resize"]
    pad_to: int | None
    both_ways: bool
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "least_squares",
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        network: Literal["unet", "resnet"] = "resnet",
        width: int = 64,
        blocks: int = 9,
        patch: Literal[1, 16, 34, 70, 142, 286] = 70,
        discriminator_width: int = 64,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        pool_size: int = 50,
        dropout: float = 0.0,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "instance",
        upsampling: Literal["transpose", "resize"] = "transpose",
        pad_to: int | None = None,
        both_ways: bool = True,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_backward_generator(self): ...
    @property
    def directions(self): ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    @property
    def size_multiple(self): ...

class GAN(keras.Model):
    """A generator and a discriminator trained against each other by `fit`."""

    presets: dict[str, Preset]
    image_shape: tuple[int, int, int]
    latent_dim: int
    latent_distribution: Literal["normal", "truncated_normal", "uniform"]
    objective: Objective
    penalty: Penalty | None
    regularizers: tuple[Regularizer, ...]
    n_critic: int
    g_learning_rate: float
    d_learning_rate: float
    ema_decay: float
    gradient_accumulation_steps: int
    seed: int
    privacy: DPSGD | None
    generator: keras.Model
    discriminator: keras.Model
    num_classes: int | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        num_classes: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def add_state(self, name: str, value=0.0, dtype="float32", shape=(), exported=True): ...
    def after_discriminator_update(self, logs: dict[str, tf.Tensor]): ...
    def after_generator_update(self, logs: dict[str, tf.Tensor]): ...
    def augment_images(self, images: Any, rng: Rng) -> tf.Tensor: ...
    def batch_inputs(self): ...
    def batch_options(self): ...
    @property
    def batches_per_step(self): ...
    def before_training(self): ...
    def build_discriminator(self) -> keras.Model: ...
    def build_generator(self) -> keras.Model: ...
    def build_networks(self) -> None: ...
    def call(self, latents: tf.Tensor, labels: ArrayLike | None = None, training: bool = False): ...
    def check_compile(self): ...
    def checked_labels(self, labels: ArrayLike | None, latents: tf.Tensor): ...
    def checked_latents(self, latents: tf.Tensor): ...
    @property
    def class_names(self): ...
    def classes_of_inputs(self): ...
    def compile(
        self,
        g_optimizer: str | keras.optimizers.Optimizer | None = None,
        d_optimizer: str | keras.optimizers.Optimizer | None = None,
        optimizers: Mapping[str, keras.optimizers.Optimizer] | None = None,
        jit_compile: bool | Literal["auto"] = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        **others,
    ) -> None: ...
    def compile_from_config(self, config: dict): ...
    def compute_loss(self, *args, **options): ...
    @property
    def condition(self): ...
    def data_fingerprint(self, whole=False): ...
    def default_optimizer(self, learning_rate: float) -> keras.optimizers.Optimizer: ...
    def discriminate(self, images: Any, batch: dict[str, tf.Tensor]): ...
    def discriminate_generated(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> DiscriminatorOutput: ...
    def discriminate_images(
        self, images: Any, batch: dict[str, tf.Tensor], rng: Rng
    ) -> DiscriminatorOutput: ...
    def discriminator_inputs(self, images: Any, batch: dict[str, tf.Tensor]): ...
    def discriminator_logits(self, images: Any, batch: dict[str, tf.Tensor]) -> tf.Tensor: ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def discriminator_outputs(
        self, images: Any, batch: dict[str, tf.Tensor], training: bool = False
    ): ...
    def discriminator_terms(
        self,
        real: DiscriminatorOutput,
        fake: DiscriminatorOutput,
        batch: dict[str, tf.Tensor],
        rng: Rng,
    ) -> dict[str, tuple]: ...
    def ema_pairs(self) -> list[tuple[keras.Model, keras.Model]]: ...
    def endpoints(self): ...
    def evaluate(self, *args, **options): ...
    def export(
        self,
        path: str | os.PathLike,
        name: str | None = None,
        version: int | None = None,
        **options,
    ) -> pathlib.Path | str: ...
    def fit(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        resume: bool = False,
        **others,
    ) -> keras.callbacks.History: ...
    def forward_seeds(
        self,
        seeds: ArrayLike,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        training: bool = False,
    ): ...
    def freeze_discriminator_layers(self, count): ...
    @classmethod
    def from_config(cls, config: dict) -> Self: ...
    @classmethod
    def from_preset(
        cls, name: str | os.PathLike, load_weights: bool = True, **overrides
    ) -> Self: ...
    def generate(
        self,
        n: int,
        seed: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        batch_size: int = 64,
        texts: str | Sequence[str] | None = None,
    ) -> np.ndarray: ...
    def generate_from_seeds(
        self,
        seeds: ArrayLike,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        batch_size: int = 64,
        texts: str | Sequence[str] | None = None,
    ) -> np.ndarray: ...
    def generator_inputs(self, latents: tf.Tensor, batch: dict[str, tf.Tensor]): ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    def generator_terms(
        self, fake: DiscriminatorOutput, batch: dict[str, tf.Tensor], rng: Rng
    ) -> dict[str, tuple]: ...
    def get_compile_config(self): ...
    def get_config(self) -> dict: ...
    def gradient_transforms(self, player): ...
    def gradients_of(self, name: str, batch: dict[str, tf.Tensor], turn, replica): ...
    def inputs_of_average(self, latents: tf.Tensor, labels: ArrayLike | None): ...
    def interpolate(
        self,
        start_seed: int,
        end_seed: int,
        steps: int = 8,
        label: int | str | None = None,
        text: str | None = None,
    ) -> np.ndarray: ...
    def latents_for(self, seeds: ArrayLike) -> tf.Tensor: ...
    def lazy_regularization(self, k: int, rng: Rng, term, shape=()): ...
    def load_own_variables(self, store): ...
    @classmethod
    def loader_arguments(cls, options): ...
    def make_train_function(self, force=False): ...
    def mean_over_replicas(self, tensors): ...
    def networks(self) -> dict[str, keras.Model]: ...
    def networks_of(self, name: str): ...
    def observe(self, player, logs: dict[str, tf.Tensor]): ...
    def optimizer_of(self, name: str): ...
    def player(self, name: str): ...
    def player_optimizer(self, player, learning_rate: float): ...
    def players(self) -> list[Player]: ...
    def players_in_turn(self): ...
    def predict(
        self,
        x,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> np.ndarray: ...
    def predict_on_batch(self, x): ...
    def predict_step(self, data): ...
    def quantize(self, *args, **options): ...
    def reduce_loss(self, values: ArrayLike, fake: DiscriminatorOutput) -> tf.Tensor: ...
    def remember_data(self, source): ...
    def render(
        self,
        latents: tf.Tensor,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        training: bool = False,
    ) -> tf.Tensor: ...
    def rows_of_update(self, player, batch: dict[str, tf.Tensor], turn, replica, stage=0): ...
    def sample_latents(self, rng: Rng) -> tf.Tensor: ...
    def save(self, filepath: str | os.PathLike, overwrite: bool = True, **options) -> None: ...
    def save_own_variables(self, store): ...
    def save_to_preset(self, path: str | os.PathLike): ...
    def served(self): ...
    def served_scores(self, images: Any, label: int | str | None = None): ...
    def skip_update(self, player): ...
    @property
    def skips_updates(self): ...
    def stage(self): ...
    @property
    def state(self): ...
    def synthesize(
        self, latents: tf.Tensor, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tf.Tensor: ...
    def test_on_batch(self, *args, **options): ...
    def test_step(self, data): ...
    def train_on_batch(self, x, y=None, return_dict: bool = False, **others): ...
    def train_step(self, data): ...
    def trainable_of(self, name: str): ...
    def truncate(self, latents: tf.Tensor, truncation: ArrayLike) -> tf.Tensor: ...

class Inpainter(ImageToImage):
    """Fills the holes of pictures, and leaves all else as it is (DeepFill v2)."""

    width: int
    discriminator_width: int
    attention: bool
    l1_weight: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 4),
        target_channels: int | None = 3,
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        width: int = 24,
        discriminator_width: int = 64,
        attention: bool = True,
        l1_weight: float = 1.0,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def discriminate(self, pictures, images: Any): ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    @property
    def max_pixels(self): ...
    @property
    def max_served_pixels(self): ...
    @property
    def size_multiple(self): ...

class Pix2Pix(ImageToImage):
    """A conditional GAN of pairs: images, and targets that belong to them."""

    network: Literal["unet", "resnet"]
    width: int
    blocks: int
    patch: Literal[1, 16, 34, 70, 142, 286]
    discriminator_width: int
    discriminator_scales: int
    l1_weight: float
    feature_matching_weight: float
    dropout: float
    innermost_dropout: bool
    normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"] | None
    upsampling: Literal["transpose", "resize"]
    pad_to: int | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        network: Literal["unet", "resnet"] = "unet",
        width: int = 64,
        blocks: int = 9,
        patch: Literal[1, 16, 34, 70, 142, 286] = 70,
        discriminator_width: int = 64,
        discriminator_scales: int = 1,
        l1_weight: float = 100.0,
        feature_matching_weight: float = 0.0,
        dropout: float = 0.5,
        innermost_dropout: bool = True,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "affine_instance",
        upsampling: Literal["transpose", "resize"] = "transpose",
        pad_to: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def discriminate(self, images: Any, targets): ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    @property
    def map_channels(self): ...
    @property
    def size_multiple(self): ...

class StarGAN(ImageToImage):
    """Brings an image of any domain into any other: domains are the classes of labelled
    images."""

    gradient_penalty_weight: float
    num_classes: int
    multi_label: bool
    width: int
    blocks: int
    discriminator_width: int
    discriminator_layers: int
    n_critic: int
    class_weight: float
    reconstruction_weight: float
    normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (128, 128, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "wasserstein",
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        gradient_penalty_weight: float = 10.0,
        num_classes: int = 5,
        multi_label: bool = False,
        width: int = 64,
        blocks: int = 6,
        discriminator_width: int = 64,
        discriminator_layers: int = 6,
        n_critic: int = 5,
        class_weight: float = 1.0,
        reconstruction_weight: float = 10.0,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "affine_instance",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    @property
    def condition(self): ...
    def discriminate(self, images: Any): ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def draw_domains(self, rng: Rng, labels: ArrayLike | None = None): ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    def synthesize(self, images: Any, domains) -> tf.Tensor: ...

class SuperResolution(ImageToImage):
    """Makes images `scale` times as high and as wide."""

    scale: int
    pretraining_steps: int | None
    pixel_loss: Literal["l1", "l2"]
    pixel_weight: float
    perceptual_weight: float
    adversarial_weight: float
    features: str
    feature_weights: Any
    feature_distance: Literal["l1", "l2"]
    generator: keras.Model
    discriminator: keras.Model
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        scale: int = 4,
        pretraining_steps: int | None = 0,
        pixel_loss: Literal["l1", "l2"] = "l1",
        pixel_weight: float = 0.01,
        perceptual_weight: float = 1.0,
        adversarial_weight: float = 0.005,
        features: str = "vgg19",
        feature_weights: Any = None,
        feature_distance: Literal["l1", "l2"] = "l1",
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def discriminate(self, images: Any): ...
    def discriminator_loss(
        self, batch: dict[str, tf.Tensor], rng: Rng
    ) -> tuple[tf.Tensor, dict]: ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    @property
    def has_discriminator(self): ...
    def interpolated(self, other, share): ...
    def shown(self, targets): ...
    @property
    def skips_updates(self): ...
    @property
    def stages(self): ...

class AdaIN(ImageToImage):
    """Paints an image in the style of another one, which it has never seen."""

    features: str
    width: int
    widths: Sequence[int] | None
    pad_to: int | None
    content_weight: float
    style_weight: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        g_learning_rate: float = 0.0001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        features: str = "vgg19",
        width: int = 64,
        widths: Sequence[int] | None = None,
        pad_to: int | None = None,
        content_weight: float = 1.0,
        style_weight: float = 10.0,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_encoder(self): ...
    @property
    def code(self): ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    @property
    def halvings(self): ...
    def maps(self, images: Any): ...
    @property
    def size_multiple(self): ...

class BEGAN(GAN):
    """A discriminator that rebuilds images: an image's logit is minus its error L, mean |v -
    D(v)|."""

    dropout: float
    width: int
    code_dim: int
    gamma: float
    lambda_k: float
    beta_1: float
    output_activation: Literal["tanh"] | None
    strided_activation: Literal["elu"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 64,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "uniform",
        objective: str | Objective | tuple[Callable, Callable] = "wasserstein",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        dropout: float = 0.0,
        width: int = 128,
        code_dim: int = 64,
        gamma: float = 0.5,
        lambda_k: float = 0.001,
        beta_1: float = 0.9,
        output_activation: Literal["tanh"] | None = None,
        strided_activation: Literal["elu"] | None = "elu",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class BigGAN(GAN):
    """The large class-conditional GAN."""

    width: int
    embedding_dim: int
    attention_size: int | None
    discriminator_attention_size: int | None
    orthogonal_weight: float
    generator_normalization: Literal["batch"] | None
    conditioning: Literal["hierarchical", "embedding", "class"]
    generator_spectral_norm: Literal["iterated", "stored"] | None
    discriminator_spectral_norm: Literal["iterated", "stored"] | None
    generator_channels: Sequence[int] | None
    discriminator_channels: Sequence[int] | None
    discriminator_halvings: int | None
    discriminator_hidden: Literal["inputs", "outputs"]
    activated_shortcuts: bool
    discriminator_normalization: Literal["batch"] | None
    generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None
    discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None
    attention_blocks: Sequence[int] | None
    discriminator_attention_blocks: Sequence[int] | None
    normalization_epsilon: float
    last_normalization_epsilon: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (128, 128, 3),
        latent_dim: int = 120,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 2,
        g_learning_rate: float = 5e-05,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.9999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        num_classes: int = 1000,
        width: int = 96,
        embedding_dim: int = 128,
        attention_size: int | None = 64,
        discriminator_attention_size: int | None = None,
        orthogonal_weight: float = 0.0001,
        generator_normalization: Literal["batch"] | None = "batch",
        conditioning: Literal["hierarchical", "embedding", "class"] = "hierarchical",
        generator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        generator_channels: Sequence[int] | None = None,
        discriminator_channels: Sequence[int] | None = None,
        discriminator_halvings: int | None = None,
        discriminator_hidden: Literal["inputs", "outputs"] = "outputs",
        activated_shortcuts: bool = False,
        discriminator_normalization: Literal["batch"] | None = None,
        generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        attention_blocks: Sequence[int] | None = None,
        discriminator_attention_blocks: Sequence[int] | None = None,
        normalization_epsilon: float = 1e-05,
        last_normalization_epsilon: float = 1e-05,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def feature_maps(self, x): ...
    def images_from(self, latents: tf.Tensor, embedding): ...
    def regularized_kernels(self): ...

class Colorizer(Pix2Pix):
    """Makes colours for grey pictures, and leaves their lightness as it is."""
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 1),
        target_channels: int | None = 3,
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        network: Literal["unet", "resnet"] = "unet",
        width: int = 64,
        blocks: int = 9,
        patch: Literal[1, 16, 34, 70, 142, 286] = 70,
        discriminator_width: int = 64,
        discriminator_scales: int = 1,
        l1_weight: float = 100.0,
        feature_matching_weight: float = 0.0,
        dropout: float = 0.5,
        innermost_dropout: bool = True,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "affine_instance",
        upsampling: Literal["transpose", "resize"] = "transpose",
        pad_to: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class FastCUT(CUT):
    """CUT without the contrast of targets, whose loss of images weighs ten times as much."""
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "least_squares",
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        width: int = 64,
        blocks: int = 9,
        patch: Literal[1, 16, 34, 70, 142, 286] = 70,
        discriminator_width: int = 64,
        nce_weight: float = 10.0,
        identity_weight: float = 0.0,
        nce_patches: int = 256,
        temperature: float = 0.07,
        projection_units: int = 256,
        flip_equivariance: bool = True,
        antialias: bool = True,
        upsampling: Literal["bilinear", "transpose"] | None = None,
        dropout: float = 0.0,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "instance",
        pad_to: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class DCGAN(GAN):
    """The deep convolutional GAN."""

    width: int
    upsampling: Literal["transpose", "resize", "pixel_shuffle"]
    generator_normalization: Literal["batch"] | None
    discriminator_normalization: Literal["batch", "layer"] | None
    dropout: float
    minibatch_discrimination: int
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "uniform",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 128,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        dropout: float = 0.0,
        minibatch_discrimination: int = 0,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class ESRGAN(SuperResolution):
    """Residual-in-residual dense blocks, trained on pixels and then on features before
    activation."""

    width: int
    blocks: int
    growth: int
    discriminator_width: int
    discriminator_normalization: Literal["batch"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "relativistic_average",
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        scale: Literal[2, 3, 4] = 4,
        pretraining_steps: int | None = 0,
        pixel_loss: Literal["l1", "l2"] = "l1",
        pixel_weight: float = 0.01,
        perceptual_weight: float = 1.0,
        adversarial_weight: float = 0.005,
        features: str = "vgg19",
        feature_weights: Any = None,
        feature_distance: Literal["l1", "l2"] = "l1",
        width: int = 64,
        blocks: int = 23,
        growth: int = 32,
        discriminator_width: int = 64,
        discriminator_normalization: Literal["batch"] | None = "batch",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class InfoGAN(GAN):
    """A generator whose first latents are codes, and a discriminator with a head that finds
    them."""

    categorical_codes: int
    categories: int
    continuous_codes: int
    information_weight: float
    continuous_weight: float
    learned_deviation: bool
    width: int
    units: int
    code_units: int
    dropout: float
    generator_normalization: Literal["batch"] | None
    discriminator_normalization: Literal["batch", "layer"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (28, 28, 1),
        latent_dim: int = 74,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "uniform",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.001,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        categorical_codes: int = 1,
        categories: int = 10,
        continuous_codes: int = 2,
        information_weight: float = 1.0,
        continuous_weight: float = 1.0,
        learned_deviation: bool = False,
        width: int = 64,
        units: int = 1024,
        code_units: int = 128,
        dropout: float = 0.0,
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    @property
    def code_dim(self): ...
    def traverse(self, code: int, values: ArrayLike, seed: ArrayLike | None = 0) -> np.ndarray: ...
    def with_codes(self, latents: tf.Tensor, code: int, values: ArrayLike): ...

class ProGAN(GAN):
    """The progressive GAN."""

    widths: Sequence[int]
    fade_in_steps: int
    stable_steps: int
    drift_weight: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1024, 1024, 3),
        latent_dim: int = 512,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "wasserstein",
        penalty: str | Penalty | None = "gradient_penalty",
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.001,
        d_learning_rate: float = 0.001,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        widths: Sequence[int] = (512, 512, 512, 512, 256, 128, 64, 32, 16),
        fade_in_steps: int = 50000,
        stable_steps: int = 50000,
        drift_weight: float = 0.001,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def alpha(self, phase): ...
    def growth(self): ...
    @property
    def stages(self): ...

class R3GAN(GAN):
    """The modern baseline: paired relativistic loss, R1 on real and R2 on generated
    images."""

    widths: Sequence[int]
    blocks: int
    expansion: int
    group_width: int
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 64,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "relativistic",
        penalty: str | Penalty | None = ...,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.99965,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        widths: Sequence[int] = (768, 768, 768, 768, 384),
        blocks: int = 2,
        expansion: int = 2,
        group_width: int = 16,
        num_classes: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class RealESRGAN(SuperResolution):
    """ESRGAN's generator, or a compact one, against a U-Net that judges every pixel."""

    network: Literal["rrdb", "srvgg"]
    width: int
    blocks: int
    growth: int
    discriminator_width: int
    sharpen: bool
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        scale: Literal[2, 3, 4] = 4,
        pretraining_steps: int | None = 0,
        pixel_loss: Literal["l1", "l2"] = "l1",
        pixel_weight: float = 1.0,
        perceptual_weight: float = 1.0,
        adversarial_weight: float = 0.1,
        features: str = "vgg19",
        feature_weights: Any = None,
        feature_distance: Literal["l1", "l2"] = "l1",
        network: Literal["rrdb", "srvgg"] = "rrdb",
        width: int = 64,
        blocks: int = 23,
        growth: int = 32,
        discriminator_width: int = 64,
        sharpen: bool = True,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    @property
    def size_multiple(self): ...

class SAGAN(GAN):
    """The self-attention GAN: SNGAN's residual networks with classes, and in each one feature
    map that attends to itself."""

    width: int
    attention_size: int | None
    generator_normalization: Literal["batch"] | None
    attention_blocks: Sequence[int] | None
    discriminator_attention_blocks: Sequence[int] | None
    generator_channels: Sequence[int] | None
    discriminator_channels: Sequence[int] | None
    discriminator_halvings: int | None
    discriminator_hidden: Literal["inputs", "outputs"]
    activated_shortcuts: bool
    upsampling: Literal["nearest", "bilinear"]
    discriminator_normalization: Literal["batch"] | None
    generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None
    discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None
    normalization_epsilon: float
    generator_spectral_norm: Literal["iterated", "stored"] | None
    discriminator_spectral_norm: Literal["iterated", "stored"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (128, 128, 3),
        latent_dim: int = 128,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0004,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        num_classes: int | None = 1000,
        width: int = 64,
        attention_size: int | None = 32,
        generator_normalization: Literal["batch"] | None = "batch",
        attention_blocks: Sequence[int] | None = None,
        discriminator_attention_blocks: Sequence[int] | None = None,
        generator_channels: Sequence[int] | None = None,
        discriminator_channels: Sequence[int] | None = None,
        discriminator_halvings: int | None = None,
        discriminator_hidden: Literal["inputs", "outputs"] = "outputs",
        activated_shortcuts: bool = False,
        upsampling: Literal["nearest", "bilinear"] = "nearest",
        discriminator_normalization: Literal["batch"] | None = None,
        generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        normalization_epsilon: float = 1e-05,
        generator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class SNGAN(GAN):
    """The spectrally normalized GAN, with the paper's residual or plain convolutional
    networks."""

    network: Literal["resnet_flat", "resnet", "cnn"]
    width: int
    generator_normalization: Literal["batch"] | None
    generator_channels: Sequence[int] | None
    discriminator_channels: Sequence[int] | None
    discriminator_halvings: int | None
    discriminator_hidden: Literal["inputs", "outputs"]
    activated_shortcuts: bool
    upsampling: Literal["nearest", "bilinear"]
    discriminator_normalization: Literal["batch"] | None
    discriminator_pooling: Literal["sum", "mean", "flatten"] | None
    generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None
    discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None
    normalization_epsilon: float
    generator_spectral_norm: Literal["iterated", "stored"] | None
    discriminator_spectral_norm: Literal["iterated", "stored"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        latent_dim: int = 128,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 5,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        num_classes: int | None = None,
        network: Literal["resnet_flat", "resnet", "cnn"] = "resnet_flat",
        width: int = 256,
        generator_normalization: Literal["batch"] | None = "batch",
        generator_channels: Sequence[int] | None = None,
        discriminator_channels: Sequence[int] | None = None,
        discriminator_halvings: int | None = None,
        discriminator_hidden: Literal["inputs", "outputs"] = "inputs",
        activated_shortcuts: bool = False,
        upsampling: Literal["nearest", "bilinear"] = "nearest",
        discriminator_normalization: Literal["batch"] | None = None,
        discriminator_pooling: Literal["sum", "mean", "flatten"] | None = None,
        generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        normalization_epsilon: float = 1e-05,
        generator_spectral_norm: Literal["iterated", "stored"] | None = None,
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class SRGAN(SuperResolution):
    """A residual network that enlarges images, and a discriminator of whole ones."""

    width: int
    blocks: int
    discriminator_width: int
    discriminator_units: int
    normalization: Literal["batch"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (24, 24, 3),
        target_channels: int | None = None,
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        scale: Literal[2, 3, 4] = 4,
        pretraining_steps: int | None = 0,
        pixel_loss: Literal["l1", "l2"] = "l2",
        pixel_weight: float = 0.0,
        perceptual_weight: float = 0.006,
        adversarial_weight: float = 0.001,
        features: str = "vgg19",
        feature_weights: Any = None,
        feature_distance: Literal["l1", "l2"] = "l2",
        width: int = 64,
        blocks: int = 16,
        discriminator_width: int = 64,
        discriminator_units: int = 1024,
        normalization: Literal["batch"] | None = "batch",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class StyleTransfer(ImageToImage):
    """Paints images in the style of one picture, or of several pictures of one style."""

    features: str
    width: int
    blocks: int
    content_weight: float
    style_weight: float
    variation_weight: float
    normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"] | None
    upsampling: Literal["transpose", "resize"]
    in_bytes: bool
    pad_to: int | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        target_channels: int | None = None,
        g_learning_rate: float = 0.001,
        ema_decay: float = 0.0,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        features: str = "vgg16",
        width: int = 32,
        blocks: int = 5,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        variation_weight: float = 0.2,
        normalization: Literal["instance", "affine_instance", "batch", "batch_of_one"]
        | None = "affine_instance",
        upsampling: Literal["transpose", "resize"] = "resize",
        in_bytes: bool = False,
        pad_to: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def generator_loss(self, batch: dict[str, tf.Tensor], rng: Rng) -> tuple[tf.Tensor, dict]: ...
    def maps(self, images: Any): ...

class StyleGAN(GAN):
    """The style-based GAN, at a fixed size of the images."""

    style_dim: int
    mapping_layers: int
    channel_base: int
    channel_max: int
    style_mixing: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 512,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = ...,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.001,
        d_learning_rate: float = 0.001,
        ema_decay: float = 0.9977843871238888,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        style_dim: int = 512,
        mapping_layers: int = 8,
        channel_base: int = 16384,
        channel_max: int = 512,
        style_mixing: float = 0.9,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def images_from_styles(
        self,
        styles: tf.Tensor,
        training: bool = False,
        noise_mode: Literal["const", "random", "none"] = "const",
        noise_seed: int = 0,
    ) -> tf.Tensor: ...
    def images_of(self, styles: tf.Tensor): ...
    def logits_of(self, images: Any): ...
    def find(self): ...
    def mixed(
        self, latents: tf.Tensor, rng: Rng, training: bool = True, labels: ArrayLike | None = None
    ): ...
    @property
    def num_styles(self): ...
    def render(
        self,
        latents: tf.Tensor,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        training: bool = False,
        truncation_cutoff: int | None = None,
        noise_mode: Literal["const", "random", "none"] = "const",
        noise_seed: int = 0,
    ) -> tf.Tensor: ...
    def styles_from_latents(
        self,
        latents: tf.Tensor,
        truncation: ArrayLike = 1.0,
        labels: ArrayLike | None = None,
        truncation_cutoff: int | None = None,
    ) -> tf.Tensor: ...
    def styles_of(self, inputs): ...
    @property
    def w_avg(self): ...

class VAEGAN(GAN):
    """A variational auto-encoder whose decoder is the generator of a GAN."""

    gamma: float
    width: int
    encoder_units: int
    discriminator_units: int
    dropout: float
    generator_normalization: Literal["batch"] | None
    discriminator_normalization: Literal["batch", "layer"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 128,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0003,
        d_learning_rate: float = 0.0003,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        gamma: float = 1e-05,
        width: int = 32,
        encoder_units: int = 2048,
        discriminator_units: int = 512,
        dropout: float = 0.0,
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_encoder(self): ...
    def encode(self, images: Any, batch_size: int = 64) -> np.ndarray: ...
    def encoder_loss(self, batch: dict[str, tf.Tensor], rng: Rng): ...
    def reconstruct(self, images: Any, batch_size: int = 64) -> np.ndarray: ...

class VanillaGAN(GAN):
    """A generator of rectified linear units against a discriminator of maxout units with
    dropout."""

    dropout: float
    input_dropout: float
    width: int
    maxout_units: int
    maxout_pieces: int
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (28, 28, 1),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "uniform",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.1,
        d_learning_rate: float = 0.1,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        dropout: float = 0.5,
        input_dropout: float = 0.2,
        width: int = 1200,
        maxout_units: int = 240,
        maxout_pieces: int = 5,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class ACGAN(DCGAN):
    """A discriminator with a second head, which names the class of real and of generated
    images."""

    num_classes: int
    class_weight: float
    discriminator_layers: int
    discriminator_width: int
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 96,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        dropout: float = 0.5,
        minibatch_discrimination: int = 0,
        num_classes: int = 10,
        class_weight: float = 1.0,
        discriminator_layers: int = 6,
        discriminator_width: int = 16,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class BigGANDeep(BigGAN):
    """BigGAN with two bottleneck blocks where it has one."""

    depth: int
    truncation_statistics: int
    last_channels: int | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (128, 128, 3),
        latent_dim: int = 128,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 2,
        g_learning_rate: float = 5e-05,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.9999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        num_classes: int = 1000,
        width: int = 128,
        embedding_dim: int = 128,
        attention_size: int | None = 64,
        discriminator_attention_size: int | None = None,
        orthogonal_weight: float = 0.0001,
        generator_normalization: Literal["batch"] | None = "batch",
        conditioning: Literal["hierarchical", "embedding", "class"] = "hierarchical",
        generator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        generator_channels: Sequence[int] | None = None,
        discriminator_channels: Sequence[int] | None = None,
        discriminator_halvings: int | None = None,
        discriminator_hidden: Literal["inputs", "outputs"] = "outputs",
        activated_shortcuts: bool = False,
        discriminator_normalization: Literal["batch"] | None = None,
        generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        attention_blocks: Sequence[int] | None = None,
        discriminator_attention_blocks: Sequence[int] | None = None,
        normalization_epsilon: float = 1e-05,
        last_normalization_epsilon: float = 1e-05,
        depth: int = 2,
        truncation_statistics: int = 1,
        last_channels: int | None = None,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def images_from(self, latents: tf.Tensor, embedding, truncations=None): ...

class ConditionalGAN(DCGAN):
    """A generator and a discriminator that are both told the class."""

    num_classes: int
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "uniform",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 128,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        dropout: float = 0.0,
        minibatch_discrimination: int = 0,
        num_classes: int = 10,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class FastGAN(GAN):
    """The few-shot GAN: it learns from a hundred images."""

    width: int
    discriminator_width: int
    decoder_width: int
    excitation_ratio: int
    generator_blocks: Literal["alternating", "double", "single"]
    output_activation: Literal["tanh", "linear"] | None
    reconstruction_weight: float
    reconstruction_distance: Literal["perceptual", "l1"]
    features: str
    generator_normalization: Literal["batch"] | None
    discriminator_normalization: Literal["batch"] | None
    generator_spectral_norm: Literal["iterated", "stored"] | None
    discriminator_spectral_norm: Literal["iterated", "stored"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        latent_dim: int = 256,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = ...,
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 64,
        discriminator_width: int = 64,
        decoder_width: int = 32,
        excitation_ratio: int = 16,
        generator_blocks: Literal["alternating", "double", "single"] = "alternating",
        output_activation: Literal["tanh", "linear"] | None = None,
        reconstruction_weight: float = 1.0,
        reconstruction_distance: Literal["perceptual", "l1"] = "perceptual",
        features: str = "efficientnet_lite0",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch"] | None = "batch",
        generator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_decoder(self): ...
    def render(
        self,
        latents: tf.Tensor,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        training: bool = False,
        noise_mode: Literal["const", "random", "none"] = "const",
        noise_seed: int = 0,
    ) -> tf.Tensor: ...

class LSGAN(DCGAN):
    """DCGAN's networks under the least squares objective, with targets 0, 1 and 1 (equation
    9)."""
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "uniform",
        objective: str | Objective | tuple[Callable, Callable] = "least_squares",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 128,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        dropout: float = 0.0,
        minibatch_discrimination: int = 0,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class ProjectedGAN(GAN):
    """FastGAN's generator against heads on the feature maps of a frozen, pretrained
    network."""

    width: int
    generator_blocks: Literal["alternating", "double", "single"]
    excitation_ratio: int
    features: str
    feature_layers: Sequence[str]
    feature_side: int
    projection: Literal["scales", "channels", "none"]
    projection_width: int
    discriminator_width: int
    embedding_dim: int
    class_map_dim: int
    generator_normalization: Literal["batch"] | None
    discriminator_normalization: Literal["batch"] | None
    generator_spectral_norm: Literal["iterated", "stored"] | None
    discriminator_spectral_norm: Literal["iterated", "stored"] | None
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        latent_dim: int = 256,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = ...,
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.9977843871238888,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        num_classes: int | None = None,
        width: int = 128,
        generator_blocks: Literal["alternating", "double", "single"] = "double",
        excitation_ratio: int = 16,
        features: str = "efficientnet_lite0",
        feature_layers: Sequence[str] = ("block2", "block4", "block10", "block15"),
        feature_side: int = 224,
        projection: Literal["scales", "channels", "none"] = "scales",
        projection_width: int = 64,
        discriminator_width: int = 64,
        embedding_dim: int = 128,
        class_map_dim: int = 64,
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch"] | None = "batch",
        generator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_projection(self): ...
    def render(
        self,
        latents: tf.Tensor,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        training: bool = False,
        noise_mode: Literal["const", "random", "none"] = "const",
        noise_seed: int = 0,
    ) -> tf.Tensor: ...

class SSGAN(SNGAN):
    """SNGAN with a head of four classes on the discriminator: rotated by 0, 90, 180 or 270
    degrees."""

    d_rotation_weight: float
    g_rotation_weight: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        latent_dim: int = 128,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "hinge",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 2,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        num_classes: int | None = None,
        network: Literal["resnet_flat", "resnet", "cnn"] = "resnet_flat",
        width: int = 256,
        generator_normalization: Literal["batch"] | None = "batch",
        generator_channels: Sequence[int] | None = None,
        discriminator_channels: Sequence[int] | None = None,
        discriminator_halvings: int | None = None,
        discriminator_hidden: Literal["inputs", "outputs"] = "inputs",
        activated_shortcuts: bool = False,
        upsampling: Literal["nearest", "bilinear"] = "nearest",
        discriminator_normalization: Literal["batch"] | None = None,
        discriminator_pooling: Literal["sum", "mean", "flatten"] | None = None,
        generator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        discriminator_activation: Literal["relu", "leaky_relu", "elu", "gelu"] | None = None,
        normalization_epsilon: float = 1e-05,
        generator_spectral_norm: Literal["iterated", "stored"] | None = None,
        discriminator_spectral_norm: Literal["iterated", "stored"] | None = "iterated",
        d_rotation_weight: float = 1.0,
        g_rotation_weight: float = 0.2,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class StyleGAN2(StyleGAN):
    """StyleGAN with modulated convolutions, skip connections and path length
    regularization."""

    path_length_weight: float
    path_length_every: int
    path_length_decay: float
    path_length_shrink: int
    num_classes: int | None
    label_dim: int | None
    mapping_width: int | None
    mapping_activation: Literal[
        "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
    ]
    mapping_learning_rate_multiplier: float
    w_avg_momentum: float
    g_architecture: Literal["skip", "resnet", "orig"]
    d_architecture: Literal["skip", "resnet", "orig"]
    g_activation: Literal[
        "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
    ]
    d_activation: Literal[
        "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
    ]
    g_resample_filter: Sequence[float]
    d_resample_filter: Sequence[float]
    g_conv_clamp: float | None
    d_conv_clamp: float | None
    use_noise: bool
    d_channel_base: int | None
    d_channel_max: int | None
    d_mapping_layers: int
    d_mapping_learning_rate_multiplier: float
    class_map_dim: int | None
    d_label_dim: int | None
    d_mapping_width: int | None
    stddev_group_size: int | None
    stddev_features: int
    stddev_grouping: Literal["consecutive", "strided"]
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 512,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = ...,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.002,
        d_learning_rate: float = 0.002,
        ema_decay: float = 0.9977843871238888,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        style_dim: int = 512,
        mapping_layers: int = 8,
        channel_base: int = 32768,
        channel_max: int = 512,
        style_mixing: float = 0.9,
        path_length_weight: float = 2.0,
        path_length_every: int = 4,
        path_length_decay: float = 0.01,
        path_length_shrink: int = 2,
        num_classes: int | None = None,
        label_dim: int | None = None,
        mapping_width: int | None = None,
        mapping_activation: Literal[
            "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
        ] = "lrelu",
        mapping_learning_rate_multiplier: float = 0.01,
        w_avg_momentum: float = 0.995,
        g_architecture: Literal["skip", "resnet", "orig"] = "skip",
        d_architecture: Literal["skip", "resnet", "orig"] = "resnet",
        g_activation: Literal[
            "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
        ] = "lrelu",
        d_activation: Literal[
            "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
        ] = "lrelu",
        g_resample_filter: Sequence[float] = (1, 3, 3, 1),
        d_resample_filter: Sequence[float] = (1, 3, 3, 1),
        g_conv_clamp: float | None = None,
        d_conv_clamp: float | None = None,
        use_noise: bool = True,
        d_channel_base: int | None = None,
        d_channel_max: int | None = None,
        d_mapping_layers: int = 8,
        d_mapping_learning_rate_multiplier: float = 0.01,
        class_map_dim: int | None = None,
        d_label_dim: int | None = None,
        d_mapping_width: int | None = None,
        stddev_group_size: int | None = 4,
        stddev_features: int = 1,
        stddev_grouping: Literal["consecutive", "strided"] = "consecutive",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def logits_of(self, images: Any, label: int | str | None = None): ...
    def path_lengths(self, styles: tf.Tensor, rng: Rng): ...

class TextGAN(DCGAN):
    """Draws images of texts, of which it learns from pairs of images and captions."""

    vocabulary_size: int
    text_length: int
    text_dim: int
    condition_dim: int
    kl_weight: float
    contrastive_weight: float
    temperature: float
    default_texts: Sequence[str]
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0002,
        d_learning_rate: float = 0.0002,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 128,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        dropout: float = 0.0,
        minibatch_discrimination: int = 0,
        vocabulary_size: int = 8192,
        text_length: int = 256,
        text_dim: int = 256,
        condition_dim: int = 128,
        kl_weight: float = 2.0,
        contrastive_weight: float = 1.0,
        temperature: float = 0.1,
        default_texts: Sequence[str] = [
            "red apple",
            "dog face",
            "blue heart",
            "black sun with rays",
            "smiling face with open mouth",
            "automobile",
            "clock face three oclock",
            "tulip",
        ],
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def build_text_encoder(self): ...
    def embedded(self, batch: dict[str, tf.Tensor]): ...

class WGAN(DCGAN):
    """DCGAN's networks, a critic in place of the discriminator, its weights clipped after
    each update."""

    clip_value: float
    rho: float
    epsilon: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "wasserstein",
        penalty: str | Penalty | None = None,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 5,
        g_learning_rate: float = 5e-05,
        d_learning_rate: float = 5e-05,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 128,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = "batch",
        dropout: float = 0.0,
        minibatch_discrimination: int = 0,
        clip_value: float = 0.01,
        rho: float = 0.99,
        epsilon: float = 1e-16,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class WGANGP(DCGAN):
    """WGAN whose critic is held to gradients of length 1 between real and generated
    images."""
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 128,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "wasserstein",
        penalty: str | Penalty | None = "gradient_penalty",
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 5,
        g_learning_rate: float = 0.0001,
        d_learning_rate: float = 0.0001,
        ema_decay: float = 0.999,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        width: int = 128,
        upsampling: Literal["transpose", "resize", "pixel_shuffle"] = "transpose",
        generator_normalization: Literal["batch"] | None = "batch",
        discriminator_normalization: Literal["batch", "layer"] | None = None,
        dropout: float = 0.0,
        minibatch_discrimination: int = 0,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...

class StyleGAN3(StyleGAN2):
    """StyleGAN2 with a generator of continuous signals, equivariant to translation or to
    rotation too."""

    num_layers: int
    num_critical: int
    first_cutoff: float
    first_stopband: float
    last_stopband_rel: float
    margin_size: int
    output_scale: float
    conv_kernel: int
    filter_size: int
    lrelu_upsampling: int
    use_radial_filters: bool
    magnitude_momentum: float
    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 512,
        latent_distribution: Literal["normal", "truncated_normal", "uniform"] = "normal",
        objective: str | Objective | tuple[Callable, Callable] = "non_saturating",
        penalty: str | Penalty | None = ...,
        regularizers: str | Regularizer | Sequence[str | Regularizer] = (),
        n_critic: int = 1,
        g_learning_rate: float = 0.0025,
        d_learning_rate: float = 0.002,
        ema_decay: float = 0.9977843871238888,
        gradient_accumulation_steps: int = 1,
        seed: int = 0,
        privacy: DPSGD | None = None,
        style_dim: int = 512,
        mapping_layers: int = 2,
        channel_base: int = 32768,
        channel_max: int = 512,
        style_mixing: float = 0.0,
        path_length_weight: float = 0.0,
        path_length_every: int = 4,
        path_length_decay: float = 0.01,
        path_length_shrink: int = 2,
        num_classes: int | None = None,
        label_dim: int | None = None,
        mapping_width: int | None = None,
        mapping_activation: Literal[
            "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
        ] = "lrelu",
        mapping_learning_rate_multiplier: float = 0.01,
        w_avg_momentum: float = 0.998,
        g_architecture: Literal["skip", "resnet", "orig"] = "skip",
        d_architecture: Literal["skip", "resnet", "orig"] = "resnet",
        g_activation: Literal[
            "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
        ] = "lrelu",
        d_activation: Literal[
            "lrelu", "relu", "swish", "linear", "tanh", "sigmoid", "elu", "selu", "softplus"
        ] = "lrelu",
        g_resample_filter: Sequence[float] = (1, 3, 3, 1),
        d_resample_filter: Sequence[float] = (1, 3, 3, 1),
        g_conv_clamp: float | None = 256.0,
        d_conv_clamp: float | None = 256.0,
        use_noise: bool = True,
        d_channel_base: int | None = None,
        d_channel_max: int | None = None,
        d_mapping_layers: int = 8,
        d_mapping_learning_rate_multiplier: float = 0.01,
        class_map_dim: int | None = None,
        d_label_dim: int | None = None,
        d_mapping_width: int | None = None,
        stddev_group_size: int | None = 4,
        stddev_features: int = 1,
        stddev_grouping: Literal["consecutive", "strided"] = "consecutive",
        num_layers: int = 14,
        num_critical: int = 2,
        first_cutoff: float = 2.0,
        first_stopband: float = 4.2870938501451725,
        last_stopband_rel: float = 1.2311444133449163,
        margin_size: int = 10,
        output_scale: float = 0.25,
        conv_kernel: int = 3,
        filter_size: int = 6,
        lrelu_upsampling: int = 2,
        use_radial_filters: bool = False,
        magnitude_momentum: float = 0.9988915792636801,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None: ...
    def images_from_styles(
        self, styles: tf.Tensor, training: bool = False, transform=None
    ) -> tf.Tensor: ...
    def render(
        self,
        latents: tf.Tensor,
        labels: ArrayLike | None = None,
        truncation: ArrayLike = 1.0,
        training: bool = False,
        truncation_cutoff: int | None = None,
        transform=None,
    ) -> tf.Tensor: ...
    @property
    def transform(self): ...
