"""Control limits and funnels: their false alarms as stated, and what is true is found."""

from __future__ import annotations

import numpy as np
import pytest

from converz._statistics.funnel import funnel
from converz._statistics.limits import FEWEST, control_limits


@pytest.mark.parametrize("weeks", [8, 13, 26])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_chart_in_twenty_has_a_false_alarm(weeks, weighted):
    rng, alarms = np.random.default_rng(weeks), 0
    for _ in range(4000):
        weights = rng.integers(50, 500, weeks) if weighted else np.ones(weeks)
        values = 3.4 + rng.normal(0, 1, weeks) / np.sqrt(weights)
        alarms += control_limits(values, weights).outside.any()
    assert 0.04 <= alarms / 4000 <= 0.06


@pytest.mark.parametrize("alarms", [0.01, 0.2])
def test_other_rates(alarms):
    rng = np.random.default_rng(3)
    charts = [control_limits(rng.normal(0, 1, 13), alarms=alarms).outside.any() for _ in range(4000)]
    # Bonferroni errs on the safe side, by more the larger the rate is.
    assert 0.75 * alarms <= np.mean(charts) <= 1.25 * alarms


def test_a_week_that_stands_out_is_found_and_only_it():
    values = 100 + np.random.default_rng(5).normal(0, 3, 13)
    values[9] = 70
    limits = control_limits(values)
    assert limits.outside.tolist() == [week == 9 for week in range(13)]
    assert (limits.lower < limits.mean).all()
    assert (limits.upper > limits.mean).all()


def test_smaller_weeks_have_wider_limits():
    limits = control_limits([3.0, 3.2, 2.9, 3.1, 3.0, 3.3, 2.8], [400, 400, 400, 400, 400, 400, 25])
    assert limits.upper[-1] - limits.mean > 2.5 * (limits.upper[0] - limits.mean)


def test_too_few_weeks_and_none():
    for values in ([], [1.0], [1.0, 50.0, 1.0], [np.nan] * 9):
        limits = control_limits(values)
        assert not limits.outside.any()
        assert np.isinf(limits.upper).all()
    assert FEWEST > 3
    same = control_limits([0.1 + 0.2] * 4 + [0.3] * 4)
    assert not same.outside.any()


@pytest.mark.parametrize("count", [0, 1, 2, FEWEST - 1])
def test_one_week_two_and_all_that_are_too_few_have_no_limits(count):
    limits = control_limits([3.0, 900.0, -5.0, 7.0, 1.0][:count])
    assert limits.lower.tolist() == [-np.inf] * count
    assert limits.upper.tolist() == [np.inf] * count
    assert not limits.outside.any()
    assert np.isnan(limits.mean) == (count == 0)


def test_the_fewest_have_limits():
    limits = control_limits([3.0, 3.1, 2.9, 3.2, 3.0, 3.05][:FEWEST])
    assert np.isfinite(limits.upper).all()


def test_weeks_without_conversations_take_no_part():
    """Neither by their value nor by their number, and they have no limits of their own."""
    values, weights = [3.0, 3.1, 2.9, 3.2, 3.0, 3.05, 2.95], [100.0] * 7
    want = control_limits(values, weights)
    found = control_limits([*values[:3], 40.0, np.nan, *values[3:]], [*weights[:3], 0.0, 50.0, *weights[3:]])
    assert found.mean == pytest.approx(want.mean)
    kept = [0, 1, 2, 5, 6, 7, 8]
    assert found.upper[kept] == pytest.approx(want.upper)
    assert np.isinf(found.upper[[3, 4]]).all()
    assert not found.outside[[3, 4]].any()
    nothing = control_limits(values, [0.0] * 7)
    assert np.isnan(nothing.mean)
    assert np.isinf(nothing.upper).all()
    # Without that it would be one of few weeks.
    assert np.isinf(control_limits(values[:FEWEST], [*weights[: FEWEST - 1], 0.0]).upper).all()


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1 + 0.2, 1e12])
@pytest.mark.parametrize("weights", [None, [3, 400, 1, 90, 250, 7, 30, 5]])
def test_weeks_that_are_all_alike_have_a_band_without_width_and_nobody_is_outside(value, weights):
    """A share of none or of all, among them."""
    limits = control_limits([value] * 8, weights)
    assert limits.mean == pytest.approx(value)
    assert limits.lower == pytest.approx(np.full(8, value))
    assert limits.upper == pytest.approx(np.full(8, value))
    assert not limits.outside.any()


def test_one_week_below_all_is_outside():
    """Shares of 100 %, and one that is not: small, but nothing else ever moved."""
    values = [1.0] * 12 + [0.97]
    assert control_limits(values, [200.0] * 13).outside.tolist() == [False] * 12 + [True]


def units(rng, counts, between, deviation=1.0):
    means, squares = [], []
    for count in counts:
        values = rng.normal(3 + rng.normal(0, between), deviation, count)
        means.append(values.mean())
        squares.append(((values - values.mean()) ** 2).sum())
    return np.array(means), np.array(squares)


def test_one_funnel_in_twenty_has_a_false_alarm():
    rng, alarms = np.random.default_rng(7), 0
    for _ in range(2000):
        counts = rng.integers(30, 200, 30)
        alarms += funnel(counts, *units(rng, counts, 0.0)).outside.any()
    assert 0.035 <= alarms / 2000 <= 0.06


def test_shrunken_estimates_are_nearer_to_the_truth():
    rng = np.random.default_rng(11)
    raw, shrunken, inside, count = 0.0, 0.0, 0, 0
    for _ in range(200):
        counts = rng.integers(5, 80, 40)
        truth = 3 + rng.normal(0, 0.2, 40)
        values = [rng.normal(mean, 1, n) for mean, n in zip(truth, counts, strict=True)]
        means = np.array([each.mean() for each in values])
        squares = np.array([((each - each.mean()) ** 2).sum() for each in values])
        found = funnel(counts, means, squares)
        raw += ((means - truth) ** 2).sum()
        shrunken += ((found.shrunken - truth) ** 2).sum()
        inside += (np.abs(found.shrunken - truth) <= 1.96 * found.shrunken_error).sum()
        count += 40
    assert shrunken < 0.6 * raw
    assert 0.92 <= inside / count <= 0.97


def test_what_differs_between_units_is_estimated():
    rng = np.random.default_rng(13)
    counts = np.full(200, 60)
    found = funnel(counts, *units(rng, counts, 0.3))
    assert found.between == pytest.approx(0.3, abs=0.05)
    assert found.deviation == pytest.approx(1, abs=0.03)


def test_fewer_than_the_minimum_is_never_outside():
    found = funnel([10, 400, 400], [9.0, 3.0, 3.02], [9.0, 400.0, 400.0], minimum=30)
    assert found.enough.tolist() == [False, True, True]
    assert not found.outside.any()
    lower, upper = found.limits([100, 400])
    assert upper[0] - lower[0] == pytest.approx(2 * (upper[1] - lower[1]))


def test_alike_to_the_last_digit():
    found = funnel([50, 50], [1.0, 1.0], [0.0, 0.0])
    assert found.shrunken.tolist() == [1.0, 1.0]
    assert not found.outside.any()
    none = funnel([], [], [])
    assert none.outside.tolist() == []
