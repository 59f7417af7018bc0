"""A robot's part in consensus ADMM: over radios that lose, delay and reorder, while robots and wishes come and go."""

from __future__ import annotations

import cvxpy as cp
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import best, each, negotiators, network, oracle, relative_error, ring, squares
from scipy.optimize import root

from swarm_consensus.optimization import admm
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.negotiator import Negotiator, Offer, Settings
from swarm_consensus.optimization.smooth import Logistic
from swarm_consensus.optimization.terms import Absolute, Quadratic, box

FIXED = Settings(windows=0)


def test_one_robot_goes_to_its_own_best_and_is_done() -> None:
    nodes = negotiators([Quadratic([[2.0]], [-6.0])], Settings(robots=1))
    Exchange(nodes, [[0]]).settle(200)
    assert nodes[0].point[0] == pytest.approx(3.0, abs=1e-7)


def test_two_robots_meet_in_the_middle_of_equal_wishes() -> None:
    nodes = negotiators([Quadratic([[1.0]], [-1.0]), Quadratic([[1.0]], [-3.0])], Settings(robots=2))
    Exchange(nodes, ring(2)).settle(200)
    np.testing.assert_allclose([nodes[i].point[0] for i in (0, 1)], 2.0, atol=1e-7)
    assert nodes[0].slope[0] == pytest.approx(1.0, abs=1e-6)  # pulled up by as much as the other is pulled down
    assert nodes[1].slope[0] == pytest.approx(-1.0, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 8))
def test_nodes_do_what_the_law_does_where_nothing_is_lost(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    links, terms = network(rng, count), squares(rng, count, 2)
    exchange = Exchange(negotiators(each(terms), Settings(penalty=0.7, relaxation=0.6, windows=0)), links)
    exchange.run(12)
    law = admm.run(links, terms.prox, np.zeros((count, 2)), 12, 0.7, 0.6)
    np.testing.assert_allclose(exchange.points(), law, atol=1e-12)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 6), st.floats(0.0, 0.4), st.integers(0, 5))
def test_loss_and_delay_cost_time_and_nothing_else(seed: int, count: int, loss: float, delay: int) -> None:
    rng = np.random.default_rng(seed)
    terms = squares(rng, count, 2, rows=4)
    exchange = Exchange(negotiators(each(terms), FIXED), network(rng, count), loss, delay, rng)
    exchange.run(900)
    assert relative_error(exchange.points(), best(terms)) < 1e-6


def test_plain_dual_ascent_is_broken_by_the_same_loss() -> None:
    """The usual ADMM by broadcast, which adds x_i - x_j to one multiplier, drifts for good: hence the link form."""
    rng = np.random.default_rng(0)
    links, terms = ring(6), squares(rng, 6, 1, rows=4)
    points, duals, heard = np.zeros((6, 1)), np.zeros((6, 1)), np.zeros((6, 6, 1))
    for _ in range(1500):
        near = links.sum(axis=1)[:, None]
        middle = 0.5 * points + 0.5 * (links[..., None] * heard).sum(axis=1) / near
        points = terms.prox(middle - duals / (2.0 * near), 2.0 * near[:, 0])
        arrived = rng.random((6, 6)) >= 0.3
        heard[arrived] = np.broadcast_to(points[None], (6, 6, 1))[arrived]
        duals = duals + (links[..., None] * (points[:, None] - heard)).sum(axis=1)
    assert relative_error(points, best(terms)) > 1e-2


@pytest.mark.parametrize(("loss", "delay", "rounds"), [(0.0, 0, 130), (0.3, 5, 400)])
def test_logistic_regression_on_twenty_robots_is_the_central_one(loss: float, delay: int, rounds: int) -> None:
    rng = np.random.default_rng(0)
    links = network(rng, 20)
    features = rng.normal(size=(20, 10, 4))
    labels = np.sign(features @ rng.normal(size=4) + rng.normal(size=(20, 10)))
    terms = [Logistic(x, y, 0.05) for x, y in zip(features, labels, strict=True)]
    central = root(lambda at: sum(term.gradient(at) for term in terms), np.zeros(4), tol=1e-13).x
    exchange = Exchange(negotiators(terms, Settings(penalty=0.2, windows=0)), links, loss, delay, rng)
    exchange.run(rounds)
    assert abs(exchange.points() - central).max() < 1e-6


def test_terms_of_different_kinds_agree_with_the_oracle() -> None:
    rng = np.random.default_rng(0)
    matrix = np.array([[2.0, 0.5], [0.5, 1.0]])
    terms = [
        Quadratic(matrix, [-3.0, 1.0]),
        Absolute(1.5, np.array([0.2, -1.0])),
        box([-0.5, -0.5], [0.5, 2.0]),
        Logistic(rng.normal(size=(6, 2)), rng.choice([-1.0, 1.0], 6)),
    ]
    nodes = negotiators(terms, Settings(robots=4))
    exchange = Exchange(nodes, ring(4))
    exchange.settle(3000)
    x = cp.Variable(2)
    cost = 0.5 * cp.quad_form(x, matrix) + np.array([-3.0, 1.0]) @ x + 1.5 * cp.norm1(x - np.array([0.2, -1.0]))
    cost += cp.sum(cp.logistic(-terms[3]._signed @ x))
    wanted = oracle(cost, x >= [-0.5, -0.5], x <= [0.5, 2.0])
    point = exchange.points().mean(axis=0)
    assert sum(term.value(point) for term in terms) == pytest.approx(wanted, abs=1e-6)
    np.testing.assert_allclose(exchange.points(), x.value[None].repeat(4, axis=0), atol=1e-5)


