"""What a command is to the frame that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

__all__ = ["Command", "DataError", "Refused", "UsageError", "add_common"]


class UsageError(Exception):
    """Options that cannot be meant together, or a value that no option takes."""


class DataError(Exception):
    """A file whose contents cannot be used."""


class Refused(Exception):  # noqa: N818 - it is no error: the plan was looked at, and not carried out
    """A plan that was not carried out, since it would do more than was asked for."""


class Command(NamedTuple):
    """A command."""

    add_options: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], int]
    """Carries it out, and returns the exit status."""
    examples: str
    """Lines for a shell, at the end of its help."""


def add_common(parser: argparse.ArgumentParser, default: object = False) -> None:
    """Add the options of every command."""
    for names, says in (
        (("-q", "--quiet"), "no progress and no summary"),
        (("--traceback",), "show where an error came from"),
    ):
        parser.add_argument(*names, action="store_true", default=default, help=says)
