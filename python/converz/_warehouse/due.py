"""Which days are due, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from converz._parameters import written_day
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from converz._warehouse.entry import Day, Entry

__all__ = ["Due", "Reason", "Rules", "age", "days_between", "due", "last_day", "over_at", "refreshed", "utc"]

Reason: TypeAlias = Literal["never read", "not over", "young", "grown older", "refresh", "keys"]

WEST = timedelta(hours=12)
"""How long a day lasts behind UTC where it lasts longest."""
EAST = timedelta(hours=14)
"""How long before UTC it begins where it begins first."""


class Rules(NamedTuple):
    """When a day is read again."""

    lookback: timedelta = timedelta(days=7)
    """As long as it is younger."""
    recheck: float = 0.25
    """When its age has grown by this share since it was read."""
    sweep: timedelta | None = timedelta(days=7)
    """How often keys alone are compared on days that are not due."""


class Due(NamedTuple):
    """A day that is to be read."""

    day: Day
    reason: Reason


def utc(moment: datetime) -> datetime:
    """Write a moment as the ledger does: in UTC, without a zone, in whole microseconds."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def last_day(now: datetime) -> date:
    """Return the last day that has begun anywhere on earth."""
    return (now + EAST).date()


def over_at(day: date) -> datetime:
    """Return when a day is over everywhere on earth."""
    return datetime.combine(day, time()) + timedelta(days=1) + WEST


def age(day: date, at: datetime) -> timedelta:
    """Return how long a day has been over."""
    return at - over_at(day)


def days_between(since: date, until: date) -> list[date]:
    """List days, the newest first."""
    return [until - timedelta(days=back) for back in range((until - since).days + 1)]


def due(
    days: Collection[date],
    ledger: Mapping[Day, Entry],
    rules: Rules,
    now: datetime,
    refresh: Collection[date] = (),
) -> list[Due]:
    """List the days to be read, in order."""
    found = ((day, _reason(day, ledger, rules, now, refresh)) for day in days)
    return [Due(day, reason) for day, reason in found if reason]


def _reason(
    day: date, ledger: Mapping[Day, Entry], rules: Rules, now: datetime, refresh: Collection[date]
) -> Reason | None:
    entry = ledger.get(day)
    if entry is None:
        return "never read"
    if day in refresh:
        return "refresh"
    before, after = (age(day, at) / timedelta(days=1) for at in (entry.read_at, now))
    if before < 0:
        return "not over"
    if after < rules.lookback / timedelta(days=1):
        return "young"
    if after >= before * (1 + rules.recheck):
        return "grown older"
    return "keys" if rules.sweep and _is_swept(day, entry, rules.sweep, now) else None


def _is_swept(day: date, entry: Entry, every: timedelta, now: datetime) -> bool:
    """Whether the day's turn has come since its keys were last looked at, whatever runs have looked at since.

    Every day has its own moment in each period, so that sweeps are spread over it.
    """
    last = max(entry.read_at, entry.swept_at or entry.read_at)
    epoch = datetime(2000, 1, 1) + timedelta(days=day.toordinal())  # noqa: DTZ001
    return (now - epoch) // every > (last - epoch) // every


def refreshed(refresh: object, days: Collection[date]) -> set[date]:
    """Take ``refresh=``: a day, a range ``first/last``, or several of these."""
    if refresh is None or refresh is False:
        return set()
    if refresh is True:
        return set(days)
    found: set[date] = set()
    for each in [refresh] if isinstance(refresh, str | date) else refresh:  # type: ignore[attr-defined]
        try:
            first, _, last = each.partition("/") if isinstance(each, str) else (each.isoformat(), "", "")
            since, until = written_day(first), written_day(last or first)
        except (ValueError, AttributeError) as error:
            message = f"refresh={each!r:.80} is not a date such as '2025-03-01', a range '2025-03-01/2025-03-31', or several"
            raise InvalidInputError(message) from error
        if until < since:
            message = f"refresh={each!r:.80} ends before it begins"
            raise InvalidInputError(message)
        found.update(days_between(since, until))
    return found
