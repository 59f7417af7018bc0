"""Starts: apart, clear, connected, repeatable to the bit; and what changes with another number of robots."""

from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from swarm_consensus.errors import InputError
from swarm_consensus.graph import is_connected
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.loading import dump, parse
from swarm_consensus.simulation.overrides import with_duration, with_robots
from swarm_consensus.simulation.placement import PlacedRobot, as_placed, place, separation, start_links
from swarm_consensus.simulation.scenario import Scenario

PILLAR = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]


def scenario(robots: list[dict[str, Any]], **parts: Any) -> Scenario:
    content = {
        "file_version": 1,
        "name": "small",
        "bounds_m": [[-6, -6], [6, 6]],
        "radio": {"range_m": 5},
        "robots": robots,
        "duration_s": 10,
    }
    return msgspec.convert(content | parts, Scenario)


def group(name: str, vehicle: str, count: int, spacing: float = 0.3, half: float = 4.0, **more: Any) -> dict[str, Any]:
    polygon = [[-half, -half], [half, -half], [half, half], [-half, half]]
    return {
        "group": name,
        "vehicle": vehicle,
        "count": count,
        "spawn": {"polygon_m": polygon, "spacing_m": spacing},
        **more,
    }


def drawn(world: Scenario, seed: int = 0) -> tuple[PlacedRobot, ...]:
    return place(world, np.random.default_rng(seed))


def test_one_robot_stands_where_the_file_says_to_the_bit() -> None:
    (robot,) = drawn(scenario([{"name": "a", "vehicle": "multirotor", "position_m": [0.1, 1 / 3, 0.7]}]))
    assert robot.position.tolist() == [0.1, 1 / 3, 0.7]
    assert robot.reference.tolist() == robot.position.tolist()
    assert robot.speed == VEHICLES["multirotor"].speed


def test_a_rover_stands_on_the_ground_and_steers_a_point_ahead() -> None:
    half_turn = np.pi
    (robot,) = drawn(scenario([{"name": "a", "vehicle": "rover", "position_m": [1, 2], "heading_rad": half_turn}]))
    model = VEHICLES["rover"]
    assert robot.position.tolist() == [1, 2, model.height]
    np.testing.assert_allclose(robot.reference, [1 - model.lookahead, 2, model.height], atol=1e-15)


def test_a_file_that_names_every_position_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    place(scenario([{"name": "a", "vehicle": "rover", "position_m": [1, 2]}]), rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_the_same_seed_gives_the_same_start_and_another_one_another() -> None:
    world = scenario([group("r", "rover", 5), group("d", "multirotor", 5)])
    first, again, other = drawn(world, 1), drawn(world, 1), drawn(world, 2)
    assert [robot.position.tobytes() for robot in first] == [robot.position.tobytes() for robot in again]
    assert [robot.position.tobytes() for robot in first] != [robot.position.tobytes() for robot in other]
    assert [robot.name for robot in first] == [f"r_{i}" for i in range(1, 6)] + [f"d_{i}" for i in range(1, 6)]


def test_robots_stand_in_the_order_of_the_file() -> None:
    middle = {"name": "m", "vehicle": "rover", "position_m": [0, 0]}
    assert [robot.name for robot in drawn(scenario([group("a", "rover", 2), middle, group("b", "rover", 1)]))] == [
        "a_1",
        "a_2",
        "m",
        "b_1",
    ]


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    rovers=st.integers(1, 8),
    drones=st.integers(1, 8),
    spacing=st.floats(0.1, 1.2),
    heading=st.floats(-4, 4),
    reach=st.floats(2.5, 8),
    walls=st.sampled_from(["pass", "block"]),
)
def test_a_drawn_start_is_inside_apart_clear_and_connected(
    seed: int, rovers: int, drones: int, spacing: float, heading: float, reach: float, walls: str
) -> None:
    world = scenario(
        [
            {"name": "m", "vehicle": "rover", "position_m": [2, 2], "heading_rad": -heading},
            group("r", "rover", rovers, spacing, heading_rad=heading),
            group("d", "multirotor", drones, spacing),
        ],
        obstacles=[{"polygon_m": PILLAR}],
        radio={"range_m": reach, "walls": walls},
    )
    try:
        robots = drawn(world, seed)
    except InputError:
        assume(False)
    assert len(robots) == 1 + rovers + drones
    pillar, area = shapely.Polygon(PILLAR), shapely.box(-4, -4, 4, 4)
    for robot in robots:
        model = VEHICLES[robot.vehicle]
        for point in (robot.position, robot.reference):
            assert pillar.distance(shapely.Point(point)) >= model.radius + model.reach
        assert area.contains(shapely.Point(robot.position))
    for i, first in enumerate(robots):
        for second in robots[:i]:
            same = first.name[0] == second.name[0]
            least = max(separation(first.vehicle, second.vehicle), spacing if same else 0.0)
            assert np.linalg.norm(first.position - second.position) >= least
            assert np.linalg.norm(first.reference - second.reference) >= least
    links = start_links(world, robots)
    assert is_connected(links)
    assert (links == links.T).all()
    assert not links.diagonal().any()
    # whoever reads the run folder's world places the same robots, and finds nothing wrong with them
    placed = as_placed(world, robots)
    assert check(placed) == []
    again = drawn(parse(dump(placed), "world.yaml"), seed + 1)
    for one, other in zip(robots, again, strict=True):
        assert one.position.tobytes() == other.position.tobytes()
        assert (one.name, one.vehicle, one.heading, one.speed, one.sensors) == (
            other.name,
            other.vehicle,
            other.heading,
            other.speed,
            other.sensors,
        )


