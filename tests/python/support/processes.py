"""Processes of their own: without this one's keys, and without some libraries."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


UNWANTED = ("CONVERZ_", "RUST_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT")


def clean_environment() -> dict[str, str]:
    """This process's, without what a machine may have set for the client."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(UNWANTED)}


@contextmanager
def started(
    command: list[str], environment: dict[str, str], folder: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a program; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def block_imports(libraries: Iterable[str]) -> str:
    """Code after which `libraries` seem not to be installed."""
    return f'''
import sys
import warnings

# pandas 2.2.0 warns that pandas 3 will need pyarrow.
warnings.filterwarnings("ignore", "\\nPyarrow will become a required dependency", DeprecationWarning)

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
