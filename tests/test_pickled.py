"""Files of PyTorch are read without it, and whatever a file holds, nothing of it is run."""

import codecs
import collections
import io
import itertools
import os
import pathlib
import pickle
import random
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from test_checkpoints import ROOT, needs_files

from tfgan_zoo import checkpoints
from tfgan_zoo.weights import pickled, pytorch
from tfgan_zoo.weights.pickled import Global, Object
from tfgan_zoo.weights.source import Source

PROTOCOLS = range(6)
VALUES = [
    None, True, 3, -(2**70), 2.5, "text", "\u00fc\n", b"bytes", [1, [2]], (), (1,), (1, 2, 3, 4), {},
    {"a": {1: (2.0, None)}}, {1, 2}, frozenset("ab"), collections.OrderedDict(a=1, b=[2]),
]  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", VALUES, ids=itertools.count())
def test_values_are_those_of_pickle(value, protocol):
    content = io.BytesIO(pickle.dumps([value, value], protocol) + b"rest")
    found = pickled.read(content, pickled.CONTAINERS)
    expected = dict(value) if isinstance(value, collections.OrderedDict) else value
    assert found == [expected, expected] and content.read() == b"rest"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "<i8", "|u1", "|b1"])
def test_arrays_of_numpy(dtype, protocol, tmp_path):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    file = tmp_path / "file.pkl"
    file.write_bytes(
        b"\x80\x02" * (protocol < 2) + pickle.dumps({"a": array, "b": array.T}, protocol)
    )
    if protocol == 5:
        file.write_bytes(pickle.dumps({"a": array.copy(), "b": array.T}, 4))
    found = pytorch.state_dict(pytorch.read(file))
    np.testing.assert_array_equal(found["a"], array)
    np.testing.assert_array_equal(found["b"], array.T)


# === What PyTorch writes, by hand ===


def tensor(kind, count, shape, stride, offset=0, key="0"):
    """The instructions of a tensor in protocol 2, by persistent id."""
    storage = b"("
    for part in ("storage", None, key, "cpu", count):
        storage += b"ctorch\n%s\n" % kind.encode() if part is None else pickle.dumps(part, 2)[2:-1]
    numbers = [pickle.dumps(part, 2)[2:-1] for part in (offset, shape, stride, False, None)]
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"tQ" + b"".join(numbers) + b"tR"


def archive(path, tensors, values, order=b"little", compression=zipfile.ZIP_STORED):
    """A file as torch.save writes it: `tensors`, `{name: instructions}`; `values`, `{key: bytes}`."""
    items = b"".join(pickle.dumps(name, 2)[2:-1] + code for name, code in tensors.items())
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("archive/data.pkl", b"\x80\x02}(" + items + b"u.")
        file.writestr("archive/byteorder", order)
        for key, content in values.items():
            file.writestr(f"archive/data/{key}", content)
    return path


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("FloatStorage", "f4"), ("DoubleStorage", "f8"), ("HalfStorage", "f2"), ("LongStorage", "i8"),
     ("IntStorage", "i4"), ("ShortStorage", "i2"), ("CharStorage", "i1"), ("ByteStorage", "u1"),
     ("BoolStorage", "?")],
)  # fmt: skip
@pytest.mark.parametrize("order", ["little", "big"])
def test_tensors_share_storages_and_have_strides(kind, dtype, order, tmp_path):
    values = np.arange(12).astype(dtype)
    parts = {
        "whole": tensor(kind, 12, (3, 4), (4, 1)),
        "turned": tensor(kind, 12, (4, 3), (1, 4)),
        "part": tensor(kind, 12, (2,), (4,), offset=5),
        "repeated": tensor(kind, 12, (5, 2), (0, 1)),
        "number": tensor(kind, 12, (), ()),
        "none": tensor(kind, 12, (0, 4), (4, 1)),
    }
    content = values.astype(values.dtype.newbyteorder("<" if order == "little" else ">")).tobytes()
    file = archive(tmp_path / "file.pth", parts, {"0": content}, order.encode())
    found = pytorch.state_dict(pytorch.read(file))
    whole = values.reshape(3, 4)
    expected = {
        "whole": whole,
        "turned": whole.T,
        "part": values[[5, 9]],
        "repeated": np.tile(values[:2], (5, 1)),
        "number": values[0],
        "none": whole[:0],
    }
    for name, array in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], array)


