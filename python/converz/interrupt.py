"""Ctrl-C while a library reads a stream: the library knows only errors of its own."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["is_left_to_python", "raise_in"]


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


def is_left_to_python() -> bool:
    """Whether Ctrl-C means KeyboardInterrupt, and not what a handler of the user makes of it."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
