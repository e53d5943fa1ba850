"""`Sandbox`: the whole API on 127.0.0.1, without a key of anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

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

    def client(self, **settings: Any) -> Client:
        """Return a client of this sandbox.

        Args:
            **settings: Settings of the client, as `Client` takes them.

        """
        for name in ("api_key", "proxy"):
            if name in settings:
                settings[name] = _core.Secret(settings[name])
        # Not the property of it: some tools show the values of what stands in the line that failed.
        return Client(self.url, cast("str", self._core.secret), **settings)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The latest requests that it got, each with ``method``, ``path``, ``query`` and ``status``."""
        return self._core.requests

    def stop(self) -> None:
        """Stop listening. In a forked child this does nothing: the sandbox is its parent's."""
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
