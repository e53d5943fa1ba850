"""Whatever happens between and during syncs: each day is an answer of some time, and the next whole run has the latest."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

import converz
from converz._warehouse import table_run
from converz._warehouse.sync import sync
from support.history import History
from support.targets import TARGETS

from .conftest import Clock
from .conftest import settings as arguments

UNTIL = date(2025, 7, 15)
SINCE = UNTIL - timedelta(days=4)
DAYS = st.dates(SINCE, UNTIL)


class Broken:
    """A source or a target that stops at some point."""

    def __init__(self, whole, point: str, after: int) -> None:
        self._whole, self._point, self._after = whole, point, after

    def __getattr__(self, name):
        return getattr(self._whole, name)

    def _fails(self, point: str) -> bool:
        if point != self._point:
            return False
        self._after -= 1
        return self._after < 0

    def read_windows(self, windows, **question):
        for each in self._whole.read_windows(windows, **question):
            if self._fails("read"):
                raise converz.APIConnectionError
            yield each

    def replace(self, *arguments):
        if self._fails("before the commit"):
            raise converz.TargetError
        self._whole.replace(*arguments)
        if self._fails("after the commit"):
            # The process ends: nothing that it knows is left.
            raise KeyboardInterrupt


def machine(kind):
    class Warehouse(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            self.kept = kind(Path(self.folder.name))
            self.sandbox = converz.Sandbox(calls=25, reps=2, days=5, today=UNTIL)
            self.client = self.sandbox.client()
            self.clock = Clock(datetime(2025, 7, 16, 13, tzinfo=UTC))
            self.history = History(self.client, SINCE, UNTIL)
            self.history.note()
            self.clean = False

        def teardown(self):
            self.sandbox.stop()
            self.kept.close()
            self.folder.cleanup()

        def changed(self):
            self.history.note()
            self.clean = False

        @rule(day=DAYS, count=st.integers(1, 5), summaries=st.booleans())
        def rows_come_late(self, day, count, summaries):
            self.sandbox.insert_calls(day, count, summaries=summaries)
            self.changed()

        @rule(keys=st.sets(st.integers(1, 40), min_size=1, max_size=4))
        def rows_are_deleted(self, keys):
            self.sandbox.delete_calls(keys)
            self.changed()

        @rule(keys=st.sets(st.integers(1, 40), min_size=1, max_size=9))
        def summaries_are_withheld(self, keys):
            self.sandbox.withhold_summaries(keys)
            self.changed()

        @rule()
        def summaries_come(self):
            self.sandbox.release_summaries()
            self.changed()

        @rule(days=st.integers(0, 40))
        def time_passes(self, days):
            self.clock.forward(days=days)

        def run(self, client, target, **more):
            more = {"since": SINCE, "until": UNTIL, "lookback": 1000, "sweep": 3} | more
            return sync(client, target, arguments(**more), lock_timeout=5, clock=self.clock)

        @rule(lookback=st.sampled_from([0, 7, 1000]), share=st.sampled_from([0, 0.1, 1]))
        def a_run(self, lookback, share):
            before = {day: entry.digest for day, entry in self.kept.target().ledger("calls").items()}
            with warnings.catch_warnings():
                # Of days that go on to change.
                warnings.simplefilter("ignore")
                try:
                    result = self.run(
                        self.client, self.kept.name, lookback=lookback, max_delete_fraction=share
                    )
                except converz.SyncError as error:
                    result = error.result
                    assert result.failed
            after = {day: entry.digest for day, entry in self.kept.target().ledger("calls").items()}
            if before == after:
                assert result.rows_written == 0

        @rule(share=st.just(1))
        def a_whole_run(self, share):
            result = self.run(self.client, self.kept.name, max_delete_fraction=share)
            assert self.history.is_reached(self.kept)
            if self.clean:
                assert result.rows_written == result.changed == result.new == 0
            self.clean = True

        @rule(
            point=st.sampled_from(["read", "before the commit", "after the commit"]), after=st.integers(0, 4)
        )
        def a_run_that_breaks(self, point, after):
            source = Broken(self.client, point, after)
            target = Broken(self.kept.target(), point, after)
            with suppress(converz.SyncError, KeyboardInterrupt):
                self.run(source, target, max_delete_fraction=1)
            self.clean = False

        @invariant()
        def each_day_is_an_answer(self):
            self.history.check(self.kept)

    return Warehouse


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", TARGETS)
def test_any_order_of_things(kind, monkeypatch):
    monkeypatch.setattr(table_run, "COMMIT_ROWS", 8)
    run_state_machine_as_test(
        machine(TARGETS[kind]),
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
