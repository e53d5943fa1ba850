"""The parser of the command line, which has the options of those commands only that are looked at.

What this module imports, ``converz --help`` waits for: `tests/python/cli/test_start.py` says what that is.
"""

from __future__ import annotations

import argparse
import os
import sys

from converz._cli.commands import COMMANDS

# Importing typing is a good part of what the rest takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from converz._cli.command import Command

__all__ = ["Help", "Parser", "make_command_parser", "make_parser"]

EPILOG = """\
first steps:
  converz demo                                   all of it, without a key
  export CONVERZ_BASE_URL=https://yourdomain.converz.co CONVERZ_API_KEY=...
  converz describe calls --start-date 2025-07-01 what columns there are
  converz calls --start-date 2025-07-01 -o calls.parquet
  converz COMMAND --help                         its options, with examples

exit status:
  0 done; 1 an error of the service or the data; 2 wrong usage;
  3 a plan that was refused; 130 Ctrl-C; 141 nobody read the output any more
"""


def make_parser() -> Parser:
    """Make the parser of what comes before a command. Its help lists the commands, and it takes none."""
    parser = Parser(
        prog="converz",
        usage="%(prog)s [-h] [--version] COMMAND ...",
        description="Every conversation, user and report of the Converz Data API, as a file or on the terminal.",
        epilog=EPILOG,
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    # Parsers below this one would be the larger part of the time that help takes.
    commands = parser.add_argument_group("commands")
    for name, says in COMMANDS.items():
        commands.add_argument(name, nargs="?", help=says)
    return parser


def make_command_parser(name: str) -> Parser:
    """Make the parser of what comes after a command."""
    import importlib

    from converz._cli.command import add_common

    command: Command = importlib.import_module(f"converz._cli.{name}").COMMAND
    says = COMMANDS[name]
    parser = Parser(
        prog=f"converz {name}",
        description=f"{says[0].upper()}{says[1:]}.",
        epilog=f"examples:\n{command.examples}",
        formatter_class=Help,
        allow_abbrev=False,
    )
    command.add_options(parser)
    add_common(parser)
    parser.set_defaults(run=command.run)
    return parser


class Parser(argparse.ArgumentParser):
    """Its errors are one line, as all others are, and show no value that may be the key."""

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """Read the options; what is none of them is the end. The list is emptied, since the key may be in it."""
        try:
            options, unknown = self.parse_known_args(arguments)
        finally:
            arguments.clear()
        if unknown:
            message = self._unknown(unknown[0])
            unknown.clear()
            self.error(message)
        return options

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.exit(2, f"converz: {message} ({self.prog} --help says what there is)\n")

    def _unknown(self, argument: str) -> str:
        if not argument.startswith("-"):
            return f"{argument[:80]!r} is one argument too many"
        name = argument.partition("=")[0]
        if name == "--api-key":
            return (
                "the key is never an argument, which every user of this machine sees: it comes from CONVERZ_API_KEY, "
                "--api-key-file or --profile"
            )
        # Its beginning alone, or its name in Python.
        near = [each for each in self._option_string_actions if each.startswith(name.replace("_", "-"))]
        hint = f": did you mean {near[0]}?" if near and len(name) > 2 else ""
        return f"there is no option {name[:80]}{hint}"


class Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal, which argparse asks of a module that imports every kind of compression."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, width=_columns() - 2, **more)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Break what is a sentence; what is for a shell is indented, and stays as it is."""
        # What is replaced is also that of the class above, which breaks nothing.
        return "\n".join(
            line
            if line.startswith(" ") or len(line) <= width
            else argparse.HelpFormatter._fill_text(self, line, width, indent)
            for line in text.splitlines()
        )


def _columns() -> int:
    try:
        return int(os.environ["COLUMNS"]) or 80
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or 80
    except (OSError, ValueError):
        return 80


class _Version(argparse.Action):
    """The version is the core's, which takes long to load for those who only want help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from converz._core import __version__

        print(f"converz {__version__}", file=sys.stdout or sys.stderr)
        parser.exit()
