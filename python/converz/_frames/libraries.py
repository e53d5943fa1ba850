"""Optional libraries: found where they are used, and asked for by name where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["pyarrow", "required"]


def required(library: str, method: str) -> Any:
    """Import a library, or say how to install what `method` needs."""
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        message = f"{method}() needs {library}, which is not installed: pip install 'converz[{library}]'"
        raise ImportError(message, name=library) from None


def pyarrow() -> Any | None:
    """Import pyarrow, where it is installed."""
    try:
        import pyarrow as pa
    except ImportError:
        return None
    return pa
