"""Everything that `converz` raises. Catch `ConverzError` for all of it.

Errors carry data beside their message, and all of them can be pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from converz._core import Schema
    from converz._results.table import Table
    from converz._warehouse.result import SyncResult

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "ConverzError",
    "ConverzWarning",
    "DecodeError",
    "InvalidInputError",
    "LimitExceededError",
    "NotFoundError",
    "OutOfMemoryError",
    "PagingError",
    "PermissionDeniedError",
    "RateLimitError",
    "RecordingError",
    "RedirectError",
    "SchemaDriftError",
    "ServerError",
    "SyncError",
    "TargetError",
    "UnprocessableEntityError",
    "UpdateConflictError",
    "UpdateError",
]


class ConverzWarning(UserWarning):
    """Something about a result that its reader should know, such as rows that moved while it was read.

    Example:
        >>> import converz, warnings
        >>> with converz.Sandbox(calls=100) as sandbox, warnings.catch_warnings():
        ...     warnings.simplefilter("error", converz.ConverzWarning)  # Rather no result than a doubtful one.
        ...     sandbox.client().calls().num_rows
        100

    """


class ConverzError(Exception):
    """The base of every error of this package.

    Attributes:
        request: The request that failed, such as ``GET /calls?page=3``, without personal values. None before
            one is made.
        attempts: How often the request was tried.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=503)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.ConverzError as error:
        ...         print(error.request, error.attempts)
        GET /calls?n_per_page=100000&page=1 1

    """

    request: str | None = None
    attempts: int | None = None


class ConfigurationError(ConverzError):
    """Settings that cannot work, found when a client is made.

    Example:
        >>> import converz
        >>> try:
        ...     converz.Client("http://yourdomain.converz.co", "key")
        ... except converz.ConfigurationError as error:
        ...     print("allow_http" in str(error))
        True

    """


class InvalidInputError(ConverzError, ValueError):
    """An argument or a frame that is refused before anything is sent.

    Example:
        >>> import converz
        >>> client = converz.Client("https://yourdomain.converz.co", "key")
        >>> try:
        ...     client.calls(start_date="2025-02-30")
        ... except ValueError as error:
        ...     print(type(error).__name__, error.request)
        InvalidInputError None

    """


class APIConnectionError(ConverzError):
    """No answer came, or one that was cut before its end, however often it was tried.

    A proxy that opens no way to the service is one of its causes; a proxy that refuses (407 for a wrong password, 403)
    is asked once.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, faults=[converz.Fault(cut=10)]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=1).calls()
        ...     except converz.APIConnectionError as error:
        ...         print(error.attempts)
        2

    """


class APITimeoutError(ConverzError, TimeoutError):
    """No answer came in time. The message names the setting that ran out.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, faults=[converz.Fault(delay=60)]) as sandbox:
        ...     try:
        ...         sandbox.client(first_byte_timeout=0.1, max_retries=0).calls()
        ...     except TimeoutError as error:
        ...         print("first_byte_timeout" in str(error))
        True

    """


class APIStatusError(ConverzError):
    """The service answered with a status that is not a success.

    Attributes:
        status_code: The HTTP status.
        code: The API's own code, where it gave one.
        message: The API's own message, or the beginning of what was answered instead. It and `code` are as the service
            wrote them, while the text of an error spells what would move a terminal's cursor, turn the direction of
            writing, or not be seen: show ``str(error)``.
        retry_after: After how many seconds the service wants to be asked again, where it said so.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=418)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.APIStatusError as error:
        ...         print(error.status_code)
        418

    """

    status_code: int = 0
    code: str | None = None
    message: str = ""
    retry_after: float | None = None


class BadRequestError(APIStatusError):
    """400: the service does not accept an argument.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=400)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.BadRequestError as error:
        ...         print(error.status_code)
        400

    """


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     try:
        ...         converz.Client(sandbox.url, "another-key").calls()
        ...     except converz.AuthenticationError as error:
        ...         print(error.status_code)
        401

    """


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=403)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.PermissionDeniedError as error:
        ...         print(error.status_code)
        403

    """


class NotFoundError(APIStatusError):
    """404: there is nothing at this address, which the message shows; the base URL may be wrong.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     try:
        ...         converz.Client(f"{sandbox.url}/api/v9", sandbox.api_key).calls()
        ...     except converz.NotFoundError as error:
        ...         print(error.status_code)
        404

    """


class ConflictError(APIStatusError):
    """409: what is stored, or another request, is in the way of this one.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=409)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.ConflictError as error:
        ...         print(error.status_code)
        409

    """


class UnprocessableEntityError(APIStatusError):
    """422: the service understands the request, but not what a value of it means.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=422)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.UnprocessableEntityError as error:
        ...         print(error.status_code)
        422

    """


class RateLimitError(APIStatusError):
    """429: too many requests; see `retry_after`.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=429, retry_after=30)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.RateLimitError as error:
        ...         print(error.retry_after)
        30.0

    """


class ServerError(APIStatusError):
    """5xx: the service failed.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=503)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.ServerError as error:
        ...         print(error.status_code)
        503

    """


class RedirectError(ConverzError):
    """The service answered with a redirect. It is not followed, since the key would go to another address.

    Attributes:
        location: Where it points.

    Example:
        >>> import converz
        >>> fault = converz.Fault(status=302)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     try:
        ...         sandbox.client(max_retries=0).calls()
        ...     except converz.RedirectError as error:
        ...         print(error.request)
        GET /calls?n_per_page=100000&page=1

    """

    location: str = ""


class DecodeError(ConverzError):
    """An answer that is not what was asked for.

    Not a JSON array of rows, or in an encoding nobody asked for; for an update, one that does not confirm it.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, faults=[converz.Fault(status=200)]) as sandbox:
        ...     try:
        ...         sandbox.client().calls()
        ...     except converz.DecodeError as error:
        ...         print(error.attempts)
        1

    """


class LimitExceededError(ConverzError):
    """An answer that is deeper, longer or larger than the client's settings allow.

    Or one that would make a table of far more missing cells than it has bytes, such as rows whose keys are all different.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     try:
        ...         sandbox.client(max_response_bytes=1_000).calls()
        ...     except converz.LimitExceededError as error:
        ...         print("max_response_bytes" in str(error))
        True

    """


class OutOfMemoryError(ConverzError, MemoryError):
    """The system gives no more memory, or no more of the threads that a read takes. The process goes on.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     client = sandbox.client()
        ...     try:
        ...         rows = client.calls().num_rows
        ...     except MemoryError:
        ...         with client.stream_calls() as stream:  # In bounded memory.
        ...             rows = sum(batch.num_rows for batch in stream)
        >>> rows
        100

    """


class PagingError(ConverzError):
    """Pages that cannot be put together to one result: the service ignores the page number, or caps pages.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     client = sandbox.client()
        ...     try:
        ...         calls = client.calls()
        ...     except converz.PagingError:
        ...         calls = client.calls(limit=100_000)  # One page, which is all that such a service can give.
        >>> calls.num_rows
        100

    """


class RecordingError(ConverzError):
    """A recording that has no answer to a request, cannot be read, or cannot be made.

    Example:
        >>> import converz, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "reps.json")
        ...     with converz.Sandbox(calls=50) as sandbox:
        ...         with converz.Recording(path, sandbox.client()) as recording:
        ...             reps = recording.client.reps(department="sales")
        ...     with converz.Recording(path) as recording:
        ...         try:
        ...             recording.client.reps(department="service")
        ...         except converz.RecordingError as error:
        ...             print(str(error).partition("which ")[2].partition(".")[0])
        has department=sales instead of department=service

    """


class SchemaDriftError(ConverzError):
    """A value that does not fit a pinned type, or a row that does not fit the schema of a stream.

    Attributes:
        column: The column that does not fit.
        schema: The schema that fits: pass it as ``schema=`` next time.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     try:
        ...         sandbox.client().calls(schema={"campaign": "int64"})
        ...     except converz.SchemaDriftError as error:
        ...         print(error.column, error.schema["campaign"])
        campaign string

    """

    column: str = ""
    schema: Schema | None = None


class TargetError(ConverzError):
    """A place that rows are kept in which cannot be read or written, or holds something else: nothing of the commit is written.

    Example:
        >>> import converz, duckdb
        >>> target = duckdb.connect()
        >>> mine = target.execute("CREATE TABLE calls (a INTEGER)")
        >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
        ...     try:
        ...         sandbox.client().sync(target, since="2025-07-01", until="2025-07-15")
        ...     except converz.ConverzError as error:
        ...         print(type(error.__cause__ or error).__name__)
        TargetError

    """


class SyncError(ConverzError):
    """A sync that did not do all of it. What it has committed stays, and running it again goes on from there.

    Either the service or the target failed (its cause is `__cause__`), or days were left as they are stored, since their
    answer may be a mistake: it was empty, or too many rows were gone, or a column that was asked for.

    Attributes:
        result: A `SyncResult`: what is committed, and in its ``days`` what is not and why.

    Example:
        >>> import converz, duckdb
        >>> target = duckdb.connect()
        >>> with converz.Sandbox(calls=100, days=5, today="2025-07-15") as sandbox:
        ...     client = sandbox.client()
        ...     first = client.sync(target, since="2025-07-15", until="2025-07-15", tables="calls")
        ...     gone = sandbox.delete_calls(client.calls(start_date="2025-07-15").to_pydict()["call_id"])
        ...     try:
        ...         client.sync(target, until="2025-07-15", tables="calls", refresh=True)
        ...     except converz.SyncError as error:
        ...         print(error.result.failed, "the answer is empty" in str(error))
        1 True

    """

    result: SyncResult | None = None


class UpdateError(ConverzError):
    """An update that was not finished. Its cause is `__cause__`.

    To finish it, also in another process, pass what remains as it is, with the nulls that it is meant with:
    ``client.update_calls(error.remaining, nulls=error.nulls)``. An undo that failed is finished in the same way, cells
    that were null included, or by calling ``undo()`` once more, which sends only the cells that it changes.

    An answer confirms the rows of its request if its status is 200, 201, 203, 204 or 205 and its body, which may be
    empty, is neither a page nor an error and speaks of no fewer rows (``{"updated": 1}`` for two). Any other success
    leaves them in doubt: 202 says that they were accepted, not that they were set, 206 and 207 speak of parts.
    A status of 4xx says that nothing of the request was set; 5xx, a redirect, a cut and silence may hide that it was.

    Attributes:
        committed: Rows that the service confirmed, as (start, end) pairs: the frame's rows from start to before
            end, counted from 0.
        in_doubt: Rows that were sent in part, or without an answer, as such pairs: they may or may not have been set.
        unsent: Rows, as such pairs, of which nothing was sent or only what the service refused; rows of only nulls, which
            are never sent, are among them.
        remaining: A `Table` of every row that is not known to be committed, those in doubt included. Setting them
            again does no harm. It has no rows if all are committed. Pass it as it is: text in it may be the JSON of
            a value, which it is no longer in a frame of another library.
        nulls: What a null of `remaining` means: ``"keep"`` or ``"clear"``. An undo clears, since it puts nulls back.

    Example:
        >>> import converz
        >>> fault = converz.Fault(operation="update_calls", request=1, status=503)
        >>> with converz.Sandbox(calls=100, faults=[fault]) as sandbox:
        ...     client = sandbox.client(max_retries=0)
        ...     try:
        ...         client.update_calls({"call_id": [1, 2], "priority": ["high", "low"]})
        ...     except converz.UpdateError as error:
        ...         print(error.committed, error.in_doubt)
        ...         client.update_calls(error.remaining, nulls=error.nulls).rows
        [] [(0, 2)]
        2

    """

    committed: list[tuple[int, int]]
    in_doubt: list[tuple[int, int]]
    unsent: list[tuple[int, int]]
    remaining: Table | None = None
    nulls: Literal["keep", "clear"] = "keep"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.committed = []
        self.in_doubt = []
        self.unsent = []


class UpdateConflictError(ConverzError):
    """Cells that were to be written hold something else by now, and ``on_conflict="error"``. Nothing was sent.

    Attributes:
        conflicts: A `Table` of the key, the ``column``, and as JSON text what was ``expected`` and ``found``.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100) as sandbox:
        ...     client = sandbox.client()
        ...     plan = client.plan_update_calls({"call_id": [1], "language": ["yy"]}, end_date="2100-01-01")
        ...     colleague = client.update_calls({"call_id": [1], "language": ["xx"]})
        ...     try:
        ...         plan.apply(check=True, on_conflict="error")
        ...     except converz.UpdateConflictError as error:
        ...         print(error.conflicts.to_pydict()["found"])
        ['"xx"']

    """

    conflicts: Table | None = None

    @classmethod
    def _of(cls, conflicts: Table) -> UpdateConflictError:
        """Say how many there are, and name the first."""
        rows = conflicts.to_pydict()
        key, *_ = rows
        first = f"{rows['column'][0]!r:.80} of {key} {rows[key][0]!r:.80}"
        cells = "1 cell holds" if conflicts.num_rows == 1 else f"{conflicts.num_rows:,} cells hold"
        error = cls(
            f"{cells} something else by now, the first of them column {first}: nothing was sent. error.conflicts "
            'lists them; make a new plan, or leave them out with on_conflict="skip"'
        )
        error.conflicts = conflicts
        return error


# They are called by their public names, in tracebacks and pickles.
for _name in __all__:
    globals()[_name].__module__ = "converz"
del _name
