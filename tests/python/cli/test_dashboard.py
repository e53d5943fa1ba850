"""``converz dashboard``: every argument of the function is an option, and the page is a file."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

import converz
from converz._cli import dashboard
from converz._cli.main import main
from support.command import settings
from support.processes import block_imports


@pytest.fixture(scope="module")
def sandbox():
    with converz.Sandbox(calls=2_000, reps=20, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox):
    def run(*arguments, blocked=()):
        code = f"{block_imports(blocked)}\nimport sys\nfrom converz.__main__ import main\nsys.exit(main())"
        command = [sys.executable, "-W", "error", "-c", code, "dashboard", *arguments]
        return subprocess.run(command, env=settings(sandbox), capture_output=True, check=False, timeout=100)

    return run


def test_a_page_is_a_file(run, sandbox, tmp_path):
    path = tmp_path / "page.html"
    ended = run("-o", str(path), "--end-date", "2025-07-13", "--alias", "--campaign", "sales", "service")
    assert (ended.returncode, ended.stdout) == (0, b""), ended.stderr
    page = path.read_text(encoding="utf-8")
    assert f"{len(page.encode()):,} bytes to {path}\n" == ended.stderr.decode()
    assert "Only <span" not in page
    assert "campaign: sales, service" in re.sub(r"<[^>]+>", "", page)
    assert re.search(r"Agent \d\d", page)
    for name in sandbox.client().reps().to_pydict()["name"]:
        assert name not in page
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_standard_output(run):
    ended = run("-o", "-", "--quiet", "--end-date", "2025-07-13", "--no-activity", "--hear", "0")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"<!doctype html>")
    assert ended.stdout.endswith(b"</html>\n")
    assert b"minutes in app" not in ended.stdout
    assert b"Calls worth hearing" not in ended.stdout


def test_no_conversation_is_read_where_none_is_wanted(run, sandbox):
    before = len(sandbox.requests)
    ended = run("-o", "-", "--quiet", "--end-date", "2025-07-13", "--no-calls")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"no conversation was read" in ended.stdout
    assert {each["path"].rpartition("/")[2] for each in sandbox.requests[before:]} == {"report"}


def test_every_argument_is_an_option(monkeypatch, sandbox, tmp_path):
    given = {
        "end_date": "2025-07-13",
        "days": 7,
        "metric": ["silence_s", "csat"],
        "activity": "logins",
        "vendor": ["a", "b"],
        "rep_id": ["c"],
        "campaign": ["d"],
        "subcampaign": ["e"],
        "department": ["f"],
        "alias": True,
        "hear": 3,
        "minimum": 9,
        "unsettled_days": 4,
        "calls": False,
    }
    assert ["client", *given] == list(inspect.signature(converz.dashboard).parameters)
    asked = []
    monkeypatch.setattr(
        dashboard, "dashboard", lambda _client, **more: (asked.append(more), converz.Dashboard("<p>"))[1]
    )
    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    options = ["dashboard", "-o", str(tmp_path / "page.html")]
    assert main(options) == 0
    for name, value in given.items():
        options.append(f"--{'no-' if value is False else ''}{name.replace('_', '-')}")
        options += (
            [] if isinstance(value, bool) else map(str, value) if isinstance(value, list) else [str(value)]
        )
    assert main(options) == 0
    assert main([*options, "--calls"]) == 0
    assert asked.pop()["calls"] is True
    # What is left out is what the function has by itself.
    signature = inspect.signature(converz.dashboard).parameters
    assert asked == [{name: signature[name].default for name in given}, given]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "-o/--output"),
        (["-o", "-", "--days", "many"], "--days"),
        (["-o", "-", "--days", "0"], "days is 0"),
        (["-o", "-", "--end-date", "13-07-2025"], "end_date is '13-07-2025'"),
        (["-o", "-", "--activity", "logins", "--no-activity"], "not allowed with"),
    ],
)
def test_wrong_usage(run, arguments, says):
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert says in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()


def test_what_goes_wrong_leaves_the_older_page(run, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("older")
    ended = run("-o", str(path), "--end-date", "2025-07-13", "--metric", "happiness")
    assert ended.returncode == 1
    assert "happiness" in ended.stderr.decode()
    assert path.read_text() == "older"
    ended = run("-o", str(tmp_path / "nowhere" / "page.html"), "--end-date", "2025-07-13")
    assert ended.returncode == 1
    assert "nowhere" in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()


def test_what_is_not_installed(run):
    ended = run("-o", "-", blocked=["vl_convert"])
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode() == (
        "converz: dashboard() needs vl_convert, which is not installed: pip install 'converz[dashboard]'\n"
    )
