"""`Source`: what a sync reads from, which the client is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from converz._results.table import Table
    from converz._results.window import Window

__all__ = ["Source"]


class Source(Protocol):
    """What has windows of conversations, and users."""

    @property
    def read_windows(self) -> Callable[..., Iterator[tuple[Window, Table]]]:
        """Read windows in order."""

    @property
    def calls(self) -> Callable[..., Table]:
        """Read conversations."""

    @property
    def reps(self) -> Callable[..., Table]:
        """Read the users."""

    @property
    def report(self) -> Callable[..., Table]:
        """Read a report."""
