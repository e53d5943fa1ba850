"""`compare` against known answers: simulated agents whose truth is known, and arithmetic done by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import converz

SIZES = {
    "twenty agents, thirty calls each": np.full(20, 30),
    "ten agents": np.full(10, 40),
    "forty agents of very different diligence": np.linspace(10, 80, 40).astype(int),
}


def simulated(rng, sizes, *, likeness, effect=0.0, gone=0, binary=False):
    """Two periods of conversations of agents, of whom `gone` are only in the first, and as many only in the second.

    `likeness` is the share of the variance that lies between agents; each agent also changes by some of it.
    """
    count = len(sizes)
    levels = rng.normal(0, math.sqrt(likeness), count + gone)
    periods = []
    for period in (0, 1):
        agents = np.arange(count) + period * gone
        means = levels[agents] + rng.normal(0, math.sqrt(likeness / 2), count) + period * effect
        who = np.repeat(agents, rng.permutation(sizes))
        mean = means[who - period * gone]
        if binary:
            values = rng.random(len(who)) < 1 / (1 + np.exp(-mean))
        else:
            values = mean + rng.normal(0, math.sqrt(1 - likeness), len(who))
        periods.append(pl.DataFrame({"rep_id": [f"agent {i}" for i in who], "value": values}))
    return periods


@pytest.mark.parametrize(
    ("name", "gone", "likeness"),
    [*((name, 0, 0.2) for name in SIZES), (next(iter(SIZES)), 5, 0.2), (list(SIZES)[-1], 0, 0.0)],
)
def test_intervals_hold_what_they_promise(name, gone, likeness):
    """The truth is in 95 % of them, within two, over 500 draws."""
    rng, effect, inside = np.random.default_rng(7), 0.3, 0
    for _ in range(500):
        before, after = simulated(rng, SIZES[name], likeness=likeness, effect=effect, gone=gone)
        row = converz.compare(before, after, metric="value").to_pydict()
        inside += row["lower"][0] <= effect <= row["upper"][0]
    assert 0.93 <= inside / 500 <= 0.97


def test_intervals_of_shares_hold_what_they_promise():
    rng, inside = np.random.default_rng(11), 0
    for _ in range(500):
        before, after = simulated(rng, SIZES["twenty agents, thirty calls each"], likeness=0.3, binary=True)
        row = converz.compare(before, after, metric="value").to_pydict()
        inside += row["lower"][0] <= 0 <= row["upper"][0]
    assert 0.93 <= inside / 500 <= 0.97


def test_without_clusters_the_intervals_would_lie():
    """What the clusters are for: taken one by one, conversations of few agents are too sure."""
    rng, inside = np.random.default_rng(13), 0
    for _ in range(200):
        before, after = simulated(rng, SIZES["ten agents"], likeness=0.2)
        sides = [side.with_columns(pl.int_range(pl.len()).alias("one by one")) for side in (before, after)]
        row = converz.compare(*sides, metric="value", cluster="one by one").to_pydict()
        inside += row["lower"][0] <= 0 <= row["upper"][0]
    assert inside / 200 < 0.8


def test_twenty_groups_without_a_change_give_one_false_alarm_in_twenty_looks():
    rng, alarms = np.random.default_rng(17), 0
    for _ in range(500):
        frames = []
        for _side in (0, 1):
            who = np.repeat(np.arange(200), 6)
            values = rng.normal(0, 1, len(who))
            frames.append(pl.DataFrame({"rep_id": who.astype(str), "campaign": who % 20, "value": values}))
        verdicts = converz.compare(*frames, metric="value", by="campaign").to_pydict()["verdict"]
        assert len(verdicts) == 20
        alarms += any(verdict in ("higher", "lower") for verdict in verdicts)
    assert 0.025 <= alarms / 500 <= 0.065


def test_the_error_of_independent_values_is_the_one_of_the_textbook():
    """Clusters of one: Welch's standard error, for which scipy has the answer."""
    from scipy import stats

    rng = np.random.default_rng(19)
    a, b = rng.normal(0, 1, 80), rng.normal(0.4, 2, 60)
    sides = [
        pl.DataFrame({"rep_id": [f"{name}{i}" for i in range(len(x))], "value": x})
        for name, x in (("a", a), ("b", b))
    ]
    row = {name: values[0] for name, values in converz.compare(*sides, metric="value").to_pydict().items()}
    welch = stats.ttest_ind(b, a, equal_var=False)
    error = welch.confidence_interval(0.95).high - welch.confidence_interval(0.95).low
    assert row["difference"] == pytest.approx(b.mean() - a.mean())
    # The degrees of freedom differ a little, since Welch takes them from the variances.
    assert row["upper"] - row["lower"] == pytest.approx(error, rel=0.02)
    assert row["p_value"] == pytest.approx(welch.pvalue, rel=0.15)
    assert row["clusters"] == 140


