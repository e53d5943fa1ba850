"""What a page is made of, without a browser: what is asked, what is hidden, what is refused."""

from __future__ import annotations

import datetime as dt
import re
import stat
import threading

import pytest

import converz
from converz._dashboard.changed import heading
from converz._dashboard.drawing import INK, picture
from converz._dashboard.markup import label, listed
from converz._show.shorten import text_columns


@pytest.fixture(scope="module")
def world():
    with converz.Sandbox(
        calls=5_000, reps=20, days=120, today="2025-07-15", api_key="key-of-the-tests"
    ) as sandbox:
        yield sandbox


@pytest.fixture
def client(world):
    return world.client()


def text_of(page: converz.Dashboard) -> str:
    """What is read, without tags."""
    return " ".join(
        re.sub(r"<[^>]+>", " ", page.html.partition("<body>")[2].partition("<script>")[0]).split()
    )


def test_what_is_asked_for(world, client):
    before = len(world.requests)
    page = converz.dashboard(client, end_date="2025-07-13", days=14, metric="csat", department=["sales"])
    queries = [f"{each['path']}?{each['query']}" for each in world.requests[before:]]
    calls = [each for each in queries if "/calls" in each and "page=2" not in each]
    assert any("start_date=2025-06-30" in each and "end_date=2025-07-13" in each for each in calls)
    assert any("start_date=2025-06-16" in each and "end_date=2025-06-29" in each for each in calls)
    reports = [each for each in queries if "/report" in each]
    assert len(reports) == 2
    assert any("groupby=week" in each and "start_date=2025-04-07" in each for each in reports)
    assert any("groupby=rep_id" in each and "metric=minutes_in_app" in each for each in reports)
    assert all("department=sales" in each for each in calls + reports)
    assert "Only department: sales." in text_of(page).replace(" .", ".")


def test_the_figures_are_those_of_the_client(client):
    page = converz.dashboard(client, end_date=dt.date(2025, 7, 13), hear=0)
    calls = client.calls(
        start_date="2025-06-16", end_date="2025-07-13", metric=["csat", "resolved"]
    ).to_polars()
    text = text_of(page)
    assert f"{len(calls):,} conversations of {calls['rep_id'].n_unique()} agents" in text
    assert f"Csat {calls['csat'].mean():.2f}" in text
    assert f"Resolved {100 * calls['resolved'].mean():.1f}%" in text
    assert f"n = {calls['csat'].count():,}, before" in text.replace(" ,", ",")


def test_aliases_hide_every_name(client):
    reps = client.reps().to_pydict()
    ids = client.calls(start_date="2025-05-19", end_date="2025-07-13").to_pydict()
    client.update_calls(
        {
            "call_id": ids["call_id"],
            "summary": [
                f"Here {reps['name'][reps['rep_id'].index(rep)].upper()} ({rep}) spoke."
                for rep in ids["rep_id"]
            ],
        }
    )
    shown = converz.dashboard(client, end_date="2025-07-13", hear=40).html
    hidden = converz.dashboard(client, end_date="2025-07-13", hear=40, alias=True)
    for name, rep in zip(reps["name"], reps["rep_id"], strict=True):
        assert not re.search(rf"\b{re.escape(name)}\b", hidden.html, re.IGNORECASE), name
        assert rep not in hidden.html
    assert any(rep in shown for rep in reps["rep_id"])
    assert re.search(r"Here Agent \d\d \(Agent \d\d\) spoke", text_of(hidden))
    # By lot: two pages do not give the same agent the same number, but once in a blue moon.
    orders = {
        tuple(
            re.findall(
                r"Agent \d\d", converz.dashboard(client, end_date="2025-07-13", alias=True, hear=20).html
            )[-40:]
        )
        for _ in range(3)
    }
    assert len(orders) > 1


def test_no_summary_is_read_where_no_call_is_to_be_heard(world, client):
    before = len(world.requests)
    page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    assert not any("summary" in each["query"] for each in world.requests[before:])
    assert "Calls worth hearing" not in page.html


