"""`Recording`: what a service answered, kept in a file for tests that run without it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, cast

from converz import _core
from converz._client.async_client import AsyncClient
from converz._client.client import Client
from converz._sandbox.hiding import OF_PSEUDONYMS, names, weeks
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["Recording"]

OF_THE_ADDRESS = ("base_url", "api_key", "proxy", "ca_file", "allow_http")
"""Settings by which a client finds its service, which a recording on this machine does not need."""


class Recording:
    """What a service was asked and answered, kept in a file: the first run asks it, later ones answer from the file.

    A small service on 127.0.0.1 stands between `client` and the real one, so that reads, streams, updates, errors and
    headers are recorded alike, whatever asks. What was not recorded is refused with a `RecordingError`, which names the
    nearest request that was.

    The file is made to be committed: it never has the key, and contents are replaced by pseudonyms unless ``anonymise``
    is false. Identifiers (``rep_id``, ``vendor_call_id``, ``name``) and free text become names like
    ``p_mfzwizltoq2wy3dp``, the same for the same text, so that joins and counts of groups still hold; all text columns
    count as free text but ``vendor``, ``campaign``, ``subcampaign``, ``department`` and ``gender``, and those that
    ``safe`` names. Dates, numbers, booleans, nulls and the names of columns stay. The run that records gets the pseudonyms as well,
    and so sees what later runs will; it may ask and update with them, and the service gets what they stand for. This is
    pseudonymisation, not anonymity: "Record and replay" in the documentation says what it does not promise.

    Args:
        path: The file, one line a request; the bodies are in a second one beside it, whose name ends in ``.bodies``.
        client: Where to ask when something is recorded; by default a client from the environment. Its settings are those of
            `client` of the recording, which otherwise asks for pages and updates of the size that was recorded.
        record: What is recorded: ``"once"`` everything if there is no file yet, and else nothing; ``"none"`` nothing,
            ``"new"`` what the file does not have, ``"all"`` everything anew.
        secret: What pseudonyms are made with, of at least 16 characters; by default that in the environment variable
            ``CONVERZ_RECORDING_SECRET``, or else a random one that nobody will know: then later runs can ask only with
            pseudonyms, not with the identifiers themselves, nothing can be added, and no other recording has the same
            pseudonyms.
        anonymise: Whether contents are replaced. If false, the file has the data of real people.
        safe: Columns whose texts stay.
        hide: Columns of which numbers and dates are replaced as well, and texts that would stay.
        shift_weeks: Weeks by which dates are later in the recording than in truth, so that weekdays stay. Dates that are asked for are
            meant as the recording has them. Years and weeks that are numbers stay.

    Raises:
        RecordingError: If the file is missing where nothing may be recorded, is damaged, or was made with another secret
            than what is to be added.
        ConfigurationError: If something is to be recorded and the environment has no address or key, or the secret is too
            short.
        InvalidInputError: If an argument is not as described.

    Example:
        >>> import converz, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "monday.json")
        ...     with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...         with converz.Recording(path, sandbox.client()) as recording:
        ...             recorded = recording.client.reps()
        ...     with converz.Recording(path) as recording:  # No service, no key.
        ...         replayed = recording.client.reps()
        >>> replayed.to_pydict() == recorded.to_pydict(), replayed.to_pydict()["rep_id"][0][:2]
        (True, 'p_')

    """

    __module__ = "converz"

    __slots__ = ("__weakref__", "_async_client", "_client", "_core", "_settings")
    _core: _core.Recording

    def __init__(
        self,
        path: str | os.PathLike[str],
        client: Client | AsyncClient | None = None,
        *,
        record: Literal["once", "none", "new", "all"] = "once",
        secret: str | None = None,
        anonymise: bool = True,
        safe: Iterable[str] = (),
        hide: Iterable[str] = (),
        shift_weeks: int = 0,
    ) -> None:
        # As in `Client`: from here on, nothing that raises has a frame that holds it.
        hidden = _core.Secret(secret if secret is not None else os.environ.get(OF_PSEUDONYMS) or None)
        secret = None
        kinds: tuple[type, ...] = (Client, AsyncClient, type(None))
        if not isinstance(client, kinds):
            message = f"client={client!r:.80} is neither a converz.Client nor a converz.AsyncClient"
            raise InvalidInputError(message)
        shift_weeks = weeks(shift_weeks)
        path = os.fspath(path)
        safe, hide = names("safe", safe), names("hide", hide)
        if client is None and _core.Recording.asks(path, record):
            client = Client()
        self._settings = _settings_of(client)
        self._client: Client | None = None
        self._async_client: AsyncClient | None = None
        self._core = _core.Recording(
            path,
            record=record,
            client=client._core if client is not None else None,
            secret=hidden,
            anonymised=bool(anonymise),
            safe=safe,
            hide=hide,
            shift_weeks=shift_weeks,
            port=0,
            api_key=_core.Secret(None),
        )

    @property
    def client(self) -> Client:
        """A client that is recorded, or answered from the file."""
        if self._client is None:
            settings = self._settings or self._core.asking
            self._client = Client(self.url, cast("str", self._core.secret), **settings)
            # The recording must live as long as its client.
            self._client._service = self
        return self._client

    @property
    def async_client(self) -> AsyncClient:
        """The same for event loops, on the same connections."""
        if self._async_client is None:
            self._async_client = AsyncClient._of(self.client)
        return self._async_client

    @property
    def url(self) -> str:
        """Where it listens for any program, such as ``http://127.0.0.1:8080``, without a path."""
        return self._core.url

    @property
    def api_key(self) -> str:
        """The key that it expects, made up anew for each run."""
        return self._core.api_key

    def close(self) -> None:
        """Write what was recorded, and end the service. A second time does nothing.

        Raises:
            RecordingError: If the service answered with the key, or with more than a recording holds.
            OSError: If the file cannot be written.

        Example:
            >>> import converz, pathlib, tempfile
            >>> with tempfile.TemporaryDirectory() as folder, converz.Sandbox(calls=50) as sandbox:
            ...     recording = converz.Recording(pathlib.Path(folder, "reps.json"), sandbox.client())
            ...     rows = recording.client.reps(limit=3).num_rows
            ...     recording.close()
            ...     files = sorted(file.name for file in pathlib.Path(folder).iterdir())
            >>> rows, files
            (3, ['reps.json', 'reps.json.bodies'])

        """
        self._close(keep=True)

    def _close(self, *, keep: bool) -> None:
        self._core.close(keep)

    def __enter__(self) -> Recording:
        """Return the recording."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the service, and write what was recorded unless an error ends the block."""
        self._close(keep=kind is None)

    def __repr__(self) -> str:
        """Return where it listens."""
        # Without key, and without a core where an argument was refused.
        return f"Recording(url={self.url!r})" if hasattr(self, "_core") else "Recording()"


def _settings_of(client: Client | AsyncClient | None) -> dict[str, Any]:
    if client is None:
        return {}
    return {name: value for name, value in client.settings.items() if name not in OF_THE_ADDRESS}
