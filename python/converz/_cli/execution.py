"""Carries a command out: what it warns of and fails with is told in a line each, and the exit status says which kind it was."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from converz._cli.command import DataError, Refused, UsageError
from converz._show.standard_error import StandardError
from converz.errors import (
    ConfigurationError,
    ConverzError,
    ConverzWarning,
    InvalidInputError,
    UpdateConflictError,
)

if TYPE_CHECKING:
    import argparse

__all__ = ["execute"]


def execute(options: argparse.Namespace) -> int:
    """Carry out the command that the options name; return the exit status."""
    stderr = StandardError(sys.stderr)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ConverzWarning)
            warnings.showwarning = _warn
            status: int = options.run(options)
    except BrokenPipeError:
        raise
    # ImportError: an optional library, with what brings it.
    except (ConverzError, DataError, Refused, UsageError, OSError, ImportError) as error:
        if options.traceback:
            import traceback

            stderr.write(traceback.format_exc())
        # Whether or not it can be read, the status is that of the error.
        stderr.write(f"converz: {error}\n")
        return _status(error)
    return status


def _status(error: Exception) -> int:
    if isinstance(error, Refused | UpdateConflictError):
        return 3
    return 2 if isinstance(error, UsageError | InvalidInputError | ConfigurationError) else 1


def _warn(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Tell a warning as an error is told: not with a line of source that its reader did not write."""
    StandardError(sys.stderr).write(f"converz: warning: {message}\n")
