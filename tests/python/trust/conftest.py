"""What several tests of trust need."""

import pytest


@pytest.fixture(scope="module")
def programs():
    """The programs that a module's tests interrupt, which are ended after the last of them."""
    programs = []
    yield programs
    for program in programs:
        program.close()
