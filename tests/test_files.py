"""Files that are whole, locks that end with their process, names that are no paths, damaged files."""

import errno
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from PIL import Image
from tiny_runs import make as make_tiny
from tiny_runs import train
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import callbacks, export, files, locks, runs
from tfgan_zoo.callbacks.backup import checkpoints, read_state
from tfgan_zoo.callbacks.evaluate import read_best
from tfgan_zoo.callbacks.tensorboard import Writer
from tfgan_zoo.cli.app import app
from tfgan_zoo.evaluation import collect, results
from tfgan_zoo.evaluation.pages import plain_markdown
from tfgan_zoo.locks import UNFINISHED, InUseError, Lock
from tfgan_zoo.metrics.statistics import Statistics
from tfgan_zoo.runs.directory import new_directory, options_of
from tfgan_zoo.visualization import is_picture, write_picture

PACKAGE = pathlib.Path(tfgan_zoo.__file__).parent
ALONE = f"""
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("locks", {str(PACKAGE / "locks.py")!r})
locks = importlib.util.module_from_spec(spec); spec.loader.exec_module(locks)
"""


def other_process(code):
    """A process that ran `code`, and waits; it is killed in the end."""
    command = [sys.executable, "-c", f"{ALONE}{code}; print('ready', flush=True); time.sleep(60)"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def leftovers(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(UNFINISHED)]


@pytest.fixture(autouse=True)
def swept_anew(monkeypatch):
    monkeypatch.setattr(locks, "_SWEEP_EVERY", 0.0)


@pytest.fixture(scope="module")
def gan():
    return make("VanillaGAN")


# === Whole writes ===


def test_all_of_an_export_is_on_the_disk_before_its_name_is(gan, tmp_path, monkeypatch):
    done, at_rename = set(), []
    fsync, replace = os.fsync, os.replace

    def record(descriptor):
        done.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def rename(source, target):
        at_rename.append((pathlib.Path(target), set(done)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record)
    monkeypatch.setattr(os, "replace", rename)
    version = gan.export(tmp_path, "tiny", warmup_batch_sizes=[1])
    before = next(inodes for target, inodes in at_rename if target == version)
    there = [version, *version.rglob("*")]
    assert {"variables.index", "preset.json", "golden"} <= {path.name for path in there}
    assert not [path for path in there if path.stat().st_ino not in before]
    assert version.parent.stat().st_ino in done
    assert {path.name for path in tmp_path.rglob(".*")} == set()


@pytest.mark.parametrize("version", [None, 1])
def test_another_export_is_faster(version, gan, tmp_path, monkeypatch):
    write_extra = export._write_extra

    def rival(*args):
        (tmp_path / "tiny" / "1").mkdir()
        (tmp_path / "tiny" / "1" / "saved_model.pb").touch()
        write_extra(*args)

    monkeypatch.setattr(export, "_write_extra", rival)
    if version is None:
        assert gan.export(tmp_path, "tiny", warmup_batch_sizes=[1]).name == "2"
    else:
        with pytest.raises(FileExistsError, match="by another process in the meantime"):
            gan.export(tmp_path, "tiny", 1, warmup_batch_sizes=[1])
    assert [path.name for path in (tmp_path / "tiny" / "1").iterdir()] == ["saved_model.pb"]
    assert not leftovers(tmp_path)


def test_names_and_versions_of_exports(gan, tmp_path):
    for name in ("..", ".", "", "a/b", "../x", ".hidden", "a b", "é", "x" * 300, "a\n", 3):
        with pytest.raises(ValueError, match="A name has"):
            gan.export(tmp_path / "models", name)
    for version in (0, -1, True, 1.0, "1", 10**20):
        with pytest.raises(ValueError, match="A version is an int"):
            gan.export(tmp_path / "models", "x", version)
    assert not (tmp_path / "models").exists()
    for name in ("9", "10", "007", "²", "1.5", ".unfinished-1"):
        (tmp_path / "tiny" / name).mkdir(parents=True)
    assert export._next_version(tmp_path / "tiny") == 11


def test_killed_writers_are_swept_and_live_ones_are_not(tmp_path):
    code = f"w = locks.unfinished({str(tmp_path)!r}, 'x'); path = w.__enter__(); path.mkdir()"
    alive, dead = other_process(code), other_process(code)
    assert len(leftovers(tmp_path)) == 2
    kill(dead)
    old = tmp_path / f"{UNFINISHED}{os.getpid()}-x"  # as earlier versions named it
    old.mkdir()
    (old / "file").touch()
    (tmp_path / f"{UNFINISHED}1-file").touch()
    with files.atomic_write(tmp_path / "x") as temporary:
        temporary.write_text("whole")
    assert len(leftovers(tmp_path)) == 1 and (leftovers(tmp_path)[0] / "x").is_dir()
    kill(alive)
    locks.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_links_are_not_followed(tmp_path):
    """A folder from elsewhere may hold links where locks and leftovers are."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / f"{UNFINISHED}x").symlink_to(tmp_path / "precious")
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "precious" / "file")
    files.write_json(tmp_path / "run" / "x.json", {})
    with pytest.raises(OSError, match=r"\.lock"):
        Lock(tmp_path / "run" / ".lock", "It")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"x.json", ".lock"}
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["file"]
    assert (tmp_path / "precious" / "file").read_text() == "kept"


def test_a_body_that_fails_leaves_nothing_and_the_old_file(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(KeyError), files.atomic_write(tmp_path / "x") as temporary:
        temporary.write_text("new")
        raise KeyError("x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_nothing_is_written_past_files():
    """What these files write lies in a folder or file that gets its name when it is whole."""
    within = {"archives.py", "downloads.py", "export.py", "sharing.py"}
    within |= {"callbacks/backup.py", "serving/golden.py"}
    within |= {"watermark/keys.py"}  # one line, into a file that there was not
    for path in PACKAGE.rglob("*.py"):
        name, text = str(path.relative_to(PACKAGE)), path.read_text()
        calls = re.findall(r"(\S+)\.write_(?:text|bytes)\(|open\([^)\n]*\"[wx]b?\"\)", text)
        if name not in within:
            assert set(calls) <= {"temporary"} | ({""} if "temporary" in text else set()), name


# === Locks ===


def test_a_lock_is_of_one_process(tmp_path):
    path = tmp_path / ".lock"
    holder = other_process(f"lock = locks.Lock({str(path)!r}, 'It')")
    told = rf"The run is in use by process {holder.pid} on \S+ since \d{{4}}-\d\d-\d\d \d\d:.*Wait"
    with pytest.raises(InUseError, match=told):
        Lock(path, "The run")
    kill(holder)  # the kernel releases it
    lock = Lock(path, "The run")
    again = Lock(path, "The run")
    lock.release()
    lock.release()
    assert path.exists()
    again.release()
    assert not path.exists()


def test_a_lock_waits(tmp_path):
    holder = other_process(f"lock = locks.Lock({str(tmp_path / 'l')!r}, 'It')")
    threading.Timer(0.2, kill, [holder]).start()
    Lock(tmp_path / "l", "It", wait=20).release()


def test_file_systems_without_locks(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    with pytest.warns(UserWarning, match=r"has no locks .No locks available."):
        lock = Lock(tmp_path / "l", "It")
    lock.release()
    (tmp_path / f"{UNFINISHED}x").mkdir()  # whose process may live
    files.write_json(tmp_path / "x.json", {})
    assert (tmp_path / f"{UNFINISHED}x").exists() and (tmp_path / "x.json").exists()


def test_two_processes_on_one_run(images, tmp_path):
    """The second trains nothing, and sets no good checkpoint aside."""
    backup = callbacks.BackupAndRestore(tmp_path)
    train(make_tiny(), images, backup, epochs=1)
    holder = other_process(f"lock = locks.Lock({str(tmp_path / '.lock')!r}, 'It')")
    with pytest.raises(InUseError, match=f"process {holder.pid} on"):
        train(make_tiny(), images, backup, epochs=2)
    kill(holder)
    assert [folder.name for folder in checkpoints(tmp_path)] == ["000000004"]
    gan = make_tiny()
    train(gan, images, backup, epochs=1)
    backup.save()  # the same step again
    backup.save()
    assert [path.name for path in tmp_path.iterdir()] == ["000000004"]
    assert read_state(tmp_path / "000000004")["step"] == 4


def test_a_run_that_is_trained_is_not_resumed(tmp_path):
    (tmp_path / "run.json").write_text(
        json.dumps({"process": {}, "continued": [], "options": {"preset": "dcgan_mnist"}})
    )
    holder = other_process(f"lock = locks.Lock({str(tmp_path / '.lock')!r}, 'It')")
    with pytest.raises(InUseError, match=rf"The run {tmp_path} is in use by process {holder.pid}"):
        runs.resume(tmp_path)
    kill(holder)


def test_numbers_of_runs(tmp_path):
    def made(name="x"):
        return new_directory(tmp_path, name, tf.distribute.get_strategy()).name

    assert [made(), made(), made("y")] == ["0001-x", "0002-x", "0003-y"]
    (tmp_path / "9999-x").mkdir()
    (tmp_path / "0500-notes").touch()
    assert [made(), made("y"), made()] == ["10000-x", "10001-y", "10002-x"]
    names = []
    threads = [
        threading.Thread(target=lambda i=i: names.append(made(f"run{i % 3}"))) for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(int(name.split("-")[0]) for name in names)
    # Two that took one number at the same instant may both give way, which leaves it out.
    assert len(set(numbers)) == len(numbers) == 12 and numbers[0] >= 10003
    assert sorted(path.name for path in tmp_path.glob("*-run*")) == sorted(names)


def test_two_evaluations_with_one_cache(tmp_path, monkeypatch):
    """One removes the folder when it ends, while the other still writes there."""
    statistics, tries = Statistics(features=np.ones([2, 2])), []
    atomic_write = collect.atomic_write

    def removed_at_first(file):
        tries.append(file)
        return atomic_write(tmp_path / "gone" / "x" if len(tries) == 1 else file)

    real = os.replace

    def replace(source, target):
        if "gone" in str(target):
            files.remove(tmp_path / "gone")
        real(source, target)

    monkeypatch.setattr(collect, "atomic_write", removed_at_first)
    monkeypatch.setattr(os, "replace", replace)
    collect._write(tmp_path / "cache" / "part_0.npz", statistics)
    assert len(tries) == 2
    np.testing.assert_array_equal(
        collect._read(tmp_path / "cache" / "part_0.npz", ["features"]).features, np.ones([2, 2])
    )


# === Disks ===


@pytest.fixture
def limited():
    """A function that limits the size of files, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(limited, images, gan, tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path / "run")
    model = make_tiny()
    train(model, images, backup, epochs=1)
    size = (tmp_path / "run" / "000000004" / "model.weights.h5").stat().st_size
    files.write_json(tmp_path / "x.json", {"old": 1})
    for limit in (0, 1, size // 2, size - 1):  # HDF5 ended the process at some of these
        limited(limit)
        with pytest.raises(
            OSError, match=r"00004 was not written: File too large. Make room.*stays"
        ):
            backup.save()
    limited(20)
    with pytest.raises(OSError, match=r"x.json was not written: File too large"):
        files.write_json(tmp_path / "x.json", {"new": "x" * 100})
    limited(5000)
    for action, name in (
        (lambda: gan.export(tmp_path / "models", "tiny", warmup_batch_sizes=[1]), "models/tiny"),
        (lambda: gan.save(tmp_path / "m.keras"), None),
        (lambda: write_picture(tmp_path / "p.webp", noise(200)), "p.webp"),
        (
            lambda: collect._write(tmp_path / "c.npz", Statistics(features=np.ones([99, 99]))),
            "c.npz",
        ),
    ):
        if name:
            with pytest.raises(OSError, match=f"{name} was not written: File too large") as error:
                action()
            assert error.value.errno == errno.EFBIG
    limited(resource.RLIM_INFINITY)
    assert json.loads((tmp_path / "x.json").read_text()) == {"old": 1}
    assert read_state(tmp_path / "run" / "000000004")["step"] == 4
    assert not leftovers(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["models", "run", "x.json"]


def test_events_on_a_full_disk(limited, tmp_path):
    writer = Writer(tmp_path)
    writer.scalar("loss", 1.5, 3)
    limited(1000)
    with pytest.raises(OSError, match="tfevents.* was not written: File too large"):
        for step in range(100):
            writer.scalar("loss", 1.5, step)
    limited(resource.RLIM_INFINITY)
    writer.close()


def noise(size, channels=3):
    return np.random.default_rng(0).integers(0, 256, (size, size, channels), np.uint8)


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    for path, kind in (
        (tmp_path / "file" / "x.json", NotADirectoryError),
        (tmp_path / "file" / "folder" / "x.json", NotADirectoryError),
        (tmp_path / ("x" * 300), OSError),
        (tmp_path, IsADirectoryError),
    ):
        with pytest.raises((kind, FileExistsError), match="was not written: ") as error:
            files.write_json(path, {})
        assert str(path) in str(error.value)
    with pytest.raises(KeyError), files.atomic_write(tmp_path / "x"):
        raise KeyError("not of the disk")
    with pytest.raises(FileNotFoundError, match="nowhere"), files.atomic_write(tmp_path / "x"):
        pathlib.Path("/nowhere/at/all").read_text()


# === What a user names ===


@pytest.mark.parametrize(
    "name", ["g.png", "g.PNG", "g.jpg", "g.JPEG", "g.webp", "g.gif", "a.b.Png"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_by_their_suffix(name, channels, tmp_path):
    assert is_picture(tmp_path / name)
    image = np.repeat(np.arange(0, 256, 8, np.uint8)[:, None, None], 32, 1).repeat(channels, 2)
    write_picture(tmp_path / name, image)
    content = (tmp_path / name).read_bytes()
    starts = {"g": {"j": b"\xff\xd8", "w": b"RIFF", "g": b"GIF8", "p": b"\x89PNG"}}["g"]
    assert content.startswith(starts[(tmp_path / name).suffix[1].lower()])
    with Image.open(tmp_path / name) as opened:
        read = np.asarray(opened.convert("RGB")).astype(int)
    assert np.abs(read - image).max() <= (4 if "j" in name.lower() else 0)


def test_what_is_no_picture(tmp_path):
    for name in ("g.bmp", "g.TIFF", "g.svg", "g.pdf"):
        with pytest.raises(ValueError, match=rf"Pictures are .png, .jpg.*{name}"):
            is_picture(tmp_path / name)
    for name in ("grid", "run.1", "v2.0", "x.png/"):
        assert not is_picture(f"{tmp_path}/{name}")
    (tmp_path / "notes").touch()
    with pytest.raises(ValueError, match="notes is a file. Name a folder, or a picture"):
        is_picture(tmp_path / "notes")
    with pytest.raises(ValueError, match="no transparency"):
        write_picture(tmp_path / "x.jpg", noise(8, 4))


def test_out_is_refused_before_a_model_is_loaded(tmp_path):
    commands = [
        ["sample", "nothing"], ["interpolate", "nothing"], ["mix", "nothing"], ["directions", "nothing"],
        ["project", "nothing", "--images", "x"], ["generate", "--url", "localhost:1", "--model", "x"],
    ]  # fmt: skip
    for command in commands:
        done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "g.bmp")])
        assert done.exit_code == 1 and "g.bmp" in done.output, command
        assert "nothing" not in done.output.replace("Drawing", ""), command
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fd10k_effnet", "fd10k_effnet"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b`c`\nd\r\n# e", r"a\|b\`c\` d # e"),
        ("![x](http://y)", r"!\[x\](http://y)"),
        ("*a* _b_ c_d", r"\*a\* \_b\_ c_d"),
        ("# x", r"\# x"),
        ("- x", r"\- x"),
        ("1. x", r"\1. x"),
        ("\\", r"\\"),
        ("\udcff", "?"),
    ],
)
def test_texts_in_markdown(text, shown):
    assert plain_markdown(text) == shown