def test_bfloat16(tmp_path):
    values = np.array([1.0, -2.5, 3.140625, 1e30], np.float32)
    halves = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    code = {"it": tensor("BFloat16Storage", 4, (4,), (1,))}
    found = pytorch.state_dict(pytorch.read(archive(tmp_path / "file.pth", code, {"0": halves})))
    np.testing.assert_allclose(found["it"], values, rtol=2**-7)
    np.testing.assert_array_equal(found["it"].view(np.uint32) & 0xFFFF, 0)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (tensor("FloatStorage", 4, (5,), (1,)), "reaches beyond its storage of 4"),
        (tensor("FloatStorage", 4, (2,), (1,), offset=3), "reaches beyond its storage of 4"),
        (tensor("FloatStorage", 4, (2,), (-1,)), "a size is -1"),
        (tensor("FloatStorage", 4, (2**40,), (0,)), "reaches beyond its storage of 4"),
        (tensor("FloatStorage", 4, (0, 2**40), (0, 0)), "reaches beyond its storage of 4"),
        (tensor("FloatStorage", 5, (4,), (1,)), "16 bytes are there of a storage of 20"),
        (tensor("FloatStorage", 2**60, (4,), (1,)), "a size is"),
        (tensor("OtherStorage", 4, (4,), (1,)), "OtherStorage.*not known"),
        (tensor("FloatStorage", 4, (4,), (1,), key="1"), "0 bytes are there"),
        (tensor("FloatStorage", 4, (1,) * 9, (1,) * 9), "has shape"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n(I1\nI1\ntR", "It is no pickle"),
    ],
    ids=itertools.count(),
)
def test_tensors_that_are_damaged(code, message, tmp_path):
    file = archive(tmp_path / "file.pth", {"it": code}, {"0": bytes(16)})
    with pytest.raises(ValueError, match=rf"(?s)file\.pth cannot be read.*{message}"):
        pytorch.read(file)


def test_archives_that_are_damaged(tmp_path):
    code, values = {"it": tensor("FloatStorage", 4, (4,), (1,))}, {"0": bytes(16)}
    file = archive(tmp_path / "bomb.pth", code, values, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="compressed"):
        pytorch.read(file)
    content = archive(tmp_path / "file.pth", code, values).read_bytes()
    for size in range(1, len(content), 37):
        (tmp_path / "file.pth").write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"file\.pth"):
            pytorch.read(tmp_path / "file.pth")
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as other:
        other.writestr("readme", "text")
    with pytest.raises(ValueError, match="none that torch.save writes"):
        pytorch.read(tmp_path / "other.pth")


# === Nothing is run ===


