"""Arguments of a read, whose conditions are added to by those of a query."""

from __future__ import annotations

from datetime import date
from typing import Any

__all__ = ["day_of", "is_plain", "strings_of"]


def is_plain(text: str) -> bool:
    """Whether a service can read the text in only one way."""
    return bool(text) and text == text.strip() and "," not in text and text.isprintable()


def strings_of(value: Any) -> list[str]:
    """Return the strings of an argument: none, one or several."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def day_of(value: Any) -> date | None:
    """Return the day of an argument that was checked before: text, a date or a datetime."""
    if value is None:
        return None
    return date.fromisoformat(value) if isinstance(value, str) else date(value.year, value.month, value.day)
