"""Which days are due: the rules, one by one, and against a simulation of late summaries."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

import converz
from converz._warehouse.due import Due, Rules, days_between, due, last_day, over_at, refreshed, utc
from converz._warehouse.entry import Entry
from converz._warehouse.settling import settling

DAY = date(2025, 7, 15)
OVER = datetime(2025, 7, 16, 12)


def entry(read_at, day=DAY, changed_at=None):
    return Entry(day, "", 1, "", "", read_at, changed_at)


def reason(read_after, now_after, **rules):
    """Why the day is due, if it was read and is looked at so long after its end."""
    ledger = {} if read_after is None else {DAY: entry(OVER + timedelta(days=read_after))}
    found = due([DAY], ledger, Rules(**{"sweep": None} | rules), OVER + timedelta(days=now_after))
    return found[0].reason if found else None


def test_a_day_is_over_when_it_is_over_everywhere():
    assert over_at(DAY) == OVER
    assert last_day(datetime(2025, 7, 15, 9, 59, tzinfo=UTC)) == DAY
    assert last_day(datetime(2025, 7, 15, 10, 0, tzinfo=UTC)) == date(2025, 7, 16)


def test_the_rules():
    assert reason(None, 0) == "never read"
    assert reason(-0.1, 400) == "not over"
    assert reason(0, 6.99) == "young"
    assert reason(6.9, 7) is None
    assert reason(8, 9.99) is None
    assert reason(8, 10) == "grown older"
    assert reason(0, 7) == "grown older"
    assert reason(8, 11, recheck=0.5) is None
    assert reason(8, 12, recheck=0.5) == "grown older"
    assert reason(8, 8, recheck=0) == "grown older"
    assert reason(1, 5, lookback=timedelta(days=3)) == "grown older"
    ledger = {DAY: entry(OVER + timedelta(days=8))}
    now = OVER + timedelta(days=8)
    assert due([DAY], ledger, Rules(), now, [DAY]) == [Due(DAY, "refresh")]
    assert due([DAY], {}, Rules(), now, [DAY]) == [Due(DAY, "never read")]


@given(every=st.floats(0.5, 20), runs=st.lists(st.floats(0.01, 30), min_size=1, max_size=30))
def test_every_day_is_swept_by_the_first_run_after_its_moment(every, runs):
    """However irregular the runs are: never longer apart than a period and the pause of the runs."""
    rules = Rules(recheck=1e9, sweep=timedelta(days=every))
    days = days_between(DAY - timedelta(days=9), DAY)
    at = OVER + timedelta(days=100)
    ledger = {day: entry(at, day) for day in days}
    swept = dict.fromkeys(days, at)
    other = date(2026, 1, 1)
    for pause in runs:
        at += timedelta(days=pause)
        found = due(days, ledger, rules, at)
        assert {each.reason for each in found} <= {"keys"}
        for each in found:
            swept[each.day] = at
            ledger[each.day] = replace(ledger[each.day], swept_at=at)
        # A run of other days alone takes nobody's turn.
        ledger[other] = entry(at, other)
        assert all(at - swept[day] <= timedelta(days=every) for day in days)
        if pause >= every:
            assert len(found) == len(days)


def test_late_summaries_are_found():
    """Months with a heavy tail: a week alone misses a tenth of them, a quarter beside it next to none."""
    rng = random.Random(1)
    late = [(rng.randrange(240), rng.paretovariate(0.9) - 1) for _ in range(2_000)]

    def missed(rules: Rules) -> int:
        ledger: dict = {}
        start = date(2023, 1, 1)
        for number in range(240):
            now = over_at(start + timedelta(days=number)) + timedelta(hours=1)
            days = days_between(start, start + timedelta(days=number))
            for each in due(days, ledger, rules, now):
                ledger[each.day] = entry(now, each.day)
        wrong = 0
        for day, delay in late:
            when = over_at(start + timedelta(days=day)) + timedelta(days=delay)
            # What came long enough before the end to be found.
            if when < over_at(start + timedelta(days=150)):
                wrong += ledger[start + timedelta(days=day)].read_at < when
        return wrong

    assert missed(Rules(recheck=1e9, sweep=None)) > 100
    assert missed(Rules(sweep=None)) == 0


def test_refresh():
    days = days_between(date(2025, 3, 1), date(2025, 3, 5))
    assert refreshed(None, days) == set()
    assert refreshed(True, days) == set(days)
    assert refreshed("2025-03-02", days) == {date(2025, 3, 2)}
    assert refreshed("2025-03-30/2025-04-01", days) == {
        date(2025, 3, 30),
        date(2025, 3, 31),
        date(2025, 4, 1),
    }
    assert refreshed([date(2025, 3, 2), "2025-03-04"], days) == {date(2025, 3, 2), date(2025, 3, 4)}
    for wrong in ("March", "2025-W10", "2025-03-03/2025-W10-5", "20250304", "2025-03-04/2025-03-02", [5]):
        with pytest.raises(converz.InvalidInputError, match="refresh="):
            refreshed(wrong, days)


def test_moments_are_written_in_utc():
    zoned = datetime(2025, 7, 15, 14, tzinfo=UTC).astimezone()
    assert utc(zoned) == datetime(2025, 7, 15, 14)


def test_settling_is_the_age_of_changes():
    assert settling([entry(OVER), entry(OVER, None, OVER)]) == {}
    changes = [entry(OVER, DAY, OVER + timedelta(days=days)) for days in range(100)]
    assert settling(changes) == {"0.5": 50, "0.9": 90, "0.99": 99, "1.0": 99}
    assert settling([entry(OVER, DAY, OVER - timedelta(days=1))])["1.0"] == 0
