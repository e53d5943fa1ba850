"""A service that changes and fails at any request, and a process that ends at any line that writes.

Whatever comes together: at no moment has a target half a day, a key twice in it, or a line of the ledger that is ahead of the rows;
and once all is quiet, one run has what the service has, by `audit` and by a comparison that knows nothing of it.
`CONVERZ_ATTACKS=100` has each target attacked as many times, each time otherwise.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import converz
from converz._warehouse import table_run
from converz._warehouse.audit import audit
from converz._warehouse.entry import DAY_COLUMN
from converz._warehouse.sync import sync
from support.service import serving
from support.targets import TARGETS
from support.unsteady_service import UnsteadyService, content, days_before

from .conftest import Clock
from .conftest import settings as arguments

FEW = {"duckdb": 2, "parquet": 4, "delta": 2, "iceberg": 2, "postgresql": 1}
"""Examples where nobody asks for more: the fewer, the longer one takes."""

DEATHS = 12
"""Of the many lines of a commit, each of which is tried where somebody asks for attacks."""

ATTACKS = int(os.environ.get("CONVERZ_ATTACKS", "0"))

UNTIL = date(2025, 7, 15)
DAYS = days_before(UNTIL, 4)
RANGE = {"since": DAYS[-1], "until": UNTIL}

NUMBERS = st.integers(0, 30)
CHANGES = st.tuples(
    st.sampled_from(["add", "edit", "edit", "hide", "move", "remove", "replace", "retype"]),
    NUMBERS,
    NUMBERS,
    NUMBERS,
)
REQUESTS = st.integers(0, 12)
FAULTS = st.dictionaries(
    st.integers(0, len(DAYS) - 1),
    st.tuples(st.sampled_from(["500", "429", "cut", "half", "empty", "empty"]), st.integers(1, 2)),
    max_size=2,
)
"""By the place of the day, with how often it fails so."""


TARGETS_FOLDER = f"_warehouse{os.sep}targets{os.sep}"


class DeathError(BaseException):
    """The process ends: nothing that it knows is left."""


@contextmanager
def at_lines(do):
    """Have something done at each line that files of targets go through."""

    def at_line(frame, event, _):
        if event == "line":
            do(frame)
        return at_line

    def at_call(frame, *_):
        return at_line if TARGETS_FOLDER in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def dying_at(line: int):
    """End the process at this of the lines that files of targets go through; behind the last one, if there are fewer."""
    left = line

    def count(_):
        nonlocal left
        left -= 1
        if left < 0:
            raise DeathError

    with at_lines(count):
        yield
    raise DeathError


class Watched:
    """A target that is looked at after every commit, and at one of them dies."""

    def __init__(self, target, look, dies):
        self._target, self._look = target, look
        self._commit, self._line = dies or (-1, 0)
        self.ledger, self.schema = target.ledger, target.schema

    def replace(self, *arguments):
        self._commit -= 1
        if self._commit == -1:
            with dying_at(self._line):
                self._target.replace(*arguments)
        self._target.replace(*arguments)
        self._look()


def machine(kind):
    class Attacked(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.stack = ExitStack()
            folder = self.stack.enter_context(tempfile.TemporaryDirectory())
            self.kept = kind(Path(folder))
            self.stack.callback(self.kept.close)
            self.service = UnsteadyService(DAYS)
            url = self.stack.enter_context(serving(self.service))
            self.client = converz.Client(url, "k", max_retries=0)
            self.clock = Clock(datetime(2025, 7, 16, 13, tzinfo=UTC))
            self.given = {}

        def teardown(self):
            with self.stack:
                self.all_is_quiet()

        @initialize(is_loaded=st.sampled_from([True, True, False]))
        def begins(self, is_loaded):
            if is_loaded:
                self.begin({}, {})
                self.run(self.kept.name)

        @rule(change=CHANGES)
        def the_service_changes(self, change):
            self.service.change(change)

        @rule(days=st.integers(1, 9))
        def time_passes(self, days):
            self.clock.forward(days=days)

        @rule(
            faults=FAULTS,
            changes=st.dictionaries(REQUESTS, CHANGES, max_size=3),
            dies=st.none() | st.tuples(st.integers(0, 2), st.integers(0, 120)),
            lookback=st.sampled_from([1000, 1000, 0]),
            share=st.sampled_from([0.1, 0.1, 1]),
        )
        def a_run(self, faults, changes, dies, lookback, share):
            if share == 1:
                # Which believes everything, a bad hour as well.
                faults = {place: fault for place, fault in faults.items() if fault[0] != "empty"}
            stored = {row[DAY_COLUMN] for row in self.kept.rows("calls")}
            self.begin(faults, changes)
            target = Watched(self.kept.target(), self.look, dies)
            with warnings.catch_warnings():
                # Of days that go on to change.
                warnings.simplefilter("ignore", converz.ConverzWarning)
                with suppress(converz.SyncError, DeathError):
                    self.run(target, lookback=lookback, sweep=3, max_delete_fraction=share)
            self.look()
            if share != 1:
                # No day that had rows was emptied.
                assert stored <= {row[DAY_COLUMN] for row in self.kept.rows("calls")}

        @rule(changes=st.lists(CHANGES, max_size=2))
        def all_is_quiet(self, changes=()):
            """A sweep finds rows that came, went and moved, a whole run all the rest."""
            for change in changes:
                self.service.change(change)
            if self.kept.target().ledger("calls"):
                self.clock.forward(days=3)
                self.begin({}, {})
                self.run(self.kept.name, lookback=0, recheck=1e9, sweep=3, max_delete_fraction=1)
                found = [(row[DAY_COLUMN], row["call_id"]) for row in self.kept.rows("calls")]
                assert sorted(found) == sorted(
                    (day, row["call_id"]) for day in DAYS for row in self.service.rows(day)
                )
            self.begin({}, {})
            self.run(self.kept.name, lookback=1000, max_delete_fraction=1)
            self.look()
            assert self.stored() == {day: content(self.service.rows(day)) for day in DAYS}
            keys = Counter(row["call_id"] for row in self.kept.rows("calls"))
            assert set(keys.values()) <= {1}
            found = audit(self.client, self.kept.name, arguments(**RANGE), clock=self.clock)
            assert found.equal, found.differences.to_pydict()
            self.begin({}, {})
            assert self.run(self.kept.name, lookback=1000).rows_written == 0

        def begin(self, faults, changes):
            self.clock.forward(minutes=1)
            self.service.begin(faults, changes)
            self.given[self.clock.now.replace(tzinfo=None)] = self.service.given

        def run(self, target, **more):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", converz.ConverzWarning)
                return sync(self.client, target, arguments(**RANGE, **more), lock_timeout=5, clock=self.clock)

        def stored(self):
            days = {day: [] for day in DAYS}
            for row in self.kept.rows("calls"):
                days[row[DAY_COLUMN]].append(row)
            return {day: content(rows) for day, rows in days.items()}

        def look(self):
            """Each day that is there is what the service answered in the run that the ledger names."""
            stored, ledger = self.stored(), self.kept.target().ledger("calls")
            for day, rows in stored.items():
                if day in ledger:
                    assert rows in self.given[ledger[day].read_at][day]
                    assert len(rows) == ledger[day].rows
                else:
                    assert not rows

    return Attacked


@pytest.mark.timeout(300 + 60 * ATTACKS)
@pytest.mark.parametrize("kind", TARGETS)
def test_whatever_happens(kind, monkeypatch):
    monkeypatch.setattr(table_run, "COMMIT_ROWS", 6)
    run_state_machine_as_test(
        machine(TARGETS[kind]),
        settings=settings(
            max_examples=ATTACKS or FEW[kind],
            stateful_step_count=7,
            deadline=None,
            derandomize=not ATTACKS,
            database=None,
            # Making a failure smaller takes minutes, and another phase traces lines by itself.
            phases=[Phase.generate, Phase.shrink][: 1 + bool(ATTACKS)],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(300)
def test_it_ends_at_a_line_and_the_next_run_goes_on(kept, serve, run, clock):
    """At each of some lines, or all, that a commit goes through; meanwhile the service goes from A to B, and back to A."""
    service = UnsteadyService(DAYS)
    client = converz.Client(serve(service), "k", max_retries=0)
    given = {}

    def begin():
        clock.forward(minutes=1)
        service.begin({}, {})
        given[clock.now.replace(tzinfo=None)] = service.given

    def look():
        ledger = kept.target().ledger("calls")
        stored = {day: [] for day in ledger}
        for row in kept.rows("calls"):
            stored[row[DAY_COLUMN]].append(row)
        for day, rows in stored.items():
            assert content(rows) in given[ledger[day].read_at][day]

    def turn(number):
        """Every day has another row changed, and of all the second column."""
        for key in range(1, 1 + 3 * len(DAYS)):
            service.change(("edit", key - 1, 2, number % 2))

    begin()
    run(client, kept.name, **RANGE)
    lines = []
    turn(1)
    begin()
    with at_lines(lines.append):
        run(client, kept.name, **RANGE)
    step = 1 if ATTACKS else len(lines) // DEATHS + 1
    for number, line in enumerate(range(0, len(lines), step)):
        turn(number)
        begin()
        with suppress(DeathError), dying_at(line):
            run(client, kept.name, **RANGE)
        look()
    begin()
    run(client, kept.name, **RANGE)
    look()
    assert run(client, kept.name, **RANGE).rows_written == 0
