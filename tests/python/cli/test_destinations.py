"""Files that cannot be written: told in one line that names the path, and where it can be known, before anything is asked."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import converz
from support.command import run_command

FORMATS = ("parquet", "csv", "ndjson", "arrow")
# Commands that write what they read, each before the name of the file.
COMMANDS = {
    "calls": ["calls"],
    "reps": ["reps"],
    "report": ["report", "--groupby", "campaign", "--start-date", "2025-06-01"],
    "describe": ["describe", "calls"],
    "dashboard": ["dashboard", "--end-date", "2025-07-13"],
}


@pytest.fixture(scope="module")
def sandbox():
    with converz.Sandbox(calls=3_000, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox):
    return partial(run_command, sandbox=sandbox, text=True)


def refused(ended, path, error):
    assert (ended.returncode, ended.stdout) == (1, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("converz: ")
    assert str(path) in line
    assert error in line


@pytest.fixture
def full_device(tmp_path):
    """A device of the test's own, for the superuser could replace the system's."""
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("there is no full device here")
    if os.geteuid() == 0:
        folder = tmp_path / "devices"
        folder.mkdir()
        device = folder / "full"
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 7))
            device.open("wb").close()
        except PermissionError:
            pytest.skip("no device can be made here")
    yield device
    assert device.is_char_device()


@contextmanager
def a_folder_that_takes_no_file(folder):
    """The superuser may write everywhere but where the system itself lists what there is."""
    if os.geteuid() == 0:
        yield Path("/proc/self")
        return
    folder.chmod(0o500)
    try:
        yield folder
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_known_before_anything_is_asked(run, sandbox, tmp_path, command):
    asked = len(sandbox.requests)
    missing = tmp_path / "none" / "a.csv"
    refused(run(*COMMANDS[command], "-o", str(missing)), missing, "No such file or directory")
    folder = tmp_path / "a.csv"
    folder.mkdir()
    refused(run(*COMMANDS[command], "-o", str(folder)), folder, "Is a directory")
    if sys.platform == "linux":
        with a_folder_that_takes_no_file(tmp_path) as closed:
            refused(run(*COMMANDS[command], "-o", str(closed / "a.csv")), closed / "a.csv", "")
    assert len(sandbox.requests) == asked
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators")
def test_what_a_link_leads_to_is_written(run, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.csv").write_text("older")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "a.csv")
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "none" / "a.csv")
    assert run("reps", "-o", str(tmp_path / "link.csv")).returncode == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "a.csv").read_text().startswith("rep_id,")
    refused(run("reps", "-o", str(tmp_path / "nowhere.csv")), tmp_path / "nowhere.csv", "No such file")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_device(run, full_device, command):
    form = [] if command == "dashboard" else ["--format", "csv"]
    refused(run(*COMMANDS[command], *form, "-o", str(full_device)), full_device, "No space left on device")


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_standard_output(run, full_device, form):
    with full_device.open("wb") as full:
        ended = run("reps", "--format", form, stdout=full)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("converz: ")
    assert "No space left on device" in line


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "--version",
        "calls --help",
        "calls --quiet",
        "report",
        "describe reps",
        "doctor",
        "completion bash",
        "demo",
    ],
)
def test_every_command_says_that_standard_output_is_full(run, full_device, arguments, unbuffered):
    """Also what waits in a buffer until the end, and in the status and the words of all other errors."""
    with full_device.open("wb") as full:
        ended = run(*arguments.split(), stdout=full, env={"PYTHONUNBUFFERED": unbuffered})
    # argparse takes it for nothing when help cannot be written.
    assert ended.returncode == 1 or (unbuffered and "--help" in arguments)
    *summary, last = ended.stderr.splitlines() or [""]
    assert ended.returncode == 0 or ("No space left on device" in last and last.startswith("converz: "))
    assert not summary or " in 1 request, " in summary[0]
    assert len(summary) <= 1


def test_a_plan_that_cannot_be_shown_is_not_carried_out(run, sandbox, full_device, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("rep_id,shoe_size\n" + sandbox.client().reps(limit=1).to_pydict()["rep_id"][0] + ",43\n")
    with full_device.open("wb") as full:
        ended = run("update", "reps", str(path), "--apply", stdout=full, env={"PYTHONUNBUFFERED": ""})
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in ended.stderr
    assert "shoe_size" not in sandbox.client().reps().column_names
    assert run("update", "reps", str(path), "--apply").returncode == 0
    assert "shoe_size" in sandbox.client().reps().column_names


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files")
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_may_not_grow_any_more(run, tmp_path, form):
    """As on a disk that is full in the middle: what was there stays, and nothing else."""
    path = tmp_path / f"report.{form}"
    path.write_bytes(b"older")
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (20, 20))
    refused(run(*COMMANDS["report"], "-o", str(path), preexec_fn=limit), path, "File too large")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(path.name, b"older")]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files")
def test_no_room_for_what_is_temporary(run, tmp_path):
    """Rows wait in a temporary file until all of their types are known; where that is full, its folder is told."""
    path = tmp_path / "calls.parquet"
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (10_000, 10_000))
    ended = run("calls", "-o", str(path), preexec_fn=limit)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert "temporary" in line
    assert "TMPDIR" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such file system")
@pytest.mark.parametrize("form", FORMATS)
def test_a_disk_that_becomes_full(run, tmp_path, form):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no file system of 16 kB can be mounted here")
    try:
        path = disk / f"calls.{form}"
        path.write_bytes(b"older")
        ended = run("calls", "-o", str(path))
        refused(ended, path, "No space left on device")
        assert [(each.name, each.read_bytes()) for each in disk.iterdir()] == [(path.name, b"older")]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
