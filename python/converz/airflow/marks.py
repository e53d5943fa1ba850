"""Changed days, marked on the assets of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

__all__ = ["alias_of", "mark", "with_aliases"]

SUFFIX = ":changed"


def alias_of(asset: Asset) -> AssetAlias:
    """Return the alias by which an asset is marked as a whole."""
    return AssetAlias(asset.name + SUFFIX)


def with_aliases(outlets: Sequence[Any]) -> list[Any]:
    """Add what is needed to mark an asset as a whole beside its partitions.

    Airflow makes of an asset with partitions an event of each of these, and they start only Dags that are scheduled by
    partition. The event of the asset itself, for all others, comes by an alias.
    """
    return [*outlets, *(alias_of(each) for each in outlets if isinstance(each, Asset))]


def mark(operator: Any, context: Mapping[str, Any], days: Sequence[date], extra: dict[str, Any]) -> None:
    """Mark days on every asset among the outlets, or none of these where nothing has changed."""
    if not days:
        # Airflow makes an event of each outlet of a task that succeeds, which would start what waits for changes.
        operator.outlets = []
        return
    named = sorted(day.isoformat() for day in days)
    events = context["outlet_events"]
    for asset in [each for each in operator.outlets if isinstance(each, Asset)]:
        events[asset].extra = extra
        events[asset].add_partitions(named)
        events[alias_of(asset)].add(asset, extra=extra | {"days": named})
