"""The monitor and the verdict: a promise broken for one physics step between two ticks is seen."""

from __future__ import annotations

import numpy as np
import pytest

from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.verdict import Expectation, Verdict, from_json, judge, to_json
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Expect, Mission, Obstacle, Radio, Robot, Scenario
from swarm_consensus.simulation.world import Contact, Truth

START = np.array([[0.0, 0.0, 0.06], [2.0, 0.0, 0.06], [4.0, 0.0, 0.06]])


def scenario(**changes: object) -> Scenario:
    fields: dict[str, object] = {
        "file_version": 1,
        "name": "three",
        "bounds_m": [[-6.0, -6.0], [6.0, 6.0]],
        "radio": Radio(range_m=3.0),
        "robots": [
            Robot(vehicle="rover", name=name, position_m=place[:2].tolist())
            for name, place in zip("abc", START, strict=True)
        ],
        "mission": Mission(goal_m=[2.0, 0.0]),
        "expect": Expect(
            connected=True, links_kept=True, contacts=0, min_separation_m=0.5, inside_fence=True, arrived_within_m=2.5
        ),
        "duration_s": 1.0,
    }
    return Scenario(**(fields | changes))  # type: ignore[arg-type]


def record(
    tick: int, position: np.ndarray, alive: tuple[bool, ...] = (True,) * 3, held: tuple = ({1}, {0, 2}, {1})
) -> TickRecord:
    count = len(position)
    level = np.tile([0.0, 0.0, 0.0, 1.0], (count, 1))
    truth = Truth(position, level, np.zeros((count, 3)), np.zeros((count, 3)))
    links = tuple(None if links is None else frozenset(links) for links in held)
    nobody = (None,) * count
    return TickRecord(tick, tick / 20, truth, (), np.zeros((count, 4)), np.array(alive), links, nobody, {"sent": 1})


def watched(steps: list[np.ndarray], given: Scenario | None = None, **first: object) -> Monitor:
    given = given or scenario()
    monitor = Monitor(given, place(given, np.random.default_rng(0)), substeps=4)
    monitor.record(record(0, START, **first))  # type: ignore[arg-type]
    for position in steps:
        monitor.observe(position)
    return monitor


def failed(monitor: Monitor, contacts: tuple[Contact, ...] = ()) -> list[str]:
    return [e.name for e in judge(monitor, contacts, 0, {}).expectations if not e.held]


def moved(robot: int, x: float, y: float = 0.0) -> np.ndarray:
    position = START.copy()
    position[robot] = x, y, 0.06
    return position


def test_a_swarm_that_stands_still_holds_everything() -> None:
    monitor = watched([START] * 4)
    assert failed(monitor) == []
    assert monitor.series.lambda2 == [pytest.approx(1.0)]  # a path of three


@pytest.mark.parametrize(
    ("position", "names"),
    [
        (moved(1, 0.4), ["links_kept", "connected", "min_separation_m"]),  # b on a: 0.4 m, and 3.6 m from c
        (moved(2, 5.1), ["links_kept", "connected"]),  # c 3.1 m from b
        (moved(2, 4.0, -6.1), ["connected", "links_kept", "inside_fence"]),
    ],
)
def test_one_bad_physics_step_is_enough(position: np.ndarray, names: list[str]) -> None:
    assert sorted(failed(watched([START, position, START, START]))) == sorted(names)


def test_a_link_counts_only_while_both_ends_hold_it() -> None:
    assert "links_kept" not in failed(watched([moved(2, 5.5)], held=({1}, {0}, {1})))
    assert "links_kept" not in failed(watched([moved(2, 5.5)], held=({1}, {0, 2}, None)))


def test_the_dead_are_not_judged() -> None:
    monitor = watched([moved(2, 30.0)], alive=(True, True, False))
    assert failed(monitor) == []
    assert judge(monitor, (), 0, {}).metrics["alive_at_end"] == 2


def test_another_way_round_still_connects() -> None:
    # b leaves the line, but a and c come near enough to each other at the same time
    position = np.array([[1.0, 0.0, 0.06], [2.0, 2.0, 0.06], [3.9, 0.0, 0.06]])
    assert "connected" not in failed(watched([position]))


def test_a_wall_that_blocks_the_radio_splits_the_network() -> None:
    wall = Obstacle(polygon_m=[[2.9, 1.0], [3.1, 1.0], [3.1, 3.0], [2.9, 3.0]])
    blocking = scenario(radio=Radio(range_m=3.0, walls="block"), obstacles=[wall])
    behind = START.copy()
    behind[1:, 1] = 2.0
    assert "connected" in failed(watched([behind], blocking))
    assert "connected" not in failed(watched([behind], scenario(obstacles=[wall])))


def test_a_held_link_that_a_wall_cuts_is_not_kept() -> None:
    # b and c, 1.9 m apart, step up to where the wall stands between them, at one physics step
    wall = Obstacle(polygon_m=[[2.9, 1.0], [3.1, 1.0], [3.1, 3.0], [2.9, 3.0]])
    behind = START.copy()
    behind[1:, 1] = 2.0
    for walls, kept in (("block", False), ("pass", True)):
        world = scenario(radio=Radio(range_m=3.0, walls=walls), obstacles=[wall])
        monitor = watched([START, behind, START], world)
        assert ("links_kept" not in failed(monitor)) == kept
        links = next(e for e in judge(monitor, (), 0, {}).expectations if e.name == "links_kept")
        assert links.detail.startswith("behind a wall first at ") != kept


def test_arrival_is_judged_from_its_time_on() -> None:
    late = scenario(expect=Expect(arrived_within_m=0.5, by_s=0.5), mission=Mission())  # to their middle
    together = START * 0.1 + [1.8, 0.0, 0.0]
    monitor = Monitor(late, place(late, np.random.default_rng(0)), substeps=4)
    for tick in range(20):
        position = START if tick < 8 else together
        monitor.record(record(tick, position))
        for _ in range(4):
            monitor.observe(position)
    assert failed(monitor) == []
    monitor.observe(START)
    assert failed(monitor) == ["arrived_within_m"]


def test_contacts_are_those_of_the_world() -> None:
    found = judge(watched([START]), [Contact(0.3, "a", "obstacle_0")], 0, {})
    contact = next(e for e in found.expectations if e.name == "contacts")
    assert contact == Expectation("contacts", "at most 0", "1", held=False, detail="a and obstacle_0 at 0.30 s")


def test_an_expectation_may_be_that_something_fails() -> None:
    wanted = scenario(expect=Expect(connected=False))
    assert failed(watched([START], wanted)) == ["connected"]
    assert failed(watched([moved(2, 5.5)], wanted)) == []


def test_a_run_that_was_cut_short_is_not_held() -> None:
    verdict = judge(watched([START] * 4), (), 0, {}, ["interrupted"], complete=False)
    assert not verdict.held
    assert all(e.held for e in verdict.expectations)


def test_the_verdict_reads_back_as_written() -> None:
    verdict: Verdict = judge(watched([START] * 4), (), 3, {"wall_s": 1.5}, ["a note"])
    assert from_json(to_json(verdict)) == verdict


def test_one_robot_alone_is_a_network() -> None:
    alone = scenario(robots=[Robot(vehicle="rover", name="a", position_m=[2.0, 0.0])])
    monitor = Monitor(alone, place(alone, np.random.default_rng(0)), substeps=4)
    monitor.record(record(0, START[1:2], alive=(True,), held=(set(),)))
    monitor.observe(START[1:2])
    assert failed(monitor) == []
