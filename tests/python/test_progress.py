"""Progress: shown where somebody looks and waits, told to whoever asks, and else silent."""

from __future__ import annotations

import io
import sys
import types

import pytest

import converz
from converz._show.progress import Reporter
from support.standard_error import stderr_of


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """Standard error that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, and no tqdm."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    return stderr_of(monkeypatch, Terminal())


@pytest.fixture
def nobody(monkeypatch):
    """A file as standard error."""
    return stderr_of(monkeypatch, io.StringIO())


def test_nobody_looks(nobody, clock):
    with Reporter(None, "calls", None, clock=clock) as report:
        assert report is None
    assert nobody.getvalue() == ""


@pytest.mark.parametrize("stderr", [None, io.StringIO()])
def test_standard_error_may_be_closed_or_missing(monkeypatch, stderr):
    if stderr is not None:
        stderr.close()
    stderr_of(monkeypatch, stderr)
    with Reporter(None, "calls", None) as report:
        assert report is None


def test_it_is_shown_after_a_second_of_waiting(terminal, clock):
    with Reporter(None, "calls", None, clock=clock) as report:
        clock.now += 0.9
        report(1_000, 100_000)
        assert terminal.getvalue() == ""
        clock.now += 0.2
        report(2_200, 250_000)
        assert terminal.getvalue() == "\rcalls: 2,200 rows, 0.2 MB, 2,000 rows/s, 00:01"
    assert terminal.getvalue().endswith("\n")


def test_a_quick_read_shows_nothing(terminal, clock):
    with Reporter(None, "calls", None, clock=clock) as report:
        report(5, 5)
    assert terminal.getvalue() == ""


def test_it_is_shown_at_once_to_whoever_asks(terminal, clock):
    with Reporter(True, "calls", 5_000, clock=clock) as report:
        clock.now += 0.5
        report(1_000, 1_000_000)
    assert "\rcalls: 1,000/5,000 rows (20 %), 1.0 MB, 2,000 rows/s, 00:00" in terminal.getvalue()


def test_it_can_be_switched_off_in_a_terminal(terminal, clock):
    with Reporter(False, "calls", None, clock=clock) as report:
        assert report is None


def test_not_every_report_is_shown_but_the_last_one_is(terminal, clock):
    with Reporter(True, "calls", None, clock=clock) as report:
        for rows in range(1, 101):
            clock.now += 0.01
            report(rows, rows)
    shown = terminal.getvalue().split("\r")
    assert 8 <= len(shown) <= 14
    assert "calls: 100 rows" in shown[-1]


def test_a_shorter_line_covers_a_longer_one(terminal, clock):
    with Reporter(True, "calls", None, clock=clock) as report:
        clock.now += 0.001
        report(1_000_000, 5)
        clock.now += 100
        report(1_000_001, 5)
    longer, shorter, *_ = terminal.getvalue().split("\r")[1:]
    assert len(shorter) >= len(longer)


def test_a_notebook_is_somebody_who_looks(nobody, monkeypatch, clock):
    kernel = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: kernel))
    with Reporter(None, "calls", None, clock=clock) as report:
        assert report is not None


def test_tqdm_counts_from_the_beginning_of_the_read(monkeypatch, clock):
    pytest.importorskip("tqdm")
    terminal = stderr_of(monkeypatch, Terminal())
    with Reporter(None, "calls", 200, clock=clock) as report:
        clock.now += 50
        report(100, 1_000_000)
    shown = terminal.getvalue()
    assert "calls:" in shown
    assert "100/200" in shown
    assert "1.0 MB" in shown
    assert "00:50" in shown  # Not the moment in which it became worth a bar.


@pytest.mark.parametrize("is_notebook", [True, False])
@pytest.mark.parametrize("has_widgets", [True, False])
def test_a_widget_is_shown_where_a_notebook_has_them(monkeypatch, clock, is_notebook, has_widgets):
    tqdm = pytest.importorskip("tqdm")

    class Widget(tqdm.tqdm):
        """What `tqdm.auto` has for a notebook."""

    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Widget))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name if has_widgets else None)
    shell = types.SimpleNamespace(kernel=object()) if is_notebook else None
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    terminal = stderr_of(monkeypatch, Terminal())
    with Reporter(None, "calls", 200, clock=clock) as report:
        clock.now += 50
        report(100, 1_000_000)
        assert isinstance(report._display._bar, Widget) == (is_notebook and has_widgets)
    assert "100/200" in terminal.getvalue()


def test_a_function_is_told_every_page(sandbox):
    told = []
    client = sandbox.client(page_size=50, max_concurrency=1)
    client.calls(limit=200, progress=lambda rows, size: told.append((rows, size)))
    assert told[-1][0] == 200
    assert told == sorted(told)
    assert {rows % 50 for rows, _ in told} == {0}


def test_a_stream_tells_too(sandbox):
    told = []
    client = sandbox.client(page_size=50)
    with client.stream_calls(progress=lambda rows, size: told.append(rows)) as stream:
        assert sum(batch.num_rows for batch in stream) == 300
    assert told[-1] == 300


def test_an_end_that_a_function_raises_is_not_that_of_the_stream(sandbox):
    def told(rows: int, size: int) -> None:
        # Not of the first page, which is read when the stream is opened.
        if rows > 50:
            next(iter(()))

    with sandbox.client(page_size=50, max_concurrency=1).stream_calls(progress=told) as stream:
        with pytest.raises(RuntimeError, match="raised StopIteration") as raised:
            for _ in stream:
                pass
    assert isinstance(raised.value.__cause__, StopIteration)


def test_the_display_ends_on_errors(terminal, sandbox):
    with pytest.raises(converz.BadRequestError):
        sandbox.client().calls(columns="nonsense", progress=True)
    assert terminal.getvalue() == "" or terminal.getvalue().endswith("\n")
