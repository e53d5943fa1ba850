"""`Client`: the five operations of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from converz import _core
from converz._frames.to_core import to_core_table
from converz._parameters import KEYS, VERBS, chosen
from converz._results.receipt import Receipt
from converz._results.record_batch_stream import RecordBatchStream
from converz._results.reversal import carry_out, in_order
from converz._results.table import Table
from converz._results.update_plan import UpdatePlan
from converz._results.update_result import UpdateResult
from converz._results.window import Window
from converz._runtime.steps import waited
from converz._show.progress import Reporter
from converz.errors import ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable
    from datetime import date

    import polars as pl

    from converz._core import Client as CoreClient
    from converz._core import PlannedRequest, WindowReads
    from converz._core import RecordBatchStream as CoreStream
    from converz._results.description import Description
    from converz._runtime.steps import Steps
    from converz._warehouse.audit_result import AuditResult
    from converz._warehouse.changes import Changes
    from converz._warehouse.result import SyncResult

__all__ = ["Client", "rows_of"]

Strings: TypeAlias = "str | Iterable[str]"
Date: TypeAlias = "str | date"
Time: TypeAlias = "str | date"
Progress: TypeAlias = "bool | Callable[[int, int], object] | None"


def rows_of(frame: object, operation: str) -> _core.Table:
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


def next_window(core: WindowReads) -> Steps[Any]:
    """Wait for the next window's table and receipt, or None behind the last."""
    read = yield core.read_next()
    return read


