"""A resource of dlt: one table of the planner, and what makes its loads safe."""

from __future__ import annotations

import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt

from converz._dlt.destination import differing, scope, stored_kinds, strategy
from converz._dlt.package import Package
from converz._warehouse.run import Run, now
from converz._warehouse.sync import failures
from converz._warehouse.table_run import TableRun
from converz.errors import ConverzWarning

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
            yield from _rows(client, question, settings, clock, Path(folder))

    return dlt.resource(rows, name=question.table, schema_contract=CONTRACT)


def _rows(
    client: Source, question: Question, settings: Settings, clock: Callable[[], datetime], folder: Path
) -> Iterator[Any]:
    pipeline, schema, table = dlt.current.pipeline(), dlt.current.source_schema(), question.table
    state = dlt.current.resource_state(table)
    columns = schema.get_table_columns(table) if table in schema.tables else {}
    package = Package(
        state,
        partial(differing, pipeline, schema, table),
        partial(stored_kinds, columns, schema.naming),
        folder,
    )
    run = Run(client, package, settings, clock)
    TableRun(run, question, lambda: None).go()
    if not package.days:
        _warn(run)
        return
    named, table_format = strategy(pipeline.destination)
    if named == "cdc":
        package.refuse_repeats(question.key)
    disposition: Any = {
        "disposition": "merge",
        "strategy": named,
        "destination_scope": scope(package.days, qualified=table_format is not None),
    }
    hints = dlt.mark.make_hints(
        write_disposition=disposition,
        columns=package.hints(question.key if named == "cdc" else None),
        table_format=table_format,
    )
    for position, each in enumerate(package.tables()):
        yield dlt.mark.with_hints(each, hints) if position == 0 else each
    _warn(run)


def _warn(run: Run) -> None:
    result = run.result()
    if result.failed:
        warnings.warn(failures(result), ConverzWarning, stacklevel=2)
