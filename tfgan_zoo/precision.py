"""Which dtype policy trains fastest on the devices of this machine."""

import contextlib
import contextvars
import functools
import os
import pathlib

_UNITS = ("amx_bf16", "avx512_bf16")  # of processors that multiply in bfloat16
_AMPERE = (8, 0)  # compute capability of the first GPUs that do


def auto_precision() -> str:
    """The dtype policy to train with here: "mixed_bfloat16" where the devices multiply in bfloat16.

    These are TPUs; GPUs of compute capability 8.0 and above, all of them; and processors with AMX or
    AVX-512's bfloat16 instructions, by what Linux says of them in /proc/cpuinfo. Elsewhere it is
    "float32", as it is where TensorFlow's oneDNN is switched off.

    Example:

    ```python
    gan = tfgan_zoo.DCGAN(dtype=tfgan_zoo.auto_precision())
    ```
    """
    return "mixed_bfloat16" if bfloat16_units() else "float32"


def bfloat16_units() -> str:
    """What multiplies in bfloat16 here, such as "amx_bf16" or the name of a GPU; "" if nothing does."""
    import tensorflow as tf

    if tf.config.list_physical_devices("TPU"):
        return "TPU"
    if gpus := tf.config.list_physical_devices("GPU"):
        return _of_gpus([tf.config.experimental.get_device_details(gpu) for gpu in gpus])
    return next((unit for unit in _UNITS if unit in _flags() and _uses_onednn()), "")


_averages = contextvars.ContextVar("dtype policy of averages", default="float32")


def of_averages() -> str:
    """The dtype policy of moving averages, which draw and are served: float32."""
    return _averages.get()


@contextlib.contextmanager
def averages_in(policy):
    """Models made within have averages of that policy, for an export that computes in it."""
    token = _averages.set(policy)
    try:
        yield
    finally:
        _averages.reset(token)


def _of_gpus(details):
    has_units = all(each.get("compute_capability", (0, 0)) >= _AMPERE for each in details)
    return details[0].get("device_name", "GPU") if has_units else ""


@functools.cache
def _flags(cpuinfo="/proc/cpuinfo"):
    """The flags of the first processor of a Linux machine; of others none."""
    path = pathlib.Path(cpuinfo)
    lines = path.read_text().splitlines() if path.is_file() else []
    return frozenset(next((line.split() for line in lines if line.startswith("flags")), ()))


def _uses_onednn():
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1").lower() not in ("0", "false")
