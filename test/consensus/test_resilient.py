"""W-MSR: the honest interval is never left, honest robots meet, and where the network is not robust they freeze."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import adjacency

from swarm_consensus.consensus import ConsensusError, average, resilient
from swarm_consensus.consensus.adversaries import Adversary, Constant, Divider, Oscillating, Ramp, Silent, TwoFaced
from swarm_consensus.consensus.neighbourhood import Neighbourhoods, neighbourhoods

ONE, FAR = np.ones(1), np.full(1, 50.0)


class NoNumber:
    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> np.ndarray:
        return np.array([[np.nan, np.inf, -np.inf][receiver % 3]])


ADVERSARIES = {
    "constant": Constant(FAR),
    "ramp": Ramp(ONE * 0.5, ONE * 0.01),
    "oscillating": Oscillating(ONE * 0.5, FAR, 7.3),
    "two-faced": TwoFaced(ONE * 0.5, FAR),
    "divider": Divider(ONE * 0.0, ONE * 1.0),
    "silent": Silent(),
    "no number": NoNumber(),
}
# broadcast: everybody hears the same, as LeBlanc's condition for F in all assumes
BROADCAST = ["constant", "ramp", "oscillating", "silent"]


def said(values: np.ndarray, near: Neighbourhoods, liars: dict[int, Adversary], k: int, rng: np.random.Generator):
    """Return what everybody hears in round k and from whom; a liar's silence is known for one, as in lockstep."""
    heard = values[near.index]
    for node, liar in liars.items():
        for receiver, place in zip(*np.nonzero((near.index == node) & near.mask), strict=True):
            word = liar(k, int(receiver), rng)
            heard[receiver, place] = np.nan if word is None else word
    return heard


def play(links: np.ndarray, values: np.ndarray, liars: dict[int, Adversary], f: int, rounds: int) -> np.ndarray:
    """Return the honest values of all rounds, (rounds + 1, honest, d)."""
    near, rng = neighbourhoods(links), np.random.default_rng(9)
    honest = [node for node in range(len(links)) if node not in liars]
    story = [values[honest]]
    for k in range(rounds):
        values = resilient.step(values, said(values, near, liars, k, rng), near.mask, f)
        story.append(values[honest])
    return np.array(story)


def grown(size: int, f: int, seed: int) -> np.ndarray:
    """Return a (2F+1)-robust network: K_{4F+1}, and each further node linked to 2F+1 of those before.

    K_n is ceil(n/2)-robust, and a node with r links to an r-robust network leaves it r-robust (LeBlanc, Theorem 5).
    """
    rng = np.random.default_rng(seed)
    core = 4 * f + 1
    links = np.zeros((size, size))
    links[:core, :core] = 1 - np.eye(core)
    for node in range(core, size):
        links[node, rng.choice(node, 2 * f + 1, replace=False)] = 1
    return np.maximum(links, links.T)


def test_alone_and_unheard_stays() -> None:
    own = np.array([2.0])
    assert resilient.step(own, np.zeros((0, 1)), np.zeros(0, dtype=bool), 1) == own
    assert resilient.step(own, np.ones((3, 1)), np.zeros(3, dtype=bool), 1) == own


def test_without_liars_to_fear_it_is_the_mean() -> None:
    assert resilient.step(np.array([0.0]), np.array([[1.0], [5.0]]), np.ones(2, dtype=bool), 0) == 2.0


def test_extremes_are_put_aside_on_each_side_of_the_own_value() -> None:
    # own 3: above are 4, 9, below are 1, 2; F = 1 drops 9 and 1; mean of 2, 3, 4
    assert resilient.step(np.array([3.0]), np.array([[9.0], [1.0], [4.0], [2.0]]), np.ones(4, dtype=bool), 1) == 3.0
    # nobody below: only the largest goes; mean of 3, 4, 5
    assert resilient.step(np.array([3.0]), np.array([[9.0], [4.0], [5.0]]), np.ones(3, dtype=bool), 1) == 4.0
    # equals are never extremes: mean of 3, 3, 3
    assert resilient.step(np.array([3.0]), np.array([[3.0], [3.0], [9.0]]), np.ones(3, dtype=bool), 1) == 3.0


def test_what_is_no_number_takes_a_place_at_both_ends() -> None:
    every = np.ones(3, dtype=bool)
    # the liar is known, so nobody else is one: mean of 0, 1, 2
    assert resilient.step(np.zeros(1), np.array([[np.nan], [1.0], [2.0]]), every, 1) == 1.0
    # more of them than F: hold
    assert resilient.step(np.zeros(1), np.array([[np.nan], [np.inf], [2.0]]), every, 1) == 0.0


def naive(own: float, heard: list[float], f: int) -> float:
    """W-MSR as the paper words it."""
    above = sorted(v for v in heard if v > own)
    below = sorted(v for v in heard if v < own)
    kept = [v for v in heard if v == own] + above[: max(len(above) - f, 0)] + below[f:]
    return (own + sum(kept)) / (1 + len(kept))


