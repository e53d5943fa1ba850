"""`Client`: the five operations of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from converz import _core
from converz._frames.to_core import to_core_table
from converz._parameters import KEYS, VERBS, chosen
from converz._results.receipt import Receipt
from converz._results.record_batch_stream import RecordBatchStream
from converz._results.table import Table
from converz._results.update_plan import UpdatePlan
from converz._results.update_result import UpdateResult
from converz._show.progress import Reporter
from converz.errors import ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from datetime import date

    import polars as pl

    from converz._core import Client as CoreClient
    from converz._core import PlannedRequest

__all__ = ["Client"]

Strings: TypeAlias = "str | Iterable[str]"
Date: TypeAlias = "str | date"
Time: TypeAlias = "str | date"
Progress: TypeAlias = "bool | Callable[[int, int], object] | None"


def _rows(frame: object, operation: str) -> _core.Table:
    """Take the rows of an update out of whatever holds them."""
    if isinstance(frame, Table):
        return frame._core
    return to_core_table(frame, KEYS[VERBS[operation].operation])


def _import_for_later() -> None:
    """Import what displays, log lines and errors need, while there are files to be opened."""
    try:
        import html  # noqa: F401
        import shutil  # noqa: F401
        import unicodedata  # noqa: F401

        import converz._lazy.scan
        import converz._runtime.interrupt
        import converz._runtime.log  # noqa: F401
    except OSError as error:
        message = (
            f"the system lets no more files be opened ({error.strerror}): close some, or raise `ulimit -n`"
        )
        raise ConfigurationError(message) from error


class Client:
    """A connection to the Converz Data API of one customer.

    A client may be used from several threads, and after ``os.fork``. It opens no connection before the first
    request. It can be pickled if its key came from the environment; the key itself is never in the pickle.

    Args:
        base_url: Where the service is, such as ``https://yourdomain.converz.co``; by default the environment
            variable ``CONVERZ_BASE_URL``. Without a path it gets ``/api/v1``, with one it is taken as it is.
            Plain ``http://`` is for this machine only, unless ``allow_http=True``.
        api_key: The key; by default the environment variable ``CONVERZ_API_KEY``.
        timeout: Seconds for one request with its retries.
        connect_timeout: Seconds for one connection to be made.
        first_byte_timeout: Seconds from a request's last byte to its answer's first.
        stall_timeout: Seconds without a byte in the middle of a body.
        max_retries: How often a request is repeated; the pages of one read share four times as many, counted
            since one of them was last answered. Refusals by a rate limit (429, or a ``Retry-After``) count only
            while no page of the read is answered, so that a read takes as long as the service allows.
        page_size: Rows a page, at most 1,000,000.
        max_concurrency: Pages in flight at once.
        max_update_bytes: Bytes of one update's request.
        max_response_bytes: Decompressed bytes of one page.
        max_depth: Nesting of a value.
        max_value_bytes: Bytes of one value.
        allow_http: Allow plain HTTP to another machine, whoever may be listening.
        ca_file: A file of PEM certificates to trust instead of the system's, those of authorities or the service's
            own; by default the environment variable ``SSL_CERT_FILE``. RSA (2048 to 8192 bits), ECDSA on P-256 and
            P-384, and Ed25519 are known.
        proxy: The URL of a proxy instead of the environment's; loopback never uses one.
        user_agent: What the service is told of the program.
        lossy: Read what would be refused: lone surrogates and bytes that are not UTF-8 become U+FFFD, in strings,
            names and the JSON text of objects and lists alike, as does a NUL in a column's name; of a key that a row
            has twice, the last value counts.
        last_page: Which page ends a read without a limit. ``"empty"``: one without rows, which proves that none
            follows, whether the service caps its pages or leaves out rows; it costs one small request a read, or two
            where the result is of more than one page, since a page in the middle may have lost all of its rows.
            ``"short"``: one with fewer rows than were asked for, for services that do neither and where that request
            counts. The receipt's ``end`` says what it was.

    Raises:
        ConfigurationError: If a setting cannot work. Nothing is sent yet.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     client = converz.Client(sandbox.url, sandbox.api_key, page_size=50)
        ...     calls = client.calls(columns=["call_id", "campaign"])
        >>> calls.shape
        (100, 2)

    """

    __slots__ = ("__weakref__", "_core")
    _core: CoreClient

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 900,
        connect_timeout: float = 10,
        first_byte_timeout: float = 300,
        stall_timeout: float = 60,
        max_retries: int = 5,
        page_size: int = 100_000,
        max_concurrency: int = 4,
        max_update_bytes: int = 16 << 20,
        max_response_bytes: int = 4 << 30,
        max_depth: int = 128,
        max_value_bytes: int = 64 << 20,
        allow_http: bool = False,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
        lossy: bool = False,
        last_page: Literal["empty", "short"] = "empty",
    ) -> None:
        # Taking a secret cannot fail, and from then on no local variable of this frame holds it, so that no
        # traceback of an error below can show it.
        key = _core.Secret(api_key)
        api_key = None
        # Where somebody may have put a user and a password, or the key, before the service's address.
        address = _core.Secret(base_url)
        base_url = None
        hidden_proxy = _core.Secret(proxy)
        proxy = None
        _import_for_later()
        self._core = _core.Client(
            address,
            key,
            hidden_proxy,
            timeout=timeout,
            connect_timeout=connect_timeout,
            first_byte_timeout=first_byte_timeout,
            stall_timeout=stall_timeout,
            max_retries=max_retries,
            page_size=page_size,
            max_concurrency=max_concurrency,
            max_update_bytes=max_update_bytes,
            max_response_bytes=max_response_bytes,
            max_depth=max_depth,
            max_value_bytes=max_value_bytes,
            allow_http=allow_http,
            ca_file=ca_file,
            user_agent=user_agent,
            lossy=lossy,
            last_page=last_page,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The settings in force, without the key and without a proxy's user and password."""
        return self._core.settings

    def calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Table:
        """List conversations: every one that matches, from all pages.

        A list may be one string or any sequence or series of strings; what is left out does not restrict.

        Args:
            start_date: First date: a string such as ``"2025-07-15"``, a date or a datetime.
            end_date: Last date, included.
            after: Minimum of ``start_time``: a string such as ``"2025-07-15 12:00"``, a datetime without a
                zone (the service's zone is meant), or a date, which is its midnight.
            before: Maximum of ``start_time``.
            metric: Metrics to calculate, such as ``["csat", "talk_ratio"]``, each a column of the result. Which
                there are is each customer's own; a sandbox has ``talk_ratio`` (share of the time that the agent
                talks), ``interruptions`` (count), ``silence_s`` (seconds), ``sentiment`` (-1 to 1), ``csat`` (1 to
                5, often null) and ``resolved`` (boolean).
            rep_id: Only these users.
            vendor: Only these vendors.
            campaign: Only these campaigns.
            subcampaign: Only these subcampaigns.
            department: Only these departments.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Only these columns; by default all. What ``metric`` and ``schema`` name counts as named. Others
                that the service answers with all the same are left out.
            limit: At most so many rows; no more pages are asked for than they need. By default (None) every
                row.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `Table` with one row a conversation, in the service's order, and the columns that arrived, of those
            that were asked for.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.
            SchemaDriftError: If a value does not fit ``schema`` without loss.

        Warns:
            ConverzWarning: If rows moved from page to page while they were read, if values of a known
                column do not have its type, if a few values keep a column from being one of dates, or if the
                service left out a column of ``columns`` and answered with another one.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000, today="2025-07-01") as sandbox:
            ...     calls = sandbox.client().calls(start_date="2025-06-01", metric="csat", limit=200)
            >>> calls.num_rows
            200
            >>> calls.schema["start_time"], calls.schema["csat"]
            ('timestamp[us]', 'int64')

        """
        query = chosen(locals(), "calls")
        with Reporter(progress, "calls", limit) as report:
            core, receipt = self._core.read("calls", query, limit, schema, parse_dates, report)
        return Table._from_core(core, Receipt(**receipt))

    def reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Table:
        """List users: every one that matches, from all pages.

        Args:
            department: Only these departments.
            rep_id: Only these users.
            active: Only active users (True or 1) or only inactive ones (False or 0); by default both.
            limit: At most so many rows; no more pages are asked for than they need. By default (None) every
                row.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `Table` with one row a user and the columns that arrived.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: As in `calls`, like APIConnectionError, DecodeError, PagingError and
                SchemaDriftError.

        Warns:
            ConverzWarning: As in `calls`.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=20) as sandbox:
            ...     reps = sandbox.client().reps(limit=3)
            >>> reps.num_rows, reps.schema["hired_on"]
            (3, 'date32')

        """
        query = chosen(locals(), "reps")
        with Reporter(progress, "reps", limit) as report:
            core, receipt = self._core.read("reps", query, limit, schema, parse_dates, report)
        return Table._from_core(core, Receipt(**receipt))

    def report(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        vendor: Strings | None = None,
        rep_id: Strings | None = None,
        campaign: Strings | None = None,
        department: Strings | None = None,
        subcampaign: Strings | None = None,
        metric: Strings | None = None,
        groupby: Strings | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> Table:
        """Aggregate metrics over conversations and in-app activity, in one request.

        Args:
            start_date: Oldest date; by default the service takes 30 days ago.
            end_date: Newest date, included.
            days: Length of the range in days, instead of the dates or of one of them.
            vendor: Only these vendors.
            rep_id: Only these users.
            campaign: Only these campaigns.
            department: Only these departments.
            subcampaign: Only these subcampaigns.
            metric: Metrics to include, such as ``["csat", "talk_ratio"]``. Metrics of conversations are averaged
                over those that have a value, so a boolean is the share in which it is true; in-app activity (in a
                sandbox ``logins``, ``minutes_in_app`` and ``exercises_completed``) is summed.
            groupby: How to group: ``date``, ``week``, ``month``, ``quarter``, ``half`` (of the range: 1 or 2), or
                columns such as ``campaign`` and ``rep_id``. Weeks, months and quarters come with their ``year``,
                weeks as ISO counts them: ``datetime.date.fromisocalendar(year, week, 1)`` is the Monday.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.

        Returns:
            A `Table` with one row a group.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: As in `calls`, like APIConnectionError, DecodeError and SchemaDriftError.

        Warns:
            ConverzWarning: As in `calls`.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     report = sandbox.client().report(groupby="campaign", metric="csat", days=60)
            >>> report.column_names
            ['campaign', 'conversations', 'csat']

        """
        query = chosen(locals(), "report")
        core, receipt = self._core.read("report", query, None, schema, parse_dates, None)
        return Table._from_core(core, Receipt(**receipt))

    def stream_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        on_new_column: Literal["error", "ignore"] = "error",
        progress: Progress = None,
    ) -> RecordBatchStream:
        """List conversations as they arrive, in bounded memory however many they are.

        Takes what `calls` takes. The first page is read at once; its columns, the known columns' types and
        ``schema`` settle the schema of the whole stream (a column that is null on the whole first page
        becomes a string column). The keys of the rows that came are the only memory that grows.

        Args:
            start_date: First date: a string such as ``"2025-07-15"``, a date or a datetime; by default
                (None) no bound, and so with whatever else is left out.
            end_date: Last date, included.
            after: Minimum of ``start_time``: a string such as ``"2025-07-15 12:00"``, a datetime without a
                zone (the service's zone is meant), or a date, which is its midnight.
            before: Maximum of ``start_time``.
            metric: Metrics to calculate, such as ``["csat", "talk_ratio"]``, each a column of the result;
                by default none.
            rep_id: Only these users.
            vendor: Only these vendors.
            campaign: Only these campaigns.
            subcampaign: Only these subcampaigns.
            department: Only these departments.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Only these columns, besides those that ``metric`` and ``schema`` name; by default all.
            limit: At most so many rows; no more pages are asked for than they need. By default (None) every
                row.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.
            on_new_column: What to do when a later page brings a column that the schema does not have:
                ``"error"``, the default, raises; ``"ignore"`` leaves it out.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `RecordBatchStream`: loop over its batches, or hand it to a library that takes Arrow streams.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            SchemaDriftError: If a later value does not fit the schema, here and from each batch. Its
                ``schema`` is the one to pass next time.
            APIStatusError: As in `calls`, here and from each batch, like APIConnectionError, DecodeError and
                PagingError.

        Warns:
            ConverzWarning: Here, if on the first page a few values keep a column from being one of dates; after the last
                batch, as in `calls`, if rows moved or columns were left out.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     with sandbox.client(page_size=400).stream_calls() as stream:
            ...         print(sum(batch.num_rows for batch in stream))
            1000

        """
        query = chosen(locals(), "stream_calls")
        return self._stream("calls", query, limit, schema, parse_dates, on_new_column, progress)

    def stream_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        on_new_column: Literal["error", "ignore"] = "error",
        progress: Progress = None,
    ) -> RecordBatchStream:
        """List users as they arrive, in bounded memory however many they are.

        Args:
            department: Only these departments; by default (None) all, and so with whatever else is left
                out.
            rep_id: Only these users.
            active: Only active users (True or 1) or only inactive ones (False or 0); by default both.
            limit: At most so many rows; no more pages are asked for than they need. By default (None) every
                row.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.
            on_new_column: What to do when a later page brings a column that the schema does not have:
                ``"error"``, the default, raises; ``"ignore"`` leaves it out.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `RecordBatchStream`, as from `stream_calls`.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            SchemaDriftError: If a later value does not fit the schema, here and from each batch.
            APIStatusError: As in `calls`, here and from each batch.

        Warns:
            ConverzWarning: As in `stream_calls`.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=20) as sandbox:
            ...     with sandbox.client().stream_reps() as stream:
            ...         print(stream.schema["rep_id"])
            string

        """
        query = chosen(locals(), "stream_reps")
        return self._stream("reps", query, limit, schema, parse_dates, on_new_column, progress)

    def scan_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> pl.LazyFrame:
        """Conversations as a polars ``LazyFrame``, which asks only for what a query needs.

        Columns that are not used are not asked for, ``head`` and ``limit`` read no more pages than they need,
        and these conditions, joined by ``&``, become parameters: equality and ``is_in`` of strings on
        ``rep_id``, ``vendor``, ``campaign``, ``subcampaign``, ``department`` and ``vendor_call_id``;
        comparisons of ``date`` and ``start_time``, a day wider on either side, since the service's zone is
        unknown. polars filters what arrives, so no condition is lost. ``explain`` shows the request and what
        of the plan is added to it (since polars 2.0), the log at debug each request that was made.

        The columns and their types are settled by a small first page, at once. Nothing is asked for if
        ``schema`` has them all: those that ``columns`` names, or else all that are documented. What a column holds
        that a query does not select is of no consequence to it, whatever the service answers with.

        Args:
            start_date: First date: a string such as ``"2025-07-15"``, a date or a datetime; by default
                (None) no bound, and so with whatever else is left out.
            end_date: Last date, included.
            after: Minimum of ``start_time``: a string such as ``"2025-07-15 12:00"``, a datetime without a
                zone (the service's zone is meant), or a date, which is its midnight.
            before: Maximum of ``start_time``.
            metric: Metrics to calculate, such as ``["csat", "talk_ratio"]``, each a column of the result;
                by default none.
            rep_id: Only these users.
            vendor: Only these vendors.
            campaign: Only these campaigns.
            subcampaign: Only these subcampaigns.
            department: Only these departments.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Only these columns, besides those that ``metric`` and ``schema`` name; by default all.
            schema: Types that columns must have, as a dict of names to Arrow type names or any Arrow
                schema; by default (None) the first page decides. A value of a selected column that does not
                fit is a `SchemaDriftError`, whose ``schema`` is the one to pass next time.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.

        Returns:
            A ``polars.LazyFrame``. Each ``collect`` reads anew. Ctrl-C raises KeyboardInterrupt, as everywhere;
            where polars before 2.0 reads several frames at once, in a join, its ``ComputeError`` comes first.

        Raises:
            ImportError: If polars is not installed.
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: As in `calls`, here and when the frame is collected.

        Warns:
            ConverzWarning: When the frame is collected, if on the first page values of a known column that is selected
                do not have its type, or a few values keep a selected column from being one of dates.

        Example:
            >>> import converz, polars as pl
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     calls = sandbox.client().scan_calls()
            ...     long = calls.filter(pl.col("campaign") == "sales").select("call_id", "campaign").collect()
            ...     query = sandbox.requests[-2]["query"]  # The last one proves that there are no more rows.
            >>> long.columns
            ['call_id', 'campaign']
            >>> query
            'campaign=sales&columns=call_id%2Ccampaign&n_per_page=100000&page=1'

        """
        from converz._lazy.scan import scan

        return scan(self._core, "calls", chosen(locals(), "scan_calls"), schema, parse_dates)

    def scan_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> pl.LazyFrame:
        """Users as a polars ``LazyFrame``, which asks only for what a query needs, as in `scan_calls`.

        The API cannot leave out columns of users, and its conditions are equality and ``is_in`` of strings on
        ``rep_id`` and ``department``.

        Args:
            department: Only these departments; by default (None) all, and so with whatever else is left
                out.
            rep_id: Only these users.
            active: Only active users (True or 1) or only inactive ones (False or 0); by default both.
            schema: Types that columns must have, as a dict of names to Arrow type names or any Arrow
                schema; by default (None) the first page decides. A value of a selected column that does not
                fit is a `SchemaDriftError`, whose ``schema`` is the one to pass next time.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.

        Returns:
            A ``polars.LazyFrame``. Each ``collect`` reads anew.

        Raises:
            ImportError: If polars is not installed.
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: As in `reps`, here and when the frame is collected.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=20) as sandbox:
            ...     print(sandbox.client().scan_reps().head(3).collect().shape)
            (3, 7)

        """
        from converz._lazy.scan import scan

        return scan(self._core, "reps", chosen(locals(), "scan_reps"), schema, parse_dates)

    def _stream(
        self,
        operation: str,
        query: dict[str, Any],
        limit: int | None,
        schema: object | None,
        parse_dates: bool,
        on_new_column: str,
        progress: Progress,
    ) -> RecordBatchStream:
        reporter = Reporter(progress, operation, limit)
        try:
            core = self._core.stream(
                operation, query, limit, schema, parse_dates, on_new_column, reporter.__enter__()
            )
        except BaseException:
            reporter.close()
            raise
        return RecordBatchStream(core)

    @overload
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        dry_run: Literal[False] = ...,
        progress: Progress = ...,
    ) -> UpdateResult: ...
    @overload
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        dry_run: Literal[True],
        progress: Progress = ...,
    ) -> list[PlannedRequest]: ...
    @overload
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        dry_run: bool,
        progress: Progress = ...,
    ) -> UpdateResult | list[PlannedRequest]: ...
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        dry_run: bool = False,
        progress: Progress = None,
    ) -> UpdateResult | list[PlannedRequest]:
        """Set attributes of conversations, by ``call_id``.

        A null cell never overwrites anything, unless ``nulls="clear"`` says so.

        Pass the columns that you changed, not a whole result of `calls`: stored lists, objects and mixed types are
        read as text, and would be written back as that text. `plan_update_calls` compares with what reading gives,
        so it leaves such cells alone.

        Args:
            frame: Any dataframe (pandas, polars, pyarrow, duckdb, anything that speaks the Arrow PyCapsule
                interface), a dict of columns, or a list of dicts whose rows all have the same keys. It has the
                column ``call_id`` (whole numbers, each once; floats below 2**53 in size and decimals too) and one
                column an attribute; new attributes may be set. A column of Python values holds bool, int, float,
                Decimal, str, UUID, date, datetime, time or None. Decimals keep their digits, UUIDs are their text,
                categories and runs what is inside. Sets, whose order is arbitrary, are no columns.
            nulls: ``"keep"``, the default, leaves the stored value where a cell is null; ``"clear"`` sets
                it to null.
            dry_run: True sends nothing and returns the requests that would be made; by default False.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with the numbers of rows, cells and requests, and the seconds it took; with
            ``dry_run=True`` a list of `PlannedRequest`.

        Raises:
            InvalidInputError: If the frame is not as described: nothing was sent, and the keys of the rows that
                cannot be are in the message.
            UpdateError: If a request failed, or its answer does not confirm it. It has the rows that were committed,
                and ``remaining``, which finishes the job when it is passed again with ``nulls=error.nulls``.

        Warns:
            ConverzWarning: If a column holds times that are all midnight, and may have held dates before pandas, which
                has no type for them. They are sent as times, but in the column ``date``, which is known to be of
                dates.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100) as sandbox:
            ...     client = sandbox.client()
            ...     result = client.update_calls({"call_id": [1, 2], "priority": ["high", None]})
            ...     calls = client.calls(columns=["call_id", "priority"], limit=2)
            >>> result.rows, result.cells
            (1, 1)
            >>> calls
            Table: 2 rows, 2 columns
            call_id  priority
              int64  string
                  1  high
                  2  null

        """
        return self._update("update_calls", frame, nulls, dry_run, progress)

    @overload
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        dry_run: Literal[False] = ...,
        progress: Progress = ...,
    ) -> UpdateResult: ...
    @overload
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        dry_run: Literal[True],
        progress: Progress = ...,
    ) -> list[PlannedRequest]: ...
    @overload
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        dry_run: bool,
        progress: Progress = ...,
    ) -> UpdateResult | list[PlannedRequest]: ...
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        dry_run: bool = False,
        progress: Progress = None,
    ) -> UpdateResult | list[PlannedRequest]:
        """Set attributes of users, by ``rep_id``.

        A null cell never overwrites anything, unless ``nulls="clear"`` says so. Pass the columns that you changed,
        for the reason that `update_calls` gives.

        Args:
            frame: Any dataframe, dict of columns or list of dicts, as `update_calls` takes them, with the
                column ``rep_id`` (strings, each once) and one column an attribute.
            nulls: ``"keep"``, the default, leaves the stored value where a cell is null; ``"clear"`` sets
                it to null.
            dry_run: True sends nothing and returns the requests that would be made; by default False.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with the numbers of rows, cells and requests, and the seconds it took; with
            ``dry_run=True`` a list of `PlannedRequest`.

        Raises:
            InvalidInputError: If the frame is not as described: nothing was sent.
            UpdateError: If a request failed, as in `update_calls`.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     client.update_reps({"rep_id": rep_ids, "team": ["A", "A", "B", "B", "B"]}).rows
            5

        """
        return self._update("update_reps", frame, nulls, dry_run, progress)

    def plan_update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        start_date: Date | None = None,
        end_date: Date | None = None,
        after: Time | None = None,
        before: Time | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        progress: Progress = None,
    ) -> UpdatePlan:
        """Find out what `update_calls` would change, by reading what is stored. Nothing is changed.

        Conversations cannot be read by ``call_id``, so the arguments with the API's names say what to read.
        Without any of them it is worked out from a column ``vendor_call_id``, ``date`` or ``start_time`` of the
        frame that has a value in every row. Attributes that are not seen are asked for as metrics.

        Args:
            frame: Any dataframe, dict of columns or list of dicts with the column ``call_id`` and one
                column an attribute, as `update_calls` takes them.
            nulls: ``"keep"``, the default, leaves the stored value where a cell is null; ``"clear"`` sets
                it to null.
            start_date: First date of the conversations to read; by default (None) no bound, and so with
                whatever else is left out.
            end_date: Last date, included.
            after: Minimum of ``start_time``: a string such as ``"2025-07-15 12:00"``, a datetime without a
                zone (the service's zone is meant), or a date, which is its midnight.
            before: Maximum of ``start_time``.
            rep_id: Only these users.
            vendor: Only these vendors.
            campaign: Only these campaigns.
            subcampaign: Only these subcampaigns.
            department: Only these departments.
            vendor_call_id: Only the conversations with these ids of the vendor.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdatePlan`: print it, then `apply` it; the result can be undone.

        Raises:
            InvalidInputError: If the frame is not as described, or nothing says what to read.
            APIStatusError: As in `calls`, like APIConnectionError, DecodeError and PagingError.

        Warns:
            ConverzWarning: If times that are all midnight are to go among stored dates, or where nothing is stored
                that could tell; besides as in `calls`.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
            ...     client = sandbox.client()
            ...     calls = client.calls().to_pydict()
            ...     frame = {"call_id": calls["call_id"], "date": calls["date"], "language": ["nl"] * 100}
            ...     plan = client.plan_update_calls(frame)
            ...     result = plan.apply()
            ...     undone = result.undo()
            >>> plan.columns[0].changed, plan.columns[0].same
            (0, 100)
            >>> result.cells == undone.cells == plan.num_changes
            True

        """
        return self._plan("update_calls", frame, nulls, chosen(locals(), "plan_update_calls"), progress)

    def plan_update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        progress: Progress = None,
    ) -> UpdatePlan:
        """Find out what `update_reps` would change, by reading what is stored. Nothing is changed.

        Args:
            frame: Any dataframe, dict of columns or list of dicts with the column ``rep_id`` and one column
                an attribute, as `update_reps` takes them.
            nulls: ``"keep"``, the default, leaves the stored value where a cell is null; ``"clear"`` sets
                it to null.
            department: Read only users of these departments; by default all users are read.
            rep_id: Read only these users.
            active: Read only active users (True or 1) or only inactive ones (False or 0); by default both.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdatePlan`: print it, then `apply` it; the result can be undone.

        Raises:
            InvalidInputError: If the frame is not as described.
            APIStatusError: As in `calls`, like APIConnectionError, DecodeError and PagingError.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     plan = client.plan_update_reps({"rep_id": rep_ids, "team": ["A"] * 5})
            >>> plan.num_changes, plan.columns[0].seen
            (5, False)

        """
        return self._plan("update_reps", frame, nulls, chosen(locals(), "plan_update_reps"), progress)

    def _plan(
        self, operation: str, frame: object, nulls: str, query: dict[str, Any], progress: Progress
    ) -> UpdatePlan:
        table = _rows(frame, operation)
        with Reporter(progress, f"plan_{operation}", None) as report:
            core = self._core.plan(operation, table, nulls, query, report)
        return UpdatePlan(self._core, core, operation)

    def _update(
        self, operation: str, frame: object, nulls: str, dry_run: object, progress: Progress
    ) -> UpdateResult | list[PlannedRequest]:
        if not isinstance(dry_run, bool):
            message = f"dry_run={dry_run!r} is not True or False"
            raise InvalidInputError(message)
        table = _rows(frame, operation)
        if dry_run:
            return self._core.dry_run(operation, table, nulls)
        with Reporter(progress, operation, table.num_rows) as report:
            return UpdateResult(**self._core.update(operation, table, nulls, report))

    def __repr__(self) -> str:
        """Show where the client connects to, without the key."""
        # Debuggers and error services also show the client whose making failed.
        if not hasattr(self, "_core"):
            return "Client()"
        return f"Client({self.settings['base_url']!r})"

    def __reduce__(self) -> tuple[Any, tuple[dict[str, Any]]]:
        """Pickle the settings, if the key can be taken from the environment again."""
        if not self._core.key_from_environment:
            message = (
                "a client whose api_key was passed as an argument cannot be pickled, since the pickle would have "
                "to hold the key: set the environment variable CONVERZ_API_KEY instead, or make a client where "
                "it is used"
            )
            raise ConfigurationError(message)
        if self._core.proxy_has_user:
            message = (
                "a client whose proxy was passed with a user cannot be pickled, since the pickle would have to "
                "hold the user and the password: set the environment variable HTTPS_PROXY instead, or make a client where it is "
                "used"
            )
            raise ConfigurationError(message)
        return Client._from_settings, (self._core.pickled_settings,)

    @classmethod
    def _from_settings(cls, settings: dict[str, Any]) -> Client:
        return cls(**settings)