def test_being_done_means_being_right() -> None:
    rng = np.random.default_rng(2)
    links, terms = network(rng, 9), squares(rng, 9, 3, rows=5)
    nodes = negotiators(each(terms), Settings(robots=9, absolute=1e-9, relative=1e-9))
    exchange = Exchange(nodes, links, 0.2, 3, rng)
    first = None
    for _ in range(3000):
        exchange.round()
        if first is None and any(node.done for node in nodes.values()):
            first = relative_error(exchange.points(), best(terms))
    assert first is not None
    assert first < 1e-6  # by then all were content, also those far from the first that knew


def test_silence_is_not_taken_for_agreement() -> None:
    """With Boyd's residual, the difference of two rounds, a robot cut off from all would soon be content."""
    nodes = negotiators([Quadratic([[1.0]], [-1.0]), Quadratic([[1.0]], [-9.0])], Settings(robots=2, windows=0))
    exchange = Exchange(nodes, ring(2))
    exchange.run(4)
    for tick in range(4, 400):
        nodes[0].tick(tick, [1])  # nothing arrives any more
    assert not nodes[0].done
    assert nodes[0].calm == 0


@pytest.mark.parametrize("problem", ["limits that exclude each other", "no floor"])
def test_what_has_no_optimum_is_never_done(problem: str) -> None:
    terms = [box([0.0], [1.0]), box([2.0], [3.0])] if problem != "no floor" else [Quadratic([[0.0]], [1.0])] * 2
    nodes = negotiators(terms, Settings(robots=2, windows=0))
    with pytest.raises(OptimizationError, match=r"not settled after 400 rounds: node . has the primal residual"):
        Exchange(nodes, ring(2)).settle(400)
    assert not any(node.done for node in nodes.values())


@pytest.mark.parametrize("penalty", [0.01, 100.0])
def test_the_penalty_finds_its_size(penalty: float) -> None:
    rng = np.random.default_rng(0)
    terms, links = squares(rng, 12, 3), network(rng, 12)
    rounds = {}
    for windows in (0, 20):
        chosen = Settings(penalty=penalty, robots=12, windows=windows, absolute=1e-7, relative=1e-7)
        exchange = Exchange(negotiators(each(terms), chosen), links)
        rounds[windows] = next(
            (k for k in range(800) if exchange.round() or relative_error(exchange.points(), best(terms)) < 1e-6), 800
        )
    assert rounds[20] < 400
    assert rounds[20] < 0.5 * rounds[0]


def test_scaling_a_problem_changes_nothing_but_the_penalty() -> None:
    rng = np.random.default_rng(0)
    links, terms = ring(6), squares(rng, 6, 2)
    found = []
    for scale in (1.0, 1000.0):
        scaled = [Quadratic(scale * term.hessian, scale * term.linear) for term in each(terms)]
        exchange = Exchange(negotiators(scaled, Settings(penalty=100.0 * scale, window_ticks=8)), links)
        exchange.run(60)
        found.append(exchange.points())
    np.testing.assert_allclose(found[1], found[0], atol=1e-9)


def test_a_warm_start_takes_fewer_rounds() -> None:
    rng = np.random.default_rng(0)
    links, terms = network(rng, 8), each(squares(rng, 8, 2))
    chosen = Settings(robots=8, windows=0)
    exchange = Exchange(negotiators(terms, chosen), links)
    cold = exchange.settle(3000)
    nudged = [Quadratic(term.hessian, term.linear + 1e-6) for term in terms]
    for i, term in enumerate(nudged):
        exchange.nodes[i].replace(term)
    exchange.run(2)  # so that nobody still is done from before
    assert exchange.settle(3000) < 0.6 * cold
    assert (
        relative_error(
            exchange.points(), np.linalg.solve(sum(t.hessian for t in nudged), -sum(t.linear for t in nudged))
        )
        < 1e-5
    )


