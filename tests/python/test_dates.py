"""Dates as real exports have them: fractions of nine digits, blanks before an offset, a few that are none."""

from __future__ import annotations

import json
import random
import warnings
from datetime import UTC, datetime, timedelta

import pytest

import converz
from support.service import Answer, serving

ZONED = "2025-07-15T12:00:00.000000000Z"


@pytest.fixture
def rows():
    """What a service answers with, to be filled by a test."""
    return []


@pytest.fixture
def client(rows):
    def answer(asked):
        page, size = int(asked.query.get("page", 1)), int(asked.query.get("n_per_page", 10**6))
        return Answer(json.dumps(rows[(page - 1) * size : page * size]).encode())

    with serving(answer) as url:
        yield converz.Client(url, "key", max_retries=0)


def near(count: int = 100, odd: object = "") -> list[dict[str, object]]:
    return [
        {"call_id": i, "rep_id": f"r{i}", "closed_at": odd if i == 42 else ZONED, "text": "x"}
        for i in range(count)
    ]


WARNING = r'column "closed_at" has "" \((call_id 42|rep_id "r42"|row 43)\), which is no timestamp\[us, UTC\], while 99 of the column.s 100'


@pytest.mark.parametrize("verb", ["calls", "reps", "report", "stream_calls", "stream_reps"])
def test_every_verb_says_what_keeps_a_column_from_being_dates(verb, client, rows):
    rows += near()
    read = getattr(client, verb)
    with pytest.warns(converz.ConverzWarning, match=WARNING) as warned:
        result = read()
    assert len(warned) == 1
    # It is the caller's line that is shown.
    assert warned[0].filename == __file__
    assert result.schema["closed_at"] == "string"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(parse_dates=False).schema["closed_at"] == "string"
        assert read(schema={"closed_at": "string"}).schema["closed_at"] == "string"
    assert converz.Table(result).to_pydict()["closed_at"] == [row["closed_at"] for row in rows]


def test_a_scan_says_it_of_what_is_selected(client, rows):
    pytest.importorskip("polars")
    rows += near()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lazy = client.scan_calls()
        lazy.select("text").collect()
        client.scan_calls(schema={"closed_at": "string"}).collect()
    with pytest.warns(converz.ConverzWarning, match=WARNING):
        assert lazy.select("closed_at").collect()["closed_at"].to_list() == [row["closed_at"] for row in rows]


def test_the_remedy_that_is_advised(client, rows):
    rows += near(odd="2025-07-15T12:00:00.123456789Z")
    with pytest.warns(converz.ConverzWarning, match=r"pass schema= with timestamp\[ns, UTC\] for it"):
        client.calls()
    table = client.calls(schema={"closed_at": "timestamp[ns, UTC]"})
    pa = pytest.importorskip("pyarrow")
    assert pa.table(table)["closed_at"][42].value % 10**9 == 123456789


def traps(count: int) -> list[dict[str, object]]:
    """Rows like those of public exports: what made-up rows seldom have."""
    chance = random.Random(7)
    start = datetime(2025, 7, 1, tzinfo=UTC)
    made = []
    for i in range(count):
        moment = start + timedelta(seconds=chance.randrange(10**6))
        made.append(
            {
                "call_id": i,
                # As .NET, Java and git write.
                "created_at": f"{moment:%Y-%m-%dT%H:%M:%S}.000000000Z",
                "updated_at": f"{moment:%Y-%m-%d %H:%M:%S} +02:00",
                "closed_at": "" if i == count // 2 else f"{moment:%Y-%m-%d %H:%M:%S}",
                # Several rows a conversation.
                "conversation_id": i // 3,
                # Names that differ in case only.
                "Status": "open",
                "status": i,
                "STATUS": i % 2 == 0,
            }
        )
    return made


@pytest.mark.parametrize("page_size", [1_000_000, 70, 7])
def test_traps_of_real_bodies(page_size, client, rows):
    rows += traps(210)
    client = converz.Client(client.settings["base_url"], "key", page_size=page_size, max_retries=0)
    with pytest.warns(
        converz.ConverzWarning, match=r'"closed_at" has "" \(call_id 105\).*209 of the column.s 210'
    ) as warned:
        table = client.calls()
    assert len(warned) == 1
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == {
        "call_id": "int64",
        "created_at": "timestamp[us, UTC]",
        "updated_at": "timestamp[us, UTC]",
        "closed_at": "string",
        "conversation_id": "int64",
        "Status": "string",
        "status": "int64",
        "STATUS": "bool",
    }
    read = table.to_pydict()
    assert read["closed_at"] == [row["closed_at"] for row in rows]
    assert read["conversation_id"] == [row["conversation_id"] for row in rows]
    assert [f"{moment:%Y-%m-%dT%H:%M:%S}.000000000Z" for moment in read["created_at"]] == [
        row["created_at"] for row in rows
    ]
    two_hours = timedelta(hours=2)
    assert [f"{moment + two_hours:%Y-%m-%d %H:%M:%S} +02:00" for moment in read["updated_at"]] == [
        row["updated_at"] for row in rows
    ]
    assert (read["Status"][1], read["status"][1], read["STATUS"][1]) == ("open", 1, False)
    with client.stream_calls(schema=table.schema) as stream:
        assert converz.Table(stream) == table


def test_what_was_read_is_no_change(sandbox):
    """Forms that a timestamp holds are the same moment when it is written back."""
    client = sandbox.client()
    forms = [
        "2025-07-15T12:00:00.000000000Z",
        "2025-07-15 12:00:00 +02:00",
        "2025-07-15 12:00:00.5000000 +0200",
        "2025-07-15 12:00 Z",
    ]
    ids = client.calls(columns="call_id", limit=len(forms)).to_pydict()["call_id"]
    client.update_calls({"call_id": ids, "closed_at": forms})
    table = client.calls(columns=["call_id", "closed_at"], limit=len(forms))
    assert table.schema["closed_at"] == "timestamp[us, UTC]"
    plan = client.plan_update_calls(table, start_date="2025-01-01")
    assert plan.num_changes == 0
    client.update_calls(table)
    again = client.calls(columns=["call_id", "closed_at"], limit=len(forms))
    assert again == table
