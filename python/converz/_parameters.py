"""The parameters of the operations, in one list, and the verbs that take them.

Signatures are written out, since they are the manual; `tests/python/test_parameters.py` holds each of them against
this list. Whatever else takes the API's parameters (a command line, another host) takes them from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from converz._core import PERSONAL

if TYPE_CHECKING:
    from datetime import date

__all__ = ["KEYS", "PARAMETERS", "VERBS", "Parameter", "Verb", "chosen", "written_day"]


class Parameter(NamedTuple):
    """A parameter of the API."""

    name: str
    role: Literal["filter", "shape"]
    """Whether it restricts which rows come, or says which columns come and what a row is."""
    takes: Literal["strings", "date", "time", "count", "flag"]

    @property
    def is_personal(self) -> bool:
        """Whether its values name a person or a conversation, and are shown nowhere. The core decides."""
        return self.name in PERSONAL


class Verb(NamedTuple):
    """A method of the client, and the function of the same name."""

    operation: Literal["calls", "reps", "report"]
    """The operation whose parameters it takes, or whose rows it writes."""
    roles: tuple[Literal["filter", "shape"], ...]
    """Which of the operation's parameters it takes."""
    before: tuple[str, ...] = ()
    """Its own arguments before these."""
    after: tuple[str, ...] = ()
    """Its own arguments after these."""
    without: tuple[str, ...] = ()
    """Parameters of these roles that it does not take."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The API's parameters that it takes, in order."""
        return tuple(
            each
            for each in PARAMETERS[self.operation]
            if each.role in self.roles and each.name not in self.without
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument, in order."""
        return (*self.before, *(each.name for each in self.parameters), *self.after)


KEYS = {"calls": "call_id", "reps": "rep_id"}
"""The column that tells the rows of an operation apart."""

PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "calls": (
        Parameter("start_date", "filter", "date"),
        Parameter("end_date", "filter", "date"),
        Parameter("days", "filter", "count"),
        Parameter("after", "filter", "time"),
        Parameter("before", "filter", "time"),
        Parameter("metric", "shape", "strings"),
        Parameter("rep_id", "filter", "strings"),
        Parameter("vendor", "filter", "strings"),
        Parameter("campaign", "filter", "strings"),
        Parameter("subcampaign", "filter", "strings"),
        Parameter("department", "filter", "strings"),
        Parameter("vendor_call_id", "filter", "strings"),
        Parameter("columns", "shape", "strings"),
    ),
    "reps": (
        Parameter("department", "filter", "strings"),
        Parameter("rep_id", "filter", "strings"),
        Parameter("active", "filter", "flag"),
    ),
    "report": (
        Parameter("start_date", "filter", "date"),
        Parameter("end_date", "filter", "date"),
        Parameter("days", "filter", "count"),
        Parameter("vendor", "filter", "strings"),
        Parameter("rep_id", "filter", "strings"),
        Parameter("campaign", "filter", "strings"),
        Parameter("department", "filter", "strings"),
        Parameter("subcampaign", "filter", "strings"),
        Parameter("metric", "shape", "strings"),
        Parameter("groupby", "shape", "strings"),
    ),
}
"""The parameters of each operation, in the order of its signatures."""

BY_DAY = ("start_date", "end_date", "days", "after", "before")
"""What the days say, where a range is read by days."""

VERBS = {
    "calls": Verb("calls", ("filter", "shape"), after=("limit", "schema", "parse_dates", "progress")),
    "reps": Verb("reps", ("filter", "shape"), after=("limit", "schema", "parse_dates", "progress")),
    "report": Verb("report", ("filter", "shape"), after=("schema", "parse_dates")),
    "stream_calls": Verb(
        "calls",
        ("filter", "shape"),
        after=("limit", "schema", "parse_dates", "types", "on_new_column", "by_day", "progress"),
    ),
    "stream_reps": Verb(
        "reps",
        ("filter", "shape"),
        after=("limit", "schema", "parse_dates", "types", "on_new_column", "progress"),
    ),
    "describe_calls": Verb(
        "calls", ("filter", "shape"), after=("limit", "schema", "parse_dates", "progress")
    ),
    "describe_reps": Verb("reps", ("filter", "shape"), after=("limit", "schema", "parse_dates", "progress")),
    "scan_calls": Verb("calls", ("filter", "shape"), after=("schema", "parse_dates")),
    "scan_reps": Verb("reps", ("filter", "shape"), after=("schema", "parse_dates")),
    "update_calls": Verb(
        "calls", (), before=("frame", "nulls", "json_columns", "dry_run"), after=("progress",)
    ),
    "update_reps": Verb(
        "reps", (), before=("frame", "nulls", "json_columns", "dry_run"), after=("progress",)
    ),
    "plan_update_calls": Verb(
        "calls", ("filter",), before=("frame", "nulls", "json_columns"), after=("progress",)
    ),
    "plan_update_reps": Verb(
        "reps", ("filter",), before=("frame", "nulls", "json_columns"), after=("progress",)
    ),
    "sync": Verb(
        "calls",
        ("filter", "shape"),
        before=("target", "tables", "since", "until"),
        after=(
            "schema",
            "lookback",
            "recheck",
            "sweep",
            "refresh",
            "max_delete_fraction",
            "lock_timeout",
            "progress",
        ),
        without=BY_DAY,
    ),
    "explain_sync": Verb(
        "calls",
        ("filter", "shape"),
        before=("target", "tables", "since", "until"),
        after=("lookback", "recheck", "sweep", "refresh"),
        without=BY_DAY,
    ),
    "audit": Verb(
        "calls",
        ("filter", "shape"),
        before=("target", "tables", "since", "until"),
        after=("lock_timeout", "progress"),
        without=BY_DAY,
    ),
    "changes": Verb(
        "calls",
        ("filter", "shape"),
        before=("target", "cursor", "since", "until"),
        after=("schema", "lookback", "recheck", "sweep", "refresh", "lock_timeout", "progress"),
        without=BY_DAY,
    ),
    "undo_update": Verb("calls", (), before=("journal",), after=("on_conflict", "progress")),
}
"""What each verb takes."""


def written_day(text: str) -> date:
    """Return the day that is written as YYYY-MM-DD, as the core takes it.

    Python by itself takes the Monday of a week, '2025-W29', for a day as well: six days would be left out without a word.
    """
    from datetime import date

    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(text)
    return day


def chosen(arguments: dict[str, Any], verb: str) -> dict[str, Any]:
    """Pick the API's parameters out of the local variables of a verb."""
    return {each.name: arguments[each.name] for each in VERBS[verb].parameters}
