"""Noise-to-image models whose generator adds noise beside the latents."""

from tfgan_zoo.layers import noise
from tfgan_zoo.tasks.gan import GAN


class NoisyGAN(GAN):
    """A `GAN` with layers of `NoiseInjection`, which draw while it trains, and are constant in use."""

    def render(
        self,
        latents,
        labels=None,
        truncation=1.0,
        training=False,
        noise_mode="const",
        noise_seed=0,
    ):
        """Float images in [-1, 1], `[B, H, W, C]`, of the averaged generator.

        Args:
            latents: Floats `[B, latent_dim]`.
            labels: Ints `[B]`, for a model with labels.
            truncation: Float in (0, 1], or one for each image; see `truncate`.
            training: Whether values beyond [-1, 1] stay, and batch statistics are the batch's.
            noise_mode: "const": every image has the noise that the network holds; "random": noise of its
                own, as in training, a function of `noise_seed` and its place; "none": no noise.
            noise_seed: Int in [0, 2**31).
        """
        latents = self.checked_latents(latents)
        with noise.drawn_noise(noise_mode, noise_seed, latents.shape[0]):
            return super().render(latents, labels, truncation, training)
