"""Pages of little, of nothing, of one value, and of very much: what is drawn then, and what is said instead."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl
import pytest

import converz
from converz._dashboard import where, who
from converz._dashboard.charts import fine, reach
from converz._dashboard.material import Material, Question
from converz._dashboard.settled import unsettled


def text_of(page: converz.Dashboard) -> str:
    body = page.html.partition("<body>")[2].partition("<script>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def figure_of(page: converz.Dashboard, name: str) -> str:
    return re.search(f'<figure id="{name}".*?</figure>', page.html, re.DOTALL)[0]


def world(days: int, calls: int = 2_000, **columns: object) -> tuple[converz.Sandbox, converz.Client]:
    """A sandbox that ends on Tuesday, and whose conversations all have the same in some columns."""
    sandbox = converz.Sandbox(calls=calls, reps=20, days=days, today="2025-07-15")
    client = sandbox.client()
    ids = client.calls(columns=["call_id"]).to_pydict()["call_id"]
    if columns:
        same = {name: [value] * len(ids) for name, value in columns.items()}
        client.update_calls({"call_id": ids, **same}, nulls="clear")
    return sandbox, client


@pytest.mark.parametrize("calls", [True, False])
@pytest.mark.parametrize(("days", "weeks"), [(6, "1 week from 7 Jul"), (12, "2 weeks from 30 Jun")])
def test_one_week_and_two_have_no_band(days, weeks, calls):
    sandbox, client = world(days)
    with sandbox:
        page = converz.dashboard(client, end_date="2025-07-13", days=7, hear=0, calls=calls)
    text = text_of(page)
    assert text.count(f"{weeks} 2025 to 13 Jul 2025") == 4
    assert text.count("Too few whole weeks for a band.") == 4
    assert "Outside the band" not in text
    for place in range(4):
        assert 'fill="var(--band)"' not in figure_of(page, f"weeks-{place}")
    if calls and days == 6:
        assert "There are too few conversations to say whether a figure changed." in text


@pytest.mark.parametrize("calls", [True, False])
def test_the_week_in_which_the_data_begin_is_no_collapse(calls):
    """Also where it is the first of the chart: 90 days of data are 13 weeks and a little less."""
    sandbox, client = world(90)
    with sandbox:
        first = min(client.calls(columns=["date"]).to_pydict()["date"])
        page = converz.dashboard(client, end_date="2025-07-13", hear=0, calls=calls)
    assert first == dt.date(2025, 4, 17)
    text = text_of(page)
    assert "13 weeks from 14 Apr 2025" in text
    assert ">data begin</text>" in figure_of(page, "weeks-0")
    assert "Outside the band: week of 14 Apr" not in text
    sandbox, client = world(97)
    with sandbox:
        page = converz.dashboard(client, end_date="2025-07-13", hear=0, calls=calls)
    assert "data begin</text>" not in page.html


@pytest.mark.parametrize("calls", [True, False])
def test_a_metric_without_a_value_has_no_picture_and_says_so(calls):
    sandbox, client = world(90, csat=None)
    with sandbox:
        page = converz.dashboard(client, end_date="2025-07-13", hear=0, calls=calls)
    figure = figure_of(page, "weeks-1")
    assert "There is no value in these weeks, so there is no picture." in figure
    assert "<svg" not in figure
    assert 'data-marks="0"' in figure
    assert "<svg" in figure_of(page, "weeks-2")


def test_all_true_is_all_and_never_more():
    sandbox, client = world(110, resolved=True)
    with sandbox:
        page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    text = text_of(page)
    assert "Resolved 100.0% 100.0% before 0.0 pp too few to say" in text
    figure = figure_of(page, "weeks-2")
    assert "No week is outside the band." in figure
    assert figure.count(">100.0%</data>") == 13 * 3


def test_a_band_of_shares_ends_at_all_and_one_of_counts_at_none():
    """Four conversations a week vary more than there is room for."""
    sandbox, client = world(110, calls=60)
    with sandbox:
        ids = client.calls(columns=["call_id"]).to_pydict()["call_id"]
        client.update_calls({"call_id": ids, "resolved": [each % 9 != 0 for each in ids]})
        quiet = client.calls(start_date="2025-04-21", end_date="2025-05-18", columns=["call_id"])
        sandbox.delete_calls(quiet.to_pydict()["call_id"])
        page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    behind = figure_of(page, "weeks-2").partition("<table")[2]
    shares = [float(each) for each in re.findall(r'value="([-\d.e]+)" data-digits="1" data-percent', behind)]
    assert max(shares) == 1.0
    counts = figure_of(page, "weeks-0").partition("<table")[2]
    assert min(float(each) for each in re.findall(r'value="([-\d.e]+)"', counts)) >= 0


def test_one_value_throughout_is_no_change():
    sandbox, client = world(110, csat=5)
    with sandbox:
        page = converz.dashboard(client, end_date="2025-07-13", hear=3)
    assert "Csat 5.00 5.00 before 0.00 too few to say" in text_of(page)
    # Its only tick is what it is.
    assert re.findall(r'data-value="([\d.]+)"', figure_of(page, "weeks-1")) == ["5.0"]


def test_ticks_are_told_apart_and_the_only_one_is_not_rounded_away():
    assert fine([0.0, 0.1]) == 2
    assert fine([3.0, 4.0]) == 1
    assert fine([5.0, 5.0]) == 0
    assert fine([0.505]) == 2
    assert fine([2.5]) == 1
    assert fine([]) == 0


def change(difference: float, half: float) -> dict[str, float]:
    rows = {"difference": difference, "lower": difference - half, "upper": difference + half}
    return rows | {"all_lower": difference - 1.5 * half, "all_upper": difference + 1.5 * half}


def test_an_interval_of_no_use_does_not_press_the_others_flat():
    alike = [change(0.1, 0.2), change(-0.1, 0.3), change(0.2, 0.2)]
    assert reach(alike) is None
    assert reach([]) is None
    low, high = reach([*alike, change(0.4, 9.0)])
    assert (low, high) == pytest.approx((-1.2, 1.2))
    # What changed much is in the picture, however sure it is.
    low, high = reach([*alike, change(5.0, 9.0)])
    assert high >= 5
    assert low < -1


def test_what_goes_on_beyond_the_picture_is_said():
    sandbox, client = world(90, calls=6_000)
    with sandbox:
        calls = client.calls(start_date="2025-05-19", columns=["call_id", "rep_id", "date"]).to_polars()
        reps = calls["rep_id"].value_counts(sort=True)["rep_id"].to_list()[:6]
        few = calls.filter(pl.col("rep_id").is_in(reps))
        # Three agents rise and three fall as far as they can: of the group nothing can be said.
        wild = [
            3 if day < dt.date(2025, 6, 16) else 5 if reps.index(rep) % 2 else 1
            for rep, day in zip(few["rep_id"], few["date"], strict=True)
        ]
        client.update_calls({"call_id": few["call_id"], "campaign": ["few"] * len(few), "csat": wild})
        page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    figure = figure_of(page, "where-campaign")
    assert "Lines that end at the edge go on: the table has their ends." in figure
    assert re.search(r'clip-path="url\(#where-campaign-', figure)
    drawn, _, behind = figure.partition("<table")
    ticks = [abs(float(each)) for each in re.findall(r'data-value="([-\d.e]+)"', drawn)]
    ends = [abs(float(each)) for each in re.findall(r'value="([-\d.e]+)" data-digits="2" data-sign', behind)]
    assert max(ticks) < 2 < max(ends)
    assert "go on" not in figure_of(page, "where-department")


def test_very_many_groups_and_agents_make_no_page_too_large_for_a_mail(monkeypatch):
    monkeypatch.setattr(where, "LISTED", 4)
    monkeypatch.setattr(who, "MOST", 5)
    sandbox, client = world(90, calls=6_000)
    with sandbox:
        ids = client.calls(columns=["call_id"]).to_pydict()["call_id"]
        client.update_calls({"call_id": ids, "subcampaign": [f"name {each % 9}" for each in ids]})
        page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    text = text_of(page)
    assert "Csat by subcampaign. The first 4 of 9 groups." in text
    body = figure_of(page, "where-subcampaign").partition("<tbody>")[2]
    assert body.count("<tr>") == 4 * 3
    for name in ("agents", "activity"):
        figure = figure_of(page, name)
        assert figure.partition("<tbody>")[2].count("<tr>") == 5
        assert 'data-marks="5"' in figure
        assert "Shown are" in figure
    # Nobody who is outside is left out of the picture.
    assert all(f">{outside}<" in figure_of(page, "agents") for outside in outside_of(text)[:5])


def outside_of(text: str) -> list[str]:
    found = re.search(r"Outside the curves: (.*?)\. Shown", text)
    return [] if found is None else found[1].split(", ")


def test_a_figure_that_changed_is_said_first():
    sandbox, client = world(90, calls=5_000)
    with sandbox:
        calls = client.calls(start_date="2025-06-16", metric="csat").to_polars().drop_nulls("csat")
        client.update_calls({"call_id": calls["call_id"], "csat": (calls["csat"] - 2).clip(1, 5)})
        page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    text = text_of(page)
    assert "What changed More than chance alone would give: csat (lower)" in text
    assert '<span class="sure">lower, and not by chance alone</span>' in page.html


def test_small_figures_have_the_digits_that_tell_them_apart():
    """An interval from -0.02 to 0.00 would say that nothing may have changed."""
    sandbox, client = world(90)
    with sandbox:
        page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    assert re.search(r"Talk ratio 0\.\d{3} 0\.\d{3} before", text_of(page))


def material_of(days: dict[dt.date, tuple[int, int]]) -> Material:
    """Days of so many conversations, of which so many have a summary."""
    rows = [
        {"date": day, "summary": "text" if place < there else None, "csat": 1.0}
        for day, (count, there) in days.items()
        for place in range(count)
    ]
    schema = {"date": pl.Date, "summary": pl.String, "csat": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema)
    question = Question(
        start=min(days),
        end=max(days),
        metrics=["csat"],
        activity=None,
        filters={},
        alias=False,
        hear=1,
        minimum=30,
        unsettled_days=2,
    )
    return Material(
        question=question,
        url="",
        weeks=pl.DataFrame(),
        receipts=[],
        after=frame,
        before=pl.DataFrame(schema=schema),
        activity=None,
        names={},
    )


def test_a_missing_summary_of_a_small_day_is_no_sign_that_more_will_come():
    first = dt.date(2025, 1, 1)
    days = {first + dt.timedelta(days=place): (20, 20) for place in range(50)}
    small, late = first + dt.timedelta(days=10), first + dt.timedelta(days=20)
    days |= {small: (2, 1), late: (20, 0)}
    assert unsettled(material_of(days), dt.date(2026, 1, 1)) == {late}
