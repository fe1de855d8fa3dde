"""The files of a checkpoint that others have written, and their tensors by name."""

import collections
import json
import pathlib
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tfgan_zoo.weights import pytorch

_COUNTED = {r"(^|\.)num_batches_tracked$": "how many batches PyTorch has seen, which nothing reads"}
_SHOWN = 8


class Family(NamedTuple):
    """A format of checkpoints.

    Attributes:
        name: What `from_checkpoint(family=…)` calls it.
        title: Whose code writes it.
        url: Of that code.
        licence: Of the weights that its authors have published.
        recognizes: From a `Source` to whether it is of the family.
        convert: From a `Source`, and the arguments it takes, to `Converted`.
        takes: Names of arguments of `from_checkpoint` that the converter reads, in place of the model.
    """

    name: str
    title: str
    url: str
    licence: str
    recognizes: Callable
    convert: Callable
    takes: tuple = ()


class Converted(NamedTuple):
    """What a checkpoint holds, in our names.

    Attributes:
        variant: The name of the model's class.
        options: Its arguments.
        tensors: `{name: array}` by the names of `weights.variables`; none where the options are networks
            that have their weights.
        given: The `Tensors` that these were taken from, a list.
    """

    variant: str
    options: dict
    tensors: dict
    given: list


class Source:
    """One file, the files of a folder, or those that begin with a path and a dot.

    Attributes:
        path: As it was given.
        files: `{name: pathlib.Path}`; of a file that alone.
    """

    def __init__(self, path):
        self.path, self._trees, self._noted = pathlib.Path(path), {}, {}
        if self.path.is_dir():
            self.files = {file.name: file for file in sorted(self.path.iterdir()) if file.is_file()}
        elif self.path.is_file():
            self.files = {self.path.name: self.path}
        elif of_prefix := sorted(
            self.path.parent.glob(f"{self.path.name}.*")
        ):  # as TensorFlow has it
            self.files = {file.name: file for file in of_prefix}
        else:
            raise FileNotFoundError(f"{path}: there is no such file or folder.")

    def matching(self, pattern):
        """The files whose whole names match a regular expression, a list."""
        return [file for name, file in self.files.items() if re.fullmatch(pattern, name)]

    def tree(self, file):
        """What a file of PyTorch's, or a pickle, holds: see `pytorch.read`."""
        if file not in self._trees:
            self._trees[file] = pytorch.read(file)
        return self._trees[file]

    def trees(self):
        """What each file holds that is one of PyTorch's or a pickle: `{file: tree}`."""
        found = {}
        for file in self.files.values():
            try:
                found[file] = self.tree(file)
            except ValueError:
                if self.path.is_file():
                    raise
        return found

    def note(self, files):
        """Says which files a converter has read that are none of PyTorch's: `{name: path}`."""
        self._noted |= files

    def read_files(self):
        """`{name: path}` of the files that were read."""
        return self._noted or {file.name: file for file in self.trees()}

    def beside(self, name):
        """The JSON object in the file of that name, in the folder or beside the file; else None."""
        folder = self.path if self.path.is_dir() else self.path.parent
        file = folder / name
        if not file.is_file():
            return None
        found = json.loads(file.read_text())
        return found if isinstance(found, dict) else None


class Tensors(collections.abc.Mapping):
    """The tensors of a network by the names in the file, and which of them were used.

    Attributes:
        left: `{name: why}` of those that are not needed.
    """

    def __init__(self, arrays, left_out=()):
        self._arrays, self.used, self.left = dict(arrays), set(), {}
        for pattern, why in {**_COUNTED, **dict(left_out)}.items():
            self.leave(pattern, why)

    def __getitem__(self, name):
        if name not in self._arrays:
            near = [other for other in self._arrays if other.split(".")[0] == name.split(".")[0]]
            raise ValueError(
                f"There is no tensor {name}. There are {listed(near or self._arrays)}."
            )
        self.used.add(name)
        return self._arrays[name]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __contains__(self, name):
        return name in self._arrays

    def shape(self, name):
        """The shape of a tensor, which is not used by that; () where there is none."""
        return np.shape(self._arrays[name]) if name in self._arrays else ()

    def found(self, pattern):
        """The matches of names that match a regular expression as a whole, in the file's order."""
        return [match for name in self._arrays if (match := re.fullmatch(pattern, name))]

    def count(self, pattern):
        """How many numbers a group of a pattern takes, which begin with 0: r"body\\.(\\d+)\\..*"."""
        return 1 + max((int(match[1]) for match in self.found(pattern)), default=-1)

    def leave(self, pattern, why):
        """Names tensors that are not needed: those in whose names a regular expression is found."""
        self.left |= {name: why for name in self._arrays if re.search(pattern, name)}

    def unused(self):
        """Names of tensors that were neither used nor left out."""
        return [name for name in self._arrays if name not in self.used and name not in self.left]


def layout(array):
    """A kernel of PyTorch as Keras has it: HWIO of OIHW, HWOI of a transposed convolution's IOHW,
    `[in, out]` of `[out, in]`; a vector as it is."""
    axes = {4: (2, 3, 1, 0), 2: (1, 0)}.get(np.ndim(array))
    return array if axes is None else np.transpose(array, axes)


def unshuffled(array, scale, axis):
    """An array whose axis has the `scale**2` values of each channel side by side, as PyTorch has them,
    with those of each pixel side by side, as `layers.PixelShuffle` does."""
    sides = np.shape(array)
    axis %= len(sides)
    parts = np.reshape(array, (*sides[:axis], -1, scale**2, *sides[axis + 1 :]))
    return np.reshape(np.swapaxes(parts, axis, axis + 1), sides)


def _slopes(array):
    return np.reshape(array, (1, 1, -1))


_NORM = {"gamma": "weight", "beta": "bias"}
_MOVING = {"moving_mean": "running_mean", "moving_variance": "running_var"}
VARIABLES = {  # of a kind of layer: its variables, and what PyTorch calls them
    "batch_normalization": {**_NORM, **_MOVING},
    "instance_normalization": _NORM,
    "p_re_lu": {"alpha": "weight"},
}
_USUAL = {"kernel": "weight", "bias": "bias"}


def by_layers(tensors, network, rows):
    """Tensors of layers that both have in one order, `{our name: array}`.

    Args:
        tensors: `Tensors`.
        network: The name of our network.
        rows: `(kind, prefix)` of each layer, in the order in which our network is made: the kind is our
            layer's class in snake case, "conv2d", or with the name of a layer that has one of its own,
            "conv2d:pixels_made". A variable that the file does not have is not given.
    """
    found, numbers = {}, collections.Counter()
    for kind, prefix in rows:
        kind, _, layer = kind.partition(":")
        if not layer:
            layer = f"{kind}_{numbers[kind]}" if numbers[kind] else kind
            numbers[kind] += 1
        convert = _slopes if kind == "p_re_lu" else layout
        for ours, theirs in VARIABLES.get(kind, _USUAL).items():
            if f"{prefix}.{theirs}" in tensors:
                found[f"{network}/{layer}/{ours}"] = convert(tensors[f"{prefix}.{theirs}"])
    return found


def listed(names):
    """The first of many names, as a text."""
    names = [str(name) for name in names]
    more = f" and {len(names) - _SHOWN} others" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}" or "none"
