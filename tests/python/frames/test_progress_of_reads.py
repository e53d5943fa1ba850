"""Progress: who sees it, when, and where it is written."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

import converz
from converz._show.progress import Reporter

PAGES = [500, 1000, 1500, 2000, 2500, 3000, 3001]


def unrepeated(numbers) -> list[int]:
    return list(dict.fromkeys(numbers))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def plain(monkeypatch):
    """No tqdm."""
    monkeypatch.setitem(sys.modules, "tqdm", None)


def terminal(monkeypatch, is_one: bool):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_one, raising=False)


def test_a_function_is_told_of_every_page(centre):
    told = []
    client = centre.client(page_size=500)
    table = client.calls(progress=lambda rows, size: told.append((rows, size)))
    # Pages that were asked for ahead may come after the last.
    assert unrepeated(rows for rows, _ in told) == PAGES
    sizes = [size for _, size in told]
    assert sizes == sorted(sizes)
    assert 0 < sizes[-1] <= table.receipt.bytes_received
    told.clear()
    with client.stream_calls(progress=lambda rows, size: told.append(rows)) as stream:
        list(stream)
    assert unrepeated(told) == PAGES
    told.clear()
    client.update_reps(
        {"rep_id": client.reps().to_pydict()["rep_id"], "x": [1] * 41}, progress=lambda *a: told.append(a)
    )
    assert told[-1][0] == 41


def test_an_error_of_the_function_ends_the_read(centre):
    def fail(rows: int, size: int) -> None:
        raise RuntimeError(rows)

    with pytest.raises(RuntimeError, match="500"):
        centre.client(page_size=500).calls(progress=fail)


@pytest.mark.parametrize("progress", ["yes", 1, []])
def test_anything_else_is_refused(progress, centre):
    with pytest.raises(converz.InvalidInputError, match="progress="):
        centre.client().calls(progress=progress)


def test_nothing_is_shown_where_nobody_looks(centre, capfd, monkeypatch):
    terminal(monkeypatch, is_one=False)
    centre.client().calls()
    centre.client().calls(progress=False)
    assert capfd.readouterr() == ("", "")


def test_true_shows_at_once_and_never_on_stdout(centre, capfd, plain):
    centre.client(page_size=1500).calls(progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "calls: 3,001 rows" in err
    assert "rows/s" in err
    assert "MB" in err


def test_tqdm_is_used(centre, capfd):
    pytest.importorskip("tqdm")
    centre.client(page_size=1500).calls(progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "calls: 3.00k rows" in err
    assert "calls: 0.00 rows" not in err
    assert "MB" in err


@pytest.mark.parametrize("is_terminal", [True, False])
def test_unasked_it_is_shown_after_a_second_in_a_terminal(is_terminal, clock, plain, monkeypatch):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    terminal(monkeypatch, is_one=is_terminal)
    with Reporter(None, "calls", 100, clock=clock) as report:
        assert (report is not None) == is_terminal
        if report is None:
            return
        clock.now = 0.9
        report(10, 1_000_000)
        assert err.getvalue() == ""
        clock.now = 2.0
        report(50, 2_000_000)
        assert err.getvalue() == "\rcalls: 50/100 rows (50 %), 2.0 MB, 25 rows/s, 00:02"
        clock.now = 4.0
        report(100, 3_000_000)
    assert err.getvalue().endswith("\rcalls: 100/100 rows (100 %), 3.0 MB, 25 rows/s, 00:04\n")


def test_a_notebook_is_watched(clock, plain, monkeypatch):
    terminal(monkeypatch, is_one=False)
    shells = [SimpleNamespace(kernel=object()), SimpleNamespace(), None]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shells[0]))
    for is_watched in (True, False, False):
        with Reporter(None, "calls", None, clock=clock) as report:
            assert (report is not None) == is_watched
        shells.pop(0)


@pytest.mark.parametrize("end", ["loop", "capsule", "close", "error"])
def test_a_display_ends_with_its_stream(end, centre, service, capfd, plain):
    client = centre.client(page_size=1500)
    if end == "error":
        client = service.client('[{"call_id":1,"x":1}]', '[{"call_id":2,"x":"a"}]', page_size=1)
    stream = client.stream_calls(progress=True)
    if end == "loop":
        list(stream)
    elif end == "capsule":
        converz.Table(stream)
    elif end == "error":
        with pytest.raises(converz.SchemaDriftError):
            list(stream)
    else:
        next(stream)
        stream.close()
    assert capfd.readouterr().err.count("\n") == 1
    stream.close()
    assert capfd.readouterr().err == ""


def test_a_stream_that_cannot_open_leaves_no_display(service, capfd, plain):
    with pytest.raises(converz.DecodeError):
        service.client("<html>").stream_calls(progress=True)
    assert not capfd.readouterr().err.strip("\n").startswith("calls: 0")