def test_personal_filters_are_not_shown(client):
    reps = client.reps().to_pydict()["rep_id"][:12]
    page = converz.dashboard(client, end_date="2025-07-13", rep_id=reps, alias=True)
    assert "rep_id = 12 values, not shown" in text_of(page)
    assert not any(rep in page.html for rep in reps)
    assert "key-of-the-tests" not in page.html


def test_no_conversation_at_all(client):
    page = converz.dashboard(client, end_date="2020-01-05")
    assert "There are no conversations in this period" in page.html
    assert "<svg" not in page.html


@pytest.mark.parametrize("days", [1, 3, 60])
def test_few_conversations_and_none_before(days):
    with converz.Sandbox(calls=40, reps=3, days=30, today="2025-07-15") as sandbox:
        page = converz.dashboard(sandbox.client(), end_date="2025-07-15", days=days, metric="silence_s")
    assert "too few to say" in page.html
    assert "Too few agents have" in page.html


def test_weeks_begin_where_the_data_do():
    """Weeks without any conversation before that are no collapse, and the first one may be half."""
    with converz.Sandbox(calls=2_000, reps=9, days=40, today="2025-07-15") as sandbox:
        page = converz.dashboard(sandbox.client(), end_date="2025-07-13", days=14, hear=0)
    text = text_of(page)
    assert "6 weeks from 2 Jun 2025 to 13 Jul 2025" in text
    assert "data begin" in text
    assert "Week of 26 May" not in text
    assert ">data begin</text>" in page.html


def test_a_metric_that_agents_have_too_few_of_is_said(client):
    text = text_of(converz.dashboard(client, end_date="2025-07-13", hear=0, minimum=40))
    assert "This is about resolved, since too few agents have 40 values of csat." in text
    text = text_of(converz.dashboard(client, end_date="2025-07-13", hear=0, metric="resolved"))
    assert "This is about" not in text


def test_names_of_metrics_keep_their_letters():
    assert heading("NPS_score") == "NPS score"
    assert heading("csat") == "Csat"


def test_names_in_pictures_are_not_touched():
    """Nor what looks like the attributes and colours that are the page's."""
    name = f'a role="img" style="x" "{INK}" id="y"'
    drawn = picture(
        {
            "data": {"values": [{"name": name, "n": 1}]},
            "mark": "bar",
            "encoding": {
                "x": {"field": "n", "type": "quantitative"},
                "y": {"field": "name", "type": "nominal", "axis": {"labelLimit": 0}},
            },
        },
        "names",
        'said "so"',
    )
    assert f">{name}</text>" in drawn
    assert drawn.startswith('<svg role="img" aria-label="said &quot;so&quot;" ')
    tags = re.findall(r"<[^<>]+>", drawn)
    assert not [tag for tag in tags[1:] if "role=" in tag or "aria-" in tag or "style=" in tag]
    assert 'fill="var(--muted)"' in drawn


def test_a_group_that_changes_is_found(world):
    with converz.Sandbox(calls=6_000, reps=40, days=60, today="2025-07-15") as sandbox:
        client = sandbox.client()
        calls = client.calls(start_date="2025-06-16", campaign="sales", metric="csat").to_polars()
        rated = calls.drop_nulls("csat")
        client.update_calls({"call_id": rated["call_id"], "csat": (rated["csat"] - 2).clip(1, 5)})
        text = text_of(converz.dashboard(client, end_date="2025-07-13"))
    assert "lower, and not by chance alone" in text
    assert "Not by chance alone: sales." in text


