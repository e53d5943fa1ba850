"""What a test needs beside Python packages: skipped by name where the machine lacks it, and never in .ci/run.

`pytest --complete` fails where a test was skipped for want of something; the test itself says so by `need` or by
`pytest.importorskip`. Skips for other reasons, such as another operating system, are no such want.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

WANTS = ("needs ", "could not import ")


def need(command: str, remedy: str) -> None:
    """Skip the test unless the machine has this command; `remedy` brings it."""
    if shutil.which(command) is None:
        pytest.skip(f"needs {command}: {remedy}")


def wanting(reports: list[pytest.TestReport]) -> Iterator[str]:
    """The reasons of the skips that are for want of something."""
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(WANTS):
            yield f"{report.nodeid}: {reason}"


class Complete:
    """The plugin behind ``--complete``."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if any(wanting(reporter.stats.get("skipped", []))):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in wanting(terminalreporter.stats.get("skipped", [])):
            terminalreporter.write_line(f"--complete does not allow: {line}", red=True)
