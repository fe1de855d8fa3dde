"""Archives of strangers: what leaves their folder, is no model's or grows without bounds is refused."""

import contextlib
import gzip
import io
import os
import random
import resource
import shutil
import struct
import sys
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from web_server import Server, contents, packed

import tfgan_zoo
from tfgan_zoo import archives, bundles, weights

GRAPH = "1/saved_model.pb"
MIB = 1 << 20


def of_tar(*members, content=b"", mode="w", **options):
    """A tar of members with these attributes: `{"name": …, "type": …}`."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, **options) as archive:
        for attributes in members:
            member = tarfile.TarInfo()
            member.size = len(content)
            for name, value in attributes.items():
                setattr(member, name, value)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def of_zip(*names, content=b"", mode=0, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in names:
            member = zipfile.ZipInfo(name)
            member.external_attr, member.compress_type = mode << 16, compression
            archive.writestr(member, content)
    return file.getvalue()


def encrypted():
    content = bytearray(of_zip(GRAPH, content=b"a" * 20))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


def lying(size):
    """A zip whose directory says that its file is larger than it is."""
    content = bytearray(of_zip(GRAPH, content=b"a" * 20))
    start = content.index(b"PK\1\2")
    content[start + 24 : start + 28] = struct.pack("<I", size)
    return bytes(content)


def sparse():
    pax = {"GNU.sparse.map": "0,1,5,1", "GNU.sparse.size": str(1 << 40), "GNU.sparse.name": GRAPH}
    return of_tar({"name": GRAPH, "pax_headers": pax}, content=b"ab", format=tarfile.PAX_FORMAT)


def zeros(mib):
    """A gzip of a tar with a file of zeros, made without holding them."""
    file, member = io.BytesIO(), tarfile.TarInfo(GRAPH)
    member.size = mib * MIB
    with gzip.open(file, "wb") as packed:
        packed.write(member.tobuf())
        for _ in range(mib):
            packed.write(b"\0" * MIB)
    return file.getvalue()


def kind(byte, **more):
    return {"name": GRAPH, "type": byte, **more}


REFUSED = {
    "parent": (of_tar({"name": "../saved_model.pb"}), "leaves its folder"),
    "parent within": (of_tar({"name": "1/../../saved_model.pb"}), "leaves its folder"),
    "absolute": (of_tar({"name": "/tmp/saved_model.pb"}), "leaves its folder"),
    "hidden": (of_tar({"name": ".ssh/saved_model.pb"}), "leaves its folder"),
    "folder": (of_tar({"name": "../x", "type": tarfile.DIRTYPE}), "leaves its folder"),
    "other file": (of_tar({"name": "1/run.py"}), "in no exported model"),
    "pickle": (of_tar({"name": "1/variables/model.pkl"}), "in no exported model"),
    "link": (of_tar(kind(tarfile.SYMTYPE, linkname="/etc/passwd")), "is a link, a device"),
    "hard link": (of_tar(kind(tarfile.LNKTYPE, linkname="README.md")), "is a link, a device"),
    "device": (of_tar(kind(tarfile.CHRTYPE)), "is a link, a device"),
    "pipe": (of_tar(kind(tarfile.FIFOTYPE)), "is a link, a device"),
    "sparse": (sparse(), "sparse file"),
    "twice": (of_tar({"name": GRAPH}, {"name": GRAPH}), "two files 1/saved_model.pb"),
    "twice for some": (of_tar({"name": "A.md"}, {"name": "a.md"}), "two files a.md"),
    "file and folder": (of_tar({"name": "a.md"}, {"name": "a.md/saved_model.pb"}), "and a folder"),
    "folder and file": (of_tar({"name": "a.md/saved_model.pb"}, {"name": "a.md"}), "and a folder"),
    "many": (of_tar(*({"name": f"a{n}.md"} for n in range(1001))), "more than 1000 files"),
    "folders": (of_tar(*[{"name": "a", "type": tarfile.DIRTYPE}] * 1001), "more than 1000 files"),
    "long name": (of_tar({"name": "a" * 2 * MIB}, format=tarfile.GNU_FORMAT), "a header of more"),
    "long header": (
        of_tar({"name": "a.md", "pax_headers": {"a": "b" * 2 * MIB}}),
        "header of more",
    ),
    "bzip2": (of_tar({"name": GRAPH}, mode="w:bz2"), "is refused"),
    "xz": (of_tar({"name": GRAPH}, mode="w:xz"), "is refused"),
    "nothing": (b"", "is refused"),
    "text": (b"<html>Not found</html>" * 100, "is refused"),
    "checksum": (zeros(1)[:-8] + bytes(8), "CRC"),
    "zip parent": (of_zip("../saved_model.pb"), "leaves its folder"),
    "zip absolute": (of_zip("/saved_model.pb"), "leaves its folder"),
    "zip drive": (of_zip("C:/saved_model.pb"), "leaves its folder"),
    "zip backslash": (of_zip("..\\saved_model.pb"), "leaves its folder"),
    "zip other": (of_zip("1/run.py"), "in no exported model"),
    "zip link": (of_zip(GRAPH, content=b"/etc/passwd", mode=0o120777), "is a link or a device"),
    "zip twice": (of_zip("a.md", "A.md"), "two files A.md"),
    "zip many": (of_zip(*(f"a{n}.md" for n in range(1001))), "more than 1000 files"),
    "zip directory": (of_zip(*(f"{n:0200d}.md" for n in range(5000))), "directory has more than"),
    "zip lzma": (of_zip(GRAPH, compression=zipfile.ZIP_LZMA), "compressed otherwise"),
    "zip encrypted": (encrypted(), "is encrypted"),
    "zip lies": (lying(1 << 30), "has not the size"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case, tmp_path):
    """And nothing is written beside the folder, and little is held in memory."""
    content, message = REFUSED[case]
    archive = tmp_path / "archive"
    archive.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"^archive is refused.*{message}|^archive.*{message}"):
        archives.unpack(archive, tmp_path / "in" / "model")
    assert tracemalloc.get_traced_memory()[1] < 24 * MIB
    tracemalloc.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "in"]
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["model"]


@pytest.mark.parametrize("form", ["tar.gz", "zip"])
def test_bombs(form, tmp_path):
    """80 MiB in 80 KiB: they end at 64 MiB on the disk, and one in memory."""
    archive, content = tmp_path / "archive", zeros(80)
    if form == "zip":
        file = io.BytesIO()
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed,
            packed.open(GRAPH, "w") as member,
        ):
            for _ in range(80):
                member.write(b"\0" * MIB)
        content = file.getvalue()
    archive.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match="unpacks to more than 50 times its size"):
        archives.unpack(archive, tmp_path / "model")
    assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    tracemalloc.stop()
    sizes = [path.stat().st_size for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert sum(sizes) <= 65 * MIB


def test_a_checkpoint_that_describes_more_than_it_holds(tmp_path):
    """It is refused before memory is asked for."""
    variable = tf.Variable(np.arange(6.0).reshape(2, 3))
    tf.train.Checkpoint(a=variable).write(str(tmp_path / "variables"))
    name = "a/.ATTRIBUTES/VARIABLE_VALUE"
    np.testing.assert_array_equal(
        bundles.tensor(bundles.reader(tmp_path / "variables"), name), variable
    )
    with open(tmp_path / "variables.data-00000-of-00001", "r+b") as file:
        file.truncate(40)
    with pytest.raises(ValueError, match="describes .* bytes, and its files have 40: 'a/.ATTR"):
        bundles.reader(tmp_path / "variables")


# === Mutations ===


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """`(model, {name: bytes})` of its folder."""
    root = tmp_path_factory.mktemp("archives")
    gan = make("VanillaGAN", name="digits")
    gan.export(root, "digits", warmup_batch_sizes=(1,))
    return gan, contents(root)


def mutant(files, rng):
    """An archive that is damaged, or a whole one with a file that is."""
    form = rng.choice(["tar", "tar.gz", "zip"])
    if rng.random() < 0.5:
        return mutated(packed(form, files), rng)
    name = rng.choice(sorted(files))
    return packed(form, {**files, name: mutated(files[name], rng)})


def mutated(content, rng):
    """Some bytes changed, a piece cut out, doubled or overwritten, or the end cut off."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        place, length = rng.randrange(max(1, len(content))), rng.choice([1, 4, 64, 512, 4096])
        piece = content[place : place + length]
        how = rng.randrange(6)
        if how < 2:
            content[place : place + 1] = bytes(byte ^ 1 << rng.randrange(8) for byte in piece[:1])
        elif how == 2:
            content[place : place + length] = rng.choice([b"\xff", b"\0"]) * len(piece)
        elif how == 3:
            del content[place : place + length]
        elif how == 4:
            content[place:place] = piece
        else:
            content = content[: max(1, place)]
    return bytes(content)