def test_it_is_written_whole_and_readable(client, tmp_path):
    page = converz.dashboard(client, end_date="2025-07-13", hear=0)
    target = tmp_path / "page.html"
    target.write_text("older")
    page.write(target)
    assert target.read_text(encoding="utf-8") == page.html
    assert stat.S_IMODE(target.stat().st_mode) & 0o400
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(OSError, match="nowhere"):
        page.write(tmp_path / "nowhere" / "page.html")
    assert threading.active_count() < 50
    assert repr(page).startswith("Dashboard(")
    frame = page._repr_html_()
    assert frame.startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;!doctype html&gt;')
    assert "<script" not in frame


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"end_date": "14-07-2025"}, "end_date is '14-07-2025'"),
        ({"end_date": 5}, "end_date is 5"),
        ({"days": 0}, "days is 0"),
        ({"days": True}, "days is True"),
        ({"days": 732}, "days is 732: it must be an integer from 1 to 731"),
        ({"metric": []}, "metric is []"),
        ({"metric": [1]}, "metric has 1"),
        ({"metric": ["csat", "csat"]}, "each once"),
        ({"activity": 1}, "activity is 1"),
        ({"hear": -1}, "hear is -1"),
        ({"end_date": "2025-W29"}, "end_date is '2025-W29': it must be a date"),
        ({"hear": 101}, "hear is 101"),
        ({"minimum": 1}, "minimum is 1"),
        ({"unsettled_days": 1.5}, "unsettled_days is 1.5"),
        ({"campaign": 5}, "campaign has 5"),
    ],
)
def test_what_is_refused(world, client, arguments, words):
    before = len(world.requests)
    with pytest.raises(converz.InvalidInputError) as raised:
        converz.dashboard(client, **arguments)
    assert words in str(raised.value)
    assert len(world.requests) == before


def test_who_is_asked_is_a_client():
    with pytest.raises(converz.InvalidInputError, match="client is 'https"):
        converz.dashboard("https://acme.converz.co")


def test_a_metric_that_the_service_does_not_have(client):
    with pytest.raises(converz.BadRequestError):
        converz.dashboard(client, end_date="2025-07-13", metric="happiness")


@pytest.mark.parametrize(
    ("library", "name"), [("polars", "polars"), ("scipy", "scipy"), ("vl_convert", "vl_convert")]
)
def test_what_to_install(run_python, library, name):
    code = """
import converz
try:
    converz.dashboard(converz.Client("http://127.0.0.1:9", "key"))
except ImportError as error:
    print(error)
"""
    finished = run_python(code=code, blocked=[library])
    assert (
        finished.stdout
        == f"dashboard() needs {name}, which is not installed: pip install 'converz[dashboard]'\n"
    )


def test_long_names_keep_the_ends_by_which_they_differ():
    names = [f"Customer relations for the islands, shift {shift}" for shift in range(10)]
    assert len({label(name, 17) for name in names}) == 10
    for width in (13, 17, 28, 40):
        for name in (*names, "漢字" * 30, "e\u0301" * 90, "x" * 10_000, "\u202e" * 90, "👩‍👩‍👧" * 30):
            shown = label(name, width)
            assert 2 <= text_columns(shown) <= width, (width, name)
            assert "…" in shown
            assert shown.isprintable() or "\u200d" in shown
    assert label("short", 5) == "short"
    assert label("ends in …", 12) == "ends in …"


def test_many_names_in_a_sentence_are_cut_and_it_says_so():
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(place) for place in range(14)]).endswith("10, 11 and 2 more")


def test_a_change_without_an_interval_is_not_drawn():
    """One agent: nothing can be said of chance, so there is nothing to see, but all in the table."""
    with converz.Sandbox(calls=900, reps=1, days=120, today="2025-07-15") as sandbox:
        page = converz.dashboard(sandbox.client(), end_date="2025-07-13", hear=0)
    text = text_of(page)
    assert "conversations of 1 agent," in text
    assert text.count("No group is large enough for an interval, so there is no picture.") == 3
    assert '<figure id="where-' not in page.html
    assert '<div id="where-campaign"' in page.html
    assert re.search(r"Csat by campaign .* support csat \d+ \d+", text)
