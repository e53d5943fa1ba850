"""A lock between processes that the system gives back when one of them ends, however it does."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]

PAUSE = 0.05
"""Seconds between two attempts."""


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of a file, which is made and stays; wait for it so many seconds."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        until = time.monotonic() + timeout
        while not _take(file):
            if time.monotonic() >= until:
                message = (
                    f"{path} is locked by another process, which did not end within lock_timeout={timeout:g} seconds: let it "
                    "end, or raise lock_timeout"
                )
                raise TargetError(message)
            time.sleep(PAUSE)
        yield
    finally:
        os.close(file)


def _take(file: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
