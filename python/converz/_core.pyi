"""The Rust core, typed. Its public names are in the package; everything else may change at any time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias, final

__version__: str

PERSONAL: tuple[str, ...]

_Bytes = bytes

class _Reporter(Protocol):
    def __call__(self, rows: int, size: int, /) -> None: ...
    def close(self) -> None: ...

_Report: TypeAlias = _Reporter | None

def decode(body: bytes, *, parse_dates: bool = True) -> Table: ...
def panic_in(place: str) -> None: ...

@final
class Secret:
    def __new__(cls, value: object) -> Secret: ...

@final
class Schema:
    """The names and types of a table's columns, in order.

    Example:
        >>> import converz
        >>> schema = converz.Schema({"call_id": "int64", "start_time": "timestamp[us]"})
        >>> schema["start_time"], "csat" in schema
        ('timestamp[us]', False)
    """

    def __new__(cls, schema: object) -> Schema: ...
    @property
    def names(self) -> list[str]:
        """The columns' names."""
    @property
    def types(self) -> list[str]:
        """The columns' types, as Arrow names them."""
    def keys(self) -> list[str]:
        """The columns' names, so that `dict(schema)` works.

        Example:
            >>> import converz
            >>> schema = converz.Schema({"call_id": "int64", "campaign": "string"})
            >>> schema.keys(), dict(schema)["campaign"]
            (['call_id', 'campaign'], 'string')
        """
    def __len__(self) -> int: ...
    def __contains__(self, name: str, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __getitem__(self, name: str, /) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __arrow_c_schema__(self) -> object: ...
    def __reduce__(self) -> tuple[Callable[[bytes], Schema], tuple[bytes]]: ...
    @staticmethod
    def _from_ipc(bytes: bytes) -> Schema: ...

@final
class RecordBatch:
    """One batch of a table or a stream.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     with sandbox.client().stream_reps() as stream:
        ...         batch = next(stream)
        >>> batch.num_rows, batch.column_names[:2]
        (5, ['rep_id', 'name'])
    """

    @property
    def schema(self) -> Schema:
        """The names and types of the columns."""
    @property
    def num_rows(self) -> int:
        """The number of rows."""
    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...
    def __reduce__(self) -> tuple[Callable[[bytes], RecordBatch], tuple[bytes]]: ...
    @staticmethod
    def _from_ipc(bytes: bytes) -> RecordBatch: ...

@final
class Column:
    @staticmethod
    def from_list(name: str, values: list[Any]) -> Column: ...
    @staticmethod
    def from_fixed_width(name: str, kind: str, values: bytes, nulls: bytes | None) -> Column: ...
    @staticmethod
    def from_arrow(name: str, array: object) -> Column: ...
    @staticmethod
    def from_codes(name: str, codes: bytes, categories: Column) -> Column: ...
    def as_dates(self) -> Column: ...
    def __len__(self) -> int: ...

@final
class Table:
    @staticmethod
    def from_arrow(data: object) -> Table: ...
    @staticmethod
    def from_columns(names: Sequence[str], columns: Sequence[Column]) -> Table: ...
    @staticmethod
    def from_ipc(bytes: bytes) -> Table: ...
    def to_column(self, name: str) -> Column: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def equals(self, other: Table) -> bool: ...
    def slice(self, offset: int, length: int) -> Table: ...
    def with_string_views(self) -> Table: ...
    def to_batches(self) -> list[RecordBatch]: ...
    def cells(self, offset: int, length: int, columns: int, longest: int) -> list[list[str | None]]: ...
    def fixed_width(self, column: int) -> tuple[bytearray, bytearray | None]: ...
    def values(self, column: int) -> list[Any]: ...
    def write_file(
        self, file: object, format: str, options: dict[str, Any], metadata: dict[str, str]
    ) -> None: ...
    def to_ipc(self) -> bytes: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

@final
class RecordBatchStream:
    @property
    def schema(self) -> Schema: ...
    @property
    def receipt(self) -> dict[str, Any] | None: ...
    @property
    def error(self) -> BaseException | None: ...
    def close(self) -> None: ...
    def __next__(self) -> RecordBatch: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

@final
class PolledStream:
    def poll(self, seconds: float) -> tuple[bool, RecordBatch | None]: ...
    def close(self) -> None: ...

@final
class PlannedRequest:
    """One request, as it would be made.

    Example:
        >>> import converz
        >>> client = converz.Client("https://yourdomain.converz.co", "key")
        >>> [request] = client.update_calls({"call_id": [1, 2], "priority": ["high", None]}, dry_run=True)
        >>> request.method, request.path, request.rows, request.body
        ('POST', '/calls', 1, b'{"call_id":[1],"priority":["high"]}')
    """

    @property
    def method(self) -> str:
        """The HTTP method."""
    @property
    def path(self) -> str:
        """The path below the base URL."""
    @property
    def rows(self) -> int:
        """Rows that it touches."""
    @property
    def cells(self) -> int:
        """Cells that it sets."""
    @property
    def bytes(self) -> int:
        """The size of its body."""
    @property
    def columns(self) -> list[str]:
        """The attributes that it sets."""
    @property
    def body(self) -> _Bytes:
        """Its JSON body, written when it is asked for."""

@final
class UpdatePlan:
    @property
    def rows(self) -> int: ...
    @property
    def rows_read(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def columns(self) -> list[dict[str, Any]]: ...
    def changes(self, limit: int | None = None) -> Table: ...
    def not_found(self) -> Table: ...

@final
class Client:
    def __new__(cls, base_url: Secret, api_key: Secret, proxy: Secret, **settings: Any) -> Client: ...
    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def key_from_environment(self) -> bool: ...
    @property
    def proxy_has_user(self) -> bool: ...
    @property
    def pickled_settings(self) -> dict[str, Any]: ...
    def read(
        self,
        operation: str,
        query: dict[str, Any],
        limit: object,
        schema: object,
        parse_dates: bool,
        report: _Report,
    ) -> tuple[Table, dict[str, Any]]: ...
    def stream(
        self,
        operation: str,
        query: dict[str, Any],
        limit: object,
        schema: object,
        parse_dates: bool,
        on_new_column: object,
        report: _Report,
    ) -> RecordBatchStream: ...
    def probe(
        self,
        operation: str,
        query: dict[str, Any],
        limit: object,
        parse_dates: bool,
    ) -> tuple[Table, list[tuple[str, str]]]: ...
    def poll_stream(
        self,
        operation: str,
        query: dict[str, Any],
        limit: object,
        schema: object,
        on_new_column: object,
        watch: bool,
    ) -> PolledStream: ...
    def update(self, operation: str, table: Table, nulls: object, report: _Report) -> dict[str, Any]: ...
    def plan(
        self,
        operation: str,
        table: Table,
        nulls: object,
        range: dict[str, Any],
        report: _Report,
    ) -> UpdatePlan: ...
    def carry_out(self, plan: UpdatePlan, undo: bool, report: _Report) -> dict[str, Any] | None: ...
    def dry_run(self, operation: str, table: Table, nulls: object) -> list[PlannedRequest]: ...

@final
class Sandbox:
    def __new__(
        cls,
        *,
        calls: object,
        reps: object,
        days: object,
        seed: object,
        today: object,
        path: object,
        faults: Sequence[object],
        port: object,
        api_key: Secret,
    ) -> Sandbox: ...
    @property
    def url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def secret(self) -> Secret: ...
    @property
    def requests(self) -> list[dict[str, Any]]: ...
    def stop(self) -> None: ...
