"""All reads of a client together have no more requests in flight than it allows, over a real server."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import converz
from support.service import Answer, serving

LIMIT = 3
ROWS = 40


class Busy:
    """A service that holds every request until more are in flight than there may be, or for a moment."""

    def __init__(self):
        self.changed = threading.Condition()
        self.in_flight = self.most = 0

    def __call__(self, asked):
        with self.changed:
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most > LIMIT, timeout=0.05)
            self.in_flight -= 1
        if "report" in asked.path:
            return Answer(b'[{"conversations": 1}]')
        size, page = int(asked.query["n_per_page"]), int(asked.query["page"])
        ids = range(1, ROWS + 1)[(page - 1) * size : page * size]
        return Answer(json.dumps([{"call_id": number} for number in ids]).encode())


@pytest.mark.parametrize("protocol", ["table", "stream"])
def test_threads_share_one_limit(protocol):
    busy = Busy()

    def read(_):
        if protocol == "table":
            return client.calls().num_rows
        with client.stream_calls() as stream:
            return sum(batch.num_rows for batch in stream)

    with serving(busy) as url:
        client = converz.Client(url, api_key="k", max_concurrency=LIMIT, page_size=10)
        with ThreadPoolExecutor(5) as pool:
            reads = pool.map(read, range(5))
            reports = pool.map(lambda _: client.report().num_rows, range(5))
            assert list(reads) == [ROWS] * 5
            assert list(reports) == [1] * 5
    assert busy.most == LIMIT


def test_a_stream_that_nobody_reads_holds_nobody_up():
    with serving(Busy()) as url:
        client = converz.Client(url, api_key="k", max_concurrency=1, page_size=10)
        with client.stream_calls() as idle:
            assert client.calls().num_rows == ROWS
            assert sum(batch.num_rows for batch in idle) == ROWS


def test_waiting_for_others_is_not_part_of_the_timeout():
    with serving(Busy()) as url:
        # Eight requests of 0.05 s each, one after the other.
        client = converz.Client(url, api_key="k", max_concurrency=1, timeout=0.3)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _: client.report().num_rows, range(8))) == [1] * 8
