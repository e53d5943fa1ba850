"""What refers to itself through a class of the core is freed."""

import gc
import time
import weakref
from pathlib import Path

import pytest

import converz
from support.server import Server, serve_rows

ROWS = [{"call_id": number} for number in range(1, 31)]


@pytest.fixture(scope="module")
def url():
    with Server(serve_rows(ROWS)) as server:
        yield server.url


class Report:
    """A function that is told of progress, and may know what tells it."""

    def __call__(self, rows, size):
        self.rows = rows


class Setting(str):
    """A setting that may know who has it."""

    __slots__ = ("__weakref__", "client")


def stream_in_its_callback(url):
    report = Report()
    report.stream = converz.Client(url, "key", page_size=10).stream_calls(progress=report)
    next(report.stream)
    return report


def stream_in_its_callback_after_its_end(url):
    report = stream_in_its_callback(url)
    list(report.stream)
    return report


def stream_that_a_library_has_read(url):
    pyarrow = pytest.importorskip("pyarrow")
    report = stream_in_its_callback(url)
    pyarrow.RecordBatchReader.from_stream(report.stream).read_all()
    return report


class Failing(Report):
    """One that fails, and whose error knows it."""

    def __call__(self, rows, size):
        if rows > 10:
            raise ZeroDivisionError


def stream_in_its_own_error(url):
    pyarrow = pytest.importorskip("pyarrow")
    report = Failing()
    report.stream = converz.Client(url, "key", page_size=10, max_concurrency=1).stream_calls(progress=report)
    with pytest.raises(ZeroDivisionError):
        pyarrow.RecordBatchReader.from_stream(report.stream).read_all()
    report.stream.error.report = report
    return report


def client_in_its_setting(url):
    setting = Setting("agent")
    setting.client = converz.Client(url, "key", user_agent=setting)
    return setting


@pytest.mark.parametrize(
    "make",
    [
        stream_in_its_callback,
        stream_in_its_callback_after_its_end,
        stream_that_a_library_has_read,
        stream_in_its_own_error,
        client_in_its_setting,
    ],
)
def test_a_cycle_is_freed(url, make):
    gc.collect()
    freed = weakref.ref(make(url))
    gc.collect()
    assert freed() is None


def test_what_a_library_still_reads_is_not_cleared(url):
    pyarrow = pytest.importorskip("pyarrow")
    report = Report()
    report.stream = converz.Client(url, "key", page_size=10, max_concurrency=1).stream_calls(progress=report)
    reader = pyarrow.RecordBatchReader.from_stream(report.stream)
    told = weakref.ref(report)
    del report
    gc.collect()
    assert reader.read_all().num_rows == 30
    assert told().rows == 30


def test_of_a_thousand_clients_nothing_is_left(url):
    stream_in_its_callback(url)
    gc.collect()
    # Descriptors of the process, where the system lists them.
    listed = Path("/proc/self/fd")
    opened = len(list(listed.iterdir())) if listed.exists() else 0
    left = []
    for _ in range(10):
        # Each has a socket until then.
        left += [weakref.ref(stream_in_its_callback(url)) for _ in range(100)]
        gc.collect()
    assert not any(reference() for reference in left)
    deadline = time.monotonic() + 10
    while listed.exists() and len(list(listed.iterdir())) > opened + 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not listed.exists() or len(list(listed.iterdir())) <= opened + 20