_watching = []  # one list while something is watched: a hook cannot be taken away again
_NEVER = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
)


def hook(event, args):
    if not _watching:
        return
    events, folder = _watching
    if event in _NEVER or (event == "import" and args[0] not in sys.modules):
        events.append((event, str(args)[:200]))
    writes = event == "open" and isinstance(args[0], str) and set(str(args[1])) & set("wax+")
    if writes and not os.path.abspath(args[0]).startswith(folder):
        events.append((event, str(args)[:200]))


@contextlib.contextmanager
def watched(events, folder):
    """Notes what the process starts, imports, unpickles, or writes outside of a folder."""
    sys.addaudithook(hook)
    _watching[:] = events, str(folder)
    try:
        yield
    finally:
        _watching.clear()


def outcome(address, gan):
    """ "refused", with a sentence, or "loaded", with the weights as they were."""
    try:
        loaded = tfgan_zoo.from_preset(address)
    except (ValueError, TypeError) as error:
        assert len(str(error)) > 20
        return "refused"
    for name, variable in weights.variables(gan).items():
        there = weights.variables(loaded)[name]
        np.testing.assert_array_equal(there.numpy(), variable.numpy(), err_msg=name)
    return "loaded"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.full)])
def test_mutations(count, exported, tmp_path, monkeypatch):
    """Each is refused or loaded whole; nothing is run, and memory is bounded."""
    monkeypatch.setenv("TFGAN_ZOO_HOME", str(tmp_path / "home"))
    gan, files = exported
    rng, told, events, peak = random.Random(0), {"refused": 0, "loaded": 0}, [], 0
    with Server() as server:
        server.files["/whole"] = packed("zip", files)
        assert outcome(f"{server.address}/whole", gan) == "loaded"  # and all is imported
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        with watched(events, tmp_path):
            for number in range(count):
                server.files[f"/{number}"] = mutant(files, rng)
                tracemalloc.start()
                told[outcome(f"{server.address}/{number}", gan)] += 1
                peak = max(peak, tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
                assert not any(path.is_file() for path in (tmp_path / "home/downloads").iterdir())
                assert not list((tmp_path / "home").rglob(".unfinished*"))
                shutil.rmtree(tmp_path / "home")
        server.shutdown()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
    print(f"\n{told}, {peak / MIB:.1f} MiB of Python's at most, {grown} MiB of the process")
    assert not events
    assert sum(told.values()) == count and min(told.values()) > 0
    assert peak < 64 * MIB and grown < 500
