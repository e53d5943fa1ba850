"""A target of each kind, and a clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from converz._warehouse.settings import Settings
from converz._warehouse.sync import explain, sync
from support.targets import TARGETS

ARGUMENTS = {
    "tables": "calls",
    "since": None,
    "until": None,
    "schema": None,
    "lookback": 7,
    "recheck": 0.25,
    "sweep": None,
    "refresh": None,
    "max_delete_fraction": 0.1,
}
PARAMETERS = (
    "metric",
    "rep_id",
    "vendor",
    "campaign",
    "subcampaign",
    "department",
    "vendor_call_id",
    "columns",
)


class Clock:
    """The time, as a test has it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2025, 7, 16, 13, tzinfo=UTC))


def settings(**arguments):
    own = ARGUMENTS | {name: value for name, value in arguments.items() if name in ARGUMENTS}
    assert set(arguments) <= {*ARGUMENTS, *PARAMETERS}
    return Settings.of(own, {name: arguments.get(name) for name in PARAMETERS})


@pytest.fixture
def run(clock):
    """`Client.sync` at the time that the clock has."""

    def run(client, target, **arguments):
        return sync(client, target, settings(**arguments), lock_timeout=10, clock=clock)

    return run


@pytest.fixture
def plan(clock):
    def plan(client, target, **arguments):
        return explain(client, target, settings(**arguments), clock)

    return plan


@pytest.fixture(params=TARGETS)
def kept(request, tmp_path):
    kept = TARGETS[request.param](tmp_path)
    yield kept
    kept.close()
