"""A command's threads share what they give back, so that an export takes little more memory than it uses."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from support.command import settings

EXPORT = """
import ctypes
import sys

from converz.__main__ import main

_, target, described = sys.argv
status = main(["calls", "-q", "-o", target])
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(library.fopen(described.encode(), b"w"))
library.malloc_info(0, file)
library.fclose(file)
sys.exit(status)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries have no heap for each thread"
)
def test_an_export_keeps_what_was_freed_in_two_heaps(sandbox, tmp_path):
    described = tmp_path / "heaps.xml"
    command = [sys.executable, "-W", "error", "-c", EXPORT, str(tmp_path / "calls.parquet"), str(described)]
    subprocess.run(command, env=settings(sandbox), check=True, timeout=100)
    assert described.read_text().count("<heap nr=") <= 2
