"""`Window`: a part of a read that one page can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

__all__ = ["Window"]


@dataclass(frozen=True)
class Window:
    """A part of a read that one page can hold: a calendar day, as `Client.windows` gives them. It can be pickled.

    Args:
        start_date: Its first date.
        end_date: Its last date, included.
        after: Minimum of ``start_time``; by default (None) no bound.
        before: Maximum of ``start_time``; by default (None) no bound.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
        ...     client = sandbox.client()
        ...     newest = client.windows("2025-07-01", "2025-07-15")[0]
        ...     day = client.calls(**newest.arguments)
        >>> newest.start_date.isoformat(), set(day.to_pydict()["date"]) == {newest.start_date}
        ('2025-07-15', True)

    """

    __module__ = "converz"

    start_date: date
    end_date: date
    after: str | None = None
    before: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What to pass to `Client.calls`, ``**arguments``, for the rows of the window."""
        arguments: dict[str, Any] = {"start_date": self.start_date, "end_date": self.end_date}
        if self.after is not None:
            arguments["after"] = self.after
        if self.before is not None:
            arguments["before"] = self.before
        return arguments
