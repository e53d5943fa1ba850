"""A task that is to end, and does: the request under way with it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Killable", "TaskKilledError"]


class TaskKilledError(AirflowException):
    """A task was told to end: cleared, marked in the UI, or stopped with its worker. It is retried where retries are left."""


class Killable:
    """What ends when Airflow says so.

    On SIGTERM, Airflow calls `on_kill` where the task was interrupted, and goes on with the task until it kills the process.
    So what ends the task at once is an error that is raised there. The client ends its request with it, and a target its
    transaction.
    """

    _is_at_work = False

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self._is_at_work = True
        try:
            yield
        finally:
            # Whatever ended it, a timeout above all, after which `on_kill` is called as well.
            self._is_at_work = False

    def on_kill(self) -> None:
        """End the task where it is."""
        if self._is_at_work:
            self._is_at_work = False
            message = "the task was told to end, and has: what was on its way is undone"
            raise TaskKilledError(message)
