"""Tensors of PyTorch and arrays of numpy as a pickle describes them: bytes, a dtype and a shape."""

import math

import numpy as np

from tfgan_zoo.weights.pickled import Global

BFLOAT16 = "bfloat16"
_DTYPES = {
    **dict.fromkeys(("FloatStorage", "float32", "float"), "f4"),
    **dict.fromkeys(("DoubleStorage", "float64", "double"), "f8"),
    **dict.fromkeys(("HalfStorage", "float16", "half"), "f2"),
    **dict.fromkeys(("BFloat16Storage", "bfloat16"), BFLOAT16),
    **dict.fromkeys(("LongStorage", "int64", "long"), "i8"),
    **dict.fromkeys(("IntStorage", "int32", "int"), "i4"),
    **dict.fromkeys(("ShortStorage", "int16", "short"), "i2"),
    **dict.fromkeys(("CharStorage", "int8"), "i1"),
    **dict.fromkeys(("ByteStorage", "uint8", "UntypedStorage"), "u1"),
    **dict.fromkeys(("BoolStorage", "bool"), "?"),
}
_MOST_REPEATED = 2**22  # values of a tensor whose storage has fewer
_MOST_DIMENSIONS = 8


class Storage:
    """The bytes of the values of one or more tensors, `content`, once they were read."""

    def __init__(self, dtype, count):
        self.dtype, self.nbytes = dtype, sized(count) * width(dtype)
        self.content, self.order = None, "<"

    def fill(self, content, order):
        """Takes the bytes; `order`: "<" or ">"."""
        if len(content) != self.nbytes:
            raise ValueError(f"{len(content)} bytes are there of a storage of {self.nbytes}")
        self.content, self.order = content, order

    def values(self, dtype):
        """A vector of all values, bfloat16 as float32."""
        if self.content is None:
            raise ValueError("The values of a tensor are not in the file.")
        if dtype == BFLOAT16:
            halves = np.frombuffer(self.content, f"{self.order}u2").astype(np.uint32)
            return (halves << 16).view(np.float32)
        found = np.frombuffer(self.content, f"{self.order}{dtype}")
        return found.astype(found.dtype.newbyteorder("="), copy=False)


class Tensor:
    """A view of a storage, as PyTorch describes it."""

    def __init__(self, storage, offset, size, stride, dtype=None):
        if not isinstance(storage, Storage):
            raise TypeError("a tensor has no storage")
        self.storage, self.offset = storage, sized(offset)
        self.dtype = dtype or storage.dtype
        self.shape = tuple(sized(side) for side in sides(size))
        self.stride = tuple(sized(step) for step in sides(stride))
        self._check()

    @property
    def nbytes(self):
        return math.prod(self.shape) * width(self.dtype)

    def _check(self):
        if len(self.shape) != len(self.stride) or len(self.shape) > _MOST_DIMENSIONS:
            raise ValueError(f"a tensor has shape {self.shape} and strides {self.stride}")
        values, count = math.prod(self.shape), self.storage.nbytes // width(self.dtype)
        steps = zip(self.shape, self.stride, strict=True)
        last = self.offset + sum((side - 1) * step for side, step in steps)
        largest = max(values, *self.shape, 0)
        if (values and last >= count) or largest > max(count, _MOST_REPEATED):
            raise ValueError(
                f"a tensor of shape {self.shape} reaches beyond its storage of {count}"
            )

    def numpy(self):
        """The values, of their own dtype; bfloat16 as float32."""
        values = self.storage.values(self.dtype)
        if 0 in self.shape:
            return np.zeros(self.shape, values.dtype)
        strides = [step * values.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides).copy()


class Array:
    """An array of numpy in a pickle: made empty, and then given its values."""

    def __init__(self, *_):
        self.values = None

    def pickled_state(self, state):
        _, shape, dtype, is_fortran, content = state
        shape, order = tuple(sized(side) for side in shape), "F" if is_fortran else "C"
        if not isinstance(dtype, Dtype) or not isinstance(content, bytes):
            raise TypeError("an array holds no numbers")
        if len(shape) > _MOST_DIMENSIONS or math.prod(shape) * dtype.value.itemsize != len(content):
            raise ValueError(f"an array of shape {shape} has {len(content)} bytes")
        self.values = np.frombuffer(content, dtype.value).reshape(shape, order=order)

    def numpy(self):
        if self.values is None:
            raise ValueError("The values of an array are not in the file.")
        return self.values


class Dtype:
    """A dtype of numpy in a pickle; its byte order comes after it."""

    def __init__(self, code, *_):
        if not isinstance(code, str) or code[:1] not in tuple("fiub") or not code[1:].isdigit():
            raise ValueError(f"an array of numpy has dtype {code!r}")
        self.value = np.dtype(code)

    def pickled_state(self, state):
        if state[1] in (">", "<"):
            self.value = self.value.newbyteorder(state[1])


def scalar(dtype, content=b""):
    if not isinstance(dtype, Dtype) or not isinstance(content, bytes):
        raise TypeError("a number of numpy has no dtype")
    return np.frombuffer(content, dtype.value)[0].item()


def sized(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**48:
        raise ValueError(f"a size is {value!r}")
    return value


def sides(values):
    if not isinstance(values, (tuple, list)):
        raise TypeError("a shape is no tuple")
    return values


def dtype_of(kind):
    if not isinstance(kind, Global) or kind.name not in _DTYPES:
        raise ValueError(f"values are of {kind!r}, which is not known")
    return _DTYPES[kind.name]


def width(dtype):
    return 2 if dtype == BFLOAT16 else np.dtype(dtype).itemsize


def of_dtype(storage, offset, size, stride, requires_grad, hooks, dtype, *_):
    """What `_rebuild_tensor_v3` makes: a storage of bytes, and the dtype of the tensor."""
    return Tensor(storage, offset, size, stride, dtype_of(dtype))
