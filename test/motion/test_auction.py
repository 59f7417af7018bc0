"""The auction and its oracle: one slot for each, nearly the best, whatever the radio loses."""

from __future__ import annotations

import itertools

import msgspec
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from swarm_consensus.errors import InputError
from swarm_consensus.motion.assignment import assign
from swarm_consensus.motion.auction import Auction
from swarm_consensus.robot.speech import WORDS

SEEDS = st.integers(0, 2**32 - 1)


def settle(auctions: list[Auction], graph: nx.Graph, loss: float, rng: np.random.Generator) -> int:
    """Let them talk until all lead for a slot and all tables are the same; return the rounds."""
    on_the_way: list[tuple[int, bytes]] = []  # as they were sent, and heard in any order, some of them twice
    for tick in range(5000):
        slots = [auction.bid() for auction in auctions]
        tables = {(auction.bidders.tobytes(), auction.prices.tobytes()) for auction in auctions}
        if None not in slots and len(tables) == 1:
            return tick
        for index, auction in enumerate(auctions):
            words = auction.words()
            on_the_way += [(other, words) for other in graph.neighbors(index) if rng.random() >= loss]
        rng.shuffle(on_the_way)  # type: ignore[arg-type]
        heard = len(on_the_way) * 2 // 3 + 1
        for other, words in on_the_way[:heard]:
            auctions[other].hear(words)
        again = [message for message in on_the_way[:heard] if rng.random() < 0.1]
        on_the_way = [*on_the_way[heard:], *again]
    raise AssertionError("no end")


def connected(count: int, rng: np.random.Generator) -> nx.Graph:
    """A random tree and a few links more."""
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from((node, int(rng.integers(node))) for node in range(1, count))
    graph.add_edges_from(rng.integers(count, size=(count // 2, 2)).tolist())
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    return graph


def test_nobody_and_nothing_to_share_out() -> None:
    auction = Auction(0, np.zeros(0, dtype=np.int64), 1)
    assert auction.bid() is None
    assert not auction.hear(auction.words())


def test_one_robot_takes_the_one_slot() -> None:
    assert Auction(0, np.array([-5]), 1).bid() == 0


def test_of_equal_bids_the_lower_index_leads() -> None:
    first, second = (Auction(index, np.array([7, 0]), 1) for index in (3, 4))
    assert first.bid() == second.bid() == 0
    words = first.words()
    first.hear(second.words())
    second.hear(words)
    assert (first.slot, second.slot) == (0, None)
    assert second.bid() in (0, 1)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, count=st.integers(1, 12), loss=st.sampled_from([0.0, 0.5]), step=st.integers(1, 30))
def test_a_lossy_network_ends_with_one_slot_each_within_n_steps_of_the_best(
    seed: int, count: int, loss: float, step: int
) -> None:
    rng = np.random.default_rng(seed)
    benefits = rng.integers(-300, 300, (count, count))
    auctions = [Auction(index, benefits[index], step) for index in range(count)]
    settle(auctions, connected(count, rng), loss, rng)
    slots = [auction.slot for auction in auctions]
    assert sorted(slots) == list(range(count))  # type: ignore[type-var]
    for auction in auctions:
        assert [int(auction.bidders[slot]) for slot in slots] == list(range(count))
    best = benefits[linear_sum_assignment(benefits, maximize=True)].sum()
    assert best - benefits[np.arange(count), slots].sum() <= count * step


def test_nearest_first_is_not_within_that_bound() -> None:
    # robots at 0 and 1.1 on a line, slots at 1 and 3: the nearest pair first leaves the long way to the other robot
    place, slot = np.array([[0.0, 0.0], [1.1, 0.0]]), np.array([[1.0, 0.0], [3.0, 0.0]])
    greedy = (1.1 - 1.0) ** 2 + 3.0**2
    best = 1.0**2 + 1.9**2
    assert assign(place, slot).tolist() == [0, 1]
    assert greedy > best + 2 * 0.2


@given(seed=SEEDS)
@settings(max_examples=50, deadline=None)
def test_the_order_and_number_of_messages_makes_no_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = []
    for index in range(1, 4):
        auction = Auction(index, rng.integers(-9, 9, 5), 1)
        auction.bid()
        said.append(auction.words())
    tables = set()
    for order in itertools.permutations(said):
        auction = Auction(0, np.zeros(5, dtype=np.int64), 1)
        for words in (*order, order[0]):
            auction.hear(words)
        tables.add((auction.bidders.tobytes(), auction.prices.tobytes()))
    assert len(tables) == 1


def test_a_robot_that_forgot_everything_finds_a_slot_again() -> None:
    rng = np.random.default_rng(1)
    benefits = rng.integers(-300, 300, (6, 6))
    auctions = [Auction(index, row, 5) for index, row in enumerate(benefits)]
    graph = connected(6, rng)
    settle(auctions, graph, 0.5, rng)
    auctions[2] = Auction(2, rng.integers(-300, 300, 6), 5)
    settle(auctions, graph, 0.5, rng)
    assert len({auction.slot for auction in auctions}) == 6


def test_a_dead_robots_slot_stays_free() -> None:
    rng = np.random.default_rng(2)
    auctions = [Auction(index, row, 5) for index, row in enumerate(rng.integers(-300, 300, (5, 6)))]
    settle(auctions, connected(5, rng), 0.5, rng)
    assert len({auction.slot for auction in auctions}) == 5


@pytest.mark.parametrize("count", [100, 256])
def test_a_message_leaves_room_for_the_beacon_and_a_long_table_goes_in_parts(count: int) -> None:
    auction, other = (Auction(index, np.full(count, 0), 1000) for index in (0, 1))
    auction._bids[:] = (2**31 - 1) * 512 + 1  # as dear as can be
    parts = [auction.words() for _ in range(-(-count // 140))]
    assert max(map(len, parts)) <= WORDS
    assert len(parts) == (1 if count == 100 else 2)
    for words in parts:
        assert other.hear(words)
    np.testing.assert_array_equal(other.prices, auction.prices)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode([0, b"1234"]),  # no whole bid
        msgspec.msgpack.encode([0, b"12345" * 4]),  # more than there are slots
        msgspec.msgpack.encode([-1, b""]),
        msgspec.msgpack.encode([2**70 % 2**63, b"\0" * 5]),
        msgspec.msgpack.encode([0, b"\xff" * 5]),  # bidder 511
        msgspec.msgpack.encode("bids"),
    ],
)
def test_what_is_no_table_changes_nothing(words: bytes) -> None:
    auction = Auction(0, np.array([1, 2, 3]), 1)
    auction.bid()
    before = auction.words()
    assert not auction.hear(words)
    assert auction.words() == before


@given(seed=SEEDS, count=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_assignment_is_the_cheapest_of_all_and_the_same_wherever_the_slots_are(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    place, slot = rng.uniform(-5, 5, (2, count, 2))
    chosen = assign(place, slot)
    cost = min(((place - slot[list(order)]) ** 2).sum() for order in itertools.permutations(range(count)))
    assert ((place - slot[chosen]) ** 2).sum() == pytest.approx(cost)
    np.testing.assert_array_equal(assign(place, slot + np.array([40.0, -7.0])), chosen)


def test_too_few_slots_and_places_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="1 places for 2 robots"):
        assign(np.zeros((2, 2)), np.zeros((1, 2)))
    with pytest.raises(InputError, match="finite"):
        assign(np.full((1, 2), np.nan), np.zeros((1, 2)))
