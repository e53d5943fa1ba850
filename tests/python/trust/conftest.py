"""What several tests of trust need."""

import pytest


@pytest.fixture(scope="module")
def programs():
    """Give the program that a module's tests interrupt: one for all of them, but where one has ended it, whose failure is its own."""
    programs = []

    def running(begin):
        if not programs or programs[-1].process.poll() is not None:
            programs.append(begin())
        return programs[-1]

    yield running
    for program in programs:
        program.close()
