"""`Sandbox`: the whole API on 127.0.0.1, without a key of anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from converz import _core
from converz._client.client import Client, rows_of
from converz._results.table import Table
from converz._sandbox.fault import Fault
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import os
    from datetime import date
    from types import TracebackType

    from converz._client.async_client import AsyncClient
    from converz._core import Sandbox as CoreSandbox

__all__ = ["Sandbox"]


class Sandbox:
    """The whole Converz Data API on a socket of 127.0.0.1, with made-up data of a contact centre.

    Nothing leaves the machine. The data are the same for the same ``seed`` and ``today``. It runs while the
    ``with`` block does, or until `stop`.

    Args:
        calls: How many conversations there are.
        reps: How many users.
        days: Over how many days up to ``today`` the conversations spread.
        seed: Chooses the data.
        today: The last day with data; by default the real one, so that the API's default range has some.
        story: Whether something happens in the data besides every day: an outage, a campaign that starts, a training,
            summaries that are late, a metric that a vendor does not deliver. "What can be asked for" in the
            documentation tells when.
        path: A file to keep the data in; a relative one is meant from where the program is now. A file that already
            holds a sandbox is served as it is. Of several processes that start on a new one, the first one makes the
            data, and the others wait for it.
        faults: How to misbehave; see `Fault`.
        port: The port to listen on; by default a free one.
        api_key: The key to expect; by default one that says what it is.

    Raises:
        InvalidInputError: If an argument is not as described.
        ConverzError: If the sandbox cannot start, because the port is taken, say.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=1_000, reps=10) as sandbox:
        ...     client = sandbox.client()
        ...     print(client.calls().num_rows, client.reps().num_rows)
        1000 10

    """

    __module__ = "converz"

    __slots__ = ("__weakref__", "_core")
    _core: CoreSandbox

    def __init__(
        self,
        *,
        calls: int = 10_000,
        reps: int = 100,
        days: int = 90,
        seed: int = 0,
        today: str | date | None = None,
        story: bool = True,
        path: str | os.PathLike[str] | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
        api_key: str | None = None,
    ) -> None:
        # As in `Client`: from here on, nothing that raises has a frame that holds the key.
        key = _core.Secret(api_key)
        api_key = None
        self._core = _core.Sandbox(
            calls=calls,
            reps=reps,
            days=days,
            seed=seed,
            today=today,
            story=story,
            path=path,
            faults=_listed(faults),
            port=port,
            api_key=key,
        )

    @property
    def url(self) -> str:
        """Where it listens, such as ``http://127.0.0.1:8080``, without a path."""
        return self._core.url

    @property
    def api_key(self) -> str:
        """The key that it expects."""
        return self._core.api_key

    def client(
        self,
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
    ) -> Client:
        """Return a client of this sandbox, with the settings that `Client` takes.

        Args:
            timeout: Seconds for one request with its retries.
            connect_timeout: Seconds for one connection to be made.
            first_byte_timeout: Seconds from a request's last byte to its answer's first.
            stall_timeout: Seconds without a byte in the middle of a body.
            max_retries: How often a request is repeated.
            page_size: Rows a page, at most 1,000,000.
            max_concurrency: Pages in flight at once, of all reads of the client together.
            max_connections: Connections at once.
            max_update_bytes: Bytes of one update's request.
            max_response_bytes: Decompressed bytes of one page.
            max_depth: Nesting of a value.
            max_value_bytes: Bytes of one value.
            allow_http: Allow plain HTTP to another machine; a sandbox needs none.
            ca_file: A file of PEM certificates to trust instead of the system's.
            proxy: The URL of a proxy; a sandbox, on loopback, never uses one.
            user_agent: What the sandbox is told of the program.
            lossy: Read what would be refused, as `Client` says.
            last_page: Which page ends a read: ``"empty"``, one without rows, or ``"short"``, one that is not full.

        Returns:
            A `Client` that knows the sandbox's address and key.

        Raises:
            ConfigurationError: If a setting cannot work.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100) as sandbox:
            ...     client = sandbox.client(page_size=40)
            ...     client.calls().receipt.pages
            4

        """
        # As in `Client`: no local variable of this frame holds a secret when anything can fail.
        hidden_proxy: Any = _core.Secret(proxy)
        proxy = None
        client = Client(
            self.url,
            # Not the property of it: some tools show the values of what stands in the line that failed.
            cast("str", self._core.secret),
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
            proxy=hidden_proxy,
            user_agent=user_agent,
            lossy=lossy,
            last_page=last_page,
        )
        # A sandbox that nobody else holds would stop at once.
        client._service = self
        return client

    def load(self, *, calls: object = None, reps: object = None) -> None:
        """Replace the sandbox's conversations, its users, or both by data of one's own.

        Args:
            calls: Any dataframe, dict of columns or list of dicts with the column ``call_id`` and one column an attribute,
                as `Client.update_calls` takes it; without rows, none are left. By default (None) conversations stay.
                Those with a ``start_time`` and no ``date`` get the date of it.
            reps: The same of users, with the column ``rep_id``; what users did in the app is then gone. By default (None)
                users stay.

        Raises:
            InvalidInputError: If a frame is not as described.

        Example:
            >>> import converz
            >>> calls = [{"call_id": 1, "rep_id": "mila", "start_time": "2025-07-15 09:30:00", "csat": 4}]
            >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
            ...     sandbox.load(calls=calls, reps={"rep_id": ["mila"], "name": ["Mila"]})
            ...     report = sandbox.client().report(groupby="rep_id", metric="csat")
            >>> report.to_pydict()
            {'rep_id': ['mila'], 'conversations': [1], 'csat': [4.0]}

        """
        client = self.client()
        for frame, operation, update, load in (
            (calls, "update_calls", client.update_calls, self._core.load_calls),
            (reps, "update_reps", client.update_reps, self._core.load_reps),
        ):
            if frame is None:
                continue
            table = Table._from_core(rows_of(frame, operation))
            requests = update(table, nulls="clear", dry_run=True) if table.num_rows else []
            load([request.body for request in requests])

    def fail_next(
        self,
        operation: Literal["calls", "reps", "report", "update_calls", "update_reps"] | None = None,
        *,
        status: int | None = None,
        times: int = 1,
        retry_after: float | str | None = None,
        delay: float | None = None,
        cut: int | None = None,
    ) -> None:
        """Have the next requests go wrong, whatever was asked before.

        Args:
            operation: Of which operation, as in `Fault`; by default (None) any.
            status: Answer with this status instead of doing anything; by default (None) 503, unless another argument says
                what goes wrong.
            times: How many requests; by default 1.
            retry_after: The header ``Retry-After`` of that answer; by default none.
            delay: Seconds to wait before answering; by default none.
            cut: Close the connection after so many bytes of the body; by default it is whole.

        Raises:
            InvalidInputError: If an argument is not as described.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100) as sandbox:
            ...     client = sandbox.client()
            ...     first = client.calls().receipt.retries
            ...     sandbox.fail_next("calls", status=503, retry_after=0)
            ...     first, client.calls().receipt.retries
            (0, 1)

        """
        if status is None and delay is None and cut is None:
            status = 503
        fault = Fault(operation=operation, status=status, retry_after=retry_after, delay=delay, cut=cut)
        self._core.fail_next(fault, times)

    def async_client(self, **settings: Any) -> AsyncClient:
        """Return an asynchronous client of this sandbox.

        Args:
            settings: What `client` takes, by name.

        Returns:
            An `AsyncClient` that knows the sandbox's address and key.

        Raises:
            ConfigurationError: If a setting cannot work.

        Example:
            >>> import asyncio, converz
            >>> async def main(sandbox):
            ...     async with sandbox.async_client(page_size=40) as client:
            ...         return (await client.calls()).receipt.pages
            >>> with converz.Sandbox(calls=100) as sandbox:
            ...     asyncio.run(main(sandbox))
            4

        """
        from converz._client.async_client import AsyncClient

        # No local variable of this frame holds a secret when anything can fail.
        settings["proxy"] = _core.Secret(settings.pop("proxy", None))
        return AsyncClient._of(self.client(**settings))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The latest requests that it got, each with ``method``, ``path``, ``query`` and ``status``."""
        return self._core.requests

    def insert_calls(self, date: str | date, count: int = 1, *, summaries: bool = True) -> list[int]:
        """Make up further conversations, as if they came late.

        Args:
            date: The day that they are of.
            count: How many.
            summaries: Whether they have their summaries. Otherwise those come with `release_summaries`.

        Returns:
            Their ``call_id``s. None comes twice, also where conversations were deleted.

        Raises:
            InvalidInputError: If an argument is not as described, or the sandbox has stopped.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
            ...     late = sandbox.insert_calls("2025-07-01", 2)
            ...     print(late, sandbox.client().calls().num_rows)
            [101, 102] 102

        """
        return self._core.insert_calls(date, count, summaries)

    def delete_calls(self, call_ids: Iterable[int]) -> int:
        """Delete conversations, which the API itself cannot do.

        Args:
            call_ids: Which ones. Those that there are not do no harm.

        Returns:
            How many were deleted.

        Raises:
            InvalidInputError: If an argument is not as described, or the sandbox has stopped.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100) as sandbox:
            ...     print(sandbox.delete_calls([7, 8, 900]), sandbox.client().calls().num_rows)
            2 98

        """
        return self._core.delete_calls(call_ids)

    def withhold_summaries(self, call_ids: Iterable[int]) -> int:
        """Take the summaries of conversations away, as if they had not come yet.

        Args:
            call_ids: Of which ones.

        Returns:
            How many had a summary.

        Raises:
            InvalidInputError: If an argument is not as described, or the sandbox has stopped.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100) as sandbox:
            ...     client = sandbox.client()
            ...     withheld = sandbox.withhold_summaries(range(1, 101))
            ...     print(set(client.calls().to_pydict()["summary"]))
            ...     print(sandbox.release_summaries() == withheld)
            {None}
            True

        """
        return self._core.withhold_summaries(call_ids)

    def release_summaries(self, call_ids: Iterable[int] | None = None) -> int:
        """Let summaries come that `withhold_summaries` took away, or that `insert_calls` left out.

        Args:
            call_ids: Of which conversations; by default of all.

        Returns:
            How many came. One that an update has set meanwhile stays as it is.

        Raises:
            InvalidInputError: If an argument is not as described, or the sandbox has stopped.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
            ...     late = sandbox.insert_calls("2025-07-01", 50, summaries=False)
            ...     print(sandbox.release_summaries(late) == sandbox.withhold_summaries(late) > 40)
            True

        """
        return self._core.release_summaries(call_ids)

    def stop(self) -> None:
        """Stop listening. In a forked child this does nothing: the sandbox is its parent's.

        Example:
            >>> import converz
            >>> sandbox = converz.Sandbox(calls=100, reps=5)
            >>> sandbox.client().reps().num_rows
            5
            >>> sandbox.stop()

        """
        self._core.stop()

    def __enter__(self) -> Sandbox:
        """Return the running sandbox."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def __repr__(self) -> str:
        """Show where it listens."""
        # Debuggers and error services also show the sandbox whose making failed.
        return f"Sandbox(url={self.url!r})" if hasattr(self, "_core") else "Sandbox()"


def _listed(faults: object) -> list[Any]:
    if not isinstance(faults, Sequence):
        message = f"faults={faults!r} is not a sequence of converz.Fault"
        raise InvalidInputError(message)
    for position, fault in enumerate(faults):
        if not isinstance(fault, Fault):
            message = f"faults[{position}]={fault!r:.80} is not a converz.Fault"
            raise InvalidInputError(message)
    return list(faults)
