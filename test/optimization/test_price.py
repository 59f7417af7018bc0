"""Dispatch by an agreed price: beside the central solution, with ramps, over a bad radio, and with a liar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import network, ring

from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.dispatch import DispatchError, dispatch
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.negotiator import Negotiator
from swarm_consensus.optimization.price import Unit, dispatched, settings_for, share

LINE = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
WOOD = [  # Wood and Wollenberg, example 3A: $/MWh^2, $/MWh, MW
    Unit(0.001562, 7.92, 150.0, 600.0, demand=850.0),
    Unit(0.00194, 7.85, 100.0, 400.0),
    Unit(0.00482, 7.97, 50.0, 200.0),
]


def central(units: list[Unit]):  # type: ignore[no-untyped-def]
    columns = [[getattr(unit, name) for unit in units] for name in ("quadratic", "linear", "minimum", "maximum")]
    return dispatch(*columns, sum(unit.demand for unit in units))


def nodes_of(units: list[Unit]) -> dict[int, Negotiator]:
    return {i: Negotiator(i, unit, np.zeros(1), settings_for(units)) for i, unit in enumerate(units)}


def test_one_unit_gives_all() -> None:
    result = share([[0]], [Unit(0.5, 2.0, 0.0, 10.0, demand=4.0)])
    assert result.price == pytest.approx(6.0, abs=1e-6)
    assert result.output[0] == pytest.approx(4.0, abs=1e-6)


def test_three_units_at_850_megawatts() -> None:
    result = share(LINE, WOOD)
    assert result.price == pytest.approx(9.148263, abs=1e-6)
    assert result.output.sum() == pytest.approx(850.0, abs=1e-6)
    np.testing.assert_allclose(result.output, [393.2, 334.6, 122.2], atol=0.05)


def test_a_unit_is_held_back_by_its_limit() -> None:
    # example 3B
    result = share(LINE, [Unit(0.00128, 6.48, 150.0, 600.0), WOOD[1], Unit(0.00482, 7.97, 50.0, 200.0, demand=850.0)])
    np.testing.assert_allclose(result.output, [600.0, 187.1, 62.9], atol=0.05)
    assert result.at_maximum.tolist() == [True, False, False]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 8), st.booleans())
def test_any_units_settle_on_the_central_optimum(seed: int, count: int, some_linear: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b, low = rng.uniform(0.05, 2.0, count), rng.uniform(-3.0, 3.0, count), rng.uniform(-2.0, 1.0, count)
    if some_linear:
        a[0] = 0.0
    high = low + rng.uniform(0.5, 4.0, count)
    part = rng.uniform(0.1, 0.9)
    needs = low + part * (high - low)
    units = [Unit(*numbers[:4], demand=numbers[4]) for numbers in np.column_stack((a, b, low, high, needs)).tolist()]
    result, wanted = share(network(rng, count), units), central(units)
    assert result.price == pytest.approx(wanted.price, abs=1e-6)
    assert result.output.sum() == pytest.approx(sum(unit.demand for unit in units), abs=1e-6)
    np.testing.assert_allclose(result.output, wanted.output, atol=1e-6)
    clear = abs(2 * a * wanted.output + b - wanted.price) > 1e-5  # a unit just at its limit may be called either way
    np.testing.assert_array_equal(result.at_minimum[clear], wanted.at_minimum[clear])
    np.testing.assert_array_equal(result.at_maximum[clear], wanted.at_maximum[clear])


def test_robots_share_the_power_of_a_dock() -> None:
    # value of charge 4 P - P^2/2 for the empty robot, 2 P - P^2/2 for the other; the dock can give 3 W
    hungry, calm = Unit(0.5, 4.0, -10.0, 0.0), Unit(0.5, 2.0, -10.0, 0.0)
    result = share(LINE, [hungry, calm, Unit(0.0, 0.0, 0.0, 3.0)])
    # 4 - p + 2 - p = 3 at the price p = 1.5
    np.testing.assert_allclose(result.output, [-2.5, -0.5, 3.0], atol=1e-6)
    assert result.price == pytest.approx(1.5, abs=1e-6)
    plenty = share(LINE, [hungry, calm, Unit(0.0, 0.0, 0.0, 30.0)])
    assert plenty.price == pytest.approx(0.0, abs=1e-6)


def test_ramp_rates_are_kept_from_one_dispatch_to_the_next() -> None:
    units = [Unit(1.0, 0.0, 0.0, 10.0, demand=6.0, ramp=0.5), Unit(2.0, 0.0, 0.0, 10.0)]
    first = share(ring(2), units)
    np.testing.assert_allclose(first.output, [4.0, 2.0], atol=1e-6)
    step = [Unit(1.0, 0.0, 0.0, 10.0, demand=9.0, ramp=0.5), units[1]]
    narrowed = [unit.after(power) for unit, power in zip(step, first.output, strict=True)]
    second = share(ring(2), narrowed, price=first.price)
    np.testing.assert_allclose(second.output, [4.5, 4.5], atol=1e-5)  # without the ramp 6 and 3
    assert second.at_maximum.tolist() == [True, False]


def test_a_bad_radio_changes_nothing_but_the_time() -> None:
    exchange = Exchange(nodes_of(WOOD), LINE, 0.3, 5, np.random.default_rng(0))
    exchange.run(2000)
    result = dispatched(WOOD, exchange.nodes)
    assert result.price == pytest.approx(9.148263, abs=1e-6)
    assert result.output.sum() == pytest.approx(850.0, abs=1e-6)


def test_a_unit_that_fails_is_made_up_for_by_the_others() -> None:
    units = [*WOOD, Unit(0.003, 7.9, 0.0, 300.0)]
    exchange = Exchange(nodes_of(units), ring(4))
    exchange.run(200)
    del exchange.nodes[3]
    for node in exchange.nodes.values():
        node.forget(3)
    exchange.run(500)
    assert dispatched(WOOD, exchange.nodes).price == pytest.approx(9.148263, abs=1e-6)


class Liar(Negotiator):
    """Says that it wants another price, whatever it hears."""

    def _choose(self) -> None:
        super()._choose()
        self.point = np.array([50.0])


def test_a_liars_price_moves_the_price_and_no_unit_beyond_its_limits() -> None:
    """The documented limit: nothing trims it. What holds is each one's own limits."""
    nodes = nodes_of(WOOD)
    nodes[2] = Liar(2, WOOD[2], np.zeros(1), settings_for(WOOD))
    exchange = Exchange(nodes, LINE)
    exchange.run(400)
    result = dispatched(WOOD, nodes)
    assert abs(nodes[0].point[0] - 9.148263) > 1.0
    for unit, power in zip(WOOD[:2], result.output[:2], strict=True):
        assert unit.minimum <= power <= unit.maximum


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Unit(-1.0, 0.0, 0.0, 1.0), "quadratic is -1, must be at least 0: the cost is not convex"),
        (lambda: Unit(1.0, 0.0, 2.0, 1.0), "minimum is 2, must be at most maximum, which is 1"),
        (lambda: Unit(1.0, np.nan, 0.0, 1.0), "linear is nan, must be finite"),
        (lambda: Unit(1.0, 0.0, 0.0, 1.0, ramp=-1.0), "ramp is -1, must be at least 0"),
        (lambda: Unit(1.0, 0.0, 0.0, 1.0, ramp=0.5).after(2.0), "power is 2, must be from -0.5 to 1.5"),
        (lambda: share([[0]], [Unit(1.0, 0.0, 0.0, 1.0, demand=2.0)]), "demand is 2, must be from 0, .* to 1"),
        (lambda: share(ring(3), [Unit(1.0, 0.0, 0.0, 1.0)] * 2), r"adjacency has shape \(3, 3\), must be \(2, 2\)"),
        (lambda: share([], []), "there are 0 units, must be at least 1"),
    ],
)
def test_what_can_not_be_dispatched_is_a_sentence(make, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OptimizationError, match=sentence):
        make()
    assert issubclass(DispatchError, OptimizationError)
