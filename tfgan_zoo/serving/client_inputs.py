"""What a caller of `Client` asks for, checked before it is sent."""

import numpy as np

from tfgan_zoo import numbers


def seeds(n, seed):
    """int64 `[n]`: the seeds given, or `n` from one of them, or from one that is drawn."""
    if not np.ndim(seed):
        return numbers.seeds_from(seed, n)
    if n not in (None, len(seed)):
        raise ValueError(f"n={n} does not fit {len(seed)} seeds.")
    return numbers.seeds("seed", seed)


def column(name, value, n, dtype):
    """One value of an input for each of `n` images; numbers that are no class or share are refused."""
    if name == "label":
        return numbers.classes("labels", value, n)
    if name == "truncation":
        return numbers.truncations(value, n)
    return np.broadcast_to(value, [n]).astype(dtype)


def encoded(texts):
    """A string, or strings, as an array of bytes in UTF-8."""
    array = np.asarray(texts)
    encoded = [text.encode() if isinstance(text, str) else text for text in array.flat]
    return np.array([*encoded, None], object)[:-1].reshape(array.shape)
