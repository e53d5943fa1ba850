"""What type checkers see: the package, its public signatures, and that the stubs tell the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).parents[2]
ALLOWLIST = ROOT / "tests" / "python" / "typing" / "stubtest_allowlist.txt"


def checked(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_public_signatures():
    checked("mypy", "--strict", "python/converz", "tests/python/typing")


def test_stubs():
    checked("mypy.stubtest", "converz", "--mypy-config-file", "pyproject.toml", "--allowlist", str(ALLOWLIST))


def test_every_exception_of_the_stubs_has_a_reason():
    lines = ALLOWLIST.read_text().splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            assert above.startswith("# ") or "  # " in line, line
