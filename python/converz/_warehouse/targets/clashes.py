"""Names that some targets cannot tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["refuse_clashes"]


def refuse_clashes(target: object, table: str, names: Iterable[str]) -> None:
    """Refuse names that differ in case only."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            message = (
                f"columns {other!r} and {name!r} of {table} differ in case only, which {target!r} cannot tell apart: leave one "
                "out with columns=, or name another target, such as a folder of Parquet files"
            )
            raise TargetError(message)
