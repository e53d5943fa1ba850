"""Signals while a library reads a stream: the library knows only errors of its own."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

from converz.errors import ConverzError

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["ended_by", "is_main_thread", "raise_in"]


def raise_in(frame: FrameType, error: BaseException) -> bool:
    """Raise an error in the frame that has called a library, as soon as the library is back there.

    It takes the place of the error that the library makes of it, and is not raised twice if the library
    raises its like. The means to it is what debuggers use to stop in their caller: a trace function.

    Returns:
        False if it cannot be raised, since a debugger has a trace function of its own.

    """
    if sys.gettrace() is not None:
        return False

    def trace(traced: FrameType, event: str, argument: object) -> None:
        if traced is frame:
            sys.settrace(None)
            del frame.f_trace
            if not (event == "exception" and isinstance(argument, tuple) and argument[0] is type(error)):
                raise error

    frame.f_trace = trace
    sys.settrace(trace)
    return True


def ended_by(number: int) -> BaseException | None:
    """Return the error with which a library's thread stops to wait after a signal, or None if it goes on.

    Its handler runs in the main thread, which waits for the library. That of Ctrl-C means KeyboardInterrupt,
    unless it is the user's own. One of SIGTERM or SIGALRM is there to end what goes on, unless it only tells an
    event loop; should it not raise, the library's error is what the user sees.
    """
    handler = signal.getsignal(number)
    if handler is signal.default_int_handler:
        return KeyboardInterrupt()
    is_told_elsewhere = getattr(handler, "__module__", None) == "asyncio.unix_events"
    if number == signal.SIGINT or not callable(handler) or is_told_elsewhere:
        return None
    name = signal.Signals(number).name
    message = f"{name} came while the thread of a library waited for a batch, and ended the wait"
    return ConverzError(message)


def is_main_thread() -> bool:
    """Whether this is the thread in which Python handles signals."""
    return threading.current_thread() is threading.main_thread()
