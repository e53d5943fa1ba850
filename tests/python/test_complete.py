"""Skips for want of something are named, and `--complete` does not allow them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
import sys
sys.path.insert(0, {helpers!r})
import pytest
from support.worlds import Complete
def pytest_addoption(parser):
    parser.addoption("--complete", action="store_true")
def pytest_configure(config):
    if config.getoption("complete"):
        config.pluginmanager.register(Complete())
"""
WANTING = {
    "a command": "from support.worlds import need\ndef test(): need('no-such-command', 'apt-get install it')",
    "a library": "import pytest\ndef test(): pytest.importorskip('no_such_library')",
    "a library of a whole file": "import pytest\npytest.importorskip('no_such_library')\ndef test(): pass",
}


def run(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.format(helpers=str(Path(__file__).parent)))
    (folder / "test_it.py").write_text(f"{test}\ndef test_other(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", WANTING)
def test_wants(kind, tmp_path):
    lenient = run(tmp_path, WANTING[kind])
    assert lenient.returncode == (5 if "whole" in kind else 0), lenient.stdout
    assert "no-such-command: apt-get install it" in lenient.stdout or "no_such_library" in lenient.stdout
    complete = run(tmp_path, WANTING[kind], "--complete")
    assert complete.returncode == 1, complete.stdout
    assert "--complete does not allow: test_it.py" in complete.stdout


def test_other_skips(tmp_path):
    other = "import pytest\ndef test(): pytest.skip('another system')"
    assert run(tmp_path, other, "--complete").returncode == 0
