"""Ctrl-C while a library reads a stream: the library knows only errors of its own."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["expect", "is_left_to_python"]


def expect() -> None:
    """Make the signal that is about to be raised reach the caller of the library before the library's error does.

    Python looks for signals after a call that succeeded, but not after one that failed. A trace function is
    called in that case too, and as it is called Python looks. Debuggers have trace functions of their own:
    with those the library's error comes first, and KeyboardInterrupt at the next call.
    """
    caller = sys._getframe(1)
    if sys.gettrace() is None:
        caller.f_trace = _trace
        sys.settrace(_trace)


def _trace(frame: FrameType, _event: str, _argument: object) -> None:
    """Reached only if the signal was handled elsewhere; otherwise it is raised at this very call."""
    sys.settrace(None)
    frame.f_trace = None


def is_left_to_python() -> bool:
    """Whether Ctrl-C means KeyboardInterrupt, and not what a handler of the user makes of it."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