# === Damaged files ===


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON"), (b"{", "no JSON"), (b"\xff\xfe\x00", "no JSON"), (b"[" * 100_000, "no JSON"),
        (b"1" * 5000, "no JSON"), (b"[]", "expected an object"), (b"null", "expected an object"),
        (b"3", "expected an object"), (b"{}", "has no 'step'"), (b'{"step": "4"}', "'step' is '4'"),
        (b'{"step": true}', "'step' is True"), (b'{"step": null}', "'step' is None"),
    ],
)  # fmt: skip
def test_damaged_json(content, message, tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        files.read_json(path, keys={"step": int}, advice="Do this.")
    assert str(path) in str(error.value) and str(error.value).endswith("Do this.")
    path.write_bytes(b'\xef\xbb\xbf{"step": 4}')  # with the mark of some editors
    assert files.read_json(path, keys={"step": int}) == {"step": 4}


def test_damaged_lines(tmp_path, images):
    path = tmp_path / "logs.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"st')  # a kill
    assert [row["step"] for row in files.read_json_lines(path, {"step": int})] == [1, 2]
    train(make_tiny(), images, callbacks.JsonlLogger(path), epochs=1)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3, 4]
    for line in ("", "[]", '{"step": "x"}', "{"):
        path.write_text(f'{{"step": 1}}\n{line}\n{{"step": 3}}\n')
        with pytest.raises(ValueError, match=r"logs.jsonl, line 2 is damaged.*Remove the line"):
            train(make_tiny(), images, callbacks.JsonlLogger(path), epochs=1)


