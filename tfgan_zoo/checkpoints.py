"""Models of checkpoints that others have published: `from_checkpoint(path)`."""

import importlib
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from tfgan_zoo import trust
from tfgan_zoo.files import sha256
from tfgan_zoo.privacy import earlier
from tfgan_zoo.weights import loading
from tfgan_zoo.weights.source import Source, listed

if TYPE_CHECKING:
    from tfgan_zoo.models import GAN, ImageToImage

_NAMES = (  # of weights/convert_<name>.py
    "adain",
    "ajbrock_biggan",
    "cut",
    "cyclegan_pix2pix",
    "esrgan",
    "fast_neural_style",
    "fastgan",
    "huggingface_biggan",
    "keras2",
    "mimicry",
    "projected_gan",
    "r3gan",
    "stargan",
    "studiogan",
    "stylegan2_ada_pytorch",
    "stylegan2_tf",
    "stylegan3",
    "tensorflow_gan",
    "tfjs",
)
FAMILIES = {
    name: importlib.import_module(f"tfgan_zoo.weights.convert_{name}").FAMILY for name in _NAMES
}
# What code that reads a file of another shape than expected may raise.
_DAMAGES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def from_checkpoint(
    path: str | os.PathLike, family: str | None = None, **overrides: Any
) -> "GAN | ImageToImage":
    """Makes the model that a published checkpoint holds, with its weights. Nothing of the file is run,
    and PyTorch and tf-keras are not needed.

    Args:
        path: A file, the folder with all files of a checkpoint, or the path that TensorFlow calls its
            prefix.
        family: Whose format it is, a name of `list_families()`; None: it is found from the file.
        overrides: Arguments of the class, in place of the checkpoint's. Of the families "keras2" and
            "tfjs" further `num_classes`, how many values behind the latents are a class, one-hot;
            `value_range`, `(low, high)` of the network's pixels; and `generator`, a Keras model into
            which weights without an architecture are read. With another `num_classes` or `image_shape`
            the weights that fit are kept, and a warning says what is new, and what is left over.

    Returns:
        A model of the zoo. Its `origin` says where the weights are from, and what their licence is; it
        is kept in whatever the model is saved as. Networks that the file does not have, such as a
        discriminator, are new.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A file that cannot be read, or of no family that is known; tensors that are missing,
            are of other shapes, or have no place in the model.
    """
    source = Source(path)
    found = _family(source, family)
    taken = {name: overrides.pop(name) for name in found.takes if name in overrides}
    converted = _converted(source, found, taken)
    with trust.bounded(_numbers(converted), f". The file: {path}"):
        model = _class(converted.variant)(**{**converted.options, **overrides})
    if converted.tensors:
        resized = any(
            name in overrides and getattr(model, name) != converted.options.get(name)
            for name in ("num_classes", "image_shape")
        )
        loading.load(model, converted.tensors, path, foreign=True, partly=resized)
    earlier.tell(model, source.path.name, {})
    model.origin = {
        "family": found.name,
        "code": found.url,
        "licence": found.licence,
        "files": {name: sha256(file) for name, file in source.read_files().items()},
    }
    return model


def list_families() -> dict[str, str]:
    """The formats that `from_checkpoint` reads: `{name: whose code writes it}`."""
    return {name: family.title for name, family in sorted(FAMILIES.items())}


def _converted(source, family, taken):
    """What the family's converter makes of the files.

    Raises:
        ValueError: They are not of the family, or have tensors that no model takes.
    """
    try:
        converted = family.convert(source, **taken)
        for tensors in converted.given:
            if unused := tensors.unused():
                raise ValueError(f"There is no place for {listed(unused)}.")
    except _DAMAGES as error:
        raise ValueError(f"{source.path}, as a checkpoint of {family.title}: {error}") from error
    return converted


def _numbers(converted):
    """How many numbers the files have."""
    tensors = converted.tensors or {name: t[name] for t in converted.given for name in t}
    return sum(np.size(tensor) for tensor in tensors.values())


def _family(source, name):
    if name is not None:
        if name not in FAMILIES:
            raise ValueError(
                f"There is no family {name!r}. There are {', '.join(sorted(FAMILIES))}."
            )
        return FAMILIES[name]
    found = [family for family in FAMILIES.values() if _recognized(family, source)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(family.name for family in found) or ", ".join(sorted(FAMILIES))
    raise ValueError(
        f"{source.path} is of {'several families' if found else 'no family that is known'}: give family="
        f" one of {known}. It holds {_seen(source)}."
    )


def _recognized(family, source):
    try:
        return family.recognizes(source)
    except _DAMAGES:  # of another shape
        return False


def _seen(source):
    told = []
    for file, tree in source.trees().items():
        is_dict = isinstance(tree, dict)
        told.append(f"{file.name}: {listed(tree) if is_dict else type(tree).__name__}")
    return "; ".join(told) or listed(source.files)


def _class(name):
    import tfgan_zoo  # which knows all models, and imports them at the first use

    return getattr(tfgan_zoo, name)
