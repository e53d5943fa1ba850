"""``converz dashboard``: a page of what changed, for cron to make anew and for people to open."""

from __future__ import annotations

import argparse
import inspect
import sys

from converz._cli.command import Command
from converz._cli.connection import add_connection, connect
from converz._cli.destination import refuse_if_unwritable
from converz._cli.options import HELP
from converz._dashboard.dashboard import FILTERS, dashboard
from converz._show.standard_error import StandardError

__all__ = ["COMMAND"]

DEFAULTS = {name: each.default for name, each in inspect.signature(dashboard).parameters.items()}
NAMES = [name for name in DEFAULTS if name != "client"]


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="file to write, such as page.html, which appears when it is complete; - is standard output",
    )
    page = parser.add_argument_group("page")
    page.add_argument("--end-date", metavar="DATE", help="last day of the period; by default yesterday")
    page.add_argument(
        "--days", metavar="N", type=int, default=DEFAULTS["days"], help="its length (%(default)s)"
    )
    page.add_argument(
        "--metric",
        action="extend",
        nargs="+",
        metavar="VALUE",
        help=f"the metrics, that which groups and agents are looked at by first ({' '.join(DEFAULTS['metric'])})",
    )
    activity = page.add_mutually_exclusive_group()
    activity.add_argument(
        "--activity",
        metavar="NAME",
        default=DEFAULTS["activity"],
        help="metric of in-app activity beside the first metric (%(default)s)",
    )
    activity.add_argument(
        "--no-activity", dest="activity", action="store_const", const=None, help="leave that picture out"
    )
    page.add_argument(
        "--calls",
        action=argparse.BooleanOptionalAction,
        default=DEFAULTS["calls"],
        help="read conversations, as is the default, or reports alone: no intervals, hours, agents and calls worth hearing",
    )
    page.add_argument("--alias", action="store_true", help="replace names of users by Agent 01 and so on")
    for name, says in (
        ("hear", "calls worth hearing; 0 reads no summary"),
        ("minimum", "fewest values of an agent who is shown"),
        ("unsettled_days", "last days that are drawn grey"),
    ):
        page.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="N",
            type=int,
            default=DEFAULTS[name],
            help=f"{says} (%(default)s)",
        )
    only = parser.add_argument_group("conversations")
    for name in FILTERS:
        only.add_argument(
            f"--{name.replace('_', '-')}", action="extend", nargs="+", metavar="VALUE", help=HELP[name]
        )
    add_connection(parser)


def _run(options: argparse.Namespace) -> int:
    if options.output != "-":
        refuse_if_unwritable(options.output)
    given = {name: getattr(options, name) for name in NAMES}
    given["metric"] = given["metric"] or DEFAULTS["metric"]
    page = dashboard(connect(options), **given)
    if options.output != "-":
        page.write(options.output)
    # None where the output was closed from the beginning: nobody wants it.
    elif sys.stdout is not None:
        sys.stdout.buffer.write(page.html.encode())
    if not options.quiet:
        into = f" to {options.output}" if options.output != "-" else ""
        StandardError(sys.stderr).write(f"{len(page.html.encode()):,} bytes{into}\n")
    return 0


COMMAND = Command(
    _add_options,
    _run,
    """\
  converz dashboard -o page.html
  converz dashboard -o page.html --end-date 2025-07-13 --days 14 --campaign sales --alias""",
)
