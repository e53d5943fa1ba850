"""Waiting in an event loop: no thread and no executor, a future of the loop for what goes on in the core."""

from __future__ import annotations

import atexit
import os
import sys
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

from converz import _core
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

    from converz._core import Pending
    from converz._runtime.steps import Steps

__all__ = ["awaited", "running_loop"]

T = TypeVar("T")

SLICE = 0.05
"""Seconds between two looks at log lines and progress, as where a thread waits."""


class _Wait:
    """Something that is waited for."""

    __slots__ = ("__weakref__", "error", "future", "pending")

    def __init__(self, pending: Pending[Any]) -> None:
        self.pending = pending
        self.future: Future[None]
        self.error: BaseException | None = None

    def check(self) -> None:
        """Raise what was raised meanwhile by a function that is told of progress."""
        if self.error is not None:
            raise self.error


class _Waits:
    """All that is waited for in one loop."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        # The loop knows this object, so this one knows the loop weakly.
        self._mailbox = _mailbox(loop, ref(self))
        self._process = os.getpid()
        self._numbers = count()
        # What waits holds these, which hold futures of the loop: one that is closed with work on its way can be freed.
        self._waits: WeakValueDictionary[int, _Wait] = WeakValueDictionary()
        # Not the timer itself, which holds the loop.
        self._is_ticking = False

    @property
    def is_ours(self) -> bool:
        """Whether this process made it, and no parent of it."""
        return self._process == os.getpid()

    async def wait_for(self, pending: Pending[T], loop: AbstractEventLoop) -> T:
        """Wait for all stages of what is pending. What interrupts it, a cancellation above all, cancels it."""
        number = next(self._numbers)
        wait = self._waits[number] = _Wait(pending)
        try:
            wait.future = loop.create_future()
            pending.begin(self._mailbox, number)
            while True:
                if not self._is_ticking:
                    self._is_ticking = True
                    loop.call_later(SLICE, self._tick, loop)
                await wait.future
                wait.check()
                wait.future = loop.create_future()
                is_over, result = pending.proceed(self._mailbox, number)
                if is_over:
                    return result
        except BaseException as error:
            # Raises it, with what it interrupted as its cause.
            pending.interrupt(error)
            raise
        finally:
            self._waits.pop(number, None)

    def deliver(self) -> None:
        """Wake those whose stage is over."""
        for number in self._mailbox.take():
            wait = self._waits.get(number)
            if wait is not None and not wait.future.done():
                wait.future.set_result(None)

    def _tick(self, loop: AbstractEventLoop) -> None:
        """Log, and tell of progress."""
        for wait in list(self._waits.values()):
            try:
                wait.pending.tick()
            except BaseException as error:  # noqa: BLE001
                wait.error = error
                if not wait.future.done():
                    wait.future.set_result(None)
        self._is_ticking = bool(self._waits)
        if self._is_ticking:
            loop.call_later(SLICE, self._tick, loop)


def _mailbox(loop: AbstractEventLoop, waits: ref[_Waits]) -> _core.Mailbox:
    """Return what tells the loop, which looks at it if it can."""
    try:
        mailbox = _core.Mailbox()
        loop.add_reader(mailbox.fileno(), _look, waits)
    except (NotImplementedError, OSError):
        # The loop of Windows looks at no pipes, and this process may have no more of them.
        _stop_waking_at_exit()
        return _core.Mailbox(partial(_wake, ref(loop), waits))
    return mailbox


def _look(waits: ref[_Waits]) -> None:
    """Look into the mailbox."""
    its_waits = waits()
    if its_waits is not None:
        its_waits.deliver()


def _wake(loop: ref[AbstractEventLoop], waits: ref[_Waits]) -> None:
    """Have the loop look into the mailbox; called by another thread."""
    its_loop, its_waits = loop(), waits()
    if its_loop is not None and its_waits is not None:
        its_loop.call_soon_threadsafe(its_waits.deliver)


def _stop_waking_at_exit() -> None:
    global _stops_in
    if _stops_in != os.getpid():
        _stops_in = os.getpid()
        atexit.register(_core.stop_waking)


_of_loops: WeakKeyDictionary[AbstractEventLoop, _Waits] = WeakKeyDictionary()
_stops_in: int | None = None
"""The process that stops to wake loops before its interpreter ends."""


def running_loop() -> AbstractEventLoop:
    """Return the loop that runs here, which must be one of asyncio."""
    # Importing it takes longer than importing this package.
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        message = "converz.AsyncClient runs in asyncio's event loops, and none is running: use converz.Client"
        if _is_trio():
            message = (
                "converz.AsyncClient runs in asyncio's event loops, and this one is trio's: use "
                "`await trio.to_thread.run_sync(...)` with a method of converz.Client, or run the program in asyncio"
            )
    raise InvalidInputError(message)


def _is_trio() -> bool:
    trio: Any = sys.modules.get("trio")
    if trio is None:
        return False
    try:
        trio.lowlevel.current_trio_token()
    except RuntimeError:
        return False
    return True


def _waits_of(loop: AbstractEventLoop) -> _Waits:
    waits = _of_loops.get(loop)
    if waits is None or not waits.is_ours:
        waits = _of_loops[loop] = _Waits(loop)
    return waits


async def awaited(steps: Steps[T]) -> T:
    """Do all steps while the event loop goes on."""
    try:
        loop = running_loop()
        waits = _waits_of(loop)
        pending = next(steps)
        while True:
            try:
                result = await waits.wait_for(pending, loop)
            except BaseException as error:  # noqa: BLE001
                pending = steps.throw(error)
            else:
                pending = steps.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        steps.close()
