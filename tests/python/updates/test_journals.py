"""Journals: what is in them, that they undo an update once, and which files are refused."""

import json
import os
import stat
import subprocess
import sys

import pytest

import converz
from support.stored_rows import sent, stored_words

ALL = {"start_date": "2000-01-01"}
FRAME = {"call_id": [1, 2, 3], "language": ["xx", "yy", "zz"], "fresh": [1, None, 3]}


@pytest.fixture
def client(small):
    return small.client()


@pytest.fixture
def journal(client, tmp_path):
    path = tmp_path / "journal"
    client.plan_update_calls(FRAME, **ALL).apply(journal=path)
    return path


def test_what_is_in_it(small, client, journal):
    head, *cells, sealed, one, two = map(json.loads, journal.read_text().splitlines())
    assert head == {
        "format": "converz update journal",
        "version": 1,
        "complete": True,
        "operation": "update_calls",
        "base_url": client.settings["base_url"],
        "reads": [[["start_date", "2000-01-01"]]],
    }
    assert {(*tuple(cell.values())[:3], cell["new"]) for cell in cells} == {
        (0, "1", "language", '"xx"'),
        (0, "2", "language", '"yy"'),
        (0, "3", "language", '"zz"'),
        (1, "1", "fresh", "1"),
        (1, "3", "fresh", "3"),
    }
    assert (sealed["sealed"]["cells"], sealed["sealed"]["requests"]) == (5, 2)
    assert [one, two] == [{"committed": 0}, {"committed": 1}]
    assert small.api_key not in journal.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert [file.name for file in journal.parent.iterdir()] == ["journal"]


def test_it_undoes_once(small, client, journal):
    before = {key: row["language"] for key, row in stored_words(small).items()}
    assert before[1] == "xx"
    assert client.undo_update(str(journal)).cells == 5
    undone = stored_words(small)
    assert undone[1]["language"] != "xx"
    assert "fresh" not in undone[1]
    # What is written again afterwards is nothing that the journal is about.
    client.plan_update_calls(FRAME, **ALL).apply()
    assert client.undo_update(journal).requests == 0
    assert stored_words(small)[1]["language"] == "xx"


def test_a_request_that_failed_is_settled_by_reading(tmp_path):
    fault = converz.Fault(operation="update_calls", request=3, status=503)
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15", faults=[fault]) as sandbox:
        client = sandbox.client(max_update_bytes=1024, max_retries=0)
        before = stored_words(sandbox)
        plan = client.plan_update_calls({"call_id": list(before), "summary": ["x" * 300] * 20}, **ALL)
        with pytest.raises(converz.UpdateError) as caught:
            plan.apply(journal=tmp_path / "journal")
        written = caught.value.committed[0][1]
        assert 0 < written < 20
        undone = client.undo_update(tmp_path / "journal")
        assert undone.cells == written
        assert undone.conflicts.num_rows == 0
        assert stored_words(sandbox) == before


def test_an_undo_that_fails_is_finished(tmp_path):
    fault = converz.Fault(operation="update_calls", request=2, status=400)
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15", faults=[fault]) as sandbox:
        client = sandbox.client()
        before = stored_words(sandbox)
        client.plan_update_calls({"call_id": list(before), "note": ["x"] * 20}, **ALL).apply(
            journal=tmp_path / "journal"
        )
        with pytest.raises(converz.UpdateError):
            client.undo_update(tmp_path / "journal")
        assert client.undo_update(tmp_path / "journal").cells == 20
        assert client.undo_update(tmp_path / "journal").requests == 0
        assert stored_words(sandbox) == before


def test_a_file_is_not_overwritten(small, client, tmp_path):
    path = tmp_path / "journal"
    path.write_text("mine")
    plan = client.plan_update_calls(FRAME, **ALL)
    with pytest.raises(converz.InvalidInputError, match="journal.* exists: it may be all that can undo"):
        plan.apply(journal=path)
    assert path.read_text() == "mine"
    with pytest.raises(FileNotFoundError):
        plan.apply(journal=tmp_path / "no folder" / "journal")
    assert sent(small) == []
    with pytest.raises(FileNotFoundError):
        client.undo_update(tmp_path / "none")


def test_nothing_to_change(client, tmp_path):
    plan = client.plan_update_calls({"call_id": [1], "language": [None]}, **ALL)
    assert plan.apply(journal=tmp_path / "journal").requests == 0
    assert client.undo_update(tmp_path / "journal").cells == 0


DAMAGES = {
    "no journal": (lambda text: "call_id,language\n1,nl\n", "is not a journal of an update"),
    "other JSON": (lambda text: '{"format": "other", "version": 1}\n', "is not a journal of an update"),
    "empty": (lambda text: "", "is not a journal of an update"),
    "newer": (lambda text: text.replace('"version":1', '"version":2'), "has the version 2 of the format"),
    "another value": (lambda text: text.replace("xx", "xy"), "is damaged at line"),
    "a cell less": (
        lambda text: "".join(text.splitlines(keepends=True)[:1] + text.splitlines(keepends=True)[2:]),
        "is damaged at line",
    ),
    "cut within its cells": (lambda text: text[: text.index("sealed") - 20], "its cells are not complete"),
    "a request twice": (lambda text: text + '{"committed":0}\n', "is damaged at line"),
    "another line": (lambda text: text + "hello\n", "is damaged at line"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_files_are_refused(small, client, journal, name):
    damage, message = DAMAGES[name]
    posts = len(sent(small))
    journal.write_text(damage(journal.read_text()))
    with pytest.raises(converz.InvalidInputError, match=message):
        client.undo_update(journal)
    assert len(sent(small)) == posts


def test_a_line_that_was_cut_is_none(small, client, journal):
    """The request of it is in doubt, which reading settles."""
    journal.write_text(journal.read_text().removesuffix('d":1}\n'))
    assert client.undo_update(journal).cells == 5
    assert client.undo_update(journal).requests == 0
    assert [json.loads(line) for line in journal.read_text().splitlines()][-1] == {"undone": True}


def test_another_service(client, journal):
    with converz.Sandbox(calls=10) as other:
        with pytest.raises(converz.InvalidInputError, match="is of an update of .* this client is of"):
            other.client().undo_update(journal)


def test_a_journal_in_use(client, journal):
    if os.name != "posix":
        pytest.skip("files are locked in another way")
    code = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX); print('ok', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, journal], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ok\n"
        with pytest.raises(converz.InvalidInputError, match="is in use"):
            client.undo_update(journal)
    finally:
        process.kill()
        process.communicate()
    assert client.undo_update(journal).cells == 5
