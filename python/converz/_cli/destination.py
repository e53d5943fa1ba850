"""Whether a file can be written, found out before anything is read for it: an hour later is too late."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

__all__ = ["refuse_if_unwritable"]


def refuse_if_unwritable(path: str) -> None:
    """Raise the error that writing the file would end with, if that is known by now."""
    # What a link leads to is what is written.
    file = Path(os.path.realpath(path))
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if file.exists() and not file.is_file():
        return  # A pipe or a device, which is written as it is.
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    try:
        # The file appears when it is complete, so what counts is whether its folder takes a new one. Permissions alone do
        # not say: a file system may be read-only.
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or errno.EACCES), path) from None