@given(
    st.integers(-3, 3),
    st.lists(st.tuples(st.one_of(st.integers(-3, 3), st.just(float("nan"))), st.booleans()), max_size=9),
    st.integers(0, 4),
)
def test_it_is_the_law_of_the_paper(own: int, said: list[tuple[float, bool]], f: int) -> None:
    heard = [float(value) for value, audible in said if audible]
    known = sum(np.isnan(heard)) if heard else 0
    numbers = [value for value in heard if not np.isnan(value)]
    expected = own if known > f else naive(own, numbers, f - known)
    values = np.array([[value] for value, _ in said], dtype=float).reshape(-1, 1)
    mask = np.array([audible for _, audible in said], dtype=bool)
    assert resilient.step(np.array([float(own)]), values, mask, f)[0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_no_honest_value_leaves_the_honest_interval_on_any_network(seed: int, f: int) -> None:
    """Whatever the network, whatever is lost: with at most F liars heard, not by one bit."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=2)
    honest = rng.normal(size=(rng.integers(0, 8), 2))
    lies = rng.choice([np.nan, np.inf, -1e308, 1e308, 0.0, 3.0], size=(rng.integers(0, f + 1), 2))
    heard = rng.permutation(np.vstack((honest, lies)))
    audible = np.array([rng.random() < 0.8 for _ in heard], dtype=bool)
    with np.errstate(over="ignore"):
        moved = resilient.step(own, heard, audible, f)
    everyone = np.vstack((honest, own))
    assert (moved >= everyone.min(axis=0)).all()
    assert (moved <= everyone.max(axis=0)).all()


@pytest.mark.parametrize("name", ADVERSARIES)
@pytest.mark.parametrize("f", [1, 2])
def test_honest_robots_meet_in_their_interval_on_robust_networks(name: str, f: int) -> None:
    """(2F+1)-robust: every adversary, F of them, anywhere."""
    for seed in range(3):
        links = grown(20, f, seed)
        rng = np.random.default_rng(seed)
        liars = dict.fromkeys(rng.choice(20, f, replace=False).tolist(), ADVERSARIES[name])
        story = play(links, rng.uniform(0, 1, (20, 1)), liars, f, 400)
        assert story.min() == story[0].min()
        assert story.max() == story[0].max()
        assert np.ptp(story[-1]) < 1e-6


@pytest.mark.parametrize("name", BROADCAST)
def test_honest_robots_meet_on_complete_networks_of_2f_plus_2(name: str) -> None:
    """K_4 is (2, 2)-robust: F = 1 that tells everybody the same."""
    story = play(1 - np.eye(4), np.array([[0.0], [0.3], [1.0], [0.5]]), {3: ADVERSARIES[name]}, 1, 300)
    assert story.min() == 0.0
    assert story.max() == 1.0
    assert np.ptp(story[-1]) < 1e-6


@pytest.mark.parametrize("name", ["constant", "ramp", "two-faced", "oscillating"])
def test_plain_averaging_is_dragged_away(name: str) -> None:
    links, rng = grown(20, 1, 0), np.random.default_rng(0)
    near, values, liars = neighbourhoods(links / 20), rng.uniform(0, 1, (20, 1)), {4: ADVERSARIES[name]}
    furthest = 0.0
    for k in range(400):
        values = average.mix(values, said(values, near, liars, k, rng), near.weight, near.mask)
        furthest = max(furthest, values[5:].max(), 1 - values[5:].min())
    assert furthest > 1.5


def test_two_cliques_joined_by_a_matching_freeze_without_any_liar() -> None:
    """Connectivity 4, robustness 1: the trap. With F = 1 nobody believes its one neighbour on the other side."""
    graph = nx.disjoint_union(nx.complete_graph(4), nx.complete_graph(4))
    graph.add_edges_from((i, i + 4) for i in range(4))
    assert nx.node_connectivity(graph) == 4
    first = np.array([[0.0]] * 4 + [[1.0]] * 4)
    story = play(adjacency(graph), first, {}, 1, 200)
    np.testing.assert_array_equal(story[-1], first)
    assert np.ptp(play(adjacency(graph), first, {}, 0, 200)[-1]) < 1e-6


def test_vectors_stay_in_the_box_but_not_in_the_hull() -> None:
    """Honest points on the line x + y = 1; a liar at the corner (1, 1) pulls them off it, and never out of the box."""
    rng = np.random.default_rng(0)
    first = np.stack((t := rng.uniform(0, 1, 9), 1 - t), axis=1)
    story = play(1 - np.eye(9), first, {0: Constant(np.ones(2))}, 1, 100)
    assert (story >= story[0].min(axis=0)).all()
    assert (story <= story[0].max(axis=0)).all()
    assert abs(story[-1].sum(axis=1) - 1).max() > 1e-3


def test_a_batch_is_each_of_its_robots() -> None:
    rng = np.random.default_rng(0)
    own, heard = rng.normal(size=(50, 2)), rng.normal(size=(50, 6, 2))
    heard[rng.random((50, 6)) < 0.2] = np.nan
    mask = rng.random((50, 6)) < 0.8
    each = [resilient.step(own[i], heard[i], mask[i], 2) for i in range(50)]
    np.testing.assert_array_equal(resilient.step(own, heard, mask, 2), each)


def test_bad_input_is_a_sentence() -> None:
    with pytest.raises(ConsensusError, match="number of liars F is -1"):
        resilient.step(np.zeros(1), np.zeros((1, 1)), np.ones(1, dtype=bool), -1)
    with pytest.raises(ConsensusError, match="do not fit"):
        resilient.step(np.zeros(1), np.zeros((2, 1)), np.ones(1, dtype=bool), 1)
