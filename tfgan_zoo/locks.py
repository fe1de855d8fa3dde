"""Locks that end with their process, and the removal of what killed processes left half written."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import time
import uuid
import warnings

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

UNFINISHED = ".unfinished-"  # begins the names of folders in which something is being written
_OWNER = ".owner"  # the file in such a folder that its process keeps locked
_SWEEP_EVERY = 1.0  # seconds; a folder of 10,000 new files is not listed 10,000 times
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_swept, _held = {}, {}


class InUseError(RuntimeError):
    """Another process works on the same files."""


class Lock:
    """A lock file that one process holds; the kernel releases it, also after `kill -9`.

    Taking it again in the same process is allowed: the last `release` counts.

    Args:
        path: The lock file. It is there while it is held, or after a kill; then it locks nothing.
        what: What is held, as the sentence begins: "The run runs/0001-dcgan".
        wait: Seconds to wait for another process before it is refused.

    Raises:
        InUseError: Another process holds it; the message names host, process and time.
    """

    def __init__(self, path, what, wait=0.0):
        self.path = pathlib.Path(path).absolute()
        descriptor, count = _held.get(self.path, (None, 0))
        if not count:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = self._taken(what, time.monotonic() + wait)
        _held[self.path], self._is_held = (descriptor, count + 1), True

    def _taken(self, what, end):
        while True:
            descriptor = os.open(self.path, _FLAGS, 0o644)
            try:
                is_free = _try_lock(descriptor)
            except OSError as error:
                _warn_of_no_locks(self.path, error)
                is_free = True
            if not is_free:
                owner = os.read(descriptor, 1000).decode(errors="replace")
                os.close(descriptor)
                if time.monotonic() < end:
                    time.sleep(0.02)
                    continue
                raise InUseError(f"{what} is in use by {_told(owner)}. Wait for it, or stop it.")
            if _is_same_file(descriptor, self.path):
                break
            os.close(descriptor)  # its owner removed it in this moment
        owner = {"host": socket.gethostname(), "pid": os.getpid()}
        owner["since"] = time.strftime("%Y-%m-%d %H:%M:%S%z")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(owner).encode(), 0)
        return descriptor

    def release(self):
        """Lets another process have it. A second call does nothing."""
        if not self._is_held:
            return
        self._is_held = False
        descriptor, count = _held.pop(self.path)
        if count > 1:
            _held[self.path] = descriptor, count - 1
            return
        if _is_same_file(descriptor, self.path):
            self.path.unlink(missing_ok=True)  # before it is unlocked: nobody locks it in between
        os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


@contextlib.contextmanager
def unfinished(parent, name):
    """Yields a path called `name` in a new hidden folder of `parent`, which goes when the body ends.

    The folder is locked while the body runs, so that nobody sweeps it; what killed processes left in
    `parent` is swept first.
    """
    parent = pathlib.Path(parent)
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    folder, descriptor = _new_folder(parent)
    try:
        yield folder / name
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep(parent):
    """Removes what killed processes left half written in a folder; what is being written stays."""
    parent, now = pathlib.Path(parent).absolute(), time.monotonic()
    if now - _swept.get(parent, -_SWEEP_EVERY) < _SWEEP_EVERY:
        return
    _swept[parent] = now
    with os.scandir(parent) as entries:
        leftovers = [entry.path for entry in entries if entry.name.startswith(UNFINISHED)]
    for leftover in leftovers:
        with contextlib.suppress(OSError):  # removed by another process, or not ours to remove
            _remove_if_dead(pathlib.Path(leftover))


def _new_folder(parent):
    while True:
        folder = parent / f"{UNFINISHED}{uuid.uuid4().hex}"
        folder.mkdir()
        try:
            descriptor = os.open(folder / _OWNER, _FLAGS, 0o600)
        except FileNotFoundError:  # swept before it was locked
            continue
        try:
            is_ours = _try_lock(descriptor)
        except OSError:
            is_ours = True  # no locks here: nobody sweeps either
        if is_ours and _is_same_file(descriptor, folder / _OWNER):
            return folder, descriptor
        os.close(descriptor)


def _remove_if_dead(leftover):
    """Raises OSError where locks do not work: whether it is dead cannot be known there."""
    if leftover.is_symlink():
        return leftover.unlink()
    file = leftover / _OWNER if leftover.is_dir() else leftover
    descriptor = os.open(file, _FLAGS, 0o600)
    try:
        if not _try_lock(descriptor):
            return
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink()
    finally:
        os.close(descriptor)


def _try_lock(descriptor):
    """Whether the file is locked now by us; OSError where the file system has no locks."""
    if fcntl is None:
        raise OSError("this system has no flock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _is_same_file(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _warn_of_no_locks(path, error):
    warnings.warn(
        f"The file system of {path.parent} has no locks ({error.strerror or error}): nothing keeps "
        "a second process from working there at the same time. See to it that there is none.",
        stacklevel=5,
    )


def _told(owner):
    try:
        return "process {pid} on {host} since {since}".format(**json.loads(owner))
    except (ValueError, TypeError, KeyError):  # it is being written in this moment
        return "another process"
