"""A page that reads no conversation: what it asks for, what it has, and what it says that it has not."""

from __future__ import annotations

import re

import pytest

import converz

METRICS = ("csat", "resolved", "talk_ratio")


@pytest.fixture(scope="module")
def world():
    with converz.Sandbox(calls=5_000, reps=20, days=120, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture
def client(world):
    return world.client()


def text_of(page: converz.Dashboard) -> str:
    body = page.html.partition("<body>")[2].partition("<script>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_only_reports_are_asked_for(world, client):
    before = len(world.requests)
    page = converz.dashboard(client, end_date="2025-07-13", campaign=["sales", "service"], calls=False)
    asked = world.requests[before:]
    assert {each["path"].rpartition("/")[2] for each in asked} == {"report"}
    assert all("campaign=sales&campaign=service" in each["query"] for each in asked)
    assert not any("rep_id" in each["query"] for each in asked)
    # Both periods of everything that is compared.
    for groupby in ("campaign", "department", "subcampaign"):
        found = [each["query"] for each in asked if f"groupby={groupby}" in each["query"]]
        assert len(found) == 2
        assert "start_date=2025-05-19&end_date=2025-06-15" in found[0]
        assert "start_date=2025-06-16&end_date=2025-07-13" in found[1]
    assert text_of(page).count("report start_date") == len(asked) == 10


def test_its_figures_are_those_of_the_reports(client):
    text = text_of(converz.dashboard(client, end_date="2025-07-13", calls=False))
    now, then = (
        client.report(start_date=start, end_date=end, metric=[*METRICS, "minutes_in_app"]).to_pydict()
        for start, end in (("2025-06-16", "2025-07-13"), ("2025-05-19", "2025-06-15"))
    )
    assert f"{now['conversations'][0]:,} conversations, after {then['conversations'][0]:,}" in text
    change = f"{now['csat'][0] - then['csat'][0]:+.2f}".replace("-", "\u2212")
    assert f"Csat {now['csat'][0]:.2f} {then['csat'][0]:.2f} before {change}" in text
    assert f"Resolved {now['resolved'][0]:.3f} {then['resolved'][0]:.3f} before" in text
    assert f"Minutes in app {now['minutes_in_app'][0]:,} {then['minutes_in_app'][0]:,} before" in text
    groups = client.report(
        start_date="2025-06-16", end_date="2025-07-13", groupby="campaign", metric="csat"
    ).to_pydict()
    for campaign, count, csat in zip(
        groups["campaign"], groups["conversations"], groups["csat"], strict=True
    ):
        assert re.search(rf"{campaign} {count:,} \( [\d,]+ \) {csat:.2f} \(", text), campaign
    # Weeks have their band; half of them are no collapse.
    assert "13 weeks from 14 Apr 2025 to 13 Jul 2025" in text
    assert "lower limit" in text


def test_it_says_what_it_leaves_out(client):
    page = converz.dashboard(client, end_date="2025-07-13", calls=False, hear=10)
    text = text_of(page)
    assert (
        "no conversation was read. So it leaves out what reports cannot tell: which changes are more than"
        in text
    )
    for absent in ("When people call", "Calls worth hearing", "Who could use a hand", "not by chance alone"):
        assert absent not in text
    assert text.count("reports cannot say whether by chance") == len(METRICS)
    assert "All days are settled" not in text
    # And a page of conversations does not say so.
    assert "no conversation was read" not in text_of(converz.dashboard(client, end_date="2025-07-13", hear=0))


def test_nothing_in_it_is_of_a_single_user_or_conversation(client):
    page = converz.dashboard(client, end_date="2025-07-13", calls=False)
    reps = client.reps().to_pydict()
    for name in (*reps["rep_id"], *reps["name"]):
        assert not re.search(rf"\b{re.escape(name)}\b", page.html)


def test_what_explains_most_comes_first_and_what_is_gone_or_new_is_there():
    with converz.Sandbox(calls=6_000, reps=40, days=60, today="2025-07-15") as sandbox:
        client = sandbox.client()
        rated = (
            client.calls(start_date="2025-06-16", campaign="sales", metric="csat")
            .to_polars()
            .drop_nulls("csat")
        )
        client.update_calls({"call_id": rated["call_id"], "csat": (rated["csat"] - 2).clip(1, 5)})
        text = text_of(converz.dashboard(client, end_date="2025-07-13", calls=False, metric="csat"))
    by_campaign = text.partition("Csat by campaign")[2].partition("Csat by department")[0]
    names = re.findall(r"\b(sales|service|support|retention|fibre)\b", by_campaign)
    assert names[0] == "sales"
    # It began within the period, and nothing was before.
    assert re.search(r"fibre [\d,]+ \( 0 \) [\d.]+ \(\u2013\)", by_campaign)


@pytest.mark.parametrize("activity", [None, "csat", "logins"])
def test_activity_is_a_figure_of_its_own_once(client, activity):
    text = text_of(converz.dashboard(client, end_date="2025-07-13", calls=False, activity=activity))
    assert text.count("sum of all users") == (activity == "logins")


def test_no_conversation_at_all(client):
    page = converz.dashboard(client, end_date="2020-01-05", calls=False)
    assert "There are no conversations in this period" in page.html
    assert "<svg" not in page.html


def test_many_groups_are_cut_and_it_says_so():
    with converz.Sandbox(calls=2_000, reps=9, days=60, today="2025-07-15") as sandbox:
        client = sandbox.client()
        calls = client.calls(columns=["call_id"]).to_pydict()["call_id"]
        names = [f"place {call % 150}" for call in calls]
        client.update_calls({"call_id": calls, "subcampaign": names})
        page = converz.dashboard(client, end_date="2025-07-13", calls=False)
    text = text_of(page)
    assert "The first 100 of 150 groups." in text
    assert len({*re.findall(r"place \d+", text)}) == 100


def test_what_is_refused(client):
    with pytest.raises(converz.InvalidInputError, match="calls is 1: it must be True or False"):
        converz.dashboard(client, calls=1)