class Calls:
    """Pickled, it is a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("function", "args"),
    [(os.system, ("touch ran",)), (eval, ("open('ran', 'w')",)), (exec, ("open('ran', 'w')",)),
     (os.mkdir, ("ran",)), (__import__, ("this",))],
)  # fmt: skip
def test_a_call_is_written_down(function, args, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "file.pkl"
    file.write_bytes(b"\x80\x02" * (protocol < 2) + pickle.dumps(Calls(function, *args), protocol))
    found = pytorch.read(file)
    assert isinstance(found, Object) and found.args == args
    assert not (tmp_path / "ran").exists()


def test_what_a_class_would_be_given_is_kept():
    content = b"\x80\x02csome.module\nClass\n)\x81}(X\x01\x00\x00\x00aK\x01ub."
    found = pickled.read(io.BytesIO(content))
    assert found.kind == Global("some.module", "Class") and found.state == {"a": 1}
    old = b"(isome.module\nClass\n}b."
    assert pickled.read(io.BytesIO(old)).kind == Global("some.module", "Class")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02]r\xff\xff\xff\x7f.",  # the place of a memo, of which C's makes a list
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",  # a bytearray
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",  # bytes
        b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.",  # a frame
        b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"\x01.",  # an integer
        b"\x80\x02" + b"(" * 10**5 + b".",
        b"\x80\x02" + b"]" + b"]a" * 10**4 + b".",
        b"\x80\x02" + b")" + b"\x85" * 10**5 + b".",  # deep
        b"\x80\x02})" + b"\x85" * 10**5 + b"K\x01s.",  # a key, whose hash would be as deep
        b"\x80\x02](h\x00e.",
        b"\x80\x02\x82\x01.",  # an extension
        b"\x80\x02ctorch\nFloatStorage\nK\x01b.",  # a state for a name
        b"\x80\x02K\x01)R.",
        b"\x80\x02ccollections\nOrderedDict\n]K\x01a\x85R.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R.",
        b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x03abc\x85R.",
        b"\x80\x04\x94.",
        b"\x80\x020.",
        b"\x80\x02.",
        b"\x80\x02",
        b"",
    ],
    ids=itertools.count(),
)
def test_bombs_and_nonsense(content, tmp_path):
    file = tmp_path / "file.pkl"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        pytorch.read(file)
    except ValueError as error:
        assert "file.pkl" in str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**28


def test_many_tensors_of_one_storage_are_refused(tmp_path):
    code = {str(n): tensor("ByteStorage", 2**20, (2**20,), (1,)) for n in range(300)}
    tree = pytorch.read(archive(tmp_path / "file.pth", code, {"0": bytes(2**20)}))
    with pytest.raises(ValueError, match="many more tensors than values"):
        pytorch.state_dict(tree)


# === The files ===


def _files():
    kinds = (".pth", ".pkl", ".ckpt", ".bin")
    found = [path for path in sorted(ROOT.glob("*/*/*")) if path.suffix in kinds]
    return [path for path in found if "tfjs" not in path.parts]


@needs_files
def test_all_files_are_read():
    for path in _files():
        tree = pytorch.read(path)
        assert isinstance(tree, (dict, tuple)), path


_events = []
_WATCHED = (
    "import",
    "exec",
    "compile",
    "os.system",
    "subprocess.Popen",
    "os.mkdir",
    "pickle.find_class",
)


_watching = []


def _watch(event, args):
    if _watching and event in _WATCHED:
        _events.append((event, args))


def _mutated(content, rng):
    """A file with a few of its first bytes, where the instructions are, changed, cut or repeated."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(min(len(found), 20_000) if rng.random() < 0.9 else len(found))
        kind = rng.randrange(5)
        if kind == 0:
            found[place] = rng.randrange(256)
        elif kind == 1:
            found[place] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del found[place : place + rng.randint(1, 40)]
        elif kind == 3:
            found[place:place] = found[place : place + rng.randint(1, 40)]
        else:
            found[place:place] = bytes([rng.choice(b"()]}.0RQbceistu\x81\x82\x85\x93\x94\x96")])
    return bytes(found[: rng.randrange(len(found))] if rng.random() < 0.05 else found)


@needs_files
@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.full)])
def test_mutations(count, tmp_path):
    """Of files: an error that names the file, or what models take; no import or call, bounded memory."""
    files = sorted(_files(), key=lambda path: path.stat().st_size)[:24]
    contents = [path.read_bytes() for path in files]
    rng, file, read = random.Random(0), tmp_path / "file.pth", 0
    codecs.lookup("cp437")  # zipfile's, of the names of entries
    sys.addaudithook(_watch)  # which stays, and is silent later
    tracemalloc.start()
    _watching.append(True)
    try:
        for number in range(count):
            content = contents[number % len(contents)]
            file.write_bytes(_mutated(content, rng))
            try:
                pytorch.read(file)
                read += 1
                source = Source(file)
                checkpoints._converted(source, checkpoints._family(source, None), {})
            except ValueError as error:
                assert "file.pth" in str(error)
    finally:
        _watching.clear()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert 0 < read < count
    assert not _events, _events[:3]
    assert peak < 2**28


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        pytorch.read(pathlib.Path(tmp_path / "none.pth"))