class Client:
    """A connection to the Converz Data API of one customer.

    A client may be used from several threads, and after ``os.fork``. It opens no connection before the first
    request. It can be pickled if its key came from the environment or from a function of a module; the key itself is
    never in the pickle.

    Args:
        base_url: Where the service is, such as ``https://yourdomain.converz.co``; by default the environment
            variable ``CONVERZ_BASE_URL``. Without a path it gets ``/api/v1``, with one it is taken as it is.
            Plain ``http://`` is for this machine only, unless ``allow_http=True``.
        api_key: The key, or a function without arguments that returns it, such as one that asks a store of secrets:
            it is called when a connection is made, before the first request of each process. By default the environment
            variable ``CONVERZ_API_KEY``.
        timeout: Seconds for one request with its retries.
        connect_timeout: Seconds for one connection to be made.
        first_byte_timeout: Seconds from a request's last byte to its answer's first.
        stall_timeout: Seconds without a byte in the middle of a body.
        max_retries: How often a request is repeated; the pages of one read share four times as many, counted
            since one of them was last answered. Refusals by a rate limit (429, or a ``Retry-After``) count only
            while no request of the client is answered, so that a read takes as long as the service allows. All
            requests of a client wait for a 429 together; where it does not say how long, as long as was enough
            the last time.
        page_size: Rows a page, at most 1,000,000.
        max_concurrency: Pages in flight at once, of all reads of the client together.
        max_connections: Connections at once, those of updates and those that are kept for the next request among them.
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

    __module__ = "converz"

    __slots__ = ("__weakref__", "_core", "_service")
    # How a client waits, and what it makes: the bodies below are those of `AsyncClient`, too.
    _run = staticmethod(waited)
    _plans = UpdatePlan
    _results = UpdateResult
    _core: CoreClient
    _service: object
    """What must live as long as the client does: the sandbox that it was made by."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | Callable[[], str] | None = None,
        *,
        timeout: float = 900,
        connect_timeout: float = 10,
        first_byte_timeout: float = 300,
        stall_timeout: float = 60,
        max_retries: int = 5,
        page_size: int = 100_000,
        max_concurrency: int = 4,
        max_connections: int = 100,
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
            max_connections=max_connections,
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

    @classmethod
    def from_profile(cls, name: str | None = None) -> Client:
        r"""Make a client from a profile of the configuration file, as the commands do with ``--profile``.

        The file is ``~/.config/converz/config.toml``, or below ``XDG_CONFIG_HOME`` where that is set, and nobody else
        may be able to read it. A profile is a table of TOML whose settings have the names of the arguments of
        `Client`, ``base_url`` and ``api_key`` among them; what it leaves out is as in `Client`.

        Args:
            name: The name of the profile; by default (None) that in the environment variable ``CONVERZ_PROFILE``.

        Returns:
            A `Client`.

        Raises:
            ConfigurationError: If there is no such profile, other users of the machine can read the file, or a setting
                is unknown or cannot work.

        Example:
            >>> import converz, os, pathlib, tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     file = pathlib.Path(folder, "converz", "config.toml")
            ...     file.parent.mkdir()
            ...     file.touch(mode=0o600)
            ...     _ = file.write_text(
            ...         "[acme]\nbase_url = 'https://acme.converz.co'\napi_key = 'k'\ntimeout = 60"
            ...     )
            ...     os.environ["XDG_CONFIG_HOME"] = folder
            ...     client = converz.Client.from_profile("acme")
            >>> del os.environ["XDG_CONFIG_HOME"]
            >>> client, client.settings["timeout"]
            (Client('https://acme.converz.co/api/v1'), 60.0)

        """
        return cls._from_profile(name, {})

    @classmethod
    def _from_profile(cls, name: str | None, instead: dict[str, Any]) -> Client:
        """Make a client from a profile, with some settings instead of the profile's."""
        import os

        from converz._client.profiles import PROFILE, profile_settings

        name = name or os.environ.get(PROFILE)
        if not name:
            message = f"name is empty: pass the name of a profile, or set the environment variable {PROFILE}"
            raise ConfigurationError(message)
        known = ("base_url", "api_key", *(cls.__init__.__kwdefaults__ or ()))
        return cls(**profile_settings(name, known) | instead)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings in force, without the key and without a proxy's user and password."""
        return self._core.settings

    def calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
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

        A list may be one string or any sequence or series of strings; what is left out does not restrict. One that is too
        long for an address is asked for in parts, up to ``max_concurrency`` at once: the rows come in the order of the
        parts, none of them twice, and the receipt counts all requests.

        Args:
            start_date: First date: a string such as ``"2025-07-15"``, a date or a datetime.
            end_date: Last date, included.
            days: So many days up to ``end_date``, from ``start_date``, or else up to today, instead of both dates. They are
                sent as dates, which the receipt's ``query`` has; today is that of this machine.
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
            that were asked for. Without rows it has the columns and types of rows that match no filter, for which
            a small page is asked once a client, ``columns`` and ``metric``.

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
        return self._run(self._read("calls", query, limit, schema, parse_dates, progress))

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
            A `Table` with one row a user and the columns that arrived. Without rows it has the columns and types
            of rows that match no filter, for which a small page is asked once a client.

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
            >>> with converz.Sandbox(calls=100, reps=20) as sandbox:
            ...     reps = sandbox.client().reps(limit=3)
            >>> reps.num_rows, reps.schema["hired_on"]
            (3, 'date32')

        """
        query = chosen(locals(), "reps")
        return self._run(self._read("reps", query, limit, schema, parse_dates, progress))

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

        Of a column that ``groupby`` has, such as ``rep_id``, any number of values can be asked for: those that one address
        cannot hold are asked for by several requests, whose groups follow one another.

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
            A `Table` with one row a group. Without groups it has the columns and types of the same report without
            filters and dates, which is asked for once a client, ``groupby`` and ``metric``.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            SchemaDriftError: If a value does not fit ``schema`` without loss.

        Warns:
            ConverzWarning: If values of a known column do not have its type, or if a few values keep a column from
                being one of dates.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     report = sandbox.client().report(groupby="campaign", metric="csat", days=60)
            >>> report.column_names
            ['campaign', 'conversations', 'csat']

        """
        query = chosen(locals(), "report")
        return self._run(self._read("report", query, None, schema, parse_dates, False))

    def stream_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
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
        types: Literal["first_page", "whole"] = "first_page",
        on_new_column: Literal["error", "ignore"] = "error",
        by_day: bool = False,
        progress: Progress = None,
    ) -> RecordBatchStream:
        """List conversations as they arrive, in bounded memory however many they are.

        Takes what `calls` takes. The first page is read at once; its columns, the known columns' types and
        ``schema`` settle the schema of the whole stream (a column that is null on the whole first page
        becomes a string column), unless ``types="whole"`` has every row do that, as `calls` does. The keys of the
        rows that came are the only memory that grows. `RecordBatchStream.write_parquet` and its kin make a file of
        a stream that nobody has read, always with the types of every row.

        The temporary file of ``types="whole"`` is in the folder that ``TMPDIR`` names or the system's own, compressed,
        about a fifth of the JSON. It has no name where the system can do without, so that nothing is left of it even
        if the process is killed.

        With ``by_day=True`` every day is asked for by itself, in one page of the API's largest size: a snapshot within which
        no row can move, however long the range and however busy the service. The days come newest first, up to
        ``max_concurrency`` of them are read at once, and memory is bounded by these. The newest day that has rows is then what
        the first page is otherwise.

        Args:
            start_date: First date: a string such as ``"2025-07-15"``, a date or a datetime; by default
                (None) no bound, and so with whatever else is left out.
            end_date: Last date, included.
            days: So many days up to ``end_date``, from ``start_date``, or else up to today, instead of both dates. They are
                sent as dates, which the receipt's ``query`` has; today is that of this machine.
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
                `describe_calls` says what there is.
            limit: At most so many rows; no more pages are asked for than they need. By default (None) every
                row.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.
            types: What settles the types of columns: ``"first_page"``, the default, or ``"whole"``: every row, as in
                a table. Then all rows are read before this returns, into a temporary file, and the batches come
                from there.
            on_new_column: What to do when a later page brings a column that the schema does not have:
                ``"error"``, the default, raises; ``"ignore"`` leaves it out. With ``types="whole"`` none is new.
            by_day: Whether to read each day by itself, newest first, which needs ``start_date`` or ``days``; without
                ``end_date`` up to the last day that has begun anywhere on earth. Keys are compared within a day. By
                default (False) the range is read as one, page by page.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `RecordBatchStream`: loop over its batches, or hand it to a library that takes Arrow streams.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            SchemaDriftError: If a later value does not fit the schema, here and from each batch. Its
                ``schema`` is the one to pass next time.
            OSError: If the temporary file of ``types="whole"`` cannot be written or read; it names its folder.
            APIStatusError: If the service refuses (see its subclasses), retries included, here and from each batch.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.

        Warns:
            ConverzWarning: Here, if on the first page a few values keep a column from being one of dates; with a batch,
                once a column, if one that was null on the whole first page has values that are no strings (pass
                the ``schema`` that the warning has to read them as what they are); after the last batch, if
                rows moved from page to page while they were read, or if the service left out a column of
                ``columns`` and answered with another one.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     with sandbox.client(page_size=400).stream_calls() as stream:
            ...         print(sum(batch.num_rows for batch in stream))
            ...     with sandbox.client().stream_calls(metric="csat", types="whole") as stream:
            ...         print(stream.schema["csat"])
            ...     with sandbox.client().stream_calls(days=7, by_day=True, columns="date") as stream:
            ...         print(stream.schema["date"])
            1000
            int64
            date32

        """
        query = chosen(locals(), "stream_calls")
        return self._opened(
            "calls", query, limit, schema, parse_dates, types, on_new_column, by_day, progress
        )

    def stream_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        types: Literal["first_page", "whole"] = "first_page",
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
            types: What settles the types of columns: ``"first_page"``, the default, or ``"whole"``: every row, as in
                a table. Then all rows are read before this returns, into a temporary file, and the batches come
                from there.
            on_new_column: What to do when a later page brings a column that the schema does not have:
                ``"error"``, the default, raises; ``"ignore"`` leaves it out. With ``types="whole"`` none is new.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `RecordBatchStream`, as from `stream_calls`.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            SchemaDriftError: If a later value does not fit the schema, here and from each batch.
            OSError: If the temporary file of ``types="whole"`` cannot be written or read; it names its folder.
            APIStatusError: If the service refuses (see its subclasses), retries included, here and from each batch.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.

        Warns:
            ConverzWarning: Here, if on the first page a few values keep a column from being one of dates; with a batch,
                once a column, if one that was null on the whole first page has values that are no strings (pass
                the ``schema`` that the warning has to read them as what they are); after the last batch, if
                rows moved from page to page while they were read, or if the service left out a column of
                ``columns`` and answered with another one.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=20) as sandbox:
            ...     with sandbox.client().stream_reps() as stream:
            ...         print(stream.schema["rep_id"])
            string

        """
        query = chosen(locals(), "stream_reps")
        return self._opened("reps", query, limit, schema, parse_dates, types, on_new_column, False, progress)

    def scan_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
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
            days: So many days up to ``end_date``, from ``start_date``, or else up to today, instead of both dates. They are
                sent as dates, which the receipt's ``query`` has; today is that of this machine.
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
                `describe_calls` says what there is.
            schema: Types that columns must have, as a dict of names to Arrow type names or any Arrow
                schema; by default (None) the first page decides. A value of a selected column that does not
                fit is a `SchemaDriftError`, whose ``schema`` is the one to pass next time.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.

        Returns:
            A ``polars.LazyFrame``. Each ``collect`` reads anew. Ctrl-C raises KeyboardInterrupt, as everywhere;
            where polars before 2.0 reads several frames at once, in a join, its ``ComputeError`` comes first.
            SIGTERM and SIGALRM end the read, too, and what their handler raises follows polars' error at once.

        Raises:
            ImportError: If polars is not installed.
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: If the service refuses (see its subclasses), retries included, here and when the frame is
                collected.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.
            SchemaDriftError: If a value of a selected column does not fit its type without loss.

        Warns:
            ConverzWarning: When the frame is collected, if on the first page values of a known column that is selected
                do not have its type, or a few values keep a selected column from being one of dates, or if a
                selected column that was null on the whole first page has values that are no strings.

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

        query = chosen(locals(), "scan_calls")
        return self._run(scan(self._core, "calls", query, schema, parse_dates))

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
            APIStatusError: If the service refuses (see its subclasses), retries included, here and when the frame is
                collected.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.
            SchemaDriftError: If a value of a selected column does not fit its type without loss.

        Warns:
            ConverzWarning: When the frame is collected, if on the first page values of a known column that is selected
                do not have its type, or a few values keep a selected column from being one of dates, or if a
                selected column that was null on the whole first page has values that are no strings.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=20) as sandbox:
            ...     print(sandbox.client().scan_reps().head(3).collect().shape)
            (3, 8)

        """
        from converz._lazy.scan import scan

        query = chosen(locals(), "scan_reps")
        return self._run(scan(self._core, "reps", query, schema, parse_dates))

    def describe_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
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
    ) -> Description:
        """Say what columns conversations have, and what is in them.

        The API has no operation that tells. This reads what the filters give, every row in bounded memory, and says of
        each column its type, how many values it has, how many are distinct (counted exactly up to 10,000), the least
        and the greatest, examples, and on which days it had values. A metric is a column only where ``metric`` names
        it.

        Args:
            start_date: First date: a string such as ``"2025-07-15"``, a date or a datetime; by default
                (None) no bound, and so with whatever else is left out.
            end_date: Last date, included.
            days: So many days up to ``end_date``, from ``start_date``, or else up to today, instead of both dates.
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
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `Description`: a table of one row a column, whose ``pins`` go into ``schema=``.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            SchemaDriftError: If a value does not fit a type of ``schema``.
            OSError: If the temporary file cannot be written or read; it names its folder.
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.

        Warns:
            ConverzWarning: As `calls` does.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000, today="2025-07-15") as sandbox:
            ...     client = sandbox.client()
            ...     described = client.describe_calls(columns=["call_id", "campaign", "date"])
            ...     calls = client.calls(schema=described.pins, limit=10)
            >>> described.to_pydict()["type"]
            ['int64', 'string', 'date32']
            >>> calls.num_rows
            10

        """
        query = chosen(locals(), "describe_calls")
        return self._describe("calls", query, limit, schema, parse_dates, progress)

    def describe_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Description:
        """Say what columns users have, and what is in them, as `describe_calls` does of conversations.

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
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `Description`: a table of one row a column, whose ``pins`` go into ``schema=``.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            SchemaDriftError: If a value does not fit a type of ``schema``.
            OSError: If the temporary file cannot be written or read; it names its folder.
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.

        Warns:
            ConverzWarning: As `calls` does.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     described = sandbox.client().describe_reps()
            >>> described.pins["rep_id"], described.to_pydict()["rows"][0]
            ('string', 5)

        """
        query = chosen(locals(), "describe_reps")
        return self._describe("reps", query, limit, schema, parse_dates, progress)

    def windows(self, since: Date, until: Date | None = None) -> list[Window]:
        """Divide a range into windows, parts of a read that one page can hold: one calendar day each, newest first.

        Args:
            since: First date.
            until: Last date, included; by default (None) the last one that has begun anywhere on earth.

        Returns:
            The windows, whose ``arguments`` can be passed to `calls`.

        Raises:
            InvalidInputError: If an argument is not as described.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000, today="2025-07-15") as sandbox:
            ...     client = sandbox.client()
            ...     days = client.windows("2025-07-01", "2025-07-15")
            ...     rows = [client.calls(**day.arguments).num_rows for day in days]
            >>> len(days), days[0].start_date.isoformat(), len(rows)
            (15, '2025-07-15', 15)

        """
        from datetime import date

        days = _core.Client.windows({"since": since, "until": until})
        return [Window(date.fromisoformat(start), date.fromisoformat(end)) for start, end in days]

    def read_windows(
        self,
        windows: Iterable[Window],
        *,
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
    ) -> Generator[tuple[Window, Table]]:
        """Read windows of conversations one after the other, each as a table, several at once.

        Each window is asked for in one page of the API's largest size, within which no row can move while it is
        read. One that fills it is split by ``after`` and ``before``, and read page by page where that does not
        prove to bring every row. Up to ``max_concurrency`` windows are read ahead of the one that is used; closing the
        iterator, an error and Ctrl-C end their requests.

        Args:
            windows: What to read, such as `windows` gives it.
            metric: Metrics to calculate, such as ``["csat", "talk_ratio"]``, each a column of the result;
                by default none.
            rep_id: Only these users.
            vendor: Only these vendors.
            campaign: Only these campaigns.
            subcampaign: Only these subcampaigns.
            department: Only these departments.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Only these columns, besides those that ``metric`` and ``schema`` name; by default all.
                `describe_calls` says what there is.
            schema: Types that columns must have: a dict of names to Arrow type names, such as ``{"csat":
                "float64"}``, or any Arrow schema, another table's ``schema`` included. By default (None)
                the data of each window decide.
            parse_dates: Whether a column whose values are all ISO dates or date-times becomes one of dates
                or timestamps (True, the default); where every value has an offset it is in UTC. False keeps
                the text, offsets included.

        Returns:
            An iterator of windows and their tables, in order.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            APIStatusError: If the service refuses (see its subclasses), retries included. This error and those
                below are raised when the window's turn comes, and end the iterator.
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
            >>> with converz.Sandbox(calls=1_000, today="2025-07-15", days=30) as sandbox:
            ...     client = sandbox.client()
            ...     days = client.windows("2025-06-16", "2025-07-15")
            ...     print(sum(table.num_rows for day, table in client.read_windows(days)))
            1000

        """
        query = {
            "metric": metric,
            "rep_id": rep_id,
            "vendor": vendor,
            "campaign": campaign,
            "subcampaign": subcampaign,
            "department": department,
            "vendor_call_id": vendor_call_id,
            "columns": columns,
        }
        wanted: list[Any] = list(windows)
        for position, window in enumerate(wanted):
            if not isinstance(window, Window):
                message = f"windows[{position}]={window!r:.80} is not a converz.Window"
                raise InvalidInputError(message)
        core = self._core.read_windows([window.arguments for window in wanted], query, schema, parse_dates)
        return self._tables(core, wanted)

    def _tables(self, core: WindowReads, windows: list[Window]) -> Generator[tuple[Window, Table]]:
        try:
            for window in windows:
                read = self._run(next_window(core))
                if read is None:
                    return
                table, receipt = read
                yield window, Table._from_core(table, Receipt(**receipt))
        finally:
            core.close()

    def sync(
        self,
        target: object,
        *,
        tables: Strings | None = None,
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        lookback: float = 7,
        recheck: float = 0.25,
        sweep: float | None = 7,
        refresh: object | None = None,
        max_delete_fraction: float = 0.1,
        lock_timeout: float = 60,
        progress: Progress = None,
    ) -> SyncResult:
        """Bring a warehouse up to date: read the days that are due, and replace those that changed.

        A day is due if it was never read, was not over everywhere on earth when it was read, is younger than ``lookback``,
        or has grown older by ``recheck`` since; and where its keys differ, of which a ``sweep`` looks in all others. Late
        rows, late values, deleted rows and new columns all come so. Each day is replaced as a whole, in one commit with its
        line in the ledger, which lives in the target (``_converz_ledger``); an unchanged day writes no more than that line.
        Run it as often as wanted: a run that was interrupted or killed at any point goes on when it is run again.

        Rows have a column ``_converz_date`` with the day they were asked for. Stored types widen by the table of types and
        never narrow; new columns are added, those of nulls with their first value.

        An empty answer for a day that has rows, and more than ``max_delete_fraction`` gone, may be a bad hour of the
        service: such days keep what they have, the others are written, and a `SyncError` says so. Fewer rows are believed
        once they are read a second time.

        Args:
            target: Where the rows are kept: a DuckDB file such as ``"warehouse.duckdb"``, an open connection of duckdb,
                ``"postgresql://host/database"``, ``"delta:PATH"``, ``"iceberg:CATALOG.NAMESPACE"``,
                ``"parquet:FOLDER"`` for a file a day, or an object with the methods of a target.
            tables: ``"calls"`` or ``"reps"``; by default (None) both.
            since: First date; by default (None) the first one that the target has.
            until: Last date, included; by default (None) the last one that has begun anywhere on earth.
            metric: Metrics to calculate, such as ``["csat", "talk_ratio"]``, each a column; by default none.
            rep_id: Only these users, and their conversations.
            vendor: Only conversations of these vendors.
            campaign: Only conversations of these campaigns.
            subcampaign: Only conversations of these subcampaigns.
            department: Only these departments, in both tables.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Only these columns of conversations, besides those that ``metric`` and ``schema`` name; by default all.
                Without ``call_id`` among them, changes in old days are only found where the number of rows differs.
            schema: Types that columns of conversations must have, as in `calls`; by default (None) the data decide.
            lookback: Days after its end for which a day is read by every run; by default 7.
            recheck: By which share of it a day's age has to grow until it is read again; by default 0.25.
            sweep: How often, in days, the keys of the days that are not due are compared with what is stored; by default 7,
                None for never.
            refresh: Days to read again now: a date, a range ``"2025-03-01/2025-03-31"``, several of these, or True for all.
            max_delete_fraction: Which share of the stored rows of the days that are read may be gone; by default 0.1. 1
                believes everything, empty days included.
            lock_timeout: Seconds to wait for another process that has the target; by default 60.
            progress: True or False to show or hide progress; a function to be called with days and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            A `SyncResult`: which days were read, why, and what came of each.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            TargetError: If the target cannot be opened, has a table of that name that no sync has made, or holds the
                answers to another question.
            SyncError: If something failed on the way, or days were not believed. Its ``result`` says what is committed.

        Warns:
            ConverzWarning: If days are seen to change for longer than ``lookback``, or what was read has a warning.

        Example:
            >>> import converz, duckdb
            >>> from datetime import date, timedelta
            >>> with converz.Sandbox(calls=1_000, reps=5, days=30) as sandbox:
            ...     client, target = sandbox.client(), duckdb.connect()
            ...     first = client.sync(target, since=date.today() - timedelta(days=40), metric="csat")
            ...     late = sandbox.insert_calls(date.today() - timedelta(days=3), 3)
            ...     again = client.sync(target, metric="csat")
            >>> target.sql("SELECT count(*) FROM calls").fetchall(), again.changed
            ([(1003,)], 1)

        """
        from converz._warehouse.settings import Settings
        from converz._warehouse.sync import sync

        settings = Settings.of(locals(), chosen(locals(), "sync"))
        return sync(self, target, settings, lock_timeout=lock_timeout, progress=progress)

    def explain_sync(
        self,
        target: object,
        *,
        tables: Strings | None = None,
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        lookback: float = 7,
        recheck: float = 0.25,
        sweep: float | None = 7,
        refresh: object | None = None,
    ) -> Table:
        """List the days that `sync` would read now, and why, without a request.

        Args:
            target: Where the rows are kept, as `sync` takes it.
            tables: ``"calls"`` or ``"reps"``; by default (None) both.
            since: First date; by default (None) the first one that the target has.
            until: Last date, included; by default (None) the last one that has begun anywhere on earth.
            metric: Metrics that are stored; by default none.
            rep_id: Only these users, and their conversations.
            vendor: Only conversations of these vendors.
            campaign: Only conversations of these campaigns.
            subcampaign: Only conversations of these subcampaigns.
            department: Only these departments, in both tables.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Columns that are stored; by default all.
            lookback: Days after its end for which a day is read by every run; by default 7.
            recheck: By which share of it a day's age has to grow until it is read again; by default 0.25.
            sweep: How often, in days, the keys of the other days are compared; by default 7, None for never.
            refresh: Days to read again, as `sync` takes them.

        Returns:
            A `Table` with a row a day, in the order of reading: ``table``, ``day`` (null for users), ``reason``, and of the
            ledger the ``rows`` and when they were read (``read_at``, UTC), null for a day that never was. The reasons are
            ``never read``, ``not over`` (when it was read), ``young``, ``grown older``, ``refresh``, and ``keys``, of which
            only the keys are read unless they differ.

        Raises:
            InvalidInputError: If an argument is not as described.
            TargetError: If the target cannot be opened, or holds the answers to another question.

        Example:
            >>> import converz, duckdb
            >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
            ...     due = sandbox.client().explain_sync(duckdb.connect(), since="2025-07-14", until="2025-07-15")
            >>> due.to_pydict()["reason"]
            ['never read', 'never read', 'never read']

        """
        from converz._warehouse.settings import Settings
        from converz._warehouse.sync import explain

        return explain(self, target, Settings.of(locals(), chosen(locals(), "explain_sync")))

    def audit(
        self,
        target: object,
        *,
        tables: Strings | None = None,
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        lock_timeout: float = 60,
        progress: Progress = None,
    ) -> AuditResult:
        """Compare a warehouse with the service, day by day: counts and keys. Nothing is written.

        Only keys are read, of every day in the range. The service's report is asked for what it counts, too.

        Args:
            target: Where the rows are kept, as `sync` takes it.
            tables: ``"calls"`` or ``"reps"``; by default (None) both.
            since: First date; by default (None) the first one that the target has.
            until: Last date, included; by default (None) the last one that has begun anywhere on earth.
            metric: Metrics that are stored; by default none.
            rep_id: Only these users, and their conversations.
            vendor: Only conversations of these vendors.
            campaign: Only conversations of these campaigns.
            subcampaign: Only conversations of these subcampaigns.
            department: Only these departments, in both tables.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Columns that are stored; by default all.
            lock_timeout: Seconds to wait for another process that has the target; by default 60.
            progress: True or False to show or hide progress; a function to be called with days and 0; by default (None) it
                is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `AuditResult`, whose ``differences`` have a cause each and the command that mends them.

        Raises:
            InvalidInputError: If an argument is not as described. Nothing was sent.
            TargetError: If the target cannot be opened, or holds the answers to another question.
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.

        Example:
            >>> import converz, duckdb
            >>> with converz.Sandbox(calls=500, reps=5, days=15, today="2025-07-15") as sandbox:
            ...     client, target = sandbox.client(), duckdb.connect()
            ...     result = client.sync(target, since="2025-07-01", until="2025-07-15")
            ...     late = sandbox.insert_calls("2025-07-08", 3)
            ...     audit = client.audit(target, until="2025-07-15")
            >>> audit.equal, audit.differences.to_pydict()["cause"], audit.differences.to_pydict()["missing"]
            (False, ['late'], [3])

        """
        from converz._warehouse.audit import audit
        from converz._warehouse.settings import Settings

        settings = Settings.of(locals(), chosen(locals(), "audit"))
        return audit(self, target, settings, lock_timeout=lock_timeout, progress=progress)

    def changes(
        self,
        target: object,
        *,
        cursor: str = "changes",
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        lookback: float = 7,
        recheck: float = 0.25,
        sweep: float | None = 7,
        refresh: object | None = None,
        lock_timeout: float = 60,
        progress: Progress = None,
    ) -> Changes:
        """Find conversations whose content differs from what was handed on before: what a CRM needs of them.

        Days are due as in `sync`. Of each that is, its digest is compared with what was handed on, and where that differs,
        the digests of its rows. A named cursor keeps them in the target, beside what `sync` keeps there, or alone. It moves
        only when you call `Changes.done`: after a crash the same rows come again, and none is lost, so hand them on
        by a key. What was handed on and is gone from the service is not reported.

        Args:
            target: Where the cursor is kept, as `sync` takes it. No rows are kept there, only their keys and digests.
            cursor: The name of the cursor, one for each that rows are handed on to: small letters, digits and underscores;
                by default ``changes``.
            since: First date; by default (None) the first one that the cursor has seen.
            until: Last date, included; by default (None) the last one that has begun anywhere on earth.
            metric: Metrics to calculate, each a column; by default none.
            rep_id: Only conversations of these users.
            vendor: Only these vendors.
            campaign: Only these campaigns.
            subcampaign: Only these subcampaigns.
            department: Only these departments.
            vendor_call_id: Only the conversations with these ids of the vendor.
            columns: Only these columns, beside ``call_id`` and those that ``metric`` and ``schema`` name; by default all. What
                changes in others does not count.
            schema: Types that columns must have, as in `calls`; by default (None) the data decide.
            lookback: Days after its end for which a day is looked at every time; by default 7.
            recheck: By which share of it a day's age has to grow until it is looked at again; by default 0.25.
            sweep: How often, in days, the keys of the other days are compared; by default 7, None for never.
            refresh: Days to look at now, whenever they were, as `sync` takes them.
            lock_timeout: Seconds to wait for another process that has the target; by default 60.
            progress: True or False to show or hide progress; a function to be called with days and 0; by default (None) it
                is shown in terminals and notebooks when it lasts over a second.

        Returns:
            `Changes`, to be looped over for a `Table` of each day. Nothing is asked before.

        Raises:
            InvalidInputError: If an argument is not as described.
            TargetError: If the target cannot be opened, or the cursor was used with other columns or filters.

        Example:
            >>> import converz, duckdb
            >>> with converz.Sandbox(calls=500, reps=5, days=15, today="2025-07-15") as sandbox:
            ...     client, target = sandbox.client(), duckdb.connect()
            ...     asked = {"cursor": "crm", "columns": ["vendor_call_id", "summary"], "until": "2025-07-15"}
            ...     first = client.changes(target, since="2025-07-01", **asked)
            ...     handed = first.table().num_rows
            ...     first.done()
            ...     late = sandbox.insert_calls("2025-07-08", 3)
            ...     again = client.changes(target, refresh=True, **asked).table()
            >>> handed, again.to_pydict()["call_id"] == late
            (500, True)

        """
        from converz._warehouse.changes import changes
        from converz._warehouse.settings import Settings

        arguments = locals() | {"tables": "calls"}
        settings = Settings.of(arguments, chosen(arguments, "changes"))
        return changes(self, target, cursor, settings, lock_timeout=lock_timeout, progress=progress)

    def _stream(
        self,
        operation: str,
        query: dict[str, Any],
        limit: int | None,
        schema: object | None,
        parse_dates: bool,
        types: str,
        on_new_column: str,
        by_day: bool,
        progress: Progress,
    ) -> Steps[CoreStream]:
        reporter = Reporter(progress, operation, limit)
        try:
            core: CoreStream = yield self._core.stream(
                operation,
                query,
                limit,
                schema,
                parse_dates,
                types,
                on_new_column,
                by_day,
                reporter.__enter__(),
            )
        except BaseException:
            reporter.close()
            raise
        return core

    def _opened(self, *arguments: Any) -> RecordBatchStream:
        return RecordBatchStream(self._run(self._stream(*arguments)))

    def _read(
        self,
        operation: str,
        query: dict[str, Any],
        limit: int | None,
        schema: object | None,
        parse_dates: bool,
        progress: Progress,
    ) -> Steps[Table]:
        with Reporter(progress, operation, limit) as report:
            core, receipt = yield self._core.read(operation, query, limit, schema, parse_dates, report)
        return Table._from_core(core, Receipt(**receipt))

    def _describe(
        self,
        operation: str,
        query: dict[str, Any],
        limit: int | None,
        schema: object | None,
        parse_dates: bool,
        progress: Progress,
    ) -> Description:
        with self._opened(
            operation, query, limit, schema, parse_dates, "whole", "error", False, progress
        ) as stream:
            return stream._describe()

    @overload
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[False] = ...,
        progress: Progress = ...,
    ) -> UpdateResult: ...
    @overload
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[True],
        progress: Progress = ...,
    ) -> list[PlannedRequest]: ...
    @overload
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: bool,
        progress: Progress = ...,
    ) -> UpdateResult | list[PlannedRequest]: ...
    def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        json_columns: Strings | None = None,
        dry_run: bool = False,
        progress: Progress = None,
    ) -> UpdateResult | list[PlannedRequest]:
        """Set attributes of conversations, by ``call_id``.

        A null cell never overwrites anything, unless ``nulls="clear"`` says so.

        What was read can be written back: a `Table`, and the pyarrow table made of it, know which of their columns hold
        lists and objects as JSON text, and these are sent as the JSON that they are. pandas and polars forget it, so
        ``json_columns`` says it there. Where a column has strings beside other values, nobody can tell whether its ``1``
        is one or the other: such cells are refused here, while `plan_update_calls` compares with what reading gives
        and leaves them alone.

        Args:
            frame: Any dataframe (pandas, polars, pyarrow, duckdb, anything that speaks the Arrow PyCapsule
                interface), a dict of columns, or a list of dicts whose rows all have the same keys. It has the
                column ``call_id`` (whole numbers, each once; floats below 2**53 in size and decimals too) and one
                column an attribute; new attributes may be set. A column of Python values holds bool, int, float,
                Decimal, str, UUID, date, datetime, time or None. Decimals keep their digits, UUIDs are their text,
                categories and runs what is inside. Sets, whose order is arbitrary, are no columns.
            nulls: ``"keep"``, the default, leaves the stored value where a cell is null; ``"clear"`` sets
                it to null.
            json_columns: Columns of strings whose cells are JSON text, to be sent as the lists, objects and other values
                that they are, such as ``table.schema.json_columns`` of the table that a frame of pandas or polars was
                made of; by default (None) those that are marked, as a `Table` and its pyarrow table have them.
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
        return self._run(self._update("update_calls", frame, nulls, json_columns, dry_run, progress))

    @overload
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[False] = ...,
        progress: Progress = ...,
    ) -> UpdateResult: ...
    @overload
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[True],
        progress: Progress = ...,
    ) -> list[PlannedRequest]: ...
    @overload
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: bool,
        progress: Progress = ...,
    ) -> UpdateResult | list[PlannedRequest]: ...
    def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        json_columns: Strings | None = None,
        dry_run: bool = False,
        progress: Progress = None,
    ) -> UpdateResult | list[PlannedRequest]:
        """Set attributes of users, by ``rep_id``.

        A null cell never overwrites anything, unless ``nulls="clear"`` says so. Lists, objects and mixed
        columns are sent as `update_calls` says.

        Args:
            frame: Any dataframe, dict of columns or list of dicts, as `update_calls` takes them, with the
                column ``rep_id`` (strings, each once) and one column an attribute.
            nulls: ``"keep"``, the default, leaves the stored value where a cell is null; ``"clear"`` sets
                it to null.
            json_columns: Columns of strings whose cells are JSON text, to be sent as the lists, objects and other values
                that they are, such as ``table.schema.json_columns`` of the table that a frame of pandas or polars was
                made of; by default (None) those that are marked, as a `Table` and its pyarrow table have them.
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
        return self._run(self._update("update_reps", frame, nulls, json_columns, dry_run, progress))

    def plan_update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        json_columns: Strings | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
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
            json_columns: Columns of strings whose cells are JSON text, to be sent as the lists, objects and other values
                that they are, such as ``table.schema.json_columns`` of the table that a frame of pandas or polars was
                made of; by default (None) those that are marked, as a `Table` and its pyarrow table have them.
            start_date: First date of the conversations to read; by default (None) no bound, and so with
                whatever else is left out.
            end_date: Last date, included.
            days: So many days up to ``end_date``, from ``start_date``, or else up to today, instead of both dates.
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
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.

        Warns:
            ConverzWarning: If times that are all midnight are to go among stored dates, or where nothing is stored
                that could tell; or if rows moved from page to page while they were read.

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
        query = chosen(locals(), "plan_update_calls")
        return self._run(self._plan("update_calls", frame, nulls, json_columns, query, progress))

    def plan_update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        json_columns: Strings | None = None,
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
            json_columns: Columns of strings whose cells are JSON text, to be sent as the lists, objects and other values
                that they are, such as ``table.schema.json_columns`` of the table that a frame of pandas or polars was
                made of; by default (None) those that are marked, as a `Table` and its pyarrow table have them.
            department: Read only users of these departments; by default all users are read.
            rep_id: Read only these users.
            active: Read only active users (True or 1) or only inactive ones (False or 0); by default both.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdatePlan`: print it, then `apply` it; the result can be undone.

        Raises:
            InvalidInputError: If the frame is not as described.
            APIStatusError: If the service refuses (see its subclasses), retries included.
            APIConnectionError: If no complete answer came, retries included; APITimeoutError if none in time.
            DecodeError: If an answer is not a JSON array of rows.
            PagingError: If the service ignores the page number.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     plan = client.plan_update_reps({"rep_id": rep_ids, "team": ["A"] * 5})
            >>> plan.num_changes, plan.columns[0].seen
            (5, False)

        """
        query = chosen(locals(), "plan_update_reps")
        return self._run(self._plan("update_reps", frame, nulls, json_columns, query, progress))

    def undo_update(
        self,
        journal: str | os.PathLike[str],
        *,
        on_conflict: Literal["skip", "error"] = "skip",
        progress: Progress = None,
    ) -> UpdateResult:
        """Put back what an update wrote, from the journal that it kept: also after its process was killed, and once.

        The cells are read again just before. Of the request that was on its way when the process ended it is not known
        whether it was carried out: cells of it that hold what was to be written are put back. Cells that hold neither
        their old value nor that were written by somebody else, and are left out. What others write between that reading and
        the request of a cell is overwritten, since the API has no conditional write. When all is done the journal says so,
        and undoing it once more does nothing.

        Args:
            journal: The file that was named when the plan was applied.
            on_conflict: ``"skip"``, the default, leaves cells out that somebody else has written; ``"error"`` sends nothing
                if there are any.
            progress: True or False to show or hide progress; a function to be called with rows and bytes so
                far; by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with what it took; its ``conflicts`` are the cells that were left out.

        Raises:
            InvalidInputError: If the file is no journal, is damaged, is of another service, or its update is still on its
                way.
            FileNotFoundError: If there is no such file: nothing was sent, or the journal was moved.
            UpdateConflictError: If cells were written by others and ``on_conflict="error"``.
            UpdateError: If a request failed. Call it once more to finish.

        Example:
            >>> import converz, pathlib, tempfile
            >>> with converz.Sandbox(calls=100) as sandbox, tempfile.TemporaryDirectory() as folder:
            ...     client = sandbox.client()
            ...     journal = pathlib.Path(folder) / "journal"
            ...     frame = {"call_id": [1, 2], "language": ["xx", "xx"]}
            ...     written = client.plan_update_calls(frame, end_date="2100-01-01").apply(journal=journal)
            ...     undone = client.undo_update(journal)
            ...     again = client.undo_update(journal)
            >>> written.cells, undone.cells, again.cells
            (2, 2, 0)

        """
        return self._run(self._undo(journal, on_conflict, progress))

    def _undo(
        self, journal: str | os.PathLike[str], on_conflict: str, progress: Progress
    ) -> Steps[UpdateResult]:
        in_order(on_conflict)
        recorded: _core.RecordedUpdate = yield self._core.open_journal(journal)
        try:
            if recorded.undone:
                return self._results(rows=0, cells=0, requests=0, seconds=0.0)
            result = yield from carry_out(
                self._core,
                "undo_update",
                recorded.changes,
                undo=True,
                check=True,
                on_conflict=on_conflict,
                progress=progress,
                results=self._results,
            )
            recorded.finish()
        finally:
            recorded.close()
        return result

    def _plan(
        self,
        operation: str,
        frame: object,
        nulls: str,
        json_columns: Strings | None,
        query: dict[str, Any],
        progress: Progress,
    ) -> Steps[UpdatePlan]:
        table = rows_of(frame, operation)
        with Reporter(progress, f"plan_{operation}", None) as report:
            core = yield self._core.plan(operation, table, nulls, json_columns, query, report)
        return self._plans(self._core, core, operation)

    def _update(
        self,
        operation: str,
        frame: object,
        nulls: str,
        json_columns: Strings | None,
        dry_run: object,
        progress: Progress,
    ) -> Steps[UpdateResult | list[PlannedRequest]]:
        if not isinstance(dry_run, bool):
            message = f"dry_run={dry_run!r} is not True or False"
            raise InvalidInputError(message)
        table = rows_of(frame, operation)
        if dry_run:
            requests: list[PlannedRequest] = yield self._core.dry_run(operation, table, nulls, json_columns)
            return requests
        with Reporter(progress, operation, table.num_rows) as report:
            outcome = yield self._core.update(operation, table, nulls, json_columns, report)
        return self._results(**outcome)

    def __repr__(self) -> str:
        """Show where the client connects to, without the key."""
        # Debuggers and error services also show the client whose making failed.
        if not hasattr(self, "_core"):
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self.settings['base_url']!r})"

    def __reduce__(self) -> tuple[Any, tuple[dict[str, Any]]]:
        """Pickle the settings, if the key can be had again from the environment or a function."""
        function = self._core.key_function
        if not self._core.key_from_environment and function is None:
            message = (
                "a client whose api_key was passed as an argument cannot be pickled, since the pickle would have "
                "to hold the key: set the environment variable CONVERZ_API_KEY instead, pass a function of a module that "
                "returns the key, or make a client where it is used"
            )
            raise ConfigurationError(message)
        if self._core.proxy_has_user:
            message = (
                "a client whose proxy was passed with a user cannot be pickled, since the pickle would have to "
                "hold the user and the password: set the environment variable HTTPS_PROXY instead, or make a client where it is "
                "used"
            )
            raise ConfigurationError(message)
        key = {} if function is None else {"api_key": function}
        return type(self)._from_settings, (self._core.pickled_settings | key,)

    @classmethod
    def _from_settings(cls, settings: dict[str, Any]) -> Client:
        return cls(**settings)
