"""Running sums: the exact average whatever the radio does, through crashes, restarts and inputs that change."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from swarm_consensus.consensus import ConsensusError
from swarm_consensus.consensus.running_sums import Given, RunningSums, Sums


class Radio:
    """A ring of which each link is there in a round with probability 1/2, on a radio that does all it can."""

    def __init__(self, seed: int, loss: float = 0.5, delay: int = 5, duplicate: float = 0.2) -> None:
        self.rng = np.random.default_rng(seed)
        self.loss, self.delay, self.duplicate = loss, delay, duplicate
        self.due: dict[int, list[tuple[int, int, Sums]]] = {}
        self.now = 0

    def run(self, robots: dict[int, RunningSums], rounds: int) -> None:
        ids = sorted(robots)
        for _ in range(rounds):
            self.now += 1
            arrived = self.due.pop(self.now, [])
            for place in self.rng.permutation(len(arrived)).tolist():  # reordering within a round too
                receiver, sender, message = arrived[place]
                if receiver in robots:
                    robots[receiver].step(sender, message)
            near: dict[int, list[int]] = {i: [] for i in ids}
            for i, j in zip(ids, ids[1:] + ids[:1], strict=True):
                if i != j and self.rng.random() < 0.5:
                    near[i].append(j)
                    near[j].append(i)
            for i, robot in robots.items():
                message = robot.tick(self.now, near[i])
                for j in near[i]:
                    self.post(j, i, message)

    def post(self, receiver: int, sender: int, message: Sums) -> None:
        for _ in range(1 + (self.rng.random() < self.duplicate)):
            if self.rng.random() >= self.loss:
                arrival = self.now + 1 + int(self.rng.integers(self.delay + 1))
                self.due.setdefault(arrival, []).append((receiver, sender, message))


def team(values: np.ndarray) -> dict[int, RunningSums]:
    return {i: RunningSums(i, value) for i, value in enumerate(values)}


def worst(robots: dict[int, RunningSums], average: np.ndarray) -> float:
    return max(float(abs(robot.estimate - average).max()) for robot in robots.values())


def total(robots: dict[int, RunningSums]) -> list[int]:
    """Masses held and on their way, in units: from the books of both ends, to the last one."""
    held = np.sum([np.array(robot._held, dtype=object) for robot in robots.values()], axis=0)
    for i, robot in robots.items():
        for j, link in robot._links.items():
            back = robots[j]._links.get(i) if j in robots else None
            assert back is None or back.session == link.session
            held = held + np.array(link.given, dtype=object)
            held = held - np.array(back.received if back else [0] * len(link.given), dtype=object)
    return list(held)


def test_alone_it_is_ones_own_value() -> None:
    robot = RunningSums(0, np.array([2.5, -1.0]))
    assert robot.tick(0, []) == Sums(0, ())
    np.testing.assert_array_equal(robot.estimate, [2.5, -1.0])


def test_two_that_hear_each_other_meet() -> None:
    robots = team(np.array([[0.0], [1.0]]))
    for tick in range(100):
        messages = [robots[i].tick(tick, [1 - i]) for i in (0, 1)]
        for i in (0, 1):
            robots[i].step(1 - i, messages[1 - i])
    assert worst(robots, np.array([0.5])) < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_the_average_is_exact_over_the_worst_radio_on_a_graph_that_changes_every_round(seed: int) -> None:
    """50 % loss, delay up to 5 rounds, reordering, duplication; bench/averaging.py says how many rounds it takes."""
    values = np.random.default_rng(seed).uniform(-10, 10, (8, 2))
    robots, radio = team(values), Radio(seed)
    radio.run(robots, 900)
    for _ in range(100):  # and stays so
        radio.run(robots, 1)
        assert worst(robots, values.mean(axis=0)) < 1e-9


def test_the_plain_rule_on_the_same_radio_ends_beside_the_average() -> None:
    """The baseline: the same ring, x += 0.3 (last heard - x) for whoever is heard."""
    rng = np.random.default_rng(0)
    values = first = rng.uniform(-10, 10, 8)
    for _ in range(1000):
        heard = rng.random((2, 8)) < 0.25  # link there, message not lost
        values = values + 0.3 * (heard[0] * (np.roll(values, 1) - values) + heard[1] * (np.roll(values, -1) - values))
    assert np.ptp(values) < 1e-9
    assert abs(values.mean() - first.mean()) > 1e-2


def test_not_one_unit_is_lost_in_any_round() -> None:
    values = np.random.default_rng(3).uniform(-10, 10, (5, 1))
    robots, radio = team(values), Radio(3)
    radio.run(robots, 60)  # all links are up by then
    units = sum(robot._units[0] for robot in robots.values())
    for _ in range(200):
        radio.run(robots, 1)
        assert total(robots) == [units, 5 << 50]


def test_sums_that_have_gone_round_are_as_good_as_any() -> None:
    """The same run with books that begin just below 2^64: the masses are the same to the last unit."""
    runs = []
    for offset in (0, (1 << 64) - 12345):
        robots, radio = team(np.array([[1.0], [2.0], [6.0]])), Radio(1)
        for i, robot in robots.items():
            for j in set(robots) - {i}:
                link = robot._link(j, 1)
                link.session = 1
                link.given, link.received = [offset] * 2, [offset] * 2
        radio.run(robots, 300)
        runs.append([robot._held for robot in robots.values()])
    assert runs[0] == runs[1]


def test_those_left_average_their_own_once_the_dead_is_forgotten() -> None:
    values = np.random.default_rng(4).uniform(-10, 10, (6, 1))
    robots, radio = team(values), Radio(4)
    radio.run(robots, 40)
    del robots[2]
    radio.run(robots, 600)
    assert worst(robots, values[[0, 1, 3, 4, 5]].mean(axis=0)) > 1e-3  # its mass is gone with it
    for robot in robots.values():
        robot.forget(2)
    radio.run(robots, 600)
    assert worst(robots, values[[0, 1, 3, 4, 5]].mean(axis=0)) < 1e-9


def test_who_restarts_with_nothing_in_memory_counts_once_and_who_joins_counts_too() -> None:
    values = np.random.default_rng(5).uniform(-10, 10, (6, 1))
    robots, radio = team(values[:5]), Radio(5)
    radio.run(robots, 300)
    robots[1] = RunningSums(1, values[1])
    robots[5] = RunningSums(5, values[5])
    radio.run(robots, 900)
    assert worst(robots, values.mean(axis=0)) < 1e-9


def test_who_was_forgotten_by_one_side_alone_and_returns_is_counted_right() -> None:
    values = np.random.default_rng(6).uniform(-10, 10, (4, 1))
    robots, radio = team(values), Radio(6)
    radio.run(robots, 100)
    robots[0].forget(1)
    radio.run(robots, 900)
    assert worst(robots, values.mean(axis=0)) < 1e-9


def test_the_average_follows_inputs_that_change() -> None:
    values = np.random.default_rng(7).uniform(-10, 10, (5, 1))
    robots, radio = team(values), Radio(7)
    radio.run(robots, 50)
    for i, robot in robots.items():
        robot.update(values[i] * 2 + i)
    radio.run(robots, 800)
    assert worst(robots, (values * 2 + np.arange(5)[:, None]).mean(axis=0)) < 1e-9


def test_an_estimate_is_held_while_nearly_all_weight_is_on_its_way() -> None:
    """Nothing arrives for 200 rounds: mass over weight would be 0 / 0, or the remainder of roundings."""
    robot = RunningSums(0, np.array([3.0]))
    for tick in range(200):
        robot.tick(tick, [1, 2, 3])
        assert robot.estimate[0] == pytest.approx(3.0, abs=1e-9)


def test_messages_survive_the_air_and_damaged_ones_change_nothing() -> None:
    robot, other = RunningSums(0, np.array([1.0])), RunningSums(1, np.array([-3.0]))
    first = robot.tick(5, [1])
    held = list(robot._held)
    other.tick(4, [0])
    other.step(0, first)  # who was heard is given a share from the next message on
    sent = other.tick(5, [0])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Sums) == sent
    for message in (
        Sums(6, ()),
        Sums(6, (Given(0, 5, (1,)),)),
        Sums(6, (Given(0, 5, (1, 2, 3)),)),
        Sums(6, (Given(0, 4, (7, 7)),)),  # of an older session
        Sums(6, (Given(3, 5, (7, 7)),)),  # for another
        Sums(6, (Given(0, 300, (7, 7)),)),  # of a session that nobody can have begun yet
    ):
        robot.step(1, message)
    robot.step(9, sent)  # of a stranger
    assert robot._held == held
    robot.step(1, sent)
    robot.step(1, sent)  # twice
    assert robot._held == [held[0] - (3 << 41), held[1] + (1 << 49)]  # half of -3, half a weight


def test_one_that_never_answers_is_given_nothing_and_costs_the_average_nothing() -> None:
    swarm = [RunningSums(i, np.array([value])) for i, value in enumerate((1.0, 4.0))]
    for tick in range(200):
        messages = [robot.tick(tick, [1 - i, 7]) for i, robot in enumerate(swarm)]  # 7 is heard, and hears nobody
        for i, message in enumerate(messages):
            swarm[1 - i].step(i, message)
    assert [robot.estimate[0] for robot in swarm] == pytest.approx([2.5, 2.5], abs=1e-11)
    mass, weight = np.sum([robot.in_hand()[0] for robot in swarm]), sum(robot.in_hand()[1] for robot in swarm)
    assert mass / weight == pytest.approx(2.5, abs=1e-11)


def test_what_was_given_to_one_who_moved_out_of_reach_is_taken_back_by_both() -> None:
    # the two meet, part, and their values change: what each had of the other is none of its average any more
    swarm = [RunningSums(i, np.array([value])) for i, value in enumerate((1.0, 4.0))]
    for tick in range(20):
        messages = [robot.tick(tick, [1 - i]) for i, robot in enumerate(swarm)]
        for i, message in enumerate(messages):
            swarm[1 - i].step(i, message)
    for robot, value in zip(swarm, (10.0, 20.0), strict=True):
        assert robot.in_hand()[0][0] == pytest.approx(2.5, abs=1e-5)
        robot.expire(19)  # heard in tick 19: nothing to take back
        assert robot.in_hand()[0][0] == pytest.approx(2.5, abs=1e-5)
        robot.expire(20)
        robot.update([value])
        robot.tick(25, [])
        assert robot.in_hand() == (np.array([value]), 1.0)


@pytest.mark.parametrize("value", [[np.nan], [1e9], 3.0])
def test_values_that_cannot_be_counted_are_refused(value: object) -> None:
    with pytest.raises(ConsensusError, match="between -8192 and 8192"):
        RunningSums(0, np.asarray(value))


def test_a_value_of_another_size_or_resolution_of_nothing_is_refused() -> None:
    with pytest.raises(ConsensusError, match=r"shape \(2,\), was \(1,\)"):
        RunningSums(0, np.zeros(1)).update([1.0, 2.0])
    with pytest.raises(ConsensusError, match="resolution is 0"):
        RunningSums(0, np.zeros(1), resolution=0.0)
