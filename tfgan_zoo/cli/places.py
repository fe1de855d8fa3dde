"""Where commands write, which is looked at before they work for minutes."""

import os
import pathlib
import tempfile

from tfgan_zoo.files import address, told


def check_writable(path, is_folder=False):
    """Refuses, before long work, a file or a folder that could not be written at its end; an address is
    left to who writes there.

    Raises:
        IsADirectoryError, NotADirectoryError, PermissionError, OSError: It is a folder and not to be, or
            the other way; in it, or in the nearest folder above it that there is, nothing can be made.
    """
    if address(path):
        return
    path = pathlib.Path(path)
    if not is_folder and path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the file to write.")
    above = path if is_folder else path.parent
    place = next(each for each in (above, *above.absolute().parents) if os.path.lexists(each))
    if not place.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {place} is no folder.")
    with told(path), tempfile.TemporaryFile(dir=place):
        pass
