"""Names of columns, which are the same whatever library a frame comes from."""

from __future__ import annotations

from converz.errors import InvalidInputError

__all__ = ["check_name", "check_nul"]


def check_name(name: object) -> None:
    """Refuse a column's name that JSON cannot hold."""
    if not isinstance(name, str):
        message = f"frame has the column {name!r}: names are strings"
        raise InvalidInputError(message)
    if any("\ud800" <= character <= "\udfff" for character in name):
        message = f"frame has the column {name!r}: a lone surrogate cannot be sent"
        raise InvalidInputError(message)
    check_nul(name)


def check_nul(name: object) -> None:
    """Refuse a name that ends at its NUL in Arrow's C interface, if it does not end the process."""
    if isinstance(name, str) and "\0" in name:
        message = (
            f"a column is named {name!r}: a name with a NUL in it is none that Arrow's libraries can hold"
        )
        raise InvalidInputError(message)
