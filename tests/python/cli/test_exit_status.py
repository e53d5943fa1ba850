"""The exit status, which means the same whichever command it is; and what a shell is told besides."""

from __future__ import annotations

import signal
import threading

import pytest

import converz
from converz._cli.commands import COMMANDS
from support.command import COMMAND, settings
from support.processes import started
from support.service import Answer, serving

ASKING = {
    "calls": ["calls"],
    "reps": ["reps", "-o", "reps.csv"],
    "report": ["report", "--groupby", "campaign"],
    "describe": ["describe", "calls"],
    "update": ["update", "calls", "new.csv", "--days", "30", "--apply"],
    "undo": ["undo", "journal"],
    "dashboard": ["dashboard", "-o", "page.html"],
    "sync": ["sync", "parquet:lake", "--since", "2025-07-14", "--until", "2025-07-15"],
    "audit": ["audit", "parquet:lake", "--since", "2025-07-14", "--until", "2025-07-15"],
    "doctor": ["doctor"],
}
"""Every command that asks a service."""

ALONE = {"sandbox", "demo", "completion"}


@pytest.fixture
def sandbox():
    with converz.Sandbox(calls=100, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture
def folder(sandbox, tmp_path, monkeypatch):
    """With what the commands need: a file with a change, a journal, and a warehouse."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.csv").write_text("call_id,topic\r\n1,a\r\n", encoding="utf-8")
    client = sandbox.client()
    plan = client.plan_update_calls({"call_id": [1], "topic": ["b"]}, start_date="2025-01-01")
    plan.apply(journal="journal")
    client.sync("parquet:lake", since="2025-07-14", until="2025-07-15", progress=False)
    return tmp_path


def test_these_are_all_commands():
    assert ASKING.keys() | ALONE == COMMANDS.keys()


@pytest.mark.parametrize("command", ASKING)
def test_done(run, folder, command):
    arguments = [
        *ASKING[command],
        *(["--end-date", "2025-07-15"] if command in ("update", "dashboard") else []),
    ]
    ended = run(*arguments)
    assert ended.returncode == 0, ended.stderr
    # Data go to one, all else to the other: nothing of a file that was written is on standard output.
    assert (ended.stdout == b"") == (command in ("reps", "dashboard", "undo", "audit"))
    assert (ended.stderr == b"") == (command == "doctor")
    assert run(*arguments, "--quiet").stderr == b""


@pytest.mark.parametrize("command", ASKING)
def test_an_error_of_the_service(run, folder, command):
    ended = run(*ASKING[command], env={"CONVERZ_API_KEY": "wrong-key"})
    assert ended.returncode == 1
    told = ended.stdout if command == "doctor" else ended.stderr
    assert b"401" in told
    assert b"wrong-key" not in ended.stdout + ended.stderr
    if command != "doctor":
        [line] = ended.stderr.splitlines()
        assert line.startswith(b"converz: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_usage(run, folder, command):
    arguments = ASKING.get(command, [command])
    ended = run(*arguments, "--no-such-option")
    assert (ended.returncode, ended.stdout) == (2, b"")
    [line] = ended.stderr.splitlines()
    assert line.startswith(b"converz: ")


@pytest.mark.parametrize("command", ASKING)
def test_a_setting_that_cannot_be_right(run, folder, command):
    ended = run(*ASKING[command], env={"CONVERZ_BASE_URL": "ftp://example.org"})
    assert ended.returncode == 2
    assert b"ftp" in (ended.stdout if command == "doctor" else ended.stderr)


@pytest.mark.parametrize("command", [each for each in ASKING if each != "undo"])
def test_ctrl_c(folder, command):
    """While the service keeps everybody waiting. (An undo is of the service that the journal names.)"""
    is_asked, is_over = threading.Event(), threading.Event()

    def wait(_asked):
        is_asked.set()
        is_over.wait(60)
        return Answer(b"[]")

    with serving(wait) as url:
        environment = settings(None, {"CONVERZ_BASE_URL": url, "CONVERZ_API_KEY": "key"})
        with started([*COMMAND, *ASKING[command]], environment) as process:
            assert is_asked.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        is_over.set()
    assert (process.returncode, err) == (130, "")
    assert out == "" or command == "doctor"
