"""``converz update``: what a file would change, and with ``--apply`` the change itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converz._cli.command import Command, Refused, UsageError
from converz._cli.connection import add_connection, connect
from converz._cli.destination import refuse_if_unwritable
from converz._cli.input import add_input, read_input
from converz._cli.options import add_filters, filters
from converz._cli.output import say_updated
from converz._parameters import KEYS
from converz._show.standard_error import StandardError

if TYPE_CHECKING:
    import argparse

    from converz._results.table import Table

__all__ = ["COMMAND"]

WHERE = {"date", "start_time", "vendor_call_id"}
"""Columns that say where conversations are."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(KEYS), help="whose attributes they are")
    add_input(parser)
    group = parser.add_argument_group("update")
    group.add_argument(
        "--apply", action="store_true", help="send what changes; without it nothing is ever sent"
    )
    group.add_argument(
        "--nulls",
        choices=("keep", "clear"),
        default="keep",
        help="what an empty cell does: keep what is stored, the default, or clear it",
    )
    group.add_argument(
        "--json-column",
        dest="json_columns",
        action="append",
        metavar="NAME",
        help="a column whose text is JSON, and is sent as the lists and objects that it says. May be repeated",
    )
    group.add_argument(
        "--journal", metavar="FILE", help="file that must not exist yet, with which converz undo puts it back"
    )
    group.add_argument(
        "--check",
        action="store_true",
        help="read the cells again just before, and leave out what others changed",
    )
    group.add_argument(
        "--on-conflict",
        choices=("skip", "error"),
        default="skip",
        help="with --check: leave those cells out, the default, or send nothing at all",
    )
    group.add_argument(
        "--allow-type-change", action="store_true", help="also where a text replaces a number, or alike"
    )
    add_filters(
        parser,
        "plan_update_calls",
        "plan_update_reps",
        says="what is read to compare with: of users by default all; of conversations a range, unless the file says "
        "where they are by a column date, start_time or vendor_call_id",
    )
    add_connection(parser)


def _run(options: argparse.Namespace) -> int:
    if not options.apply:
        given = [name for name in ("journal", "check", "allow_type_change") if getattr(options, name)]
        if given:
            message = f"--{given[0].replace('_', '-')} is for an update that is sent: add --apply"
            raise UsageError(message)
    if options.journal:
        _refuse_if_no_journal(options.journal)
    verb = f"plan_update_{options.what}"
    question = filters(options, verb, "plan_update_calls", "plan_update_reps")
    frame = read_input(options, KEYS[options.what])
    if options.what == "calls":
        _refuse_if_anywhere(options.file, frame, question)
    progress = False if options.quiet else None
    plan = getattr(connect(options), verb)(
        frame, nulls=options.nulls, json_columns=options.json_columns, progress=progress, **question
    )
    # Before anything is sent: what cannot be shown to anybody is not carried out.
    print(plan, flush=True)
    say = StandardError(sys.stderr).write
    if not options.apply:
        if not options.quiet:
            say("nothing was sent; --apply sends it\n" if plan.num_changes else "there is nothing to send\n")
        return 0
    if plan.types and not options.allow_type_change:
        message = (
            "the plan was refused: it changes what kind of values are stored, as it says above. If the file is right, say "
            "what its text is with --schema NAME=TYPE, or add --allow-type-change"
        )
        raise Refused(message)
    how: dict[str, Any] = {
        "check": options.check,
        "on_conflict": options.on_conflict,
        "journal": options.journal,
    }
    result = plan.apply(allow_type_change=options.allow_type_change, progress=progress, **how)
    if not options.quiet:
        say_updated(result)
        if options.journal:
            say(f"converz undo {options.journal} puts it back\n")
    return 0


def _refuse_if_no_journal(path: str) -> None:
    """The plan would find it out as well, but only when everything has been read."""
    refuse_if_unwritable(path)
    if Path(path).exists():
        message = (
            f"--journal {path} exists: it may be all that can undo an earlier update. Choose another name, or delete it if "
            "that update is to stay"
        )
        raise UsageError(message)


def _refuse_if_anywhere(name: str, frame: Table, question: dict[str, Any]) -> None:
    """Conversations cannot be read by their key: something must say where they are."""
    if any(value is not None for value in question.values()) or not WHERE.isdisjoint(frame.schema.names):
        return
    message = (
        f"nothing says where the conversations of {'standard input' if name == '-' else name} are, and they cannot be read by "
        "call_id: say a range, such as --start-date 2025-07-01 or --days 30, or add a column date, start_time or vendor_call_id"
    )
    raise UsageError(message)


COMMAND = Command(
    _add_options,
    _run,
    """\
  converz update calls scores.csv --schema score=int64 --start-date 2025-07-01
  converz update calls scores.csv --schema score=int64 --days 30 --apply --journal scores.journal
  converz update reps teams.csv --json-column skills --apply
  duckdb -csv -c "select call_id, topic from 'topics.parquet'" | converz update calls - --days 30""",
)
