"""Which files of a folder are its images, what classes they have, and what is left out."""

import collections
import difflib
import os
import warnings
from pathlib import Path
from typing import NamedTuple

from tfgan_zoo.datasets.decoding import is_grey, read

CAPTIONS = "names.json"
# fmt: off
SUFFIXES = (  # in any case
    ".apng", ".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp",
)
_SPLITS = (
    "train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "holdout",
)
# fmt: on
_OF_SYSTEMS = ("__MACOSX", "__pycache__", "@eaDir", "$RECYCLE.BIN", "Thumbs.db", "desktop.ini")
_OF_SYSTEMS += ("System Volume Information", "lost+found")


class Listing(NamedTuple):
    """The images of one split of a folder.

    Attributes:
        folder: Where they lie.
        names: Their paths within it, sorted.
        labels: Ints, one for each, or None.
        class_names: The classes by their number, or None.
        notes: Sentences on what was left out or could be read in another way.
        unreadable: `{path: reason}` of what should hold images and cannot be opened.
    """

    folder: Path
    names: list
    labels: list | None
    class_names: tuple | None
    notes: list
    unreadable: dict

    def path(self, name):
        return os.path.join(self.folder, name)


def list_images(folder, split):
    """The `Listing` of a split of a folder.

    Raises:
        ValueError: No such split, no images, or images both beside subfolders and in them.
    """
    folder, notes = _of_split(Path(folder), split)
    found = _Walk(folder)
    if not found.images and not found.unreadable:
        raise ValueError(
            f"{printable(folder)} has no images: no files ending in {', '.join(SUFFIXES)}."
            f"{''.join(found.notes())}"
        )
    names = sorted(found.images)
    deep = [name for name in names if "/" in name]
    if deep and len(deep) < len(names):
        beside = next(name for name in names if "/" not in name)
        raise ValueError(
            f"{printable(folder)} has images both in subfolders, which would be their labels "
            f"({printable(deep[0])}), and beside them ({printable(beside)}). Move the one or the "
            "other elsewhere."
        )
    notes = notes + found.notes()
    labels, classes = None, None
    if deep:
        own = _classes(names)
        classes = _numbered(folder, split, own, notes)
        _check_classes(classes, own, names, found, notes)
        numbers = {name: number for number, name in enumerate(classes)}
        labels = [numbers[_top(name)] for name in names]
    return Listing(folder, names, labels, classes, notes, found.unreadable)


def image_names(folder):
    """The paths within a folder of all images under it, sorted, of whatever classes or splits."""
    return sorted(_Walk(folder).images)


def pixels_of(path, reading):
    """The pixels of a file alone, uint8 [*size, channels]; see `decoding.read`, and `warn_of_frames`."""
    found = read(path, reading)
    warn_of_frames(path, found)
    return found.pixels


def warn_of_frames(path, found):
    """Says that a `decoding.Decoded` is the first of several frames, if it is: a UserWarning."""
    if "frames" in found.reinterpreted:
        warnings.warn(
            f"{printable(path)} has several frames or pages, of which the first is read.",
            stacklevel=3,
        )


def printable(name):
    """A name that any terminal can show: bytes that are no UTF-8 as escapes, and line breaks too."""
    text = os.fspath(name).encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class _Walk:
    """All files under a folder, through links too, sorted by what they are.

    Attributes:
        images: Names of images, relative to the folder, with "/" between their parts.
        skipped: `{reason: names}`.
        folders: Names of the visible folders directly in it.
        unreadable: `{name: reason}`.
    """

    def __init__(self, root):
        self.images, self.folders, self.unreadable = [], [], {}
        self.skipped = collections.defaultdict(list)
        self._root = os.fspath(root)
        self._to_enter = [("", ())]  # a list, since folders lie deeper than calls may
        while self._to_enter:
            self._enter(*self._to_enter.pop())

    def notes(self):
        return [
            f"{len(names)} {reason}, such as {printable(min(names))}."
            for reason, names in sorted(self.skipped.items())
        ]

    def _enter(self, folder, above):
        try:
            status = os.stat(os.path.join(self._root, folder))
            place = (status.st_dev, status.st_ino)
            if place in above:
                self.skipped["not read: links to a folder around them"].append(folder)
                return
            names = sorted(os.listdir(os.path.join(self._root, folder)))
        except OSError as error:
            self.unreadable[folder or "."] = f"{error.strerror}."
            return
        for name in names:
            self._take(f"{folder}/{name}" if folder else name, name, (*above, place))

    def _take(self, path, name, above):
        full, suffix = os.path.join(self._root, path), os.path.splitext(name)[1].lower()
        if name == CAPTIONS and "/" not in path:
            return
        if name.startswith(".") or name in _OF_SYSTEMS:
            self.skipped["not read: hidden, or of an operating system"].append(path)
        elif os.path.isdir(full):
            if "/" not in path:
                self.folders.append(path)
            self._to_enter.append((path, above))
        elif suffix in SUFFIXES:
            self.images.append(path)
        elif not os.path.exists(full):
            self.skipped["not read: links that lead nowhere"].append(path)
        elif not suffix and is_grey(full) is not None:
            self.images.append(path)
        else:
            kind = f"files ending in {printable(suffix)}" if suffix else "files that are no images"
            self.skipped[f"not read: {kind}"].append(path)


