"""How long days go on to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._warehouse.due import age

if TYPE_CHECKING:
    from collections.abc import Iterable

    from converz._warehouse.entry import Entry

__all__ = ["settling"]

QUANTILES = (0.5, 0.9, 0.99, 1.0)

DAY = 86_400


def settling(entries: Iterable[Entry]) -> dict[str, float]:
    """Return the ages, in days, at which days were last seen to change, by quantile."""
    seen = [age(entry.day, entry.changed_at) for entry in entries if entry.day and entry.changed_at]
    ages = sorted(max(each.total_seconds() / DAY, 0.0) for each in seen)
    if not ages:
        return {}
    return {str(share): round(ages[min(int(share * len(ages)), len(ages) - 1)], 2) for share in QUANTILES}