RUN = {"process": {}, "continued": [], "options": {"preset": "dcgan_mnist"}}


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ([], "expected an object"), ({}, "has no 'process'"), ({**RUN, "options": []}, "'options' is"),
        ({**RUN, "options": {}}, "has no 'preset'"),
        ({**RUN, "options": {"preset": "x", "colour": 1}}, "options that are not known here.*colour"),
        ({**RUN, "options": {"preset": "x", "epochs": "three"}}, "not known here"),
    ],
)  # fmt: skip
def test_a_damaged_run(run, message, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(run))
    for function in (options_of, runs.load_run, runs.resume):
        with pytest.raises(ValueError, match=message) as error:
            function(tmp_path)
        assert "run.json" in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"step": 1}', '{"step": 1, "before": 3}', "\x00"])
def test_damaged_descriptions(text, tmp_path):
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "best.json").write_text(text)
    assert read_best(tmp_path) is None
    (tmp_path / "state.json").write_text(text)
    assert read_state(tmp_path) is None
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(ValueError, match=r"scores.json holds no results of an evaluation"):
        results.read(tmp_path / "scores.json")


def test_damaged_statistics_are_computed_anew(tmp_path):
    path = tmp_path / "part.npz"
    collect._write(path, Statistics(features=np.ones([20, 20])))
    content = path.read_bytes()
    for damaged in (
        b"",
        b"x",
        content[:100],
        content[:-30],
        content.replace(b"features", b"featurex"),
    ):
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match=r"part.npz is damaged .*computed anew"):
            assert collect._read(path, ["features"]) is None
    assert collect._read(tmp_path / "none.npz", []) is None


def test_a_signal_while_a_lock_is_held(tmp_path):
    """A killed process leaves a lock file that locks nothing."""
    holder = other_process(f"lock = locks.Lock({str(tmp_path / 'l')!r}, 'It')")
    os.kill(holder.pid, signal.SIGTERM)
    holder.wait()
    holder.stdout.close()
    assert (tmp_path / "l").exists()
    with Lock(tmp_path / "l", "It"):
        pass
