"""Epsilon of many noised sums of sampled examples, by `dp-accounting`."""

import functools
import math

from tfgan_zoo import extras

_RDP_ORDERS = (*(1 + x / 10 for x in range(1, 100)), *range(11, 64), 128, 256, 512, 1024)


def epsilon(
    steps: int,
    sampling_probability: float,
    noise_multiplier: float,
    delta: float,
    accountant: str = "pld",
) -> float:
    """The epsilon of `steps` updates of Poisson-sampled batches, for an example added or removed.

    Args:
        steps: Int. Updates of the discriminator: training steps times `n_critic`.
        sampling_probability: Float in (0, 1]. With which each example is in a batch.
        noise_multiplier: Float. Standard deviation of the noise over the length of a clipped gradient.
        delta: Float in (0, 1).
        accountant: "pld", privacy loss distributions (Koskela et al. 2020, an upper bound), or "rdp",
            Rényi differential privacy (Mironov 2017), a looser bound.

    Returns:
        Float; infinity without noise.

    Raises:
        ImportError: `dp-accounting` is not installed.
        ValueError: A value outside its range.
    """
    _check(sampling_probability, delta, accountant)
    if steps < 0 or noise_multiplier < 0:
        raise ValueError(
            "steps and noise_multiplier must be 0 or more. Received: "
            f"steps={steps}, noise_multiplier={noise_multiplier}."
        )
    if steps == 0:
        return 0.0
    if noise_multiplier == 0:
        return math.inf
    return _epsilon(int(steps), sampling_probability, noise_multiplier, delta, accountant)


@functools.lru_cache(256)
def _epsilon(steps, sampling_probability, noise_multiplier, delta, accountant):
    with extras.needed_by("The accountant of differential privacy"):
        import dp_accounting
        from dp_accounting import pld, rdp
    is_pld = accountant == "pld"
    made = pld.PLDAccountant() if is_pld else rdp.RdpAccountant(_RDP_ORDERS)
    event = dp_accounting.GaussianDpEvent(noise_multiplier)
    if sampling_probability < 1:
        event = dp_accounting.PoissonSampledDpEvent(sampling_probability, event)
    return float(made.compose(event, steps).get_epsilon(delta))


def noise_multiplier(
    epsilon: float,
    steps: int,
    sampling_probability: float,
    delta: float,
    accountant: str = "pld",
) -> float:
    """The least noise multiplier, to a thousandth, with which `steps` updates stay within epsilon.

    Args: As of `epsilon`.

    Raises:
        ImportError: `dp-accounting` is not installed.
        ValueError: A value outside its range, or an epsilon that not even a multiplier of 1000 reaches.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0. Received: {epsilon}.")

    def exceeds(sigma):
        return _of(steps, sampling_probability, sigma, delta, accountant) > epsilon

    low, high = 0.0, 1.0
    while exceeds(high):
        low, high = high, 2 * high
        if low > 1000:
            raise ValueError(f"No noise multiplier up to 1000 gives epsilon {epsilon}.")
    while high - low > 5e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle) else (low, middle)
    return math.ceil(high * 1000) / 1000


_of = epsilon  # its name is an argument's within `noise_multiplier`


def _check(sampling_probability, delta, accountant):
    if not 0 < sampling_probability <= 1:
        raise ValueError(
            f"sampling_probability must be in (0, 1]. Received: {sampling_probability}."
        )
    if not 0 < delta < 1:
        raise ValueError(f"delta must be in (0, 1). Received: {delta}.")
    if accountant not in ("pld", "rdp"):
        raise ValueError(f"accountant must be 'pld' or 'rdp'. Received: {accountant!r}.")
