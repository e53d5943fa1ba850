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
