"""Progress of a read or an update, on standard error or to a function."""

from __future__ import annotations

import importlib
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeGuard

__all__ = ["Reporter"]

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


class Reporter:
    """Calls, shows or hides progress, as a user's ``progress=`` says. Used as a context manager."""

    def __init__(
        self,
        progress: object,
        what: str,
        total: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if progress is not None and not isinstance(progress, bool) and not _is_function(progress):
            message = f"progress={progress!r} is not True, False, None or a function of rows and bytes"
            raise InvalidInputError(message)
        self._callback = progress if _is_function(progress) else None
        self._wanted = progress is True or (progress is None and _is_watched())
        self._patience = 0.0 if progress is True else PATIENCE
        self._what = what
        self._total = total if isinstance(total, int) and total > 0 else None
        self._clock = clock
        self._start = clock()
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
            display.close()

    def __call__(self, rows: int, size: int) -> None:
        """Take the rows and bytes so far."""
        if self._callback:
            self._callback(rows, size)
            return
        if self._display is None and self._clock() - self._start >= self._patience:
            self._display = _display(self._what, self._total, self._start, self._clock)
        if self._display is not None:
            self._display.update(rows, size)


def _display(what: str, total: int | None, start: float, clock: Callable[[], float]) -> Display:
    try:
        # Not the widget of `tqdm.auto`, which warns where ipywidgets is missing and is gone from saved notebooks.
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        return PlainDisplay(what, total, start, clock)
    return TqdmDisplay(tqdm, what, total, clock() - start)


class TqdmDisplay:
    """tqdm's bar."""

    def __init__(self, tqdm: Any, what: str, total: int | None, elapsed: float) -> None:
        # A delay keeps it from showing itself before there is a row.
        self._bar = tqdm(
            desc=what, total=total, unit=" rows", unit_scale=True, smoothing=0, file=sys.stderr, delay=1e-9
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


class PlainDisplay:
    """One line that is written over and over."""

    def __init__(self, what: str, total: int | None, start: float, clock: Callable[[], float]) -> None:
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
        sys.stderr.write("\n")
        sys.stderr.flush()

    def _write(self) -> None:
        rows, size = self._last
        seconds = max(self._clock() - self._start, 1e-9)
        of = f"/{self._total:,}" if self._total else ""
        line = f"{self._what}: {rows:,}{of} rows, {_size(size)}, {rows / seconds:,.0f} rows/s"
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _is_function(value: object) -> TypeGuard[Callable[[int, int], object]]:
    return callable(value)


def _is_watched() -> bool:
    """Whether a person is looking: a terminal, or the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        return True
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        return False