def test_contributions_sum_up_to_the_change():
    rng = np.random.default_rng(23)
    before = pl.DataFrame(
        {"rep_id": rng.integers(0, 30, 900).astype(str), "campaign": rng.choice(["a", "b", "gone"], 900)}
    )
    after = pl.DataFrame(
        {"rep_id": rng.integers(0, 30, 700).astype(str), "campaign": rng.choice(["a", "b", "new", None], 700)}
    )
    before = before.with_columns(value=pl.Series(rng.normal(3, 1, 900)))
    after = after.with_columns(value=pl.Series(rng.normal(4, 1, 700)))
    groups = converz.compare(before, after, metric="value", by="campaign").to_polars()
    whole = converz.compare(before, after, metric="value").to_polars()
    assert set(groups["campaign"]) == {"a", "b", "gone", "new", None}
    explained = groups["within"] + groups["mix"]
    assert explained.sum() == pytest.approx(whole["difference"][0])
    assert explained.abs().to_list() == sorted(explained.abs(), reverse=True)
    gone = groups.row(by_predicate=pl.col("campaign") == "gone", named=True)
    assert (gone["n_after"], gone["after"], gone["difference"], gone["verdict"]) == (0, None, None, "too few")
    assert gone["within"] == 0


def test_only_a_share_that_moves_is_mix():
    """Neither group changes, but the worse one grows."""

    def side(good, bad):
        who = [f"agent {i % 12}" for i in range(good + bad)]
        values = [1.0] * good + [0.0] * bad
        return pl.DataFrame({"rep_id": who, "team": ["good"] * good + ["bad"] * bad, "value": values})

    rows = converz.compare(side(160, 40), side(80, 120), metric="value", by="team").to_pydict()
    assert rows["within"] == [0, 0]
    assert sum(rows["mix"]) == pytest.approx(-0.4)
    # All of a kind: there is nothing to compute an interval from.
    assert rows["verdict"] == ["too few", "too few"]


@pytest.mark.parametrize(("agents", "calls"), [(4, 30), (20, 1)])
def test_too_few_is_said(agents, calls):
    who = [f"agent {i}" for i in range(agents) for _ in range(calls)]
    data = pl.DataFrame({"rep_id": who, "value": [float(i % 7) for i in range(len(who))]})
    row = converz.compare(data, data, metric="value").to_pydict()
    assert row["verdict"] == ["too few"]
    assert row["lower"] == row["p_value"] == row["simultaneous_upper"] == [None]
    assert row["difference"] == [0.0]


@pytest.mark.parametrize(("rare", "verdict"), [(9, "too few"), (10, "unclear")])
@pytest.mark.parametrize("usual", [0.0, 1.0])
def test_a_share_near_nothing_or_all_needs_some_of_the_rarer_kind(rare, verdict, usual):
    """An interval of three complaints would be far too sure, and one of none would have no width."""
    who = [f"agent {i % 20}" for i in range(1000)]
    before = pl.DataFrame({"rep_id": who, "value": [1 - usual] * 5 + [usual] * 995})
    after = pl.DataFrame({"rep_id": who, "value": [1 - usual] * (rare - 5) + [usual] * (1005 - rare)})
    for sides in ((before, after), [side.with_columns(pl.col("value") == 1) for side in (before, after)]):
        row = converz.compare(*sides, metric="value").to_pydict()
        assert row["verdict"] == [verdict]
        assert (row["lower"][0] is None) == (verdict == "too few")


@pytest.mark.parametrize(("most", "verdict"), [(200, "unclear"), (210, "too few")])
def test_one_agent_who_has_nearly_everything_is_too_few(most, verdict):
    """With 85 % of the values in one hand, 95 % intervals held the truth in 92 % of 500 draws."""
    who = ["one"] * most + [f"agent {i % 10}" for i in range(100)]
    data = pl.DataFrame({"rep_id": who, "value": [float(i % 7) for i in range(len(who))]})
    assert converz.compare(data, data, metric="value").to_pydict()["verdict"] == [verdict]


def test_values_that_are_all_alike_have_no_interval():
    who = [f"agent {i % 20}" for i in range(1000)]
    same = pl.DataFrame({"rep_id": who, "value": [0.1 + 0.2] * 1000})
    row = converz.compare(same, same, metric="value").to_pydict()
    assert (row["verdict"], row["lower"], row["difference"]) == (["too few"], [None], [0.0])


@pytest.mark.parametrize("share", [0.02, 0.9])
def test_intervals_of_shares_near_the_end_hold_what_they_promise(share):
    """As agents with a share of their own have them; where the rarer kind is rare, they are on the safe side."""
    rng, inside = np.random.default_rng(37), 0
    for _ in range(500):
        own = rng.beta(share * 20, (1 - share) * 20, 30)
        who = np.repeat(np.arange(30), 40)
        sides = [
            pl.DataFrame({"rep_id": who.astype(str), "value": rng.random(len(who)) < own[who]})
            for _ in (0, 1)
        ]
        row = converz.compare(*sides, metric="value").to_pydict()
        inside += row["lower"][0] <= 0 <= row["upper"][0]
    assert 0.93 <= inside / 500 <= 0.97