def test_without_the_spacing_rule_robots_would_stand_too_near() -> None:
    """The baseline: uniform draws of ten rovers in 3 m x 3 m come nearer than 0.72 m in each of these seeds."""
    least = separation("rover", "rover")
    for seed in range(20):
        spots = np.random.default_rng(seed).uniform(-1.5, 1.5, (10, 2))
        assert shapely.STRtree(shapely.points(spots)).query(
            shapely.points(spots), predicate="dwithin", distance=least
        ).shape[1] > len(spots)
        nearest = [
            np.linalg.norm(a.position - b.position)
            for robots in [drawn(scenario([group("r", "rover", 10, half=1.7)]), seed)]
            for i, a in enumerate(robots)
            for b in robots[:i]
        ]
        assert min(nearest) >= least


@pytest.mark.parametrize("vehicle", ["rover", "multirotor"])
def test_a_link_needs_range_less_margin_and_both_reaches(vehicle: str) -> None:
    longest = 5 - 0.1 - 2 * VEHICLES[vehicle].reach  # the two steered points lie to the same side
    height = [1.0] if vehicle == "multirotor" else []

    def pair(distance: float) -> Scenario:
        return scenario(
            [
                {"name": name, "vehicle": vehicle, "position_m": [x, 0, *height]}
                for name, x in (("a", 0.0), ("b", distance))
            ]
        )

    near, far = pair(longest - 1e-9), pair(longest + 1e-9)
    assert start_links(near, drawn(near)).tolist() == [[False, True], [True, False]]
    assert not start_links(far, drawn(far)).any()


def test_rovers_back_to_back_are_linked_only_if_the_points_they_steer_are_near_enough() -> None:
    # bodies 4.5 m apart, under the 4.54 m of a link; the points 0.10 m ahead of each are 4.7 m apart
    back_to_back = scenario(
        [
            {"name": "a", "vehicle": "rover", "position_m": [0, 0], "heading_rad": np.pi},
            {"name": "b", "vehicle": "rover", "position_m": [4.5, 0]},
        ]
    )
    assert not start_links(back_to_back, drawn(back_to_back)).any()


def test_a_wall_cuts_a_link_only_where_walls_block_and_only_below_its_top() -> None:
    def pair(walls: str, height: float) -> Scenario:
        return scenario(
            [{"name": name, "vehicle": "multirotor", "position_m": [x, 0, 1]} for name, x in (("a", -1), ("b", 1))],
            obstacles=[{"polygon_m": PILLAR, "height_m": height}],
            radio={"range_m": 5, "walls": walls},
        )

    linked = [
        bool(start_links(world, drawn(world)).any())
        for world in (pair("pass", 2), pair("block", 2), pair("block", 0.5))
    ]
    assert linked == [True, False, True]


