"""What there is in a destination of dlt, and how days are replaced in it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from converz._dlt.package import DIGEST_COLUMN, number
from converz._results.table import Table
from converz._warehouse.entry import DAY_COLUMN
from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from converz._warehouse.entry import Day, Entry

__all__ = ["Stored", "differing", "scope", "stored_kinds", "strategy"]

KINDS = {"bool": "bool", "bigint": "int64", "double": "float64", "text": "string", "date": "date32"}
"""Types of dlt, and those of the planner's columns."""


class Stored(NamedTuple):
    """What the destination has of a day."""

    rows: int
    least: int
    greatest: int


def strategy(destination: Any) -> tuple[str, Literal["delta"] | None]:
    """Return the merge strategy that replaces days, and the table format that it is for."""
    capabilities = destination.capabilities()
    strategies = capabilities.supported_merge_strategies or ()
    if "delete-insert" in strategies:
        return "delete-insert", None
    if "cdc" in strategies and "delta" in (capabilities.supported_table_formats or ()):
        return "cdc", "delta"
    message = (
        f"dlt's destination {destination.destination_name!r} cannot replace days: it has neither of the merge strategies "
        "delete-insert and cdc. Load with Client.sync, or into another destination"
    )
    raise TargetError(message)


def stored_kinds(columns: dict[str, Any], naming: Any, name: str) -> str | None:
    """Return the type of a column that dlt knows; None for a new one, and for types that dlt itself has to judge."""
    column = columns.get(naming.normalize_identifier(name), {})
    kind = column.get("data_type")
    if kind == "timestamp":
        return "timestamp[us, UTC]" if column.get("timezone", True) else "timestamp[us]"
    return KINDS.get(kind)


def scope(days: Iterable[Day], *, qualified: bool) -> str:
    """Return the condition of the rows to be replaced: ranges of days, or everything."""
    column = f"{{table}}.{DAY_COLUMN}" if qualified else DAY_COLUMN
    ranges = [
        f"{column} BETWEEN CAST('{first}' AS DATE) AND CAST('{last}' AS DATE)"
        for first, last in _ranges(sorted(day for day in days if day))
    ]
    return "(" + " OR ".join(ranges or ["1 = 1"]) + ")"


def _ranges(days: list[date]) -> Iterator[tuple[date, date]]:
    first = last = None
    for day in days:
        if first is None or last is None or day.toordinal() != last.toordinal() + 1:
            if first is not None and last is not None:
                yield first, last
            first = day
        last = day
    if first is not None and last is not None:
        yield first, last


def differing(pipeline: Any, schema: Any, table: str, ledger: dict[Day, Entry]) -> list[Day]:
    """List the days of which the destination has something else than the ledger says."""
    if not ledger:
        return []
    stored = _stored(pipeline, schema, table, by_day=None not in ledger)
    empty = Stored(0, 0, 0)
    return [
        day
        for day, entry in ledger.items()
        for found in [stored.get(day, empty)]
        if found.rows != entry.rows
        or (entry.rows and not found.least == found.greatest == number(entry.digest))
    ]


def _stored(pipeline: Any, schema: Any, table: str, *, by_day: bool) -> dict[Day, Stored]:
    day = DAY_COLUMN if by_day else "NULL"
    query = (
        f"SELECT {day} AS d, COUNT(*) AS n, MIN({DIGEST_COLUMN}) AS a, MAX({DIGEST_COLUMN}) AS b FROM {{}}"  # noqa: S608
        + (f" GROUP BY {DAY_COLUMN}" if by_day else "")
    )
    delta = strategy(pipeline.destination)[1] == "delta"
    lines = _ask_delta(pipeline, schema, table, query) if delta else _ask(pipeline, schema, table, query)
    return {_date(day): Stored(int(n), int(a or 0), int(b or 0)) for day, n, a, b in lines if n}


def _ask(pipeline: Any, schema: Any, table: str, query: str) -> list[Any]:
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    with pipeline.sql_client(schema.name) as client:
        try:
            return list(client.execute_sql(query.format(client.make_qualified_table_name(table))))
        except DatabaseUndefinedRelation:
            # Somebody has dropped it.
            return []


def _ask_delta(pipeline: Any, schema: Any, table: str, query: str) -> list[Any]:
    import deltalake
    from dlt.common.destination.exceptions import DestinationUndefinedEntity
    from dlt.common.libs.deltalake import get_delta_tables

    try:
        stored = get_delta_tables(pipeline, table, schema_name=schema.name)[table]
    except (DestinationUndefinedEntity, ValueError):
        return []
    answer = Table(deltalake.QueryBuilder().register("stored", stored).execute(query.format("stored")))
    return list(zip(*answer.to_pydict().values(), strict=True))


def _date(day: Any) -> Day:
    return None if day is None else date.fromisoformat(str(day)[:10])
