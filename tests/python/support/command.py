"""The command ``converz`` in processes of its own, as a terminal or cron starts it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from support.processes import clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    import converz

COMMAND = [sys.executable, "-W", "error", "-m", "converz"]


def settings(sandbox: converz.Sandbox | None, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: a sandbox's settings, and what a test sets besides."""
    of_sandbox = {"CONVERZ_BASE_URL": sandbox.url, "CONVERZ_API_KEY": sandbox.api_key} if sandbox else {}
    return clean_environment() | of_sandbox | dict(env or {})


def run_command(
    *arguments: str, sandbox: converz.Sandbox | None = None, env: Mapping[str, str] | None = None, **how: Any
) -> subprocess.CompletedProcess[Any]:
    """Run a command to its end; `how` is what `subprocess.run` takes."""
    usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 100} | how
    return subprocess.run([*COMMAND, *arguments], env=settings(sandbox, env), check=False, **usual)
