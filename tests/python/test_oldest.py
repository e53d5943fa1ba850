"""The oldest versions that are tested are the oldest that are promised."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def test_the_oldest_versions_are_those_that_are_promised():
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    promises = [
        *(name for extra in ("pandas", "polars", "pyarrow", "duckdb", "progress") for name in extras[extra]),
        *(name for extra in ("statistics", "dashboard") for name in extras[extra] if "[" not in name),
        *(name for name in extras["test"] if name.startswith("nanoarrow")),
    ]
    oldest = re.findall(r"^([a-z-]+)==([\d.]+?)(?:\.0)*$", (HERE / "oldest.txt").read_text(), re.MULTILINE)
    assert sorted(f"{name}>={version}" for name, version in oldest) == sorted(set(promises))
