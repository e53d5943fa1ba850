"""What ``calls``, ``reps`` and ``report`` have in common: a question, and where its answer goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._cli.command import Command
from converz._cli.connection import add_connection, connect
from converz._cli.options import add_parameters, arguments
from converz._cli.output import Output, add_output
from converz._parameters import VERBS

if TYPE_CHECKING:
    import argparse

__all__ = ["listing"]


def listing(verb: str, examples: str) -> Command:
    """Make the command of a verb that reads."""

    def add_options(parser: argparse.ArgumentParser) -> None:
        add_parameters(parser, verb)
        add_output(parser)
        add_connection(parser)

    def run(options: argparse.Namespace) -> int:
        # Before anything is read: a wrong ending is not to be found out after an hour.
        output = Output.of(options)
        question = arguments(options, verb)
        if "progress" in VERBS[verb].after:
            question["progress"] = False if options.quiet else None
        client = connect(options)
        if output.format is not None and f"stream_{verb}" in VERBS:
            with getattr(client, f"stream_{verb}")(**question, types="whole") as stream:
                output.write(stream)
        else:
            output.write(getattr(client, verb)(**question))
        return 0

    return Command(add_options, run, examples)
