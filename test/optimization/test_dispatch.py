"""Economic dispatch: one unit, ties, limits, then any problem beside the solver of an oracle."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.optimization.dispatch import DispatchError, dispatch


def test_one_unit_gives_all() -> None:
    result = dispatch([0.5], [2.0], [0.0], [10.0], 4.0)
    assert (result.price, result.output.tolist()) == (6.0, [4.0])  # 2 * 0.5 * 4 + 2


def test_equal_units_give_equal_shares() -> None:
    result = dispatch([1.0] * 4, [3.0] * 4, [0.0] * 4, [5.0] * 4, 8.0)
    np.testing.assert_allclose(result.output, 2.0)
    assert result.price == pytest.approx(7.0)


def test_three_units_at_850_megawatts() -> None:
    # Wood and Wollenberg, example 3A: incremental cost 9.148263 $/MWh, outputs 393.2, 334.6 and 122.2 MW
    result = dispatch([0.001562, 0.00194, 0.00482], [7.92, 7.85, 7.97], [150, 100, 50], [600, 400, 200], 850.0)
    assert result.price == pytest.approx(9.148263, abs=1e-6)
    np.testing.assert_allclose(result.output, [393.2, 334.6, 122.2], atol=0.05)
    assert not result.at_minimum.any()
    assert not result.at_maximum.any()


def test_a_cheap_unit_is_held_back_by_its_limit() -> None:
    # example 3B: fuel at 0.9 makes the first 0.00128 and 6.48; it is at its most, and the two others settle at 8.576
    result = dispatch([0.00128, 0.00194, 0.00482], [6.48, 7.85, 7.97], [150, 100, 50], [600, 400, 200], 850.0)
    np.testing.assert_allclose(result.output, [600.0, 187.1, 62.9], atol=0.05)
    assert result.price == pytest.approx(8.576, abs=5e-4)
    assert result.at_maximum.tolist() == [True, False, False]


def test_a_dear_unit_is_held_up_by_its_limit() -> None:
    # the second gives the other 10, at a price at which the first would give nothing
    result = dispatch([0.5, 0.5], [20.0, 0.0], [20.0, 0.0], [50.0, 50.0], 30.0)
    assert (result.price, result.output.tolist()) == (10.0, [20.0, 10.0])
    assert result.at_minimum.tolist() == [True, False]


def test_units_of_linear_cost_at_the_price_share_by_range() -> None:
    result = dispatch([0.0, 0.0, 1.0], [5.0, 5.0, 0.0], [0.0, 1.0, 0.0], [2.0, 5.0, 9.0], 6.5)
    assert result.price == 5.0
    # the third gives 2.5; 1 is given anyway, and 3 of a range of 2 + 4 are left
    np.testing.assert_allclose(result.output, [1.0, 3.0, 2.5])


@pytest.mark.parametrize(("demand", "output"), [(3.0, [1.0, 2.0]), (11.0, [5.0, 6.0])])
def test_a_demand_at_the_end_of_what_is_possible(demand: float, output: list[float]) -> None:
    np.testing.assert_allclose(dispatch([1.0, 2.0], [0.0, 1.0], [1.0, 2.0], [5.0, 6.0], demand).output, output)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32), st.booleans())
def test_any_problem_is_solved_as_the_oracle_solves_it(count: int, seed: int, some_linear: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.01, 2.0, count), rng.uniform(-3.0, 3.0, count)
    if some_linear:
        a[rng.random(count) < 0.4] = 0.0
    low = rng.uniform(-2.0, 1.0, count)
    high = low + rng.uniform(0.0, 4.0, count)
    demand = float(rng.uniform(low.sum(), high.sum()))
    result = dispatch(a, b, low, high, demand)
    assert result.output.sum() == pytest.approx(demand, abs=1e-9)
    assert (result.output >= low - 1e-12).all()
    assert (result.output <= high + 1e-12).all()
    power = cp.Variable(count)
    balance = cp.sum(power) == demand
    cost = cp.sum(cp.multiply(a, cp.square(power))) + b @ power
    best = cp.Problem(cp.Minimize(cost), [balance, power >= low, power <= high]).solve(solver=cp.CLARABEL)
    ours = float((a * result.output**2 + b * result.output).sum())
    assert ours == pytest.approx(best, abs=1e-6)
    inside = ~(result.at_minimum | result.at_maximum)
    np.testing.assert_allclose(
        (2 * a * result.output + b)[inside & (result.output > low) & (result.output < high)], result.price, atol=1e-9
    )


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            ([1.0], [0.0], [0.0], [1.0], 2.0),
            "demand is 2, must be from 0, the sum of minimum, to 1, of maximum",
        ),
        (([1.0], [0.0], [0.0], [1.0], float("nan")), "demand is nan"),
        (([-1.0], [0.0], [0.0], [1.0], 0.5), r"quadratic\[0\] is -1, must be at least 0: the cost is not convex"),
        (
            ([1.0, 1.0], [0.0], [0.0, 0.0], [1.0, 1.0], 0.5),
            r"linear has shape \(1,\), must be one number for each unit",
        ),
        (([1.0], [0.0], [2.0], [1.0], 1.5), r"minimum\[0\] is 2, must be at most maximum\[0\], which is 1"),
        (([1.0], [float("inf")], [0.0], [1.0], 0.5), "linear has inf, must be finite"),
        (([], [], [], [], 0.0), "must be one number for each unit"),
    ],
)
def test_what_can_not_be_solved_is_a_sentence(problem: tuple, sentence: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(DispatchError, match=sentence):
        dispatch(*problem)
