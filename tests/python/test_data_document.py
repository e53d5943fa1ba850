"""The tables of docs/data.md against the signatures, the types' document and what the sandbox answers."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

import converz

DOCS = Path(__file__).parents[2] / "docs"
OWN = {"self", "limit", "schema", "parse_dates", "progress"}
"""Parameters that are the client's, not the API's."""


def tables(document: str) -> dict[str, list[dict[str, str]]]:
    """The rows of a document's tables by heading, each by column."""
    found: dict[str, list[dict[str, str]]] = {}
    heading, names = "", []
    for line in (DOCS / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        elif not line.startswith("|"):
            names = []
        elif "---" not in line:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if names:
                found[heading].append(dict(zip(names, cells, strict=True)))
            else:
                names = cells
                found[heading] = []
    return found


def spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


TABLES = tables("data.md")
COLUMNS = TABLES["Columns"]
FURTHER = TABLES["Further columns of the sandbox"]
METRICS = TABLES["Metrics of the sandbox"]
OF_CONVERSATIONS = [row for row in METRICS if row["of"] == "conversation"]
OF_ACTIVITY = [row for row in METRICS if row["of"] == "user and day"]
GROUPS = TABLES["Groups of a report"]


def name(row: dict[str, str]) -> str:
    return spans(next(iter(row.values())))[0]


def bounds(cell: str) -> tuple[float, float]:
    least, _, most = cell.partition(" to")
    return float(least), float(most or "inf")


@pytest.fixture(scope="module")
def client():
    with converz.Sandbox(calls=4_000, reps=60, days=120, today="2025-07-15") as sandbox:
        yield sandbox.client()


@pytest.fixture(scope="module")
def calls(client) -> dict[str, list]:
    return client.calls(metric=[name(row) for row in OF_CONVERSATIONS]).to_pydict()


@pytest.fixture(scope="module")
def reps(client) -> dict[str, list]:
    return client.reps().to_pydict()


@pytest.mark.parametrize("operation", ["calls", "reps", "report"])
def test_parameters(operation):
    documented = {name(row) for row in TABLES["Parameters"] if operation in spans(row["of"])}
    assert documented == set(inspect.signature(getattr(converz.Client, operation)).parameters) - OWN


def test_known_columns(calls, reps):
    known = [name(row) for row in tables("types.md")["Known columns"]]
    assert [name(row) for row in COLUMNS] != []
    assert {name(row) for row in COLUMNS} == set(known)
    for row in COLUMNS:
        assert (name(row) in calls) is (row["of"] in ("conversations", "both")), row
        assert (name(row) in reps) is (row["of"] in ("users", "both")), row


def test_further_columns_are_the_rest(calls, reps):
    known = {name(row) for row in COLUMNS}
    metrics = {name(row) for row in METRICS}
    further = defaultdict(set)
    for row in FURTHER:
        further[row["of"]].add(name(row))
    assert further["conversations"] == set(calls) - known - metrics | {"duration_s"}
    assert further["users"] == set(reps) - known


@pytest.mark.parametrize("row", [row for row in FURTHER if row["range"]], ids=name)
def test_ranges_of_further_columns(row, calls, reps):
    values = set((calls if row["of"] == "conversations" else reps)[name(row)])
    if named := spans(row["range"]):
        assert values == set(named)
    else:
        least, most = bounds(row["range"])
        assert least <= min(values) < max(values) <= most


@pytest.mark.parametrize("row", OF_CONVERSATIONS, ids=name)
def test_ranges_of_metrics(row, calls):
    values = [value for value in calls[name(row)] if value is not None]
    least, most = bounds(row["range"])
    assert least <= min(values) < max(values) <= most
    assert ("null" in row["meaning"]) is (len(values) < len(calls[name(row)]))
    assert (row["report gives"] == "share") is isinstance(values[0], bool)


@pytest.mark.parametrize("row", OF_CONVERSATIONS, ids=name)
def test_aggregation_of_conversations(row, client, calls):
    groups = defaultdict(list)
    for campaign, value in zip(calls["campaign"], calls[name(row)], strict=True):
        groups[campaign].append(value)
    report = client.report(groupby="campaign", metric=name(row), days=120).to_pydict()
    assert sorted(report["campaign"]) == sorted(groups)
    assert row["report gives"] in ("mean", "share")
    for campaign, count, mean in zip(*report.values(), strict=True):
        values = [float(value) for value in groups[campaign] if value is not None]
        assert count == len(groups[campaign])
        assert mean == pytest.approx(sum(values) / len(values))


@pytest.mark.parametrize("row", OF_ACTIVITY, ids=name)
def test_aggregation_of_activity(row, client):
    """The API does not list activity, so the finest groups stand for it: of each user each day."""
    single = client.report(groupby=["date", "rep_id"], metric=name(row), days=120).to_pydict()[name(row)]
    least, most = bounds(row["range"])
    assert least <= min(single) < max(single) <= most
    assert all(isinstance(value, int) for value in single)
    assert row["report gives"] == "sum"
    (total,) = client.report(metric=name(row), days=120).to_pydict()[name(row)]
    assert total == sum(single)
    by_user = client.report(groupby="rep_id", metric=name(row), days=120).to_pydict()[name(row)]
    assert sum(by_user) == total


def test_there_are_no_other_metrics(client):
    with pytest.raises(converz.BadRequestError) as info:
        client.report(metric="no_such_metric")
    listed = re.findall(r"[a-z_]+", info.value.message.rpartition(":")[2])
    assert [name(row) for row in METRICS] != []
    assert {name(row) for row in METRICS} <= set(listed), info.value.message
    for unknown in set(listed) - {name(row) for row in METRICS}:
        with pytest.raises(converz.BadRequestError):
            client.report(metric=unknown)


def test_a_mean_is_null_where_there_is_nothing_to_average(client):
    report = client.report(groupby=["date", "rep_id"], metric=["csat", "logins"], days=120).to_pydict()
    assert None in report["csat"]
    assert None not in report["logins"]
    assert 0 in report["conversations"]


@pytest.mark.parametrize("row", GROUPS, ids=name)
def test_groups(row, client):
    report = client.report(groupby=name(row), metric=["csat", "logins"], days=120)
    columns = spans(row["columns of the result"])
    assert report.column_names == [*columns, "conversations", "csat", "logins"]
    values = report.to_pydict()[columns[-1]]
    if match := re.search(r"(\d+) to (\d+)", row["values"]):
        assert int(match[1]) <= min(values) <= max(values) <= int(match[2])
    assert (None in values) is ("null for in-app activity" in row["values"] or name(row) == "subcampaign")
    from_refusal = {"week", "month", "quarter"} - {name(row)}
    if name(row) == "week":
        for other in from_refusal:
            with pytest.raises(converz.BadRequestError):
                client.report(groupby=["week", other])


def test_a_week_is_the_iso_week(client):
    with converz.Sandbox(calls=500, reps=10, days=20, today="2026-01-05") as sandbox:
        client = sandbox.client()
        days = client.report(groupby=["date"], days=20).to_pydict()
        weeks = client.report(groupby=["week"], days=20).to_pydict()
    counted = defaultdict(int)
    for day, count in zip(days["date"], days["conversations"], strict=True):
        counted[day.isocalendar()[:2]] += count
    assert (
        dict(zip(zip(weeks["year"], weeks["week"], strict=True), weeks["conversations"], strict=True))
        == counted
    )
    assert date(2025, 12, 29).isocalendar()[:2] == (2026, 1)
    assert (2026, 1) in counted


def test_the_middle_day_is_in_the_earlier_half(client):
    halves = client.report(
        groupby=["half", "date"], start_date="2025-07-07", end_date="2025-07-09"
    ).to_pydict()
    assert halves["half"] == [1, 1, 2]


def test_every_documented_table_is_tested():
    assert {heading: len(rows) for heading, rows in TABLES.items()} == {
        "Parameters": 15,
        "Columns": 11,
        "Further columns of the sandbox": 7,
        "Metrics of the sandbox": 10,
        "The story of the sandbox": 5,
        "Groups of a report": 10,
    }