# === Splits ===


def _of_split(folder, split):
    """The folder of a split, and sentences on what lies beside it."""
    if os.sep in split or split in (".", "..") or not (folder / split).is_dir():
        _check_no_split(folder, split)
        return folder, []
    beside = [name for name in _visible_folders(folder) if name != split]
    others = [name for name in beside if name.lower() not in _SPLITS and _has_images(folder / name)]
    # "train" may not have been written at all; who writes another name means that folder.
    if split == "train" and others and _has_images(folder / split, nested=False):
        return folder, [
            f"'{split}' is read as a class, since folders that are no splits lie beside it "
            f"({_some(others)}). To read it alone, write {printable(folder / split)}."
        ]
    notes = [f"Not read: folders with images beside {split!r}: {_some(others)}."] if others else []
    if _has_images(folder, nested=False):
        notes.append(f"Not read: images beside the folder {split!r}.")
    return folder / split, notes


def _check_no_split(folder, split):
    """A folder without subfolders of splits is its own split "train"; others are refused."""
    named = [name for name in _visible_folders(folder) if _has_images(folder / name)]
    splits = [name for name in named if name.lower() in _SPLITS]
    if split != "train" or (splits and len(splits) == len(named)):
        raise ValueError(_no_split(folder, split, named))


def _no_split(folder, split, named):
    near = difflib.get_close_matches(split, named, 1, 0.5) or named[:1]
    hint = f" It has {_some(named)}: did you mean {near[0]!r}?" if near else ""
    return f"{printable(folder)} has no subfolder {split!r}, so it has no such split.{hint}"


def _visible_folders(folder):
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise ValueError(f"{printable(folder)} cannot be read: {error.strerror}.") from error
    names = [entry.name for entry in entries if os.path.isdir(entry.path)]
    return [name for name in names if name[0] != "." and name not in _OF_SYSTEMS]


def _has_images(folder, nested=True):
    """Whether a file in it looks like an image; ends at the first, and enters no folder twice."""
    to_enter, entered = [folder], set()
    while to_enter:
        place = os.path.realpath(to_enter.pop())
        try:
            entries = [] if place in entered else list(os.scandir(place))
        except OSError:
            continue
        entered.add(place)
        visible = [entry for entry in entries if entry.name[0] != "."]
        if any(os.path.splitext(entry.name)[1].lower() in SUFFIXES for entry in visible):
            return True
        to_enter += [e.path for e in visible if nested and os.path.isdir(e.path)]
    return False


# === Classes ===


def _top(name):
    return name.partition("/")[0]


def _classes(names):
    return sorted({_top(name) for name in names})


def _numbered(folder, split, own, notes):
    """All classes by their number: those of "train" first, so that all splits number them alike."""
    train = folder.parent / "train"
    if folder.name != split or split == "train" or not train.is_dir():
        return tuple(own)
    trained = _classes(name for name in _Walk(train).images if "/" in name)
    new = [name for name in own if name not in trained]
    if new and trained:
        notes.append(f"Classes that 'train' does not have: {_some(new)}.")
    return (*trained, *new)


def _check_classes(classes, own, names, found, notes):
    for name in classes:
        if printable(name) != name:
            raise ValueError(
                f"The name of the class folder {printable(name)} is no UTF-8 text. Rename it."
            )
    empty = [name for name in found.folders if name not in own]
    if empty:
        notes.append(f"Folders without images are no classes: {_some(empty)}.")
    lower = collections.Counter(name.casefold() for name in own)
    alike = [name for name in own if lower[name.casefold()] > 1]
    if alike:
        notes.append(f"Classes whose names differ in upper and lower case alone: {_some(alike)}.")
    deeper = [name for name in names if name.count("/") > 1]
    if deeper:
        example = f"{printable(deeper[0])} has the class {_top(deeper[0])!r}"
        notes.append(f"{len(deeper)} images lie deeper: {example}, that of its first folder.")


def _some(names, most=5):
    shown = [printable(name) for name in names[:most]] + ["…"] * (len(names) > most)
    return ", ".join(shown)
