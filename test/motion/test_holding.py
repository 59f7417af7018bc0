"""Links are let go, and the graph of those that both ends hold stays one, whatever is not heard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from swarm_consensus.graph import is_connected
from swarm_consensus.motion.hindrance import Hindrance
from swarm_consensus.motion.holding import Holding
from swarm_consensus.motion.obstacles import Prism

EPOCH, REACH = 10, 5.0
NO_WALLS = Hindrance((), 0.0)


class Swarm:
    """Robots that walk about at random, each with its links; frames are lost and late."""

    def __init__(
        self,
        rng: np.random.Generator,
        count: int,
        witnesses: int,
        kind: type[Holding] = Holding,
        walls: Hindrance = NO_WALLS,
    ) -> None:
        self.rng = rng
        self.place = grown(rng, count)
        near = np.linalg.norm(self.place[:, None] - self.place[None], axis=-1) <= REACH
        np.fill_diagonal(near, False)
        reach = np.full(count, REACH)
        self.robots = [kind(i, reach, EPOCH, witnesses, np.flatnonzero(near[i]).tolist(), walls) for i in range(count)]
        self._late: list[tuple[int, int, int, frozenset[int], tuple[int, int, int]]] = []

    def graph(self) -> np.ndarray:
        says = np.zeros((len(self.robots), len(self.robots)))
        for index, robot in enumerate(self.robots):
            says[index, list(robot.held)] = 1.0
        return says * says.T  # both ends say so

    def tick(self, tick: int, loss: float, delay: int) -> None:
        due = [item for item in self._late if item[0] <= tick]
        self._late = [item for item in self._late if item[0] > tick]
        for _, sender, sent, claims, anchor in due:
            for robot in range(len(self.robots)):
                if robot != sender and self.rng.random() > loss:
                    self.robots[robot].hear(sender, sent, claims, anchor)
        for index, robot in enumerate(self.robots):
            surely = np.linalg.norm(self.place - self.place[index], axis=1)
            robot.turn(tick, self.place[index], surely, ())
            at = tick + 1 + int(self.rng.integers(0, delay + 1))
            self._late.append((at, index, tick, frozenset(robot.held), robot.anchor))
        self.place = self.place + self.rng.uniform(-0.3, 0.3, self.place.shape)


def grown(rng: np.random.Generator, count: int) -> np.ndarray:
    """Places of which each is within reach of one before, and of two if there are."""
    places = [np.zeros(3)]
    while len(places) < count:
        spot = places[int(rng.integers(len(places)))] + rng.uniform(-3.5, 3.5, 3) * [1, 1, 0.2]
        if sum(np.linalg.norm(spot - other) < REACH for other in places) >= min(2, len(places)):
            places.append(spot)
    return np.array(places)


def parts_ever(swarm: Swarm, without: int | None = None, ticks: int = 200, loss: float = 0.4, delay: int = 6) -> bool:
    """Tell whether the held graph (without one robot) was ever in parts."""
    ever = False
    kept = [i for i in range(len(swarm.robots)) if i != without]
    for tick in range(ticks):
        swarm.tick(tick, loss, delay)
        ever |= not is_connected(swarm.graph()[np.ix_(kept, kept)])
    return ever


def test_one_robot_and_two_let_nothing_go() -> None:
    for count in (1, 2):
        swarm = Swarm(np.random.default_rng(0), count, 1)
        links = swarm.graph().sum()
        assert not parts_ever(swarm)
        assert swarm.graph().sum() == links


@pytest.mark.parametrize("seed", range(20))
def test_the_held_graph_stays_one_while_links_come_and_go(seed: int) -> None:
    rng = np.random.default_rng(seed)
    swarm = Swarm(rng, int(rng.integers(3, 25)), 1)
    assert not parts_ever(swarm, loss=float(rng.uniform(0.0, 0.8)), delay=int(rng.integers(0, 15)))


def test_links_are_let_go_at_all() -> None:
    swarm = Swarm(np.random.default_rng(1), 15, 1)
    before = swarm.graph().sum()
    parts_ever(swarm, ticks=60, loss=0.1, delay=2)
    assert swarm.graph().sum() < 0.9 * before


@pytest.mark.parametrize("seed", range(10))
def test_with_two_witnesses_any_one_robot_may_leave(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    swarm = Swarm(rng, int(rng.integers(4, 14)), 2)
    for tick in range(150):
        whole = [i for i in range(len(swarm.robots)) if _whole_without(swarm, i)]
        swarm.tick(tick, 0.3, 4)
        assert [i for i in whole if not _whole_without(swarm, i)] == []


def test_with_one_witness_a_robot_may_not() -> None:
    broken = 0
    for seed in range(10):
        rng = np.random.default_rng(100 + seed)
        swarm = Swarm(rng, int(rng.integers(4, 14)), 1)
        for tick in range(150):
            whole = [i for i in range(len(swarm.robots)) if _whole_without(swarm, i)]
            swarm.tick(tick, 0.3, 4)
            broken += len([i for i in whole if not _whole_without(swarm, i)])
    assert broken


def _whole_without(swarm: Swarm, robot: int) -> bool:
    kept = [i for i in range(len(swarm.robots)) if i != robot]
    return is_connected(swarm.graph()[np.ix_(kept, kept)])


class Biased(Holding):
    """Of links near walls takes the own ones for the larger."""

    def _size(self, first: int, second: int) -> tuple[bool, int, int, int]:
        hindered, length2, *pair = super()._size(first, second)
        return hindered and self._own in pair, length2, *pair


class Unordered(Holding):
    """Lets go whatever has a witness, the longest or not: all three sides of a triangle at once."""

    def _can_spare(self, robot: int, needed: int) -> bool:
        claims = self._claims
        return any(robot in claims[k] and self._own in claims[k] for k in claims[robot] & self._since.keys() - {robot})


class Credulous(Holding):
    """Goes by what it last heard, of whichever epoch: the witness may have let its own links go since."""

    def _heard(self, robot: int) -> bool:
        return self._label[robot] >= 0


def test_where_robots_differ_about_which_links_a_wall_hinders_the_same_runs_fall_apart() -> None:
    assert any(_ever_apart(relaying(seed, Biased)) for seed in range(40))


@pytest.mark.parametrize("kind", [Unordered, Credulous])
def test_without_the_order_or_the_epochs_the_same_runs_fall_apart(kind: Callable[..., Holding]) -> None:
    apart = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        swarm = Swarm(rng, int(rng.integers(3, 25)), 1, kind)  # type: ignore[arg-type]
        apart += parts_ever(swarm, loss=float(rng.uniform(0.0, 0.8)), delay=int(rng.integers(0, 15)))
    assert apart


def test_the_anchor_is_where_the_epoch_began_in_whole_millimetres() -> None:
    robot = Holding(0, np.full(2, REACH), EPOCH, 1, ())
    assert robot.turn(23, np.array([1.0004, -2.0, 0.5]), np.full(2, 9.0), ())
    assert robot.anchor == (1000, -2000, 500)
    assert not robot.turn(29, np.array([3.0, 0.0, 0.0]), np.full(2, 9.0), ())  # the epoch of ticks 20 to 29
    assert robot.anchor == (1000, -2000, 500)
    assert robot.turn(30, np.array([3.0, 0.0, 0.0]), np.full(2, 9.0), ())
    assert robot.anchor == (3000, 0, 0)


def test_robots_that_there_are_not_are_in_nobodys_links() -> None:
    robot = ring(6, witnesses=1, chord=9.6)
    robot.hear(1, 10, frozenset({0, 2, 200}), (1000, 0, 0))
    assert robot.claims_of(1) == {0, 2}
    robot.turn(20, np.zeros(3), np.full(6, 1.0), ())  # looks for ways round along what they claim


def test_an_offer_that_is_not_taken_up_ends() -> None:
    robot = Holding(0, np.full(2, REACH), EPOCH, 1, ())
    near = np.array([0.0, 2.0])
    for tick in range(45):
        robot.hear(1, tick - 1, frozenset(), (2000, 0, 0))
        robot.turn(tick, np.zeros(3), near, ())
        held = list(robot.held)
        assert held == ([1] if 10 <= tick < 40 else []), tick


def ring(count: int, witnesses: int, chord: float) -> Holding:
    """One robot of a ring in which each holds the two beside it, and this one a link across as well."""
    radius = chord / 2.0
    angles = 2.0 * np.pi * np.arange(count) / count
    places = radius * np.stack((np.cos(angles), np.sin(angles), np.zeros(count)), axis=-1)
    far = count // 2
    robot = Holding(0, np.full(count, REACH), EPOCH, witnesses, (1, count - 1, far))
    robot.turn(0, places[0], np.full(count, 99.0), ())
    for other in range(1, count):
        claims = {other - 1, (other + 1) % count} | ({0} if other == far else set())
        robot.hear(other, 1, frozenset(claims), tuple((1000.0 * places[other]).round().astype(int).tolist()))
    robot.turn(EPOCH, places[0], np.full(count, 99.0), ())
    return robot


@pytest.mark.parametrize("witnesses", [1, 2])  # a ring has two ways round
def test_a_ring_is_not_tied_across_by_a_link_that_binds(witnesses: int) -> None:
    assert 5 not in ring(10, witnesses, 0.99 * REACH).held


def test_a_link_across_a_ring_that_does_not_bind_is_kept_and_the_ring_itself_too() -> None:
    assert sorted(ring(10, 1, 0.9 * REACH).held) == [1, 5, 9]


def test_one_way_round_is_too_few_where_any_one_robot_may_leave() -> None:
    places = np.array([[0.0, 0.0, 0.0], [2.5, 1.0, 0.0], [4.95, 0.0, 0.0]])
    for witnesses, held in ((1, [1]), (2, [1, 2])):
        robot = Holding(0, np.full(3, REACH), EPOCH, witnesses, (1, 2))
        robot.turn(0, places[0], np.full(3, 99.0), ())
        for other in (1, 2):
            anchor = tuple((1000.0 * places[other]).round().astype(int).tolist())
            robot.hear(other, 1, frozenset({0, 1, 2} - {other}), anchor)
        robot.turn(EPOCH, places[0], np.full(3, 99.0), ())
        assert sorted(robot.held) == held


class Relaying(Swarm):
    """Robots pass on what others said, at any later time."""

    def tick(self, tick: int, loss: float, delay: int) -> None:
        super().tick(tick, loss, delay)
        said = self._late[-len(self.robots) :]
        for at, *words in said:
            self._late.append((at + int(self.rng.integers(0, 3 * EPOCH)), *words))


def relaying(seed: int, kind: type[Holding] = Holding) -> Relaying:
    """Return robots about some walls; whether they see each other does not matter here, only which links are kept."""
    rng = np.random.default_rng(seed)
    walls = [Prism(rng.uniform(-4.0, 4.0, 2) + 1.5 * np.eye(3, 2), 9.0) for _ in range(3)]
    return Relaying(rng, int(rng.integers(4, 25)), 1, kind, Hindrance(walls, 0.3))


@pytest.mark.parametrize("seed", range(20))
def test_the_held_graph_stays_one_with_walls_and_words_that_are_passed_on(seed: int) -> None:
    assert not _ever_apart(relaying(seed))


class Backwards(Holding):
    """Takes what is passed on late for news."""

    def hear(self, sender: int, tick: int, claims: frozenset[int], anchor: tuple[int, int, int] | None) -> None:
        super().hear(sender, max(tick, self._label[sender] * self._length), claims, anchor)


def test_words_of_an_earlier_epoch_that_replace_those_of_this_one_make_the_same_runs_fall_apart() -> None:
    assert any(_ever_apart(relaying(seed, Backwards)) for seed in range(20))


def _ever_apart(swarm: Swarm) -> bool:
    return parts_ever(swarm, loss=float(swarm.rng.uniform(0.0, 0.8)), delay=int(swarm.rng.integers(0, 15)))


def test_a_short_link_that_a_wall_hinders_goes_where_there_is_a_longer_way_without_one() -> None:
    places = [(0, 0, 0), (1000, 0, 0), (500, 2000, 0)]
    for wall, held in (
        ([[400, -500], [600, -500], [500, -50]], [2]),
        ([[400, -500], [600, -500], [500, -301]], [1, 2]),
    ):
        walls = Hindrance([Prism(0.001 * np.array(wall), 3.0)], 0.3)
        robot = Holding(0, np.full(3, REACH), EPOCH, 1, (1, 2), walls)
        robot.turn(0, 0.001 * np.array(places[0]), np.full(3, 99.0), ())
        for other in (1, 2):
            robot.hear(other, 1, frozenset({0, 1, 2} - {other}), places[other])
        robot.turn(EPOCH, np.zeros(3), np.full(3, 99.0), ())
        assert sorted(robot.held) == held
