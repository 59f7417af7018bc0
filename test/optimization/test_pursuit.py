"""Tracking the sum's slope over directed and lossy links, and through crashes."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import best, each, network, relative_error, ring

from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.pursuit import Course, Pursuer
from swarm_consensus.optimization.terms import Quadratic


def pursuers(terms: Quadratic, part: float = 0.8) -> dict[int, Pursuer]:
    size = part / terms.curvature()[1]
    return {i: Pursuer(i, term, np.zeros(term.size), size) for i, term in enumerate(each(terms))}


def directed_ring(nodes: int) -> np.ndarray:
    links = np.roll(np.eye(nodes), 1, axis=1)
    links[0, 2] = 1.0  # degrees differ
    return links


def tame(rng: np.random.Generator, nodes: int) -> Quadratic:
    """Terms that differ, each curved between 1 and 2."""
    turns = np.linalg.qr(rng.normal(size=(nodes, 2, 2)))[0]
    matrices = turns @ (rng.uniform(1.0, 2.0, (nodes, 2, 1)) * np.swapaxes(turns, 1, 2))
    return Quadratic(matrices, 5.0 * rng.normal(size=(nodes, 2)))


def test_one_robot_is_plain_gradient_descent() -> None:
    nodes = pursuers(Quadratic([[[2.0]]], [[-6.0]]), 0.5)
    Exchange(nodes, [[0]]).run(60)
    assert nodes[0].point[0] == pytest.approx(3.0, abs=1e-9)


def test_identical_terms_need_no_messages_to_be_right() -> None:
    nodes = pursuers(Quadratic(np.ones((3, 1, 1)), np.full((3, 1), -2.0)))
    Exchange(nodes, ring(3)).run(200)
    np.testing.assert_allclose([node.point for node in nodes.values()], 2.0, atol=1e-9)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 7))
def test_any_network_comes_to_the_optimum(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    terms = tame(rng, count)
    exchange = Exchange(pursuers(terms, 0.3), network(rng, count))
    exchange.run(700)
    assert relative_error(exchange.points(), best(terms)) < 1e-7


@pytest.mark.parametrize(("loss", "delay"), [(0.0, 0), (0.3, 0), (0.3, 5)])
def test_directed_links_that_lose_and_delay(loss: float, delay: int) -> None:
    rng = np.random.default_rng(0)
    terms = tame(rng, 5)
    exchange = Exchange(pursuers(terms, 0.3), directed_ring(5), loss, delay, rng)
    exchange.run(2000)
    assert relative_error(exchange.points(), best(terms)) < 1e-8


def test_shares_that_are_not_summed_up_are_lost_with_the_message() -> None:
    """Without running sums the same loss leaves a bias for good: what they are for."""

    class Forgetful(Pursuer):
        def step(self, sender: int, message: Course) -> None:
            self._sums[sender] = self._given_before.get((sender, message.tick), np.zeros(2))
            super().step(sender, message)

        _given_before: dict = {}

        def tick(self, tick: int, neighbours: object) -> Course:
            before = self._given
            message = super().tick(tick, neighbours)
            self._given_before[self.own, tick] = before
            return message

    rng = np.random.default_rng(0)
    terms = tame(rng, 5)
    nodes = {i: Forgetful(i, term, np.zeros(2), 0.15) for i, term in enumerate(each(terms))}
    exchange = Exchange(nodes, directed_ring(5), 0.3, 0, rng)
    exchange.run(2000)
    assert not relative_error(exchange.points(), best(terms)) < 1e-2


def test_what_is_held_and_on_its_way_sums_to_the_slopes() -> None:
    rng = np.random.default_rng(1)
    terms = tame(rng, 6)
    nodes = pursuers(terms, 0.3)
    exchange = Exchange(nodes, network(rng, 6), 0.4, 3, rng)
    for _ in range(40):
        exchange.round()
        held = sum(node.slope for node in nodes.values())
        underway = sum(
            node._given - nodes[j]._sums.get(i, np.zeros(2)) for i, node in nodes.items() for j in node._receivers
        )
        slopes = sum(term.gradient(nodes[i].point) for i, term in enumerate(each(terms)))
        np.testing.assert_allclose(held + underway, slopes, atol=1e-9)


def test_who_crashes_is_left_out_of_the_sum_and_who_joins_is_in_it() -> None:
    rng = np.random.default_rng(0)
    terms = tame(rng, 6)
    nodes = pursuers(terms, 0.3)
    late = nodes.pop(5)
    exchange = Exchange(nodes, np.ones((6, 6)) - np.eye(6), 0.1, 1, rng)
    exchange.run(300)
    del nodes[1]
    for node in nodes.values():
        node.forget(1)
    exchange.run(500)
    rest = [0, 2, 3, 4]
    assert relative_error(exchange.points(), best(Quadratic(terms.hessian[rest], terms.linear[rest]))) < 1e-6
    nodes[5] = late
    exchange.run(900)
    rest.append(5)
    assert relative_error(exchange.points(), best(Quadratic(terms.hessian[rest], terms.linear[rest]))) < 1e-6


def test_damaged_and_old_messages_change_nothing() -> None:
    nodes = pursuers(tame(np.random.default_rng(0), 2))
    exchange = Exchange(nodes, ring(2))
    exchange.run(3)
    before = nodes[0].slope.copy()
    for message in (
        Course(1, 0, (0,), np.zeros(4).tobytes()),
        Course(9, 0, (0,), np.zeros(3).tobytes()),
        Course(9, 0, (0,), np.full(4, np.nan).tobytes()),
    ):
        nodes[0].step(1, message)
    np.testing.assert_array_equal(nodes[0].slope, before)


def test_a_course_goes_through_the_air_unchanged() -> None:
    course = pursuers(tame(np.random.default_rng(0), 2))[0].tick(0, [1])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(course), type=Course) == course


def test_a_step_beyond_the_bound_is_a_sentence() -> None:
    with pytest.raises(OptimizationError, match="step is 1, must be above 0 and below 1 = 2 / largest curvature"):
        Pursuer(0, Quadratic([[2.0]], [0.0]), np.zeros(1), 1.0)
