"""Carrying changes out and back: what plans, results and journals share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from converz import _core
from converz._results.table import Table
from converz._results.update_result import UpdateResult
from converz._runtime.steps import waited
from converz._show.progress import Reporter
from converz.errors import InvalidInputError, UpdateConflictError

if TYPE_CHECKING:
    from collections.abc import Callable

    from converz._runtime.steps import Steps

__all__ = ["Reversal", "carry_out", "core_of", "in_order"]


def core_of(client: object, own: _core.Client | None, call: str) -> _core.Client:
    """Take the core of the client that is given, or else the one at hand."""
    if client is None:
        if own is None:
            message = f"what was pickled has no client: pass one, {call}(client=converz.Client())"
            raise InvalidInputError(message)
        return own
    core: object = getattr(client, "_core", None)
    if not isinstance(core, _core.Client):
        message = f"client={client!r:.80} is not a converz.Client"
        raise InvalidInputError(message)
    return core


def in_order(on_conflict: object) -> None:
    """Refuse what `on_conflict` cannot be."""
    if on_conflict not in ("skip", "error"):
        message = f'on_conflict={on_conflict!r:.80} is not "skip" or "error"'
        raise InvalidInputError(message)


def carry_out(
    client: _core.Client,
    operation: str,
    changes: _core.UpdateChanges,
    *,
    undo: bool,
    check: bool,
    on_conflict: object,
    journal: Any = None,
    progress: object = None,
    results: type[UpdateResult] = UpdateResult,
) -> Steps[UpdateResult]:
    """Write cells or put them back; those that hold something else by now are left out."""
    in_order(on_conflict)
    conflicts = None
    if check:
        changes, found = yield client.recheck(changes, undo)
        conflicts = Table._from_core(found)
        if found.num_rows and on_conflict == "error":
            raise UpdateConflictError._of(conflicts)
    with Reporter(progress, operation, len(changes)) as report:
        outcome = yield client.send_changes(changes, undo, journal, report)
    sums = outcome or {"rows": 0, "cells": 0, "requests": 0, "seconds": 0.0}
    reversal = None if undo else Reversal(operation, partial(_known, changes), client)
    return results(**sums, conflicts=conflicts, _undo=reversal)


class Reversal:
    """The way back from an update. It pickles, without the client."""

    __slots__ = ("_changes", "_client", "_operation")

    def __init__(
        self, operation: str, changes: Callable[[], Steps[_core.UpdateChanges]], client: _core.Client | None
    ) -> None:
        self._operation = operation
        self._changes = changes
        self._client = client

    def __call__(
        self, *, client: object, on_conflict: object, progress: object, results: type[UpdateResult]
    ) -> Steps[UpdateResult]:
        core = core_of(client, self._client, "undo")
        changes = yield from self._changes()
        return (
            yield from carry_out(
                core,
                self._operation,
                changes,
                undo=True,
                check=True,
                on_conflict=on_conflict,
                progress=progress,
                results=results,
            )
        )

    def __reduce__(self) -> tuple[Any, tuple[str, _core.UpdateChanges]]:
        """Pickle the changes themselves."""
        return _reversal, (self._operation, waited(self._changes()))


def _known(changes: _core.UpdateChanges) -> Steps[_core.UpdateChanges]:
    yield from ()
    return changes


def _reversal(operation: str, changes: _core.UpdateChanges) -> Reversal:
    return Reversal(operation, partial(_known, changes), None)
