"""`RecordBatchStream`: a result as it arrives, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz._results.description import Description
from converz._results.file_writing import File, FileWriting, metadata
from converz._results.receipt import Receipt

if TYPE_CHECKING:
    from types import TracebackType

    from converz._core import RecordBatch, Schema
    from converz._core import RecordBatchStream as CoreStream

__all__ = ["RecordBatchStream"]


class RecordBatchStream(FileWriting):
    """The batches of a result as they arrive, however long it is.

    Pages are asked for ahead of whoever takes the batches, by a bounded number. A stream can be read once:
    in a loop, by a library that takes ``__arrow_c_stream__``, or by `write_parquet` and its kin, which make a file
    of it in bounded memory. Whoever stops early closes it, best with
    ``with``, and what is in flight is cancelled.

    Ctrl-C ends the wait for a batch, and raises KeyboardInterrupt from whatever library reads the stream, as
    what the handler of another signal raises comes out of it. Only duckdb, where it notices Ctrl-C first, says
    ``RuntimeError: Query interrupted``, as of every query. It waits in threads of its own, as pyarrow's datasets do:
    there SIGTERM and SIGALRM end the wait, be their handlers to raise anything or not, and handlers of other signals
    run after it.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=1_000) as sandbox:
        ...     with sandbox.client(page_size=300).stream_calls(columns="call_id") as stream:
        ...         rows = [batch.num_rows for batch in stream]
        >>> sum(rows), stream.receipt.rows
        (1000, 1000)

    """

    __module__ = "converz"

    __slots__ = ("_core",)
    _core: CoreStream

    def __init__(self, core: CoreStream) -> None:
        """Streams come from `Client.stream_calls` and `Client.stream_reps`."""
        self._core = core

    def _write_file(self, file: File, form: str, options: dict[str, Any]) -> None:
        def annotate(receipt: dict[str, Any] | None) -> dict[str, str]:
            return metadata(None if receipt is None else Receipt(**receipt))

        self._core.write_file(file, form, options, annotate)

    def _describe(self) -> Description:
        table, receipt = self._core.describe()
        return Description._from_core(table, None if receipt is None else Receipt(**receipt))

    @property
    def schema(self) -> Schema:
        """The names and types of the columns, the same for every batch; those of the file, once one was written."""
        return self._core.schema

    @property
    def receipt(self) -> Receipt | None:
        """What was done so far, complete after the end; None while another thread waits for a batch."""
        receipt = self._core.receipt
        return None if receipt is None else Receipt(**receipt)

    @property
    def error(self) -> BaseException | None:
        """The error that ended the stream inside a library, which made one of its own of it.

        The text of that one says what it was. This one has the data, such as ``status_code``.
        """
        return self._core.error

    def close(self) -> None:
        """Cancel what is in flight. Closing twice does no harm.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     stream = sandbox.client(page_size=100).stream_calls(columns="call_id")
            ...     first = next(stream)
            ...     stream.close()
            >>> first.num_rows, next(stream, None)
            (100, None)

        """
        self._core.close()

    def __iter__(self) -> RecordBatchStream:
        """Return the stream itself."""
        return self

    def __next__(self) -> RecordBatch:
        """Wait for the next batch."""
        return next(self._core)

    def __enter__(self) -> RecordBatchStream:
        """Return the stream."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the batches that are left as an Arrow C stream capsule."""
        return self._core.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema as an Arrow C schema capsule."""
        return self._core.__arrow_c_schema__()

    def __repr__(self) -> str:
        """Show the schema."""
        return f"RecordBatchStream({self.schema!r})"
