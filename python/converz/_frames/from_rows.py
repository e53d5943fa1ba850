"""A list of dicts → the core's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converz import _core
from converz._frames.names import check_name
from converz.errors import InvalidInputError

__all__ = ["from_rows"]


def from_rows(frame: Sequence[Any]) -> _core.Table:
    """Convert rows that all have the same keys."""
    if not frame:
        message = "frame=[] has no rows: there is nothing to update"
        raise InvalidInputError(message)
    names = list(frame[0]) if isinstance(frame[0], Mapping) else []
    wrong = []
    for position, row in enumerate(frame):
        if not isinstance(row, Mapping):
            message = f"frame[{position}]={row!r:.80} is not a dict: pass a list of dicts with the same keys"
            raise InvalidInputError(message)
        if row.keys() != set(names):
            wrong.append(position)
    if wrong:
        message = (
            f"frame has rows with other keys than its first one ({names}), the first of them is row {wrong[0]} "
            "(counted from 0). What a row leaves out could be meant to stay or to become null: give every row the same "
            "keys, with None where it has no value"
        )
        error = InvalidInputError(message)
        error._rows = wrong  # type: ignore[attr-defined]
        raise error
    for name in names:
        check_name(name)
    columns = [_core.Column.from_list(name, [row[name] for row in frame]) for name in names]
    return _core.Table.from_columns(names, columns)
