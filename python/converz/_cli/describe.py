"""``converz describe``: what columns there are, and what is in them."""

from __future__ import annotations

import argparse

from converz._cli.command import Command, add_common
from converz._cli.connection import add_connection, connect
from converz._cli.options import add_parameters, arguments
from converz._cli.output import Output, add_output
from converz._cli.parser import Help

__all__ = ["COMMAND"]

KINDS = {"calls": "conversations", "reps": "users"}

EXAMPLES = {
    "calls": """\
  converz describe calls --start-date 2025-07-01 --metric csat talk_ratio
  converz describe calls --days 30 --metric csat --format ndjson | jq .column""",
    "reps": """\
  converz describe reps
  converz describe reps -o columns.csv""",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what is described as a command of its own, since each has its own parameters."""
    kinds = parser.add_subparsers(dest="kind", metavar="calls|reps", required=True)
    for kind, says in KINDS.items():
        described = kinds.add_parser(
            kind,
            help=says,
            description=f"What columns {says} have, and what is in them.",
            epilog=f"examples:\n{EXAMPLES[kind]}",
            formatter_class=Help,
            allow_abbrev=False,
        )
        add_parameters(described, f"describe_{kind}")
        add_output(described)
        add_connection(described)
        add_common(described, default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Read the rows, and write a row a column."""
    verb = f"describe_{options.kind}"
    output = Output.of(options)
    question = arguments(options, verb) | {"progress": False if options.quiet else None}
    output.write(getattr(connect(options), verb)(**question))
    return 0


COMMAND = Command(add_options, run, "\n".join(EXAMPLES.values()))
