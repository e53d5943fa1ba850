"""Python programs of their own, for what cannot be tried in the process of the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from support.processes import clean_environment

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / "tests" / "python" / "trust"
PACKAGE = ROOT / "python"
SECONDS = 60
"""How long a program may take; those that hang are what is looked for."""


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a program, in which it finds the package and the tests' own modules."""
    kept = clean_environment()
    path = [str(PROGRAMS.parent)]
    if (PACKAGE / "converz" / "_core.abi3.so").exists():
        path.append(str(PACKAGE))
    return {**kept, "PYTHONPATH": os.pathsep.join([*path, kept.get("PYTHONPATH", "")]), **variables}


def write(folder: Path, code: str) -> Path:
    """Write a program to a file, which is what multiprocessing needs."""
    file = folder / "program.py"
    file.write_text(textwrap.dedent(code))
    return file


def run(folder: Path, code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder of its own until it ends."""
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", str(write(folder, code)), *arguments],
        env=environment(**variables),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def output(folder: Path, code: str, *arguments: str, **variables: str) -> Any:
    """Run a program that prints one line of JSON and nothing else."""
    ended = run(folder, code, *arguments, **variables)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return json.loads(ended.stdout)
