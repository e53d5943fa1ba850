"""A resource of dlt: one table of the planner, and what makes its loads safe."""

from __future__ import annotations

import tempfile
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import dlt
import pyarrow as pa

from converz._dlt.destination import as_stored, scope, stored_kind, strategy
from converz._dlt.package import Package
from converz._warehouse.entry import KEPT, Entry
from converz._warehouse.run import Run, now
from converz._warehouse.sync import failures
from converz._warehouse.table_run import TableRun
from converz.errors import ConverzWarning, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from converz._warehouse.question import Question
    from converz._warehouse.settings import Settings
    from converz._warehouse.source import Source

__all__ = ["resource", "use_transactions"]

CONTRACT: Any = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""New columns are welcome. dlt would make 4 of 4.5 in a column of integers."""


def use_transactions() -> None:
    """Have the active pipeline delete and insert in one transaction, where its destination can.

    dlt leaves that out where nobody asks for it, and a load that is killed between the two leaves an empty table.
    """
    from dlt.common.configuration.container import Container
    from dlt.common.pipeline import PipelineContext

    context: Any = Container()[PipelineContext]
    destination = context.pipeline().destination if context.is_active() else None
    if destination is not None:
        capabilities = destination.capabilities()
        # Whoever can take back a new column can take back a row.
        if capabilities.supports_transactions is None and capabilities.supports_ddl_transactions:
            destination.caps_params["supports_transactions"] = True


def resource(
    client: Source, question: Question, settings: Settings, clock: Callable[[], datetime] = now
) -> Any:
    """Return the resource of a table."""

    def rows() -> Iterator[Any]:
        use_transactions()
        with tempfile.TemporaryDirectory(prefix="converz-") as folder:
            yield from _rows(client, question, settings, clock, folder)

    return dlt.resource(rows, name=question.table, schema_contract=CONTRACT)


def _rows(
    client: Source, question: Question, settings: Settings, clock: Callable[[], datetime], folder: str
) -> Iterator[Any]:
    pipeline, schema, table = dlt.current.pipeline(), dlt.current.source_schema(), question.table
    state = dlt.current.resource_state(table)
    # A line of a version before is shorter, one of a later version may be longer.
    known = {line[0]: Entry(**dict(zip(KEPT, line, strict=False))) for line in state.get("days", ())}
    ledger = as_stored(pipeline, schema, table, known)
    package = Package(folder, ledger)
    run = Run(client, package, settings, clock)
    TableRun(run, question, lambda: None).go()
    # dlt keeps dates and times as they are.
    state["days"] = [[getattr(entry, name) for name in KEPT] for entry in (known | ledger).values()]
    result = run.result()
    if result.failed:
        warnings.warn(failures(result), ConverzWarning, stacklevel=2)
    days = package.taken(table)
    if not days:
        return
    named, table_format = strategy(pipeline.destination)
    columns = schema.get_table_columns(table) if table in schema.tables else {}
    kinds = package.kinds(table, partial(stored_kind, columns, schema.naming))
    # dlt would take times without a zone for times in UTC.
    naive = {"data_type": "timestamp", "timezone": False}
    told: Any = {name: {"name": name} | naive for name, kind in kinds.items() if kind == "timestamp[us]"}
    if named == "cdc":
        told[question.key] = {"name": question.key, "primary_key": True, "nullable": True}
    disposition: Any = {
        "disposition": "merge",
        "strategy": named,
        "destination_scope": scope(days, qualified=table_format is not None),
    }
    hints = dlt.mark.make_hints(write_disposition=disposition, columns=told, table_format=table_format)
    if named == "cdc":
        _refuse_repeats(package.tables(table, kinds), question.key)
    for position, each in enumerate(package.tables(table, kinds)):
        yield dlt.mark.with_hints(each, hints) if position == 0 else each


def _refuse_repeats(tables: Iterator[pa.Table], key: str) -> None:
    """Refuse keys that came twice where tables are merged by them.

    A conversation that moves to another day while days are read comes with both.
    """
    chunks = [chunk for each in tables if key in each.column_names for chunk in each[key].chunks]
    keys = pa.chunked_array(chunks).drop_null() if chunks else pa.nulls(0)
    if len(keys) != len(keys.unique()):
        message = (
            f"values of {key} came more than once, which a table of Delta Lake that is merged by them cannot have: "
            "a conversation moved while it was read, so run the pipeline again"
        )
        raise TargetError(message)
