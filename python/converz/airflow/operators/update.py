"""`ConverzUpdateOperator`: attributes written back, by a plan."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import AirflowFailException

from converz import InvalidInputError, Table
from converz._results.file_endings import is_address
from converz.airflow.operators.base import ConverzOperator
from converz.airflow.progress import in_log
from converz.airflow.rows import rows_of_file, rows_of_query
from converz.airflow.target import refuse_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from converz import Client

__all__ = ["ConverzUpdateOperator"]

KEYS = {"calls": "call_id", "reps": "rep_id"}


class ConverzUpdateOperator(ConverzOperator):
    """Write the rows of a query or a file back: plan, then apply what changes and nothing else.

    Above ``max_changes`` cells the task fails without a retry, sends nothing, and shows the plan in its log. Else a journal
    is kept from before the first request on, and its path is the XCom ``journal``: ``client.undo_update(journal)`` puts
    everything back.

    Args:
        max_changes: How many cells may change. It has no default: say what is plausible.
        sql: A query whose rows have the key and one column an attribute. Templated; may be a file ending with ``.sql``.
        source: Where it is asked: the id of a connection to any database that Airflow has a hook for, or a DuckDB file.
            Templated.
        path: A file instead: Parquet, CSV, NDJSON or Arrow, as a path or the URL of an object store. Templated.
        schema: What the text of CSV or NDJSON says, such as ``{"score": "int64"}``.
        table: ``"calls"``, the default, or ``"reps"``.
        journal: The path of the journal, on a disk that outlives the worker; by default
            ``$AIRFLOW_HOME/converz/journals/DAG/TASK/RUN.TRY.journal``. It holds old and new values, and only its owner may
            read it. Templated.
        since: First date of the conversations to compare with; by default (None) what the rows say. Templated.
        until: Last date, included. Templated.
        nulls: ``"keep"``, the default, leaves what is stored where a cell is null; ``"clear"`` sets it to null.
        allow_type_change: Whether values may become of another kind; by default False.
        options: What else `Client.plan_update_calls` or `Client.plan_update_reps` takes: filters, ``json_columns``.
            Templated.
        converz_conn_id: The id of the connection to the service. Templated.

    Returns:
        As XCom, the ``rows`` and ``cells`` that were written, and the ``journal``, None where there was nothing to write.

    """

    template_fields: ClassVar[Sequence[str]] = (
        "converz_conn_id",
        "sql",
        "source",
        "path",
        "journal",
        "since",
        "until",
        "options",
    )
    template_ext: ClassVar[Sequence[str]] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "options": "json"}

    def __init__(
        self,
        *,
        max_changes: int,
        sql: str | None = None,
        source: str | None = None,
        path: Any = None,
        schema: Mapping[str, str] | None = None,
        table: str = "calls",
        journal: str | None = None,
        since: str | None = None,
        until: str | None = None,
        nulls: str = "keep",
        allow_type_change: bool = False,
        options: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        if (sql is None) == (path is None) or (sql is None) != (source is None):
            message = "pass sql= and source=, or else path="
            raise InvalidInputError(message)
        if table not in KEYS:
            message = f"table={table!r:.80} is not 'calls' or 'reps'"
            raise InvalidInputError(message)
        if table == "reps" and (since or until):
            message = "since= and until= are for conversations: users have no dates"
            raise InvalidInputError(message)
        refuse_passwords("source", source)
        super().__init__(**arguments)
        self.max_changes = max_changes
        self.sql = sql
        self.source = source
        self.path = path
        self.schema = schema
        self.table = table
        self.journal = journal
        self.since = since
        self.until = until
        self.nulls = nulls
        self.allow_type_change = allow_type_change
        self.options = dict(options or {})

    def carry_out(self, client: Client, context: Mapping[str, Any]) -> dict[str, Any]:
        """Plan, and apply."""
        if self.sql is not None and self.source is not None:
            frame: object = rows_of_query(self.source, self.sql)
        else:
            frame = rows_of_file(self.path, KEYS[self.table], self.schema)
        if not Table(frame).num_rows:
            self.log.info("there are no rows, and nothing to do")
            return {"rows": 0, "cells": 0, "journal": None}
        dates = {
            name: value for name, value in (("start_date", self.since), ("end_date", self.until)) if value
        }
        plan = getattr(client, f"plan_update_{self.table}")(
            frame, nulls=self.nulls, progress=in_log(self.log, "rows"), **dates, **self.options
        )
        self.log.info("%s", plan)
        if plan.num_changes > self.max_changes:
            message = (
                f"{plan.num_changes:,} cells would change, more than max_changes={self.max_changes:,}. Nothing was sent. "
                f"{plan}"
            )
            raise AirflowFailException(message)
        if not plan.num_changes:
            return {"rows": 0, "cells": 0, "journal": None}
        journal = self._journal(context)
        Path(journal).parent.mkdir(parents=True, exist_ok=True)
        # Before the first request: what is written has to be undone even if this process is killed.
        context["ti"].xcom_push(key="journal", value=journal)
        result = plan.apply(
            journal=journal,
            check=True,
            allow_type_change=self.allow_type_change,
            progress=in_log(self.log, "rows"),
        )
        self.log.info(
            "%s cells of %s rows written in %s requests; converz undo %s puts them back",
            f"{result.cells:,}",
            f"{result.rows:,}",
            f"{result.requests:,}",
            journal,
        )
        return {"rows": result.rows, "cells": result.cells, "journal": journal}

    def _journal(self, context: Mapping[str, Any]) -> str:
        if self.journal:
            if is_address(self.journal):
                # It is written to the disk before the first request is sent, again and again, which no object store can.
                message = f"journal={str(self.journal)!r:.80} is an address, and a journal is a file of a disk: name its path"
                raise InvalidInputError(message)
            return str(self.journal)
        instance = context["ti"]
        home = os.environ.get("AIRFLOW_HOME") or str(Path("~/airflow").expanduser())
        mapped = "" if instance.map_index in {None, -1} else f".{instance.map_index}"
        run = re.sub(r"[^\w.+-]", "_", instance.run_id)
        folder = Path(home) / "converz" / "journals" / instance.dag_id / instance.task_id
        return str(folder / f"{run}{mapped}.{instance.try_number}.journal")
