"""Small contact centres."""

import pytest

import converz

TODAY = "2025-07-15"


@pytest.fixture(scope="module")
def shared():
    """One that the tests of a module change one after the other."""
    with converz.Sandbox(calls=40, reps=6, days=20, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def small():
    """One for a single test."""
    with converz.Sandbox(calls=60, reps=6, days=20, today=TODAY) as sandbox:
        yield sandbox
