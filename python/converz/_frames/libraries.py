"""Optional libraries: found where they are used, and asked for by name where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["pyarrow", "required"]


def required(library: str, method: str, *, extra: str | None = None) -> Any:
    """Import a library, or say how to install what `method` needs: the extra of its name, or another one."""
    top = library.partition(".")[0]
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != top:
            raise
        message = f"{method}() needs {top}, which is not installed: pip install 'converz[{extra or top}]'"
        raise ImportError(message, name=top) from None


def pyarrow() -> Any | None:
    """Import pyarrow, where it is installed."""
    try:
        import pyarrow as pa
    except ImportError:
        return None
    return pa