def test_groups_clear_the_fence_even_where_their_area_does_not() -> None:
    world = scenario([group("r", "rover", 10, half=9.0)], radio={"range_m": 20})
    for robot in drawn(world):
        assert np.abs(robot.position[:2]).max() <= 6 - VEHICLES["rover"].radius - VEHICLES["rover"].reach


def test_an_area_that_is_too_small_says_how_many_it_holds() -> None:
    with pytest.raises(InputError, match=r"group 'r' has count 30, but its spawn area holds only \d+, each clear"):
        drawn(scenario([group("r", "rover", 30, half=1.0)]))


def test_areas_out_of_each_others_range_are_told() -> None:
    corner = [[-5, -5], [-4, -5], [-4, -4], [-5, -4]]
    far = {"group": "f", "vehicle": "rover", "count": 1, "spawn": {"polygon_m": corner, "spacing_m": 1}}
    with pytest.raises(InputError, match=r"none of 60 starts drawn is connected at radio\.range_m 2"):
        drawn(scenario([{"name": "a", "vehicle": "rover", "position_m": [4, 4]}, far], radio={"range_m": 2}))


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [
        ([6, 6], 12, [6, 6]),
        ([6, 6], 13, [7, 6]),  # a tie goes to the first
        ([4, 1], 10, [8, 2]),
        ([5, 3], 4, [3, 1]),  # exact shares 2.5 and 1.5: the remainders tie
        ([7, 2, 1], 5, [3, 1, 1]),  # exact shares 3.5, 1 and 0.5: a tie again
        ([20, 1, 1], 4, [2, 1, 1]),  # no group vanishes
    ],
)
def test_groups_scale_in_proportion(counts: list[int], total: int, expected: list[int]) -> None:
    world = scenario([group(f"g{i}", "rover", count) for i, count in enumerate(counts)])
    assert [robot.count for robot in with_robots(world, total).robots] == expected


def test_robots_named_singly_stay() -> None:
    single = {"name": "a", "vehicle": "rover", "position_m": [5, 5]}
    world = with_robots(scenario([single, group("r", "rover", 2)]), 6)
    assert [robot.count for robot in world.robots] == [None, 5]


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "--robots is 1, must be at least 2 in this world"),
        (0, "--robots is 0, must be at least 2 in this world"),
        (300, "--robots 300: robots has 300 robots, must have at most 256"),
        (3, "--robots 3: faults[0].robot is 'r_3', there is no such robot; did you mean 'r_2'?"),
    ],
)
def test_a_number_of_robots_that_cannot_be_is_told(count: int, sentence: str) -> None:
    single = {"name": "a", "vehicle": "rover", "position_m": [5, 5]}
    world = scenario([single, group("r", "rover", 3)], faults=[{"robot": "r_3", "crash_s": 1}])
    with pytest.raises(InputError) as caught:
        with_robots(world, count)
    assert caught.value.problems == (sentence,)


def test_a_world_of_single_robots_has_as_many_as_it_names() -> None:
    world = scenario([{"name": "a", "vehicle": "rover", "position_m": [5, 5]}])
    assert with_robots(world, 1) is world
    with pytest.raises(InputError, match="--robots is 2, but this world names its 1 robots one by one"):
        with_robots(world, 2)


def test_a_shorter_run_leaves_out_what_would_come_later_and_stays_valid() -> None:
    world = scenario(
        [group("r", "rover", 3)],
        radio={
            "range_m": 5,
            "partitions": [
                {"from_s": 1, "until_s": 9, "groups": [["r_1"]]},
                {"from_s": 5, "until_s": 9, "groups": [["r_1"]]},
            ],
        },
        faults=[{"robot": "r_1", "crash_s": 1, "restart_s": 8}, {"robot": "r_2", "crash_s": 5}],
        expect={"arrived_within_m": 1, "by_s": 9},
    )
    short = with_duration(world, 5)
    assert check(short) == []
    assert (len(short.faults), len(short.radio.partitions), short.expect.by_s) == (1, 1, 5.0)
    assert with_duration(world, 10) == world


@pytest.mark.parametrize("duration", [0.0, -1.0, 0.04, float("nan"), float("inf"), 1e7])
def test_a_duration_that_is_none_is_refused(duration: float) -> None:
    with pytest.raises(InputError, match=r"--duration is .*, must be between 0.05 and 1000000 seconds"):
        with_duration(scenario([group("r", "rover", 3)]), duration)
