"""The tensors of files that PyTorch writes, without PyTorch: see `pickled`, which runs nothing of them.

`torch.save` writes a zip file, since version 1.6, or a chain of pickles followed by raw values; and
NVIDIA's pickles have such a chain within them for each tensor.
"""

import functools
import io
import mmap
import os
import zipfile

from tfgan_zoo.weights import pickled
from tfgan_zoo.weights.pickled import Global, Object
from tfgan_zoo.weights.torch_values import (
    Array,
    Dtype,
    Storage,
    Tensor,
    dtype_of,
    of_dtype,
    scalar,
    sides,
    width,
)

LEGACY = 0x1950A86A20F9469CFC6C  # what a chain of pickles begins with
_LEGACY_BYTES = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")
_PROTOCOL = 1001
_MOST_MODULES, _DEEPEST = 100_000, 50
_DAMAGES = (ValueError, zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError)
_SPARE = 2**26  # bytes of tensors whose values are repeated


def _made(within):
    arrays = {}
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        arrays |= {Global(module, "_reconstruct"): Array, Global(module, "scalar"): scalar}
    return {
        **pickled.CONTAINERS,
        **arrays,
        Global("numpy", "dtype"): Dtype,
        Global("torch._utils", "_rebuild_tensor"): Tensor,
        Global("torch._utils", "_rebuild_tensor_v2"): lambda *args: Tensor(*args[:4]),
        Global("torch._utils", "_rebuild_tensor_v3"): of_dtype,
        Global("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
        Global("torch._utils", "_rebuild_parameter_with_state"): lambda tensor, *_: tensor,
        Global("torch.storage", "_load_from_bytes"): within,
    }


_MADE = _made(lambda content: _chain(io.BytesIO(content), {}))
_MADE_WITHIN = _made(lambda content: Object(Global("torch.storage", "_load_from_bytes")))

# === Containers ===


def read(path):
    """What a file holds: dictionaries and lists of texts, numbers, `Tensor`s and `Object`s.

    Args:
        path: Of a file by `torch.save`, whatever its suffix is, or of a pickle.

    Raises:
        ValueError: Another kind of file, or one that is cut off or damaged; the message names it.
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        start = file.read(len(_LEGACY_BYTES))
        try:
            if start[:4] == b"PK\x03\x04":
                return _zipped(file)
            # Mapped: more bytes than there are cannot be asked for.
            if start == _LEGACY_BYTES:
                return _chain(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), _MADE)
            if start[:1] == b"\x80":
                return pickled.read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), _MADE)
        except _DAMAGES as error:
            raise ValueError(f"{path} cannot be read. {_sentence(error)}") from error
    raise ValueError(
        f"{path} is neither a file that torch.save writes nor a pickle. It begins with {start[:8]!r}."
    )


def _sentence(error):
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _zipped(file):
    archive = zipfile.ZipFile(file)
    entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
    size = os.fstat(file.fileno()).st_size
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise ValueError("its entries are compressed, which those of torch.save are not")
    if sum(entry.file_size for entry in archive.infolist()) > size or "data.pkl" not in entries:
        raise ValueError("it is a zip file, and none that torch.save writes")
    content = lambda name: archive.read(entries[name]) if name in entries else b""  # noqa: E731
    order = ">" if content("byteorder").strip() == b"big" else "<"
    storages = {}

    def persistent(found):
        storage = _referred(found, storages)
        if storage.content is None:
            storage.fill(content(f"data/{found[2]}"), order)
        return storage

    return pickled.read(io.BytesIO(content("data.pkl")), _MADE, persistent)


def _chain(file, made):
    """The object of a chain of pickles: numbers that say what it is, the object, and its storages."""
    is_outer = bool(made)
    made = made or _MADE_WITHIN
    head = [pickled.read(file, made) for _ in range(3)]
    if head[0] != LEGACY or head[1] != _PROTOCOL or not isinstance(head[2], dict):
        raise ValueError("its header is none of torch.save's")
    order, storages = "<" if head[2].get("little_endian", True) else ">", {}
    persistent = functools.partial(_referred, storages=storages)
    found, keys = pickled.read(file, made, persistent), pickled.read(file, made)
    for key in sides(keys):
        _fill(file, storages.get(key), order)
    if not is_outer and not isinstance(found, Storage):
        raise ValueError("a storage within it is none")
    return found


def _fill(file, storage, order):
    count = int.from_bytes(file.read(8), "little" if order == "<" else "big", signed=True)
    if storage is None or count * width(storage.dtype) != storage.nbytes:
        raise ValueError("its list of storages is not that of its tensors")
    storage.fill(file.read(storage.nbytes), order)


def _referred(found, storages):
    """The storage that a persistent id names; modules that are pickled with their source are inert."""
    if not isinstance(found, tuple) or len(found) < 2:
        raise ValueError("it refers to what is no storage")
    if found[0] == "module":
        return found[1]
    if found[0] != "storage" or len(found) < 5 or not isinstance(found[2], str):
        raise ValueError("it refers to what is no storage")
    storage = storages.setdefault(found[2], None)
    if storage is None:
        storage = storages[found[2]] = Storage(dtype_of(found[1]), found[4])
    if len(found) > 5 and found[5] is not None:
        raise ValueError("it has views of storages, which no version since 0.4 writes")
    return storage


# === Networks ===


def state_dict(value):
    """`{name: array}` of a state dict, by PyTorch's names; of a pickled module, from its `__dict__`s.

    Values that are no tensors are left out. "module.", which `DataParallel` puts before every name, is
    taken away.

    Raises:
        ValueError: Neither of the two.
    """
    if isinstance(value, Object):
        found = dict(_of_module(value, "", [0], 0))
    elif isinstance(value, dict):
        found = {k: v for k, v in value.items() if isinstance(v, (Tensor, Array))}
    else:
        found = {}
    if not found:
        raise ValueError("It holds no tensors of a network.")
    if all(str(name).startswith("module.") for name in found):
        found = {str(name).removeprefix("module."): tensor for name, tensor in found.items()}
    _check_sizes(found.values())
    return {str(name): tensor.numpy() for name, tensor in found.items()}


def _check_sizes(tensors):
    """Refuses many tensors of few storages, which would fill the memory."""
    tensors = [tensor for tensor in tensors if isinstance(tensor, Tensor)]
    held = sum({id(tensor.storage): tensor.storage.nbytes for tensor in tensors}.values())
    if sum(tensor.nbytes for tensor in tensors) > 4 * held + _SPARE:
        raise ValueError("It has many more tensors than values for them.")


def attributes(module):
    """The `__dict__` of a pickled module: a dictionary."""
    state = module.state
    if state is None and module.kind.name == "_reconstruct_persistent_obj" and module.args:
        meta = module.args[0]
        state = meta.get("state") if isinstance(meta, dict) else None
    return state if isinstance(state, dict) else {}


def class_name(module):
    """The name of a pickled module's class."""
    if module.kind.name == "_reconstruct_persistent_obj" and module.args:
        return str(module.args[0].get("class_name"))
    return module.kind.name


def children(module):
    """`{name: module}` of a pickled module's own."""
    found = attributes(module).get("_modules") or {}
    return {name: child for name, child in found.items() if isinstance(child, Object)}


def _of_module(module, prefix, count, depth):
    count[0] += 1
    if count[0] > _MOST_MODULES or depth > _DEEPEST:
        raise ValueError("It holds modules within modules without an end.")
    state = attributes(module)
    transient = state.get("_non_persistent_buffers_set") or ()
    for kind in ("_parameters", "_buffers"):
        for name, tensor in (state.get(kind) or {}).items():
            if isinstance(tensor, Tensor) and name not in transient:
                yield f"{prefix}{name}", tensor
    for name, child in children(module).items():
        yield from _of_module(child, f"{prefix}{name}.", count, depth + 1)
