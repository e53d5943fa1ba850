"""The frame of every command: which one it is, what becomes of the output, and the exit status."""

from __future__ import annotations

import os
import sys

from converz._cli.commands import COMMANDS
from converz._cli.parser import make_command_parser, make_parser

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    status: int | None = None
    try:
        try:
            status = _run(arguments)
        except KeyboardInterrupt:
            status = 130
        finally:
            # As in `Sandbox`: they may hold the key, and tracebacks show what a function's variables hold.
            arguments = None
            # None where the output was closed from the beginning.
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        # Nobody reads the output any more, or the disk that it goes to is full.
        return _lost(error, status)
    return status


def _lost(error: OSError, status: int | None) -> int:
    """End without the rest of the output, which Python would try to write once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 141
    if not status:
        from converz._show.standard_error import StandardError

        StandardError(sys.stderr).write(f"converz: standard output: {error}\n")
    # What was told already has its own.
    return status or 1


def _run(arguments: list[str] | None) -> int:
    before, name, after = _split(sys.argv[1:] if arguments is None else arguments)
    arguments = None
    try:
        if name is None or name not in COMMANDS or before:
            parser = make_parser()
            parser.read(before)
            if name is None:
                parser.print_help()
                return 0
            if name not in COMMANDS:
                parser.error(f"there is no command {name[:80]!r}: there are {', '.join(COMMANDS)}")
        options = make_command_parser(name).read(after)
    finally:
        before, after = [], []
    from converz._cli.execution import execute

    return execute(options)


def _split(arguments: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Find the command, which is the first word that is no option: the options before it take no values."""
    for index, each in enumerate(arguments):
        if not each.startswith("-"):
            return arguments[:index], each, arguments[index + 1 :]
    return arguments[:], None, []
