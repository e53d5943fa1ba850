"""Files with secrets in them, which nobody else may read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from converz.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["refuse_if_shared"]


def refuse_if_shared(path: Path) -> None:
    """Refuse a file that other users of the machine can read; Windows says so in another way, which is not read."""
    mode = path.stat().st_mode
    # Pipes, as a shell's <(...) makes them, are nobody else's.
    if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        message = f"{path} can be read by other users of this machine: run `chmod 600 {path}` first"
        raise ConfigurationError(message)