def test_who_crashes_is_forgotten_and_who_joins_is_heard() -> None:
    rng = np.random.default_rng(0)
    terms = squares(rng, 7, 2, rows=5)
    everyone, links = each(terms), np.ones((7, 7)) - np.eye(7)
    exchange = Exchange(negotiators(everyone[:6], FIXED), links, 0.2, 2, rng)

    def wanted(robots: list[int]) -> np.ndarray:
        return best(Quadratic(terms.hessian[robots], terms.linear[robots]))

    exchange.run(300)
    assert relative_error(exchange.points(), wanted([0, 1, 2, 3, 4, 5])) < 1e-6
    del exchange.nodes[2]
    exchange.run(300)
    assert relative_error(exchange.points(), wanted([0, 1, 3, 4, 5])) > 1e-3  # its last word still pulls
    for node in exchange.nodes.values():
        node.forget(2)
    exchange.run(300)
    assert relative_error(exchange.points(), wanted([0, 1, 3, 4, 5])) < 1e-6
    exchange.nodes[6] = Negotiator(6, everyone[6], np.full(2, 50.0), FIXED)
    exchange.run(400)
    assert relative_error(exchange.points(), wanted([0, 1, 3, 4, 5, 6])) < 1e-6


def test_who_is_silent_for_too_long_is_forgotten() -> None:
    nodes = negotiators([Quadratic([[1.0]], [-value]) for value in (1.0, 3.0, 8.0)], FIXED)
    exchange = Exchange(nodes, ring(3))
    exchange.run(100)
    del nodes[2]
    for _ in range(150):
        exchange.round()
        for node in nodes.values():
            node.expire(exchange.rounds - 20)
    np.testing.assert_allclose(exchange.points(), 2.0, atol=1e-9)


def test_links_that_come_and_go_only_cost_time() -> None:
    rng = np.random.default_rng(0)
    terms = squares(rng, 8, 2, rows=4)
    exchange = Exchange(negotiators(each(terms), FIXED), ring(8))
    for _ in range(1500):
        up = np.triu(rng.random((8, 8)) < 0.5)
        exchange.adjacency = ring(8) * (up | up.T)
        exchange.round()
    assert relative_error(exchange.points(), best(terms)) < 1e-6


def test_a_liar_draws_all_to_itself_which_is_a_documented_limit() -> None:
    nodes = negotiators([Quadratic([[1.0]], [-value]) for value in (1.0, 2.0, 3.0, 4.0)], FIXED)
    nodes[3] = Negotiator(3, box([90.0], [90.0]), np.array([90.0]), FIXED)  # claims that nothing but 90 will do
    exchange = Exchange(nodes, ring(4))
    exchange.run(400)
    np.testing.assert_allclose(exchange.points()[:3], 90.0, atol=1e-3)


@pytest.mark.parametrize("damage", ["short", "nan", "huge", "old", "stranger", "not for me"])
def test_a_damaged_message_changes_nothing(damage: str) -> None:
    nodes = negotiators([Quadratic([[1.0]], [-1.0]), Quadratic([[1.0]], [-3.0])], FIXED)
    exchange = Exchange(nodes, ring(2))
    exchange.run(5)
    before, twin = nodes[0].tick(5, [1]), negotiators([Quadratic([[1.0]], [-1.0]), Quadratic([[1.0]], [-3.0])], FIXED)
    other = Exchange(twin, ring(2))
    other.run(5)
    numbers = {"nan": [np.nan, 1.0], "huge": [1e300, 1.0], "short": [1.0]}.get(damage, [1.0, 1.0])
    robots = (7,) if damage == "not for me" else (0,)
    message = Offer(2 if damage == "old" else 9, 0, 0, 5, 0, 0.0, 0.0, robots, np.array(numbers).tobytes())
    twin[0].step(9 if damage == "stranger" else 1, message)
    assert twin[0].tick(5, [1]) == before


def test_an_offer_goes_through_the_air_unchanged() -> None:
    nodes = negotiators([Quadratic([[1.0]], [-1.0])] * 2, FIXED)
    offer = nodes[0].tick(0, [1])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(offer), type=Offer) == offer


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Settings(penalty=-1.0), "penalty is -1, must be above 0"),
        (lambda: Settings(relaxation=1.2, windows=0), "relaxation is 1.2, must be above 0 and below 1"),
        (lambda: Settings(relaxation=0.7), "relaxation is 0.7, must be 0.5 where the penalty changes"),
        (lambda: Settings(absolute=0.0, relative=0.0), "must be at least 0 and not both 0"),
        (lambda: Settings(robots=0), "robots is 0"),
        (lambda: Negotiator(0, box([0.0], [1.0]), np.zeros(2)), r"start has shape \(2,\), must be 1 numbers"),
        (lambda: Negotiator(0, box([0.0], [1.0]), np.array([np.nan])), "start has nan, must be finite"),
        (
            lambda: Negotiator(0, box([0.0], [1.0]), np.zeros(1)).replace(box([0, 0], [1, 1])),
            "the new term has 2 unknowns, must have 1",
        ),
        (lambda: Exchange({}, ring(3), loss=1.0), r"loss is 1.0, must be in \[0, 1\)"),
        (lambda: Exchange({}, ring(3), loss=0.1), "rng is None"),
        (lambda: Exchange({5: None}, ring(3)), "node 5 has no row among the 3 of adjacency"),
    ],
)
def test_bad_settings_are_a_sentence(make, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OptimizationError, match=sentence):
        make()
