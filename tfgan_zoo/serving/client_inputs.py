"""What a caller asks of a client, checked before a request is sent: no number is rounded or wrapped."""

import difflib
import math

import numpy as np

_INT64, _INT32 = np.iinfo(np.int64), np.iinfo(np.int32)


def seeds(n, seed):
    """The seeds of the images, int64 `[n]`; see `Client.generate`.

    Raises:
        ValueError: n or seed is no integer, does not fit 64 bits, or they contradict each other.
    """
    if seed is not None and np.ndim(seed):
        if not len(seed):
            raise ValueError("seed is an empty list: there is nothing to draw.")
        given = integers("seed", seed, _INT64)
        if given.ndim != 1:
            raise ValueError(
                f"seed must be an integer or a list of them. Received shape {given.shape}."
            )
        if n not in (None, len(given)):
            raise ValueError(f"n={n} does not fit {len(given)} seeds.")
        return given
    count = positive("n", n)
    first = np.random.default_rng().integers(2**31) if seed is None else seed
    first = int(integers("seed", first, _INT64))
    if first + count - 1 > _INT64.max:
        raise ValueError(f"seed + n exceeds 64 bits. Received: seed={first}, n={count}.")
    return first + np.arange(count, dtype=np.int64)


def labels(values, n):
    """int32 `[n]` of one label for all, or one for each."""
    return _spread("labels", integers("labels", values, _INT32).astype(np.int32), n)


def truncation(values, n):
    """float32 `[n]` of one number for all, or one for each."""
    array = _numbers("truncation", values, "iuf").astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"truncation must be finite. Received: {values!r}.")
    return _spread("truncation", array, n)


def texts(values, n):
    """Bytes in UTF-8 `[n]`, dtype object, of one string for all, or one for each."""
    values = np.asarray(
        values, object
    ).tolist()  # an object array keeps zeros at the end of strings
    values = values if isinstance(values, list) else [values]
    wrong = [value for value in values if not isinstance(value, (str, bytes))]
    if wrong:
        raise ValueError(f"texts must be strings. Received: {wrong[0]!r}.")
    array = np.empty(len(values), object)
    array[:] = [value.encode() if isinstance(value, str) else bytes(value) for value in values]
    return _spread("texts", array, n)


def integers(name, values, limits=_INT64):
    """An integer array of what is integers already.

    Raises:
        ValueError: Anything else, bool and whole floats included, or a number beyond `limits`.
    """
    array = _numbers(name, values, "iu")
    if array.size and not limits.min <= int(array.min()) <= int(array.max()) <= limits.max:
        raise ValueError(f"{name} must fit {limits.bits} bits. Received: {values!r}.")
    return array.astype(np.int64)


def _numbers(name, values, kinds):
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.asarray(None)
    if array.dtype == object and all(type(value) is int for value in array.ravel()):
        raise ValueError(f"{name} must fit 64 bits. Received: {values!r}.")
    bools = isinstance(values, (list, tuple)) and any(isinstance(v, bool) for v in values)
    if array.dtype.kind not in kinds or bools:
        wanted = "integers" if kinds == "iu" else "numbers"
        raise ValueError(f"{name} must be {wanted}. Received: {values!r}.")
    return array


def _spread(name, array, n):
    if np.shape(array) not in ((), (n,), (1,)):
        raise ValueError(
            f"{name} must be one for all or one for each of {n}. Received shape {np.shape(array)}."
        )
    return np.broadcast_to(array, [n])


def positive(name, value, least=1):
    """An int of at least `least`."""
    is_int = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_int or value < least:
        kind = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ValueError(f"{name} must be {kind}. Received: {name}={value!r}.")
    return int(value)


def seconds(value):
    """A time-out."""
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        raise ValueError(f"timeout must be a positive number of seconds. Received: {value!r}.")
    return float(value)


def near(name, known):
    """ " Did you mean …?" where a known name is near, else nothing."""
    found = difflib.get_close_matches(str(name), list(known), 1)
    return f" Did you mean {found[0]!r}?" if found else ""
