"""Numbers that a caller gives: checked by kind and range, and never rounded, wrapped or clipped."""

import numpy as np

INT64 = (-(2**63), 2**63 - 1)


def plain(value):
    """The Python value of a NumPy scalar, or of an array or tensor without axes; others as they are."""
    if hasattr(value, "numpy") and len(value.shape) == 0:
        value = value.numpy()
    if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0:
        return value.item()
    return value


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    return is_integer(value) or isinstance(value, float)


def _array(name, values):
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number or an array. Received: {values!r}.") from error


def integer(name, value, low=1, high=None):
    """One integer from `low` to `high`, both allowed, as an int; all others raise ValueError."""
    number = plain(value)
    fits = is_integer(number) and low <= number and (high is None or number <= high)
    if not fits:
        raise ValueError(f"{name} must be {_integers(low, high)}. Received: {name}={value!r}.")
    return number


def _integers(low, high):
    if (low, high) == INT64:
        return "an integer in [-2**63, 2**63)"
    if high is not None:
        return f"an integer in [{low}, {high}]"
    return "a positive integer" if low == 1 else f"an integer, {low} or more"


def seeds(name, values):
    """Seeds as int64 `[n]`: integers, one or more of them, each in [-2**63, 2**63).

    Raises:
        ValueError: Others; floats and strings are not rounded or read, larger integers not wrapped.
    """
    array = np.atleast_1d(_array(name, values))
    if array.dtype.kind == "O" and all(is_integer(value) for value in array.flat):
        pass  # Python's integers beyond 64 bits
    elif array.dtype.kind not in "iu" or array.ndim != 1 or not array.size:
        raise ValueError(f"{name} must be one integer or several. Received: {name}={values!r}.")
    low, high = int(array.min()), int(array.max())
    if low < INT64[0] or high > INT64[1]:
        raise ValueError(
            f"{name} must lie in [-2**63, 2**63), the integers of 64 bits. Received: {low} to {high}."
        )
    return array.astype(np.int64)


def seeds_from(first, count):
    """The seeds `first`, `first + 1`, … as int64 `[count]`; of None, from one that is drawn."""
    count = integer("n", count)
    if first is None:
        first = int(np.random.default_rng().integers(2**31))
    first = integer("seed", first, *INT64)
    if first + count - 1 > INT64[1]:
        raise ValueError(
            f"The last of {count} seeds from {first} on is beyond 2**63 - 1, the largest of 64 bits."
        )
    return first + np.arange(count, dtype=np.int64)


def shares(name, values, classes=None, is_whole=False):
    """Shares of classes, float64 `[K]`: finite numbers of 0 or more.

    Args:
        classes: Int K, or None for any.
        is_whole: Whether their sum must be 1, by 1e-6; otherwise only their ratios count, and they must
            not be all 0.

    Raises:
        ValueError: Others, NaN too.
    """
    try:
        found = np.asarray(values, np.float64)
        total, least = found.sum(), found.min(initial=0)
    except (TypeError, ValueError):  # strings, or lists of other lengths
        total = least = np.nan
    fits = least >= 0 and (abs(total - 1) <= 1e-6 if is_whole else 0 < total < np.inf)
    if not fits or found.ndim != 1 or classes not in (None, len(found)):
        count, which = classes or "K", " with the sum 1" if is_whole else ", not all 0"
        raise ValueError(
            f"{name} must be {count} finite shares of 0 or more{which}, one for each class. Received: "
            f"{name}={values!r}."
        )
    return found


def truncations(values, count):
    """Shares in (0, 1], float32 `[count]`, of one number or `count` numbers.

    Raises:
        ValueError: Others, NaN too.
    """
    array = _array("truncation", values)
    if array.dtype.kind not in "iuf" or array.shape not in {(), (count,)}:
        raise ValueError(
            f"truncation must be a number in (0, 1], or {count} numbers, one for each image. "
            f"Received: truncation={values!r}."
        )
    array = array.astype(np.float32)
    if not ((array > 0) & (array <= 1)).all():
        raise ValueError(f"truncation must lie in (0, 1]. Received: truncation={values!r}.")
    return np.broadcast_to(array, [count])


def classes(name, values, count, num_classes=None):
    """Classes as int32 `[count]`, of one integer or `count` integers in [0, num_classes).

    Args:
        num_classes: Int, or None where only the server knows it: then all of int32.

    Raises:
        ValueError: Others; the message names those that do not exist.
    """
    array = _array(name, values)
    if array.dtype.kind not in "iu" or array.shape not in {(), (count,)}:
        hint = _hint_of_classes(array, num_classes)
        raise ValueError(
            f"{name} must be an integer, or {count} integers, one for each image. "
            f"Received: {name}={values!r}.{hint}"
        )
    low, high = (-(2**31), 2**31) if num_classes is None else (0, num_classes)
    wrong = array[(array < low) | (array >= high)]
    if wrong.size:
        allowed = f"[0, {num_classes})" if num_classes else "[0, 2**31)"
        raise ValueError(f"There is no class {wrong.flat[0]}: {name} must lie in {allowed}.")
    return np.broadcast_to(array, [count]).astype(np.int32)


def _hint_of_classes(array, num_classes):
    if array.dtype.kind in "OUST":
        return " Classes are asked for by number."
    if array.ndim == 2 and array.shape[1] == 1:
        return " Give labels.ravel()."
    if array.ndim == 2 and array.shape[1] == num_classes:
        return " These look one-hot: give labels.argmax(axis=1)."
    if array.dtype.kind == "f" and array.size and (array == np.floor(array)).all():
        return " Give labels.astype(int)."
    return ""
