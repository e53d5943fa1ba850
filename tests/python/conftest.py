"""What the tests share: a small sandbox, what it was asked, Python in a process of its own, other services."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

import converz
from service import Answer, Asked, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

TODAY = "2025-07-15"
PAGING = ("n_per_page", "page")
KEY = "key-of-the-tests"


@pytest.fixture
def sandbox() -> Iterator[converz.Sandbox]:
    """A contact centre of 300 conversations on 30 days, and 12 users."""
    with converz.Sandbox(calls=300, reps=12, days=30, today=TODAY, api_key=KEY) as sandbox:
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


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CONVERZ_")}


def block_imports(libraries: Iterable[str]) -> str:
    """Code after which `libraries` seem not to be installed."""
    return f'''
import sys

class Without:
    """A finder of modules that does not find some."""

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *rest):
        blocked = name.partition(".")[0] in {sorted(libraries)!r}
        return None if blocked else self.finder.find_spec(name, *rest)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
'''


@pytest.fixture
def serve():
    """Start services that answer as a function says, and stop them after the test."""
    with ExitStack() as stack:

        def serve(answer: Callable[[Asked], Answer]) -> str:
            return stack.enter_context(serving(answer))

        yield serve
