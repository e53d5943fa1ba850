"""The verbs as functions, on a client that is made from the environment at first use."""

from __future__ import annotations

import functools
import os
import threading
from types import MethodType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from converz._client.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "audit",
    "calls",
    "changes",
    "describe_calls",
    "describe_reps",
    "explain_sync",
    "plan_update_calls",
    "plan_update_reps",
    "report",
    "reps",
    "scan_calls",
    "scan_reps",
    "stream_calls",
    "stream_reps",
    "sync",
    "undo_update",
    "update_calls",
    "update_reps",
]

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.Lock()
_client: Client | None = None
_made_from: int | None = None
"""The hash of the two variables that it was made from. The key itself is kept where no traceback shows it."""


def _environment() -> int:
    # Apart from where a client is made: tools that show an error show the values of what its frame speaks of.
    return hash((os.environ.get("CONVERZ_BASE_URL"), os.environ.get("CONVERZ_API_KEY")))


def _default_client() -> Client:
    global _client, _made_from
    made_from = _environment()
    if _client is None or made_from != _made_from:
        with _lock:
            if _client is None or made_from != _made_from:
                _client, _made_from = Client(), made_from
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
describe_calls = _on_default_client(Client.describe_calls)
describe_reps = _on_default_client(Client.describe_reps)
scan_calls = _on_default_client(Client.scan_calls)
scan_reps = _on_default_client(Client.scan_reps)
update_calls = _on_default_client(Client.update_calls)
update_reps = _on_default_client(Client.update_reps)
plan_update_calls = _on_default_client(Client.plan_update_calls)
plan_update_reps = _on_default_client(Client.plan_update_reps)
sync = _on_default_client(Client.sync)
explain_sync = _on_default_client(Client.explain_sync)
audit = _on_default_client(Client.audit)
changes = _on_default_client(Client.changes)
undo_update = _on_default_client(Client.undo_update)
