"""Errors of signal handlers, which belong to the user and not to the code that they interrupt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["is_of_a_handler"]


def is_of_a_handler(error: BaseException) -> bool:
    """Whether a signal's handler has raised it. Python runs those between any two instructions, whosesoever they are."""
    interrupted: FrameType | None = None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        # A handler is told which frame it interrupts, and no other function is given its caller's.
        for value in trace.tb_frame.f_locals.values():
            if interrupted is not None and any(
                one is interrupted for one in (value if type(value) is tuple else (value,))
            ):
                return True
        interrupted = trace.tb_frame
        trace = trace.tb_next
    return False
