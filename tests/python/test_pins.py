"""What judges a change stays as it is until a change moves it: tools, libraries, actions, and the promised Rust."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.worlds import need

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
RUST = (ROOT / ".ci" / "rust-version").read_text(encoding="utf-8").strip()


def pins(file: str) -> dict[str, str]:
    """The versions in a file of .ci, by name; every line that is no comment pins one."""
    lines = (ROOT / ".ci" / file).read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    found = [re.fullmatch(r"([A-Za-z0-9-]+)==([0-9.]+(?:\.post[0-9]+)?)", line) for line in lines]
    assert all(found), lines
    return {match[1]: match[2] for match in found}


JUDGES, LIBRARIES = pins("judges.txt"), pins("libraries.txt")


def numbers(version: str) -> tuple[int, ...]:
    """What can be compared: 1.89 and 1.89.0 are the same."""
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def uses() -> list[tuple[str, str]]:
    """The actions that workflows use, and everything behind the name."""
    return [
        (match[1], match[2])
        for path in WORKFLOWS
        for match in re.finditer(r"uses:\s*([^@\s]+)(.*)", path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("action", "rest"), sorted(set(uses())))
def test_actions_are_pinned_by_commit(action, rest):
    assert re.fullmatch(r"@[0-9a-f]{40} # (v[0-9.]+|master)", rest), f"{action}{rest}"


def test_an_action_has_one_commit():
    by_action = dict(uses())
    assert sorted(by_action.items()) == sorted(set(uses()))


def test_what_extras_name_is_pinned():
    extras = PYPROJECT["project"]["optional-dependencies"]
    named = {re.match(r"[A-Za-z0-9-]+", each)[0] for extra in extras.values() for each in extra} - {"converz"}
    assert not named - set(JUDGES) - set(LIBRARIES)
    assert not set(JUDGES) & set(LIBRARIES)


def test_the_build_uses_the_pinned_maturin():
    (build,) = PYPROJECT["build-system"]["requires"]
    least, below = re.fullmatch(r"maturin>=([0-9.]+),<([0-9.]+)", build).groups()
    assert numbers(least) <= numbers(JUDGES["maturin"]) < numbers(below)
    wheels = (ROOT / ".github" / "workflows" / "wheels.yml").read_text(encoding="utf-8")
    versions = re.findall(r"maturin-version: v(.+)", wheels)
    assert versions == [JUDGES["maturin"]] * wheels.count("PyO3/maturin-action@")


def test_the_pinned_rust_is_no_older_than_the_promised_one():
    assert numbers(RUST) >= numbers(CARGO["package"]["rust-version"])


def test_a_bot_renews_every_kind_of_pin():
    bot = (ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    assert re.findall(r"package-ecosystem: (.+)", bot) == ["pip", "cargo", "github-actions"]


@pytest.mark.parametrize("folder", [".", "fuzz"])
def test_no_crate_asks_for_a_newer_rust_than_is_promised(folder):
    """A job of the workflows builds with that Rust; this finds what would fail there without one."""
    need("cargo", "rustup, from https://rustup.rs")
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
    finished = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    promised = numbers(CARGO["package"]["rust-version"])
    packages = json.loads(finished.stdout)["packages"]
    assert len(packages) > 100
    newer = [p["name"] for p in packages if numbers(p["rust_version"] or "0") > promised]
    assert newer == []


def test_wheels_say_where_the_project_is(tmp_path):
    """The sources do not know; the workflow that builds wheels tells, whatever repository it runs in."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = [sys.executable, ROOT / ".ci" / "urls.py", "https://forge.example/owner/converz/"]
    subprocess.run(command, cwd=tmp_path, check=True)
    told = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))
    urls = told["project"].pop("urls")
    assert told == PYPROJECT
    assert set(urls) == {"Source", "Documentation", "Changelog", "Issues", "Security"}
    assert all(url.startswith("https://forge.example/owner/converz") for url in urls.values())
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    wheels = (ROOT / ".github" / "workflows" / "wheels.yml").read_text(encoding="utf-8")
    assert wheels.count("python .ci/urls.py") == wheels.count("PyO3/maturin-action@")
