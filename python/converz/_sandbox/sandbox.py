"""`Sandbox`: the whole API on 127.0.0.1, without a key of anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from converz import _core
from converz._client.client import Client
from converz._sandbox.fault import Fault
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import os
    from datetime import date
    from types import TracebackType

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
            max_concurrency: Pages in flight at once.
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
        return Client(
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

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The latest requests that it got, each with ``method``, ``path``, ``query`` and ``status``."""
        return self._core.requests

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
