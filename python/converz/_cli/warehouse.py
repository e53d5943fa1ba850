"""``converz sync`` and ``converz audit``: a warehouse brought up to date, and compared with the service."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from converz._cli.command import Command
from converz._cli.connection import add_connection, connect
from converz._cli.options import HELP, pin
from converz._client.client import Client
from converz._parameters import VERBS
from converz._show.standard_error import StandardError
from converz.errors import SyncError

if TYPE_CHECKING:
    import argparse

    from converz._results.table import Table

__all__ = ["AUDIT", "SYNC"]

OWN: dict[str, dict[str, Any]] = {
    "tables": {"nargs": "+", "metavar": "TABLE", "help": "calls, reps or both, the default"},
    "since": {"metavar": "DATE", "help": "first date; by default the first one that the target has"},
    "until": {
        "metavar": "DATE",
        "help": "last date, included; by default the last one that has begun anywhere on earth",
    },
    "schema": {
        "action": "extend",
        "nargs": "+",
        "type": pin,
        "metavar": "NAME=TYPE",
        "help": "types that columns must have, such as csat=float64",
    },
    "lookback": {
        "type": float,
        "metavar": "DAYS",
        "help": "days after its end for which a day is read by every run",
    },
    "recheck": {
        "type": float,
        "metavar": "SHARE",
        "help": "share by which a day's age grows until it is read again",
    },
    "sweep": {
        "type": float,
        "metavar": "DAYS",
        "help": "how often the keys of the other days are compared; 0 is never",
    },
    "refresh": {
        "action": "extend",
        "nargs": "+",
        "metavar": "DATE[/DATE]",
        "help": "days or ranges to read and write again now",
    },
    "max_delete_fraction": {
        "type": float,
        "metavar": "SHARE",
        "help": "share of the stored rows of the days that are read that may be gone; 1 believes everything",
    },
    "lock_timeout": {
        "type": float,
        "metavar": "SECONDS",
        "help": "how long to wait for another process that has the target",
    },
}


def _command(verb: str, examples: str, run: Any) -> Command:
    taken = inspect.signature(getattr(Client, verb)).parameters

    def add_options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "target",
            metavar="TARGET",
            help="where the rows are: warehouse.duckdb, parquet:FOLDER, or postgresql://…",
        )
        own = parser.add_argument_group("which days")
        for name, how in OWN.items():
            if name in taken:
                shown = taken[name].default
                says = how["help"] + ("" if shown is None else f" ({shown:g})")
                own.add_argument(_option(name), **{"default": shown, **how, "help": says})
        asked = parser.add_argument_group(
            "parameters",
            "Those that take several VALUEs may also be repeated: --campaign sales --campaign service.",
        )
        for each in VERBS[verb].parameters:
            asked.add_argument(
                _option(each.name), action="extend", nargs="+", metavar="VALUE", help=HELP[each.name]
            )
        add_connection(parser)

    def carry_out(options: argparse.Namespace) -> int:
        arguments = {name: getattr(options, name) for name in VERBS[verb].arguments if hasattr(options, name)}
        if arguments.get("schema"):
            arguments["schema"] = dict(arguments["schema"])
        if arguments.get("sweep") == 0:
            arguments["sweep"] = None
        arguments["progress"] = False if options.quiet else None
        status: int = run(getattr(connect(options), verb), arguments, quiet=options.quiet)
        return status

    return Command(add_options, carry_out, examples)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _sync(verb: Any, arguments: dict[str, Any], *, quiet: bool) -> int:
    try:
        result = verb(**arguments)
    except SyncError as error:
        if error.result is not None:
            _show(error.result.days)
        raise
    _show(result.days)
    if not quiet:
        StandardError(sys.stderr).write(
            f"{result.new:,} days new, {result.changed:,} changed, {result.unchanged:,} unchanged: "
            f"{result.rows_written:,} of {result.rows_read:,} rows written in {result.seconds:.1f} s\n"
        )
    return 0


def _audit(verb: Any, arguments: dict[str, Any], *, quiet: bool) -> int:
    result = verb(**arguments)
    _show(result.differences)
    if not quiet:
        differ = result.differences.num_rows
        StandardError(sys.stderr).write(
            f"{result.days:,} days, {result.rows:,} rows: {f'{differ:,} days differ' if differ else 'equal'}\n"
        )
    return 0 if result.equal else 1


def _show(table: Table) -> None:
    """Lines that people read and programs split: one a day, tabs between them."""
    columns = table.to_pydict()
    for line in zip(*columns.values(), strict=True):
        print("\t".join("" if cell is None else str(cell) for cell in line))


SYNC = _command(
    "sync",
    """\
  converz sync warehouse.duckdb --since 2025-01-01 --metric csat talk_ratio
  converz sync parquet:lake --since 2025-01-01 --tables calls
  converz sync warehouse.duckdb --refresh 2025-03-01/2025-03-31""",
    _sync,
)
AUDIT = _command(
    "audit",
    """\
  converz audit warehouse.duckdb --metric csat talk_ratio
  converz audit parquet:lake --since 2025-06-01""",
    _audit,
)
