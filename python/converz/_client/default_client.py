"""The verbs as functions, on a client that is made from the environment at first use."""

from __future__ import annotations

import functools
import threading
from types import MethodType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from converz._client.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "calls",
    "plan_update_calls",
    "plan_update_reps",
    "report",
    "reps",
    "scan_calls",
    "scan_reps",
    "stream_calls",
    "stream_reps",
    "update_calls",
    "update_reps",
]

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.Lock()
_client: Client | None = None


def _default_client() -> Client:
    global _client
    if _client is None:
        with _lock:
            if _client is None:
                _client = Client()
    return _client


def _on_default_client(method: Callable[Concatenate[Client, P], R]) -> Callable[P, R]:
    """Make a function of a method, with the method's own signature and documentation."""

    @functools.wraps(method)
    def function(*args: P.args, **kwargs: P.kwargs) -> R:
        return method(_default_client(), *args, **kwargs)

    # What help() and editors follow: the method as if it were bound, which has no `self`.
    function.__wrapped__ = MethodType(method, Client)
    function.__qualname__ = method.__name__
    function.__module__ = "converz"
    return function


calls = _on_default_client(Client.calls)
reps = _on_default_client(Client.reps)
report = _on_default_client(Client.report)
stream_calls = _on_default_client(Client.stream_calls)
stream_reps = _on_default_client(Client.stream_reps)
scan_calls = _on_default_client(Client.scan_calls)
scan_reps = _on_default_client(Client.scan_reps)
update_calls = _on_default_client(Client.update_calls)
update_reps = _on_default_client(Client.update_reps)
plan_update_calls = _on_default_client(Client.plan_update_calls)
plan_update_reps = _on_default_client(Client.plan_update_reps)
