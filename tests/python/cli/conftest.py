"""What the tests of the command share."""

from __future__ import annotations

from functools import partial

import pytest

from support.command import run_command


@pytest.fixture
def run(sandbox):
    """Run a command against the sandbox of the test, whose settings are in the environment."""
    return partial(run_command, sandbox=sandbox)
