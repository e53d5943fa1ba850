"""polars' interface of IO plugins, which it marks as unstable, and the versions that have it."""

from __future__ import annotations

import importlib
from typing import Any

from converz._frames.libraries import required

__all__ = ["plugins", "polars_version"]

OLDEST = (1, 22)
"""Older versions of polars lose conditions that they cannot hand down."""


def plugins(method: str) -> Any:
    """Import the interface, where polars is new enough for what `method` needs."""
    polars = required("polars", method)
    if polars_version() < OLDEST:
        message = (
            f"{method}() needs polars >= {'.'.join(map(str, OLDEST))}, and {polars.__version__} is installed: "
            "pip install --upgrade 'converz[polars]'"
        )
        raise ImportError(message, name="polars")
    return importlib.import_module("polars.io.plugins")


def polars_version() -> tuple[int, ...]:
    """Return the major and the minor version of polars."""
    import polars as pl

    return tuple(map(int, pl.__version__.split(".")[:2]))
