"""The API's parameters as options, and options as arguments of the client's verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz._cli.command import UsageError
from converz._parameters import VERBS, Parameter

if TYPE_CHECKING:
    import argparse

__all__ = ["HELP", "add_filters", "add_parameters", "arguments", "filters", "pin"]

HELP = {
    "start_date": "first date, such as 2025-07-15",
    "end_date": "last date, included",
    "after": "earliest start, such as '2025-07-15 12:00'",
    "before": "latest start",
    "days": "length of the range in days, up to today or the end date",
    "metric": "metrics to calculate, such as csat talk_ratio",
    "groupby": "what a row is: date, week, month, quarter, half, or columns such as campaign",
    "columns": "only these columns; by default all",
    "rep_id": "only these users",
    "vendor": "only these vendors",
    "campaign": "only these campaigns",
    "subcampaign": "only these subcampaigns",
    "department": "only these departments",
    "vendor_call_id": "only conversations with these ids of the vendor",
    "active": "1: only active users; 0: only inactive ones",
}
"""What the help says of each parameter."""

METAVARS = {"date": "DATE", "time": "TIME", "count": "N", "strings": "VALUE"}


def add_parameters(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add an option for each argument of a verb."""
    group = parser.add_argument_group(
        "parameters",
        "Those that take several VALUEs may also be repeated: --campaign sales --campaign service.",
    )
    for parameter in VERBS[verb].parameters:
        _add(group, parameter)
    if "limit" in VERBS[verb].after:
        group.add_argument("--limit", type=int, metavar="N", help="at most so many rows; by default all")
    group.add_argument(
        "--schema",
        action="extend",
        nargs="+",
        type=pin,
        metavar="NAME=TYPE",
        help="types that columns must have, such as csat=float64",
    )
    group.add_argument(
        "--no-parse-dates", dest="parse_dates", action="store_false", help="leave dates and times as text"
    )


def add_filters(parser: argparse.ArgumentParser, *verbs: str, says: str) -> None:
    """Add an option for each filter that one of the verbs takes."""
    group = parser.add_argument_group("parameters", f"{says[0].upper()}{says[1:]}.")
    for parameter in _filters(verbs).values():
        _add(group, parameter)


def filters(options: argparse.Namespace, verb: str, *verbs: str) -> dict[str, Any]:
    """Take the filters of a verb out of options that are those of several."""
    takes = _filters((verb,))
    for name in _filters(verbs):
        if name not in takes and getattr(options, name) is not None:
            others = ", ".join(_option(each) for each in takes)
            message = f"{_option(name)} does not filter {VERBS[verb].operation}; {others} do"
            raise UsageError(message)
    return {name: getattr(options, name) for name in takes}


def _filters(verbs: tuple[str, ...]) -> dict[str, Parameter]:
    return {each.name: each for verb in verbs for each in VERBS[verb].parameters if each.role == "filter"}


def _add(group: Any, parameter: Parameter) -> None:
    how: dict[str, Any]
    match parameter.takes:
        case "strings":
            how = {"action": "extend", "nargs": "+", "metavar": "VALUE"}
        case "count":
            how = {"type": int, "metavar": "N"}
        case "flag":
            how = {"type": int, "choices": (0, 1)}
        case _:
            how = {"metavar": METAVARS[parameter.takes]}
    group.add_argument(_option(parameter.name), dest=parameter.name, help=HELP[parameter.name], **how)


def arguments(options: argparse.Namespace, verb: str) -> dict[str, Any]:
    """Take the arguments of a verb out of the options."""
    taken = {each.name: getattr(options, each.name) for each in VERBS[verb].parameters}
    if "limit" in VERBS[verb].after:
        taken["limit"] = options.limit
    taken["schema"] = dict(options.schema) if options.schema else None
    taken["parse_dates"] = options.parse_dates
    return taken


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def pin(text: str) -> tuple[str, str]:
    """Read ``NAME=TYPE``."""
    import argparse

    # A name may have "=" in it, a type has none.
    name, equals, kind = text.rpartition("=")
    if not (name and equals and kind):
        message = f"{text[:80]!r} is not NAME=TYPE, such as csat=float64"
        raise argparse.ArgumentTypeError(message)
    return name, kind
