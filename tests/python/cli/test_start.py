"""What a command waits for before it does anything: modules are imported when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from converz._cli.commands import COMMANDS
from support.processes import clean_environment

PLAIN = """
import argparse
class Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog, **more):
        super().__init__(prog, width=78, **more)
parser = argparse.ArgumentParser("plain", formatter_class=Help)
parser.add_argument("first", help="what it is")
parser.parse_args(["--help"])
"""
"""A help of argparse, without anything of ours."""

OWN = {"converz", "converz._cli", "converz._cli.main", "converz._cli.commands", "converz._cli.parser"}


def imported(code: str) -> set[str]:
    """The modules that are there when a program ends."""
    # At the end, which is after help has been printed, and to where it is not.
    told = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    ended = subprocess.run(
        [sys.executable, "-c", f"{told}\n{code}"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return set(ended.stderr.splitlines()[-1].split())


def run(*arguments: str) -> set[str]:
    return imported(f"from converz.__main__ import main; sys.exit(main({list(arguments)!r}))")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["nonsense"], ["--nonsense"]])
def test_what_the_help_of_all_commands_imports(arguments):
    """The interpreter's own start and argparse are most of it, so nothing of the size of typing may be added."""
    modules = run(*arguments) - imported(PLAIN) - {"__future__", "importlib", "converz.__main__"}
    assert modules == OWN


def test_what_the_version_imports():
    modules = run("--version")
    assert "converz._core" in modules
    assert {name for name in modules if name.startswith("converz")} - OWN == {
        "converz.__main__",
        "converz._core",
    }
    assert not modules & {"dataclasses", "inspect", "typing", "asyncio", "pathlib"}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_help_of_a_command_imports(command):
    """Not what other commands need, nor what is needed to carry it out."""
    modules = run(command, "--help")
    assert f"converz._cli.{command}" in modules
    others = {f"converz._cli.{each}" for each in COMMANDS} - {f"converz._cli.{command}"}
    assert modules & others == set()
    unused = {
        "asyncio",
        "email",
        "http",
        "json",
        "logging",
        "socket",
        "ssl",
        "tomllib",
        "converz._cli.execution",
    }
    assert modules & unused == set()
    assert {name.partition(".")[0] for name in modules} & {
        "duckdb",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
    } == set()
