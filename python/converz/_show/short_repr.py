"""Dataclasses as text, however much is in them."""

from __future__ import annotations

from typing import Any

__all__ = ["short_repr"]


def short_repr(shown: Any) -> str:
    """Show a dataclass as it shows itself, but no more than the beginning and end of what is long."""
    import dataclasses
    import reprlib

    short = reprlib.Repr()
    short.maxtuple, short.maxstring, short.maxother = 20, 80, 80
    parts = [
        f"{field.name}={short.repr(getattr(shown, field.name))}"
        for field in dataclasses.fields(shown)
        if field.repr
    ]
    return f"{type(shown).__qualname__}({', '.join(parts)})"
