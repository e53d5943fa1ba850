"""What there is in a destination of dlt, and how days are replaced in it."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from converz._dlt.package import DIGEST_COLUMN, number
from converz._results.table import Table
from converz._warehouse.entry import DAY_COLUMN
from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from converz._warehouse.entry import Day, Entry

__all__ = ["as_stored", "scope", "stored_kind", "strategy"]

KINDS = {"bool": "bool", "bigint": "int64", "double": "float64", "text": "string", "date": "date32"}
"""Types of dlt, and those of the planner's columns."""


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


def stored_kind(columns: dict[str, Any], naming: Any, name: str) -> str | None:
    """Return the type of a column that dlt knows; None for a new one, and for types that dlt itself has to judge."""
    column = columns.get(naming.normalize_identifier(name), {})
    if column.get("data_type") == "timestamp":
        return "timestamp[us, UTC]" if column.get("timezone", True) else "timestamp[us]"
    return KINDS.get(column.get("data_type"))


def scope(days: Iterable[Day], *, qualified: bool) -> str:
    """Return the condition of the rows to be replaced: ranges of days, or everything."""
    column = f"{{table}}.{DAY_COLUMN}" if qualified else DAY_COLUMN
    ranges = []
    # In a row without gaps, days are all as far from their positions.
    for _, group in groupby(
        enumerate(sorted(filter(None, days))), lambda pair: pair[1].toordinal() - pair[0]
    ):
        run = [day for _, day in group]
        ranges.append(f"{column} BETWEEN CAST('{run[0]}' AS DATE) AND CAST('{run[-1]}' AS DATE)")
    return "(" + " OR ".join(ranges or ["1 = 1"]) + ")"


def as_stored(pipeline: Any, schema: Any, table: str, ledger: dict[Day, Entry]) -> dict[Day, Entry]:
    """Return the lines of those days of which the destination has what they say."""
    if not ledger:
        return {}
    grouped = None not in ledger
    query = (
        f"SELECT {DAY_COLUMN if grouped else 'NULL'} AS d, COUNT(*) AS n, MIN({DIGEST_COLUMN}) AS a, MAX({DIGEST_COLUMN}) "  # noqa: S608
        f"AS b FROM {{}}{f' GROUP BY {DAY_COLUMN}' if grouped else ''}"
    )
    delta = strategy(pipeline.destination)[1] == "delta"
    lines = (_ask_delta if delta else _ask)(pipeline, schema, table, query)
    # Dates are texts in some destinations, and moments in others.
    stored = {date.fromisoformat(str(day)[:10]) if grouped else None: numbers for day, *numbers in lines}

    def holds(entry: Entry) -> bool:
        digest = number(entry.digest)
        rows, least, greatest = stored.get(entry.day, (0, None, None))
        return rows == entry.rows and (not rows or int(least) == int(greatest) == digest)

    return {day: entry for day, entry in ledger.items() if holds(entry)}


def _ask(pipeline: Any, schema: Any, table: str, query: str) -> list[Any]:
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    with pipeline.sql_client(schema.name) as client:
        try:
            return list(client.execute_sql(query.format(client.make_qualified_table_name(table))))
        except DatabaseUndefinedRelation:
            # Somebody has dropped it.
            return []


def _ask_delta(pipeline: Any, schema: Any, table: str, query: str) -> list[Any]:
    """Ask by deltalake: what dlt asks by needs an extension that DuckDB would download."""
    import deltalake
    from dlt.common.destination.exceptions import DestinationUndefinedEntity
    from dlt.common.libs.deltalake import get_delta_tables

    try:
        stored = get_delta_tables(pipeline, table, schema_name=schema.name)[table]
    except (DestinationUndefinedEntity, ValueError):
        return []
    answer = Table(deltalake.QueryBuilder().register("stored", stored).execute(query.format("stored")))
    return list(zip(*answer.to_pydict().values(), strict=True))
