"""`Settings`: what a sync is asked to do, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from converz._parameters import written_day
from converz._warehouse.due import Rules, days_between, due, last_day, refreshed, utc
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from converz._warehouse.due import Due
    from converz._warehouse.entry import Day, Entry

__all__ = ["Settings"]

TABLES = ("calls", "reps")


@dataclass(frozen=True)
class Settings:
    """What a sync is asked to do, checked."""

    tables: tuple[str, ...]
    since: date | None
    until: date | None
    arguments: dict[str, Any]
    schema: object
    rules: Rules
    refresh: object = None
    max_delete_fraction: float = 0.1

    @classmethod
    def of(cls, arguments: dict[str, Any], parameters: dict[str, Any]) -> Settings:
        """Take the arguments of `Client.sync`, and among them the API's own."""
        tables = arguments["tables"]
        tables = TABLES if tables is None else (tables,) if isinstance(tables, str) else tuple(tables)
        for table in tables:
            if table not in TABLES:
                message = f"tables={table!r:.80} is none of {', '.join(TABLES)}"
                raise InvalidInputError(message)
        sweep = None
        arguments = {
            "lookback": 7,
            "recheck": 0.25,
            "sweep": None,
            "refresh": None,
            "max_delete_fraction": 0.1,
        } | arguments
        if arguments["sweep"] is not None:
            sweep = timedelta(days=_number(arguments, "sweep", above_zero=True))
        return cls(
            tables,
            _date("since", arguments["since"]),
            _date("until", arguments["until"]),
            parameters,
            arguments.get("schema"),
            Rules(timedelta(days=_number(arguments, "lookback")), _number(arguments, "recheck"), sweep),
            arguments["refresh"],
            _number(arguments, "max_delete_fraction", most=1.0),
        )

    def due(self, ledger: Mapping[Day, Entry], now: datetime) -> list[Due]:
        """List the days that are to be read, the newest first."""
        until = self.until or last_day(now)
        since = self.since or min((day for day in ledger if day), default=None)
        if since is None:
            message = "since=None is only for a target that has days: name the first day, such as since='2025-01-01'"
            raise InvalidInputError(message)
        if until < since:
            message = f"until={until} is before since={since}"
            raise InvalidInputError(message)
        days = days_between(since, until)
        again = refreshed(self.refresh, days)
        return due(sorted({*days, *again}, reverse=True), ledger, self.rules, utc(now), again)


def _date(name: str, value: object) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return written_day(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        message = f"{name}={value!r:.80} is not a date such as '2025-07-15'"
        raise InvalidInputError(message) from error


def _number(
    arguments: dict[str, Any], name: str, *, most: float = float("inf"), above_zero: bool = False
) -> float:
    value = arguments[name]
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
    if not fits or (above_zero and value == 0):
        upto = "" if most == float("inf") else f" and at most {most:g}"
        message = f"{name}={value!r:.80} is not a number {'above' if above_zero else 'of at least'} 0{upto}"
        raise InvalidInputError(message)
    return float(value)
