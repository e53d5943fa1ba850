"""Everything that `converz` raises. Catch `ConverzError` for all of it.

Errors carry data beside their message, and all of them can be pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converz._core import Schema
    from converz.table import Table

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConverzError",
    "ConverzWarning",
    "DecodeError",
    "InvalidInputError",
    "LimitExceededError",
    "NotFoundError",
    "PagingError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "SchemaDriftError",
    "ServerError",
    "UpdateError",
]


class ConverzWarning(UserWarning):
    """Something about a result that its reader should know, such as rows that moved while it was read."""


class ConverzError(Exception):
    """The base of every error of this package."""

    request: str | None = None
    """The request that failed, such as ``GET /calls?page=3``, without personal values. None before one is made."""
    attempts: int | None = None
    """How often the request was tried."""


class ConfigurationError(ConverzError):
    """Settings that cannot work, found when a client is made."""


class InvalidInputError(ConverzError, ValueError):
    """An argument or a frame that is refused before anything is sent."""


class APIConnectionError(ConverzError):
    """No answer came, or one that was cut before its end, however often it was tried."""


class APITimeoutError(ConverzError, TimeoutError):
    """No answer came in time. The message names the setting that ran out."""


class APIStatusError(ConverzError):
    """The service answered with a status that is not a success."""

    status_code: int = 0
    """The HTTP status."""
    code: str | None = None
    """The API's own code, where it gave one."""
    message: str = ""
    """The API's own message, or the beginning of what was answered instead."""
    retry_after: float | None = None
    """After how many seconds the service wants to be asked again, where it said so."""


class BadRequestError(APIStatusError):
    """400: the service does not accept an argument."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""


class NotFoundError(APIStatusError):
    """404: there is nothing at this address; the base URL may be wrong."""


class RateLimitError(APIStatusError):
    """429: too many requests; see `retry_after`."""


class ServerError(APIStatusError):
    """5xx: the service failed."""


class RedirectError(ConverzError):
    """The service answered with a redirect. It is not followed, since the key would go to another address."""

    location: str = ""
    """Where it points."""


class DecodeError(ConverzError):
    """An answer that is not what was asked for: not a JSON array of rows, or in an encoding nobody asked for."""


class LimitExceededError(ConverzError):
    """An answer that is deeper, longer or larger than the client's settings allow."""


class PagingError(ConverzError):
    """Pages that cannot be put together to one result: the service ignores the page number."""


class SchemaDriftError(ConverzError):
    """A value that does not fit a pinned type, or a row that does not fit the schema of a stream."""

    column: str = ""
    """The column that does not fit."""
    schema: Schema | None = None
    """The schema that fits: pass it as ``schema=`` next time."""


class UpdateError(ConverzError):
    """An update that was not finished. Its cause is `__cause__`; pass `remaining` again to finish it.

    If nulls were to be cleared, pass it with ``nulls="clear"`` again.
    """

    committed: list[tuple[int, int]]
    """Rows that the service confirmed, as (start, end) pairs; end is not included."""
    in_doubt: list[tuple[int, int]]
    """Rows that were sent in part, or without an answer."""
    unsent: list[tuple[int, int]]
    """Rows of which nothing was sent."""
    remaining: Table | None = None
    """Every row that is not known to be committed, those in doubt included; no row if all of them are."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.committed = []
        self.in_doubt = []
        self.unsent = []