@pytest.mark.parametrize(("sizes", "kept"), [([30] * 5, 1.0), ([60] * 10, 0.3)])
def test_intervals_at_the_edges_hold_what_they_promise(sizes, kept):
    """The fewest agents, and values of which most are null."""
    rng, inside = np.random.default_rng(41), 0
    for _ in range(500):
        sides = [
            side.with_columns(
                pl.when(pl.Series(rng.random(len(side)) < kept)).then(pl.col("value")).alias("value")
            )
            for side in simulated(rng, sizes, likeness=0.2)
        ]
        row = converz.compare(*sides, metric="value").to_pydict()
        inside += row["lower"][0] <= 0 <= row["upper"][0]
    assert 0.93 <= inside / 500 <= 0.97


def test_nothing_at_all():
    nothing = pl.DataFrame({"rep_id": [], "value": []})
    row = converz.compare(nothing, nothing, metric="value").to_pydict()
    assert (row["n_before"], row["before"], row["verdict"], row["mix"]) == ([0], [None], ["too few"], [None])
    assert converz.compare(nothing, nothing, metric="value", by="rep_id").num_rows == 0


def test_nulls_and_nan_are_left_out_and_conversations_without_an_agent_stand_for_themselves():
    who = [f"agent {i % 10}" for i in range(60)] + [None] * 4
    data = pl.DataFrame({"rep_id": who, "value": [1.0, None, float("nan"), 0.0] * 16})
    row = converz.compare(data, data, metric="value", minimum=20).to_pydict()
    assert row["n_before"] == row["n_after"] == [32]
    # Ten agents have values on half of their calls, and two of the others have one.
    assert row["clusters"] == [12]
    assert row["before"] == [0.5]


def test_several_metrics_are_one_family():
    rng = np.random.default_rng(29)
    agents = pl.Series("rep_id", [f"agent {i % 20}" for i in range(400)])
    data = pl.DataFrame([agents, *(pl.Series(name, rng.normal(0, 1, 400)) for name in ("first", "second"))])
    other = data.with_columns(pl.col("first") + 1, pl.Series("second", rng.normal(0, 1, 400)))
    rows = converz.compare(data, other, metric=["first", "second"]).to_polars()
    assert rows["metric"].to_list() == ["first", "second"]
    assert rows["verdict"].to_list() == ["higher", "unclear"]
    one = converz.compare(data, other, metric="second").to_polars()
    second = rows.row(1, named=True)
    assert second["p_value"] == pytest.approx(one["p_value"][0])
    assert second["p_adjusted"] == pytest.approx(min(1, 2 * one["p_value"][0]))
    assert second["simultaneous_lower"] < second["lower"]


def test_every_kind_of_frame(client):
    before = client.calls(end_date="2025-07-01", metric="csat")
    after = client.calls(start_date="2025-07-02", metric="csat")
    want = converz.compare(before, after, metric="csat", by=["department", "direction"])
    for convert in (converz.Table.to_pandas, converz.Table.to_polars, converz.Table.to_arrow):
        found = converz.compare(
            convert(before), convert(after), metric="csat", by=["department", "direction"]
        )
        assert found.to_polars().equals(want.to_polars())
    assert want.column_names[:3] == ["department", "direction", "metric"]


GOOD = pl.DataFrame({"rep_id": ["a"] * 3, "value": [1.0, 2.0, 3.0], "text": ["x"] * 3, "verdict": [1, 2, 3]})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metric": "nothing"}, "calls_before has no column 'nothing'"),
        ({"metric": "text"}, "column 'text' of calls_before is String"),
        ({"metric": []}, "metric is []"),
        ({"metric": ["value", "value"]}, "each once"),
        ({"metric": 5}, "metric has 5"),
        ({"metric": "value", "by": "verdict"}, "rename it first"),
        ({"metric": "value", "by": [None]}, "by has None"),
        ({"metric": "value", "cluster": "who"}, "no column 'who'"),
        ({"metric": "value", "cluster": 5}, "cluster is 5"),
        ({"metric": "value", "confidence": 95}, "confidence is 95"),
        ({"metric": "value", "confidence": True}, "confidence is True"),
        ({"metric": "value", "minimum": 1}, "minimum is 1"),
        ({"metric": "value", "minimum": 2.5}, "minimum is 2.5"),
    ],
)
def test_what_is_refused(arguments, words):
    with pytest.raises(converz.InvalidInputError) as raised:
        converz.compare(GOOD, GOOD, **arguments)
    assert words in str(raised.value)


def test_what_is_no_table_is_named():
    with pytest.raises(converz.InvalidInputError, match=r"^calls_after is a builtins.int"):
        converz.compare(GOOD, 5, metric="value")


@pytest.mark.parametrize("library", ["polars", "scipy"])
def test_what_to_install(run_python, library):
    code = """
import converz
try:
    converz.compare(None, None, metric="a")
except ImportError as error:
    print(error)
"""
    finished = run_python(code=code, blocked=[library])
    assert (
        finished.stdout
        == f"compare() needs {library}, which is not installed: pip install 'converz[statistics]'\n"
    )
