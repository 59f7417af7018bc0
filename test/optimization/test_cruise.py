"""What a metre costs, and what power is worth: proximal steps beside scipy, limits, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from swarm_consensus.optimization import Exchange, Negotiator, Settings, negotiate
from swarm_consensus.optimization.charging import Charging
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.cruise import Cruise
from swarm_consensus.optimization.dispatch import DispatchError
from swarm_consensus.optimization.terms import Term

POSITIVE = st.floats(0.01, 50.0)


def lowest(term: Term, centre: float, weight: float, low: float, high: float) -> float:
    def cost(x: float) -> float:
        return term.value(np.array([x])) + 0.5 * weight * (x - centre) ** 2

    return float(minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x)


@settings(max_examples=60, deadline=None)
@given(POSITIVE, POSITIVE, st.floats(-5.0, 5.0), POSITIVE)
def test_a_step_of_a_cruise_is_the_least_of_its_sum(hurry: float, energy: float, centre: float, weight: float) -> None:
    term = Cruise(hurry, energy, 0.1, 2.0)
    found = term.prox(np.array([centre]), weight)[0]
    assert found == pytest.approx(lowest(term, centre, weight, 0.1, 2.0), abs=1e-5)
    assert 0.1 <= found <= 2.0


def test_alone_each_has_its_own_speed() -> None:
    assert Cruise(2.0, 1.0, 0.1, 5.0).best == pytest.approx(1.0)  # h = 2 r: the cube root of 1
    assert Cruise(2.0, 1.0, 0.1, 0.7).best == 0.7
    assert Cruise(0.3, 0.3, 0.5, 0.5).prox(np.array([9.0]), 1.0)[0] == 0.5


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((-1.0, 1.0, 0.1, 1.0), "hurry is -1, must be above 0: else the cost is not strictly convex"),
        ((1.0, 0.0, 0.1, 1.0), "energy is 0, must be above 0"),
        ((1.0, 1.0, 0.0, 1.0), "limits are 0 and 1 m/s, must be 0 < low <= high"),
        ((1.0, 1.0, 0.6, 0.5), "limits are 0.6 and 0.5 m/s"),
        ((float("nan"), 1.0, 0.1, 0.5), "hurry is nan"),
    ],
)
def test_a_cruise_that_is_none_is_refused(numbers: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(OptimizationError, match=sentence):
        Cruise(*numbers)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 5.0), st.floats(0.01, 3.0), st.floats(0.0, 9.0), st.floats(0.0, 9.0), st.floats(-4.0, 6.0), POSITIVE
)
def test_a_step_of_charging_is_the_least_of_its_sum(
    worth: float, saturation: float, most: float, share: float, centre: float, weight: float
) -> None:
    term = Charging(worth, saturation, most, share)
    found = float(term.prox(np.array([centre]), weight)[0])
    reach = 10.0 + (most + share) / weight
    cost = [
        term.value(np.array([x])) + 0.5 * weight * (x - centre) ** 2
        for x in (found, lowest(term, centre, weight, centre - reach, centre + reach))
    ]
    assert cost[0] <= cost[1] + 1e-7 * (1.0 + abs(cost[1]))


def test_power_that_nobody_wants_is_spilt_and_costs_nothing() -> None:
    terms = [Charging(1.0, 0.1, 2.0, 5.0), Charging(0.0, 0.1, 2.0, 5.0)]  # 4 W wanted at most of 10
    nodes = {i: Negotiator(i, term, np.zeros(1), Settings(penalty=3.0, robots=2)) for i, term in enumerate(terms)}
    Exchange(nodes, [[0, 1], [1, 0]]).run(400)
    assert nodes[0].point[0] == pytest.approx(0.0, abs=1e-6)
    assert terms[0].drawn_at(float(nodes[0].point[0])) == pytest.approx(2.0)


def test_scarce_power_has_the_central_price() -> None:
    # 1 - 0.2 p = 0.6 - 0.2 q and p + q = 3: p = 2.5, q = 0.5 at the price 0.5
    terms = [Charging(1.0, 0.1, 9.0, 1.5), Charging(0.6, 0.1, 9.0, 1.5)]
    nodes = {i: Negotiator(i, term, np.zeros(1), Settings(penalty=3.0, robots=2)) for i, term in enumerate(terms)}
    Exchange(nodes, [[0, 1], [1, 0]]).settle(2000)
    assert [term.drawn(nodes[i].slope) for i, term in enumerate(terms)] == pytest.approx([2.5, 0.5], abs=1e-5)
    assert nodes[1].point[0] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("wrong", [{"worth": -1.0}, {"saturation": 0.0}, {"most": np.inf}, {"share": -0.1}])
def test_charging_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    numbers = {"worth": 1.0, "saturation": 0.1, "most": 5.0, "share": 1.0} | wrong
    with pytest.raises(DispatchError, match=f"{next(iter(wrong))} is"):
        Charging(**numbers)


def test_a_speed_is_settled_fairly() -> None:
    slow, fast = Cruise(0.1, 1.0, 0.1, 2.0), Cruise(4.0, 0.5, 0.1, 2.0)
    settled = negotiate([[0, 1], [1, 0]], [slow, fast], fairness="max-min")
    assert settled.cost[0] == pytest.approx(settled.cost[1], rel=1e-3)  # neither loses more
