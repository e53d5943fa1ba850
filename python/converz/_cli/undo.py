"""``converz undo``: puts back what an update wrote, from the journal that it kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._cli.command import Command
from converz._cli.connection import add_connection, connect
from converz._cli.output import say_updated

if TYPE_CHECKING:
    import argparse

__all__ = ["COMMAND"]


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("journal", metavar="JOURNAL", help="file that converz update --journal wrote")
    parser.add_argument(
        "--on-conflict",
        choices=("skip", "error"),
        default="skip",
        help="leave out what others have changed since, the default, or put nothing back at all",
    )
    add_connection(parser)


def _run(options: argparse.Namespace) -> int:
    progress = False if options.quiet else None
    result = connect(options).undo_update(options.journal, on_conflict=options.on_conflict, progress=progress)
    if not options.quiet:
        say_updated(result)
    return 0


COMMAND = Command(
    _add_options,
    _run,
    """\
  converz undo scores.journal
  converz undo scores.journal --on-conflict error""",
)
