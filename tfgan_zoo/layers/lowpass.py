"""Low-pass filters for maps that are resampled without aliasing, designed in float64.

Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423,
section 3, appendix C).
"""

import math

import numpy as np

_MOST_TAPS = 1024


def lowpass(taps: int, cutoff: float, width: float, rate: float, radial: bool = False):
    """A low-pass filter with a finite impulse response and Kaiser's window.

    Args:
        taps: Int K in [2, 1024].
        cutoff: Float. Frequency of which half of the amplitude passes, in cycles a unit of length.
        width: Float. Width of the transition between what passes and what is stopped.
        rate: Float. Samples a unit of length, more than twice `cutoff`.
        radial: Whether it stops frequencies of all directions alike; else it is that of one axis.

    Returns:
        float64 `[K]`, or `[K, K]` of a radial one; the sum is 1.

    Raises:
        ValueError: Another number of taps; that of millions would take all memory.
    """
    if not 2 <= taps <= _MOST_TAPS:
        raise ValueError(f"A low-pass filter has 2 to {_MOST_TAPS} taps. Received: {taps}.")
    places = np.arange(taps) - (taps - 1) / 2
    window = np.kaiser(taps, _beta(taps, 2 * width / rate))
    share = 2 * cutoff / rate
    if radial:
        squares = np.add.outer(places**2, places**2)
        radii, number = np.unique(squares, return_inverse=True)  # an eighth of them
        values = _jinc(share * np.sqrt(radii))[number].reshape(squares.shape)
        values *= np.outer(window, window)
    else:
        values = np.sinc(share * places) * window
    return values / values.sum()


def _beta(taps, width):
    """The shape of Kaiser's window for a transition of that share of half the sampling rate.

    Reference: Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974.
    """
    attenuation = 2.285 * (taps - 1) * math.pi * width + 7.95  # in dB
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    if attenuation > 21:
        return 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    return 0.0


def _jinc(x):
    """2 J1(pi x) / (pi x), which is 1 at 0."""
    x = np.maximum(math.pi * x, 1e-9)
    return 2 * bessel_j1(x) / x


def bessel_j1(x):
    """The Bessel function of the first kind of order 1, for x of at most 1000 or so; to 1e-14.

    Its integral is one of a periodic function, of which the midpoint rule is exact but for J of twice
    the number of points, which is nothing.
    """
    count = 40 + int(np.max(np.abs(x)))
    angles = (np.arange(count) + 0.5) * math.pi / count
    return sum(np.cos(angle - x * np.sin(angle)) for angle in angles) / count
