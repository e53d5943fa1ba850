"""`ConverzExportOperator`: rows into a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import ObjectStoragePath

from converz import InvalidInputError
from converz._results.file_endings import FORMATS, WRITTEN, format_of
from converz.airflow.operators.base import ConverzOperator
from converz.airflow.progress import in_log, said
from converz.airflow.window import days_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from converz import Client

__all__ = ["ConverzExportOperator"]

HERE = {"", "file", "local"}
"""Protocols of this machine's files."""


class ConverzExportOperator(ConverzOperator):
    """Write conversations or users into a file, in bounded memory.

    The window of conversations is the interval of the run. The file appears when it is complete, in place of what may be
    there.

    Args:
        path: A path, or the URL of an object store as `ObjectStoragePath` takes it, such as
            ``s3://aws_default@bucket/calls.parquet``; or one of these objects. It ends with .parquet, .csv, .ndjson or
            .arrow, text also with .gz or .zst after that. Templated.
        table: ``"calls"``, the default, or ``"reps"``.
        since: First date instead of the window's. Templated.
        until: Last date, included, instead of the window's. Templated.
        options: What else `Client.stream_calls` or `Client.stream_reps` takes: ``metric``, ``columns``, filters. Templated.
        converz_conn_id: The id of the connection to the service. Templated.

    Returns:
        As XCom, the ``path`` and its ``rows``.

    """

    template_fields: ClassVar[Sequence[str]] = ("converz_conn_id", "path", "since", "until", "options")
    template_fields_renderers: ClassVar[dict[str, str]] = {"options": "json"}

    def __init__(
        self,
        *,
        path: Any,
        table: str = "calls",
        since: str | None = None,
        until: str | None = None,
        options: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        if table not in {"calls", "reps"}:
            message = f"table={table!r:.80} is not 'calls' or 'reps'"
            raise InvalidInputError(message)
        super().__init__(**arguments)
        self.path = path
        self.table = table
        self.since = since
        self.until = until
        self.options = dict(options or {})

    def carry_out(self, client: Client, context: Mapping[str, Any]) -> dict[str, Any]:
        """Write the file."""
        form = format_of(self.path, WRITTEN)
        if form is None:
            known = ", ".join(f".{each}" for each in FORMATS)
            message = f"path={str(self.path)!r:.80} is of no known kind: it must end with {known}"
            raise InvalidInputError(message)
        path = self.path if isinstance(self.path, ObjectStoragePath) else ObjectStoragePath(str(self.path))
        window: dict[str, Any] = {}
        if self.table == "calls":
            first, last = days_of(context) if not (self.since and self.until) else (None, None)
            window = {"start_date": self.since or first, "end_date": self.until or last}
        stream = getattr(client, f"stream_{self.table}")(
            **window, **self.options, progress=in_log(self.log, "rows")
        )
        if path.protocol in HERE:
            Path(path.path).parent.mkdir(parents=True, exist_ok=True)
            getattr(stream, form.writer)(path.path, **form.options)
        else:
            # An object store has a file whole or not at all, but one that is written to directly might be closed too early.
            with tempfile.TemporaryDirectory() as folder:
                whole = str(Path(folder) / "whole")
                getattr(stream, form.writer)(whole, **form.options)
                path.fs.put_file(whole, path.path)
        self.log.info("%s: %s", path, said(stream.receipt))
        return {"path": str(path), "rows": stream.receipt.rows}
