"""The arguments that say what is hidden, of recordings and tables alike."""

from __future__ import annotations

from collections.abc import Iterable

from converz.errors import InvalidInputError

__all__ = ["OF_PSEUDONYMS", "names", "weeks"]

OF_PSEUDONYMS = "CONVERZ_RECORDING_SECRET"
MOST_WEEKS = 10_000


def names(argument: str, given: object) -> list[str]:
    """Return the names of columns that an argument has."""
    listed = [given] if isinstance(given, str) else given
    if isinstance(listed, Iterable):
        listed = list(listed)
        if all(isinstance(name, str) for name in listed):
            return listed
    message = f"{argument}={given!r:.80} is not a list of names of columns"
    raise InvalidInputError(message)


def weeks(given: object) -> int:
    """Return by how many weeks dates are moved."""
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) > MOST_WEEKS:
        message = (
            f"shift_weeks={given!r:.80} is not a whole number of weeks from -{MOST_WEEKS} to {MOST_WEEKS}"
        )
        raise InvalidInputError(message)
    return given
