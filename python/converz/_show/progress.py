"""Progress of a read or an update, on standard error or to a function."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from converz._runtime.handlers import is_of_a_handler
from converz._show.standard_error import StandardError
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeGuard

__all__ = ["Reporter", "is_watched"]

PATIENCE = 1.0
"""Seconds after which progress is shown unasked."""

INTERVAL = 0.1
"""Seconds between two lines of the plain display."""


class Display(Protocol):
    """Something that shows progress."""

    def update(self, rows: int, size: int) -> None:
        """Show the rows and bytes so far."""

    def close(self) -> None:
        """End the display."""

    def give_up(self) -> None:
        """Write nothing any more, whatever becomes of it."""


class Reporter:
    """Calls, shows or hides progress, as a user's ``progress=`` says. Used as a context manager.

    A display is a courtesy: where it fails it is given up, and what is going on goes on. A user's function is not
    ours to silence.
    """

    def __init__(
        self,
        progress: object,
        what: str,
        total: int | None,
        *,
        unit: str = "rows",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if progress is not None and not isinstance(progress, bool) and not _is_function(progress):
            message = (
                f"progress={repr(progress)[:80]} is not True, False, None or a function of rows and bytes"
            )
            raise InvalidInputError(message)
        self._callback = progress if _is_function(progress) else None
        self._wanted = progress is True or (progress is None and is_watched())
        self._patience = 0.0 if progress is True else PATIENCE
        self._what = what
        self.total = total if isinstance(total, int) and total > 0 else None
        self._unit = unit
        self._clock = clock
        self._start = clock()
        self._stderr: StandardError | None = None
        self._display: Display | None = None

    def __enter__(self) -> Reporter | None:
        """Return what is told of progress, or None where nobody wants to know."""
        return self if self._callback or self._wanted else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the display."""
        self.close()

    def close(self) -> None:
        """End the display, if there is one."""
        display, self._display = self._display, None
        if display is not None:
            self._show(display, display.close)

    def __call__(self, rows: int, size: int) -> None:
        """Take the rows and bytes so far."""
        if self._callback:
            self._callback(rows, size)
            return
        if self._wanted and self._display is None and self._clock() - self._start >= self._patience:
            self._show(None, self._open)
        display = self._display
        if display is not None:
            self._show(display, lambda: display.update(rows, size))

    def _open(self) -> None:
        self._stderr = StandardError(sys.stderr)
        self._display = _display(self._what, self.total, self._start, self._clock, self._stderr, self._unit)

    def _show(self, display: Display | None, step: Callable[[], None]) -> None:
        failure: Exception | None = None
        try:
            step()
        except Exception as error:
            if is_of_a_handler(error):
                raise
            failure = error
        if self._stderr is not None:
            failure = failure or self._stderr.failure
        if failure is not None and self._wanted:
            self._wanted, self._display = False, None
            if display is not None:
                display.give_up()
            _log(failure)


def _log(failure: Exception) -> None:
    try:
        from converz._runtime.log import DEBUG, tell
    except (ImportError, OSError):
        # No file can be opened, perhaps that of the display neither.
        return
    tell(DEBUG, f"progress is no longer shown: {failure!r}")


def _display(
    what: str,
    total: int | None,
    start: float,
    clock: Callable[[], float],
    stderr: StandardError,
    unit: str,
) -> Display:
    try:
        # Without ipywidgets, `tqdm.auto` would warn where it has a widget to show, and show a line in a terminal.
        name = "tqdm.auto" if _has_kernel() and importlib.util.find_spec("ipywidgets") else "tqdm"
        return TqdmDisplay(importlib.import_module(name).tqdm, what, total, clock() - start, stderr, unit)
    except Exception as error:
        # Not installed, or in no state to be used.
        if is_of_a_handler(error):
            raise
        return PlainDisplay(what, total, start, clock, stderr, unit)


class TqdmDisplay:
    """tqdm's bar."""

    def __init__(
        self,
        tqdm: Any,
        what: str,
        total: int | None,
        elapsed: float,
        stderr: StandardError,
        unit: str = "rows",
    ) -> None:
        self._bar = tqdm(
            desc=what,
            total=total,
            unit=f" {unit}",
            unit_scale=True,
            smoothing=0,
            file=stderr,
            # Otherwise it looks for the width of `sys.stderr` itself only.
            dynamic_ncols=True,
            # Keeps it from showing itself before there is a row.
            delay=1e-9,
        )
        # The rate is that of the whole read, which began before it was worth a bar.
        self._bar.start_t -= elapsed

    def update(self, rows: int, size: int) -> None:
        """Show the rows and bytes so far."""
        self._bar.set_postfix_str(_size(size), refresh=False)
        self._bar.update(rows - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def give_up(self) -> None:
        """Keep tqdm's thread, and the end of the bar's life, from writing."""
        self._bar.disable = True


class PlainDisplay:
    """One line that is written over and over."""

    def __init__(
        self,
        what: str,
        total: int | None,
        start: float,
        clock: Callable[[], float],
        stderr: StandardError,
        unit: str = "rows",
    ) -> None:
        self._stderr = stderr
        self._unit = unit
        self._what = what
        self._total = total
        self._start = start
        self._clock = clock
        self._shown_at: float | None = None
        self._last = (0, 0)
        self._width = 0

    def update(self, rows: int, size: int) -> None:
        """Show the rows and bytes so far, but not too often."""
        self._last = (rows, size)
        now = self._clock()
        if self._shown_at is None or now - self._shown_at >= INTERVAL:
            self._shown_at = now
            self._write()

    def close(self) -> None:
        """Show the last state and go to the next line."""
        self._write()
        self._stderr.write("\n")

    def give_up(self) -> None:
        """Do nothing: only `update` and `close` write."""

    def _write(self) -> None:
        rows, size = self._last
        seconds = max(self._clock() - self._start, 1e-9)
        of = f"/{self._total:,}" if self._total else ""
        share = f" ({min(100 * rows // self._total, 100)} %)" if self._total else ""
        rate = f"{rows / seconds:,.0f} {self._unit}/s"
        line = f"{self._what}: {rows:,}{of} {self._unit}{share}, {_size(size)}, {rate}, {_elapsed(seconds)}"
        self._stderr.write("\r" + line.ljust(self._width))
        self._width = len(line)


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _is_function(value: object) -> TypeGuard[Callable[[int, int], object]]:
    return callable(value)


def _has_kernel() -> bool:
    """Whether it is a notebook that runs this."""
    return hasattr(getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)(), "kernel")


def is_watched() -> bool:
    """Whether a person is looking: a terminal, or the kernel of a notebook."""
    try:
        return _has_kernel() or bool(sys.stderr.isatty())
    except Exception as error:
        # None, closed, or something that only has what `print` needs.
        if is_of_a_handler(error):
            raise
        return False
