"""What the monitor takes once a tick: held links and their changes, estimates, motion; and what is drawn of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from swarm_consensus.robot.state import Status
from swarm_consensus.run import plots
from swarm_consensus.run.measures import measures
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.panels import connectivity, splits, spread
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Mission, Radio, Robot, Scenario
from swarm_consensus.simulation.world import Truth

PLACES = np.array([[0.0, 0.0, 0.06], [2.0, 0.0, 0.06], [4.0, 0.0, 0.06]])
ALL = ({1, 2}, {0, 2}, {0, 1})
CHAIN = ({1}, {0, 2}, {1})
SCENARIO = Scenario(
    file_version=1,
    name="three",
    bounds_m=[[-9.0, -9.0], [9.0, 9.0]],
    radio=Radio(range_m=5.0),
    robots=[
        Robot(vehicle="rover", name=name, position_m=spot[:2].tolist())
        for name, spot in zip("abc", PLACES, strict=True)
    ],
    mission=Mission(goal_m=[2.0, 0.0]),
    duration_s=1.0,
)
STATUS = Status("moving", np.zeros(3), np.zeros(3), np.zeros(3), (), (), (), 0)


def record(
    held: tuple = ALL,
    alive: tuple[bool, ...] = (True, True, True),
    velocity: np.ndarray | None = None,
    told: tuple[float | None, ...] = (None, None, None),
    places: np.ndarray = PLACES,
) -> TickRecord:
    count = len(places)
    still = np.zeros((count, 3))
    level = np.tile([0.0, 0.0, 0.0, 1.0], (count, 1))
    return TickRecord(
        0,
        0.0,
        Truth(places, level, still if velocity is None else velocity, still),
        (),
        np.zeros((count, 4)),
        np.array(alive),
        tuple(None if links is None else frozenset(links) for links in held),
        tuple(replace(STATUS, lambda2=value) for value in told),
        {},
    )


def watched(*records: TickRecord, scenario: Scenario = SCENARIO) -> Monitor:
    monitor = Monitor(scenario, place(scenario, np.random.default_rng(0)), substeps=4)
    for item in records:
        monitor.record(item)
    return monitor


# --- held links


def test_the_links_of_the_start_are_not_formed() -> None:
    series = watched(record(ALL), record(ALL)).series
    assert (series.links, series.formed, series.let_go) == ([3, 3], [0, 0], [0, 0])


def test_links_are_formed_and_let_go_by_both_ends_saying_so() -> None:
    half = ({1, 2}, {0, 2}, {1})  # only a still says that it holds ac
    series = watched(record(CHAIN), record(half), record(ALL), record(half), record(CHAIN)).series
    assert series.links == [2, 2, 3, 2, 2]
    assert series.formed == [0, 0, 1, 0, 0]
    assert series.let_go == [0, 0, 0, 1, 0]
    assert series.lambda2_held == pytest.approx([1.0, 1.0, 3.0, 1.0, 1.0])  # a path, a ring


def test_a_tick_without_a_frame_changes_no_link() -> None:
    series = watched(record(ALL), record(({1, 2}, None, {0, 1})), record(ALL)).series
    assert (series.links, series.formed, series.let_go) == ([3, 3, 3], [0, 0, 0], [0, 0, 0])


def test_links_of_the_dead_end_and_are_not_let_go() -> None:
    dead = record(({1, 2}, {0, 2}, None), alive=(True, True, False))
    back = record(({1}, {0}, set()))
    series = watched(record(ALL), dead, back, record(ALL)).series
    assert (series.links, series.formed, series.let_go) == ([3, 1, 1, 3], [0, 0, 0, 2], [0, 0, 0, 0])
    assert series.lambda2_held == pytest.approx([3.0, 2.0, 0.0, 3.0])


def test_the_graph_of_held_links_is_not_the_radio_graph() -> None:
    series = watched(record(CHAIN)).series  # all three hear each other
    assert series.lambda2 == pytest.approx([3.0])
    assert series.lambda2_held == pytest.approx([1.0])


def test_estimates_are_those_that_robots_tell() -> None:
    monitor = watched(record(told=(3.0, None, 1.0)), record())
    np.testing.assert_array_equal(monitor.series.estimated, [[3.0, np.nan, 1.0], [np.nan] * 3])
    assert measures(monitor)["lambda2_estimated_end"] is None
    assert measures(watched(record(told=(3.0, None, 1.0))))["lambda2_estimated_end"] == 2.0


# --- motion


def test_only_the_living_are_measured() -> None:
    apart = PLACES * [1.0, 1.0, 0.0]
    east, west = [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]
    all_three = watched(record(velocity=np.array([east, east, west]), places=apart)).motion
    assert all_three.order == pytest.approx([-1.0 / 3.0])  # pairs 1, -1, -1
    assert all_three.cohesion == pytest.approx([2.0])
    two = watched(record(velocity=np.array([east, east, west]), alive=(True, True, False), places=apart)).motion
    found = np.array([two.order, two.polarisation, two.mismatch, two.cohesion])
    np.testing.assert_allclose(found, [[1.0], [1.0], [0.0], [1.0]], atol=1e-12)


def test_a_lattice_is_measured_where_the_mission_names_its_spacing() -> None:
    assert watched(record()).motion.energy == []
    lattice = Scenario(
        **{name: getattr(SCENARIO, name) for name in ("file_version", "name", "bounds_m", "radio", "robots")},
        mission=Mission(behaviour="flocking", spacing_m=1.9),
        duration_s=1.0,
    )
    # two edges of 2.0 m, 0.1 m too long; 4 m is beyond 1.2 d
    assert watched(record(), scenario=lattice).motion.energy == pytest.approx([2 * (0.1 / 1.9) ** 2 / 3])


def test_of_a_run_without_a_tick_there_is_nothing_to_tell() -> None:
    found = measures(watched())
    assert found["order_mean"] is None
    assert found["cohesion_radius_max_m"] is None
    assert found["links_formed"] == 0


def test_numbers_sum_up_the_series() -> None:
    east = np.tile([1.0, 0.0, 0.0], (3, 1))
    far = PLACES * [2.0, 1.0, 1.0] + [0.0, 0.0, 0.0]
    far[2, 0] = 10.0  # c is 6 m from b, which is 4 m from a
    found = measures(watched(record(velocity=east), record(CHAIN, places=far)))
    assert found["order_mean"] == pytest.approx(1.0)  # nobody moves at the second tick
    assert found["parts_max"] == 2
    assert found["relative_connectivity_min"] == 0.5  # one edge of the two that a tree has
    assert found["lambda2_min"] == 0.0
    assert found["lambda2_held_end"] == pytest.approx(1.0)  # held links say nothing of the radio
    assert found["links_let_go"] == 1
    assert found["cohesion_radius_end_m"] == pytest.approx(10.0 - 14.0 / 3.0)


# --- pictures


def test_the_spread_leaves_out_who_does_not_know() -> None:
    low, middle, high = spread(np.array([[np.nan, np.nan, np.nan], [1.0, np.nan, 3.0], [1.0, 2.0, 6.0]]))
    np.testing.assert_array_equal([low[1:], middle[1:], high[1:]], [[1.0, 1.0], [2.0, 2.0], [3.0, 6.0]])
    assert np.isnan([low[0], middle[0], high[0]]).all()


def test_each_time_in_parts_is_shaded_and_labelled() -> None:
    series = {
        "time": np.arange(6) / 20,
        "parts": np.array([1, 2, 2, 3, 1, 2]),
        "connectivity": np.array([1.0, 0.75, 0.75, 0.5, 1.0, 0.75]),
        "lambda2": np.zeros(6),
        "lambda2_held": np.zeros(6),
        "estimated": np.full((6, 5), np.nan),
    }
    assert list(splits(series)) == [(0.05, 0.15, 2, 0.75), (0.15, 0.2, 3, 0.5), (0.25, 0.25, 2, 0.75)]
    picture = plots.svg(connectivity(series))
    assert "2 parts" in picture
    assert "C 0.50" in picture


def test_a_contact_is_marked() -> None:
    series = {"time": np.arange(3.0), "separation": np.ones(3), "contact": np.array([1.5])}
    assert ">contact<" in plots.svg(plots.separation(series, [(0.2, "touching")]))
    assert ">contact<" not in plots.svg(plots.separation(series | {"contact": np.zeros(0)}, [(0.2, "touching")]))
