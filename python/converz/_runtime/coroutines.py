"""Methods whose bodies are written for threads, as coroutines."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["as_coroutine"]

P = ParamSpec("P")
R = TypeVar("R")


def as_coroutine(
    method: Callable[Concatenate[Any, P], R], owner: str
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]:
    """Make a coroutine of a method that gives what its object's ``_run`` does, which here is to be awaited."""

    @functools.wraps(method)
    async def verb(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        running: Any = method(self, *args, **kwargs)
        result: R = await running
        return result

    verb.__qualname__ = f"{owner}.{method.__name__}"
    return verb
