"""Bodies of verbs, written once: generators that yield what is to be waited for, and are sent what it gave.

`Client` waits for each step in its thread, `AsyncClient` in the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

    from converz._core import Pending

__all__ = ["Steps", "waited"]

T = TypeVar("T")

Steps: TypeAlias = "Generator[Pending[Any], Any, T]"


def waited(steps: Steps[T]) -> T:
    """Do all steps while this thread waits."""
    try:
        pending = next(steps)
        while True:
            try:
                result = pending.wait()
            except BaseException as error:  # noqa: BLE001
                pending = steps.throw(error)
            else:
                pending = steps.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
