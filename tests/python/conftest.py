"""What the tests share: a small sandbox, what it was asked, Python in a process of its own, other services."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

import converz
from support.processes import block_imports, clean_environment
from support.service import Answer, Asked, serving
from support.worlds import Complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

TODAY = "2025-07-15"
PAGING = ("n_per_page", "page")
KEY = "key-of-the-tests"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--complete", action="store_true", help="fail where a test is skipped for want of something"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Where several processes share the tests, the one that shares them out has all reports.
    if config.getoption("complete") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Complete())


@pytest.fixture
def sandbox() -> Iterator[converz.Sandbox]:
    """A contact centre of 300 conversations on 30 days, and 12 users."""
    with converz.Sandbox(calls=300, reps=12, days=30, today=TODAY, api_key=KEY, story=False) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox):
    return sandbox.client()


@pytest.fixture
def asked(sandbox):
    """The parameters of the sandbox's requests so far, but those of paging."""

    def asked() -> list[list[tuple[str, str]]]:
        return [
            [pair for pair in parse_qsl(request["query"], keep_blank_values=True) if pair[0] not in PAGING]
            for request in sandbox.requests
        ]

    return asked


@pytest.fixture
def pages(sandbox):
    """The (page, n_per_page) of the sandbox's requests so far, in order of page."""

    def pages() -> list[tuple[int, int]]:
        queries = [dict(parse_qsl(request["query"])) for request in sandbox.requests]
        return sorted((int(query["page"]), int(query["n_per_page"])) for query in queries)

    return pages


@pytest.fixture
def run_python(tmp_path: Path):
    """Run Python code, or a command, in a process of its own that has no key and shows every warning."""

    def run(
        *arguments: str,
        code: str | None = None,
        env: dict[str, str] | None = None,
        blocked: Iterable[str] = (),
        timeout: float = 60,
        status: int | None = 0,
    ) -> subprocess.CompletedProcess[str]:
        environment = clean_environment() | (env or {})
        options = ["-W", "error"]
        if code is not None:
            options += ["-c", block_imports(blocked) + code]
        finished = subprocess.run(
            [sys.executable, *options, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if status is not None:
            assert finished.returncode == status, finished.stdout + finished.stderr
        return finished

    return run


@pytest.fixture
def serve():
    """Start services that answer as a function says, and stop them after the test."""
    with ExitStack() as stack:

        def serve(answer: Callable[[Asked], Answer]) -> str:
            return stack.enter_context(serving(answer))

        yield serve
