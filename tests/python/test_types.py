"""The stubs tell the truth but where a reason is given. What type checkers see is for `.ci/run` to check."""

from __future__ import annotations

import ast
from pathlib import Path

import converz

TYPING = Path(__file__).with_name("typing")


def test_every_exception_of_the_stubs_has_a_reason():
    blocks = (TYPING / "stubtest_allowlist.txt").read_text().strip().split("\n\n")
    for block in blocks:
        reason, *entries = block.splitlines()
        assert reason.startswith("# ")
        assert entries
        assert not [entry for entry in entries if entry.startswith("#")]


def test_every_public_signature_is_asserted():
    """Every verb, and every method of the classes that users hold, is in the file that type checkers read."""
    tree = ast.parse((TYPING / "public_signatures.py").read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    members = {
        name for kind in (converz.Client, converz.Table) for name in vars(kind) if not name.startswith("_")
    }
    assert members - used == set()
    functions = {name for name in converz.__all__ if callable(getattr(converz, name)) and name.islower()}
    assert functions - used == set()
