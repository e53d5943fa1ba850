"""Ledgers of other versions: each target goes on with what an earlier one wrote, and minds nothing that a later one adds."""

from __future__ import annotations

from dataclasses import replace

import pytest

import converz
from converz._warehouse.audit import audit
from converz._warehouse.changes import changes
from support.ledgers import as_after, as_before

from .conftest import settings
from .test_sync import outcomes

TODAY = "2025-07-15"
RANGE = {"since": "2025-07-01", "until": TODAY}
VERSIONS = {"before": as_before, "after": as_after}


@pytest.fixture(params=VERSIONS)
def version(request):
    return VERSIONS[request.param]


@pytest.fixture
def centre():
    with converz.Sandbox(calls=150, reps=5, days=15, today=TODAY) as sandbox:
        yield sandbox


def kept_keys(kept):
    return sorted(row["call_id"] for row in kept.rows("calls"))


@pytest.mark.filterwarnings("ignore:days went on to change")
def test_sync_and_audit_go_on_and_so_does_the_sweep(kept, version, centre, run, clock):
    client = centre.client()
    clock.forward(days=100)
    run(client, kept.name, tables=["calls", "reps"], **RANGE)
    clock.forward(days=7)
    # Every day is looked at, so that there is a line that came without rows.
    run(client, kept.name, tables="calls", until=TODAY, sweep=7)
    before = kept.target().ledger("calls")
    version(kept)
    if version is as_before:
        before = {day: replace(entry, swept_at=None) for day, entry in before.items()}
    assert kept.target().ledger("calls") == before
    asked = settings(**RANGE)
    assert audit(client, kept.name, asked, clock=clock).equal
    gone = client.calls(start_date="2025-07-02", end_date="2025-07-02").to_pydict()["call_id"][:1]
    centre.delete_calls(gone)
    centre.insert_calls("2025-07-09", 2)
    clock.forward(days=7)
    with pytest.warns(converz.ConverzWarning):
        result = run(client, kept.name, tables=["calls", "reps"], until=TODAY, sweep=7)
    assert {day: line for day, line in outcomes(result).items() if line[1] == "changed"} == {
        "2025-07-02": ("keys", "changed"),
        "2025-07-09": ("keys", "changed"),
    }
    assert kept_keys(kept) == sorted(client.calls(start_date="2025-07-01").to_pydict()["call_id"])
    ledger = kept.target().ledger("calls")
    swept = {str(day) for day, entry in ledger.items() if entry.swept_at == clock.now.replace(tzinfo=None)}
    assert swept == {f"2025-07-{day:02}" for day in range(1, 16)} - {"2025-07-02", "2025-07-09"}
    assert audit(client, kept.name, asked, clock=clock).equal
    clock.forward(minutes=1)
    assert outcomes(run(client, kept.name, tables="calls", until=TODAY, sweep=7)) == {}


def test_a_cursor_of_changes_goes_on(kept, version, centre, clock):
    client = centre.client()

    def changed():
        asked = settings(columns=["summary"], sweep=7, **RANGE)
        return changes(client, kept.name, "crm", asked, clock=clock)

    clock.forward(days=100)
    first = changed()
    assert first.table().num_rows == 150
    first.done()
    clock.forward(days=7)
    looked = changed()
    assert looked.table().num_rows == 0
    looked.done()
    version(kept)
    late = centre.insert_calls("2025-07-08", 2)
    clock.forward(days=7)
    again = changed()
    assert sorted(again.table().to_pydict()["call_id"]) == sorted(late)
    again.done()
    assert changed().table().num_rows == 0
