"""Relations between the parts of a scenario: each that does not hold is told, with the numbers that show it."""

from typing import Any

import msgspec
import pytest

from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.scenario import Scenario

BOW_TIE = [[0, 0], [2, 2], [2, 0], [0, 2]]
SQUARE = [[-2, -2], [2, -2], [2, 2], [-2, 2]]


def scenario(**parts: Any) -> Scenario:
    """Two rovers a metre apart in a wide fence, but for what is given."""
    content = {
        "file_version": 1,
        "name": "small",
        "bounds_m": [[-5, -5], [5, 5]],
        "radio": {"range_m": 4},
        "robots": [rover("a", 0, 0), rover("b", 1, 0)],
        "duration_s": 10,
    }
    return msgspec.convert(content | parts, Scenario)


def rover(name: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "vehicle": "rover", "position_m": [x, y], **more}


def drone(name: str, *position: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "vehicle": "multirotor", "position_m": list(position), **more}


def group(name: str, count: int = 2, vehicle: str = "rover", polygon: Any = SQUARE, **more: Any) -> dict[str, Any]:
    spawn = {"polygon_m": polygon, "spacing_m": 0.5, **more}
    return {"group": name, "vehicle": vehicle, "count": count, "spawn": spawn}


def box(west: float, south: float, east: float, north: float, height: float = 3.0) -> dict[str, Any]:
    return {"polygon_m": [[west, south], [east, south], [east, north], [west, north]], "height_m": height}


def partition(*groups: list[str], **times: float) -> dict[str, Any]:
    return {"range_m": 4, "partitions": [{"from_s": 1, "until_s": 2, "groups": list(groups), **times}]}


def test_the_base_has_no_problem() -> None:
    assert check(scenario()) == []


def test_a_robot_alone_needs_no_link() -> None:
    # two rovers would need a range above 0.72 + 0.36 + 0.1
    assert check(scenario(robots=[rover("a", 0, 0)], radio={"range_m": 0.5, "delay_s": 30})) == []


SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"bounds_m": []}, "bounds_m has 0 corners, must have at least 3 (or 2 opposite ones)"),
    ({"bounds_m": [[0, 0]]}, "bounds_m has 1 corners, must have at least 3 (or 2 opposite ones)"),
    (
        {"bounds_m": [[5, 5], [-5, -5]]},
        "bounds_m has the corners [5.0, 5.0] and [-5.0, -5.0], the first must be south-west of the second",
    ),
    (
        {"bounds_m": [[-5, 0], [5, 0]]},
        "bounds_m has the corners [-5.0, 0.0] and [5.0, 0.0], the first must be south-west of the second",
    ),
    ({"bounds_m": [[-5, -5, 0], [5, 5, 0]]}, "bounds_m has a corner that is not [x, y]"),
    ({"bounds_m": BOW_TIE}, "bounds_m must not cross or touch itself: Self-intersection[1 1]"),
    (
        {"obstacles": [{"polygon_m": BOW_TIE}]},
        "obstacles[0].polygon_m must not cross or touch itself: Self-intersection[1 1]",
    ),
    (
        {"obstacles": [{"polygon_m": [[0, 0], [1, 1], [2, 2]]}]},
        "obstacles[0].polygon_m has no area: its corners lie on one line",
    ),
    ({"obstacles": [{"polygon_m": [[1, 1]] * 4}]}, "obstacles[0].polygon_m has no area: its corners lie on one line"),
    ({"obstacles": [{"polygon_m": [[0, 0], [1]]}]}, "obstacles[0].polygon_m has a corner that is not [x, y]"),
    ({"obstacles": [{"polygon_m": [[0, 0], [1, 1]]}]}, "obstacles[0].polygon_m has 2 corners, must have at least 3"),
    (
        {"robots": [group("r", polygon=BOW_TIE)]},
        "robots[0].spawn.polygon_m must not cross or touch itself: Self-intersection[1 1]",
    ),
    ({"altitude_m": [3, 1]}, "altitude_m is [3, 1], the first must be below the second"),
    ({"altitude_m": [1, 1.3]}, "altitude_m is 0.3 m high, a multirotor strays by up to 0.2 m either way"),
    ({"altitude_m": [-1, 3]}, "altitude_m begins at -1, must be at least 0.07, the radius of a multirotor"),
]

FORM = "must be one of the two: a robot has name and position_m; a group has group, count and spawn"
ROBOTS: list[tuple[dict[str, Any], str]] = [
    ({"robots": []}, "robots is empty, must hold at least one"),
    ({"robots": [rover("a", 0, 0), rover("a", 1, 0)]}, "robots[1] makes a robot 'a', as robots[0] does already"),
    ({"robots": [group("r"), rover("r_1", 4, 4)]}, "robots[1] makes a robot 'r_1', as robots[0] does already"),
    ({"robots": [rover("a", 0, 0, group="r")]}, f"robots[0] has both name and group, {FORM}"),
    ({"robots": [{"vehicle": "rover"}]}, f"robots[0] has neither name nor group, {FORM}"),
    ({"robots": [{"vehicle": "rover", "name": "a"}]}, "robots[0].position_m is missing"),
    ({"robots": [{"vehicle": "rover", "group": "r", "count": 2}]}, "robots[0].spawn is missing"),
    (
        {"robots": [rover("a b", 0, 0)]},
        "robots[0].name is 'a b', which can't be a ROS namespace; use letters, digits and _",
    ),
    (
        {"robots": [rover("3a", 0, 0)]},
        "robots[0].name is '3a', which can't be a ROS namespace; use letters, digits and _",
    ),
    (
        {"robots": [rover("ä", 0, 0)]},
        "robots[0].name is 'ä', which can't be a ROS namespace; use letters, digits and _",
    ),
    ({"robots": [rover("a" * 65, 0, 0)]}, "robots[0].name has 65 letters, must have at most 64"),
    ({"robots": [drone("a", 0, 0)]}, "robots[0].position_m has 2 numbers, must be [x, y, z] for a multirotor"),
    (
        {"robots": [{**rover("a", 0, 0), "position_m": [0, 0, 1]}]},
        "robots[0].position_m has 3 numbers, must be [x, y] for a",
    ),
    ({"robots": [rover("a", 0, 0, speed_m_s=0.7)]}, "robots[0].speed_m_s is 0.7, must be at most 0.6 for a rover"),
    (
        {"robots": [rover("a", 0, 0, sensors={"position_std_m": 0.03})]},
        "robots[0].sensors.position_std_m is 0.03: 3 of them are 0.09 m, must be below the 0.08 m by",
    ),
    ({"robots": [group("r", 200), group("s", 57)]}, "robots has 257 robots, must have at most 256"),
]

RELATIONS: list[tuple[dict[str, Any], str]] = [
    ({"name": "../up"}, "name is '../up', must be up to 64 letters, digits, _ and -: run folders"),
    ({"control": {"rate_hz": 50}}, "control.rate_hz is 50, must divide the physics' 240"),
    ({"control": {"gain_1_s": 21}}, "control.gain_1_s is 21, must be at most rate_hz, which is 20"),
    ({"control": {"max_age_s": 5}}, "control.max_age_s is 5, must be below lost_after_s, which is 5"),
    ({"control": {"max_age_s": 0.05}}, "control.max_age_s is 0.05, must be above 1 / rate_hz, which is 0.05"),
    ({"duration_s": 0.04}, "duration_s is 0.04, must be at least 1 / control.rate_hz, which is 0.05"),
    ({"control": {"margin_m": 4}}, "control.margin_m is 4, must be below radio.range_m, which is 4"),
    (
        {"radio": {"range_m": 4, "delay_s": 1}},
        "radio.delay_s is 1, must be below control.max_age_s, which is 1: no robot moves on older news of a neighbour",
    ),
    (
        # S = 2 (0.18 + 0.18); the link: 1.1 - 0.1 - 2 * 0.18
        {"radio": {"range_m": 1.1}},
        (
            "radio.range_m is 1.1: a rover and a rover keep at least 0.72 m apart, which must be below the longest "
            "link, range_m - margin_m - tracking = 1.1 - 0.1 - 0.36 = 0.64 m"
        ),
    ),
    (
        {"radio": partition(["a"], until_s=1)},
        "radio.partitions[0].until_s is 1, must be after from_s, which is 1",
    ),
    (
        {"radio": partition(["a"], from_s=10, until_s=11)},
        "radio.partitions[0].from_s is 10, must be before duration_s, which is 10",
    ),
    (
        {"radio": partition()},
        "radio.partitions[0].groups is empty, must hold at least one: it parts that group from all",
    ),
    (
        {"faults": [{"robot": "a", "crash_s": 3, "restart_s": 3}]},
        "faults[0].restart_s is 3, must be after crash_s, which is 3",
    ),
    ({"faults": [{"robot": "a", "crash_s": 10}]}, "faults[0].crash_s is 10, must be before duration_s, which is 10"),
    (
        # in whatever order they stand: it falls at 1 and is off until 3
        {"faults": [{"robot": "a", "crash_s": 2}, {"robot": "a", "crash_s": 1, "restart_s": 3}]},
        "faults[0].crash_s is 2, while 'a' is still off from an earlier crash",
    ),
    (
        {"expect": {"by_s": 11, "arrived_within_m": 1}},
        "expect.by_s is 11, must be at most duration_s, which is 10",
    ),
    ({"expect": {"by_s": 5}}, "expect.by_s says by when, but expect.arrived_within_m is missing"),
]

REFERENCES: list[tuple[dict[str, Any], str]] = [
    (
        {"robots": [group("rover")], "faults": [{"robot": "rovr_1", "crash_s": 1}]},
        "faults[0].robot is 'rovr_1', there is no such robot; did you mean 'rover_1'?",
    ),
    (
        {"robots": [group("rover")], "faults": [{"robot": "rover", "crash_s": 1}]},
        "faults[0].robot is 'rover', there is no such robot; did you mean",
    ),
    (
        {"robots": [group("rover")], "radio": partition(["rovers"])},
        "radio.partitions[0].groups[0] has 'rovers', there is no such robot or group; did you mean 'rover'?",
    ),
    ({"radio": partition([])}, "radio.partitions[0].groups[0] is empty, must name at least one robot"),
    (
        {"radio": partition(["a"], ["b", "a"])},
        "radio.partitions[0].groups[1] has 'a', which radio.partitions[0].groups[0] has already",
    ),
    (
        {"robots": [group("rover")], "radio": partition(["rover_1"], ["rover"])},
        "radio.partitions[0].groups[1] has 'rover_1', which radio.partitions[0].groups[0] has already",
    ),
    (
        {"robots": [rover("a", 0, 0), rover("a_1", 1, 0)], "radio": partition(["a"])},
        "radio.partitions[0].groups[0] has 'a', which is both a robot and the group of 'a_1' and others",
    ),
    (
        {"mission": {"behaviour": "rendezvos"}},
        f"mission.behaviour is 'rendezvos', must be one of {', '.join(sorted(BEHAVIOURS))}; did you mean 'rendezvous'?",
    ),
    ({"mission": {"behaviour": "go_to"}}, "mission.goal_m is missing: go_to needs goal_m, or goals_m for some robots"),
    (
        {"mission": {"behaviour": "go_to", "goals_m": {"c": [1, 1]}, "goal_m": [0, 0]}},
        "mission.goals_m has 'c', there is no such robot or group",
    ),
    (
        {"mission": {"goals_m": {"a": [1, 1]}}},
        "mission.goals_m is given, but rendezvous does not read it; go_to would",
    ),
]

MISSIONS: list[tuple[dict[str, Any], str]] = [
    (
        {"mission": {"behaviour": "go_to", "goal_m": [0, 0], "informed": ["c"]}},
        "mission.informed has 'c', there is no such robot or group",
    ),
    (
        {"mission": {"goal_m": [0, 0], "informed": ["a"]}},
        "mission.informed is given, but rendezvous does not read it; go_to would",
    ),
    ({"mission": {"behaviour": "follow", "goal_m": [0, 0]}}, "mission.leader is missing: follow needs it"),
    ({"mission": {"behaviour": "formation"}}, "mission.slots_m is missing: formation needs it"),
    (
        {"mission": {"behaviour": "formation", "slots_m": [[0, 0]]}},
        "mission.slots_m has 1 places for 2 robots, must have one for each",
    ),
    # two rovers: 2 * (0.18 + 0.18)
    (
        {"mission": {"behaviour": "formation", "slots_m": [[0, 0], [0, 0.5, 2]]}},
        "mission.slots_m[0] and [1] are 0.50 m apart in the plane, must be at least 0.72 m: any robot may take any",
    ),
    (
        {"mission": {"behaviour": "formation", "slots_m": [[0, 0], [3, 0]], "goal_m": [3, 0]}},
        "mission.goal_m + slots_m[1] is [6.0, 0.0], outside the fence",
    ),
    (
        {"expect": {"formation_error_m": 0.1}},
        "expect.formation_error_m is given, but mission.slots_m, the formation, is missing",
    ),
]

PLACES: list[tuple[dict[str, Any], str]] = [
    ({"mission": {"goal_m": [6, 0]}}, "mission.goal_m is [6.0, 0.0], outside the fence"),
    ({"mission": {"goal_m": [1]}}, "mission.goal_m has 1 numbers, must be [x, y] or [x, y, z]"),
    ({"mission": {"goal_m": [0, 0, 9]}}, "mission.goal_m is [0.0, 0.0, 9.0], outside altitude_m [0.3, 3]"),
    (
        {"mission": {"goal_m": [3.5, 3.5]}, "obstacles": [box(3, 3, 4, 4)]},
        "mission.goal_m is [3.5, 3.5], inside obstacles[0]",
    ),
    (
        {"mission": {"behaviour": "go_to", "goals_m": {"a": [0, 9], "b": [0, 0]}}},
        "mission.goals_m.a is [0.0, 9.0], outside the fence",
    ),
    ({"robots": [rover("a", 6, 0)]}, "robots[0]: 'a' is outside the fence"),
    # a rover steers 0.10 m ahead: 5 - 4.6 - 0.1 to the fence; radius + reach + clearance = 0.18 + 0.18 + 0.02
    ({"robots": [rover("a", 4.6, 0)]}, "robots[0]: 'a' is 0.30 m from the fence, must be at least 0.38 m"),
    ({"obstacles": [box(-1, -1, 0.5, 0.5)]}, "robots[0]: 'a' is inside obstacles[0]"),
    ({"obstacles": [box(-2, -1, -0.3, 1)]}, "robots[0]: 'a' is 0.30 m from obstacles[0], must be at least 0.38 m"),
    # 0.07 + 0.2 + 0.02 above a wall of 1 m
    (
        {"robots": [drone("d", 0, 0, 1.2)], "obstacles": [box(-1, -1, 1, 1, height=1.0)]},
        "robots[0]: 'd' is 0.20 m from obstacles[0], must be at least 0.29 m",
    ),
    (
        {"robots": [drone("d", 0, 0, 0.4)]},
        "robots[0].position_m starts at 0.4 m, must be within altitude_m less tracking, 0.5 to 2.8 m",
    ),
    (
        {"robots": [group("d", vehicle="multirotor", altitude_m=3.0)]},
        "robots[0].spawn.altitude_m starts at 3 m, must be within altitude_m less tracking, 0.5 to 2.8 m",
    ),
    (
        {"robots": [rover("a", 0, 0), rover("b", 0, 0)]},
        "robots: 'a' and 'b' overlap: they are 0.00 m apart and touch below 0.36 m",
    ),
    (
        {"robots": [rover("a", 0, 0), rover("b", 0.7, 0)]},
        "robots: 'a' and 'b' are 0.70 m apart, must be at least 0.72 m",
    ),
    (
        # face to face, their steered points are 2 * 0.10 m nearer than their bodies
        {"robots": [rover("a", 0, 0), rover("b", 0.9, 0, heading_rad=3.141592653589793)]},
        "robots: 'a' and 'b' are 0.70 m apart (between the points ahead of their axles, which they steer), must be at",
    ),
    (
        # 4 - 0.1 - 2 * 0.18; b is part of a's network, c is 3.6 from b
        {"robots": [rover("a", -4, 0), rover("b", -1, 0), rover("c", 2.6, 0)]},
        (
            "robots: the start is not connected but in 2 parts; 'b' and 'c', the nearest to a link, are 3.60 m apart, "
            "and a link holds up to radio.range_m - control.margin_m - tracking = 3.54 m"
        ),
    ),
    (
        {
            "robots": [rover("a", -1, 0), rover("b", 1, 0)],
            "obstacles": [box(-0.1, -1, 0.1, 1)],
            "radio": {"range_m": 4, "walls": "block"},
        },
        "robots: the start is not connected but in 2 parts; 'a' and 'b', the nearest to a link, are near enough, but",
    ),
    (
        # the wall ends 0.2 m beside the line between them: 0.18 m of tracking, 0.02 and 0.05 m are kept
        {
            "robots": [rover("a", -1, 0), rover("b", 1, 0)],
            "obstacles": [box(-0.1, -1, 0.1, -0.2)],
            "radio": {"range_m": 4, "walls": "block"},
        },
        (
            "robots: the start is not connected but in 2 parts; 'a' and 'b', the nearest to a link, are near enough, "
            "but a wall is nearer than 0.25 m to the line between them and blocks the radio"
        ),
    ),
    (
        # a and c are 6 m apart, b stands between them
        {"robots": [rover("a", -3, 0), rover("b", 0, 0), rover("c", 3, 0)], "control": {"redundancy": 2}},
        "robots: without 'b' the start falls apart, and control.redundancy is 2: any one robot may die",
    ),
    # rovers keep 2 * (0.18 + 0.18) apart, and a link up to 4 - 0.1 - 2 * 0.18
    *[
        (
            {"robots": [group("r", 4)], "mission": {"behaviour": "flocking", "spacing_m": spacing}},
            f"mission.spacing_m is {spacing}, must be above the 0.72 m that a rover and a rover keep apart, and below",
        )
        for spacing in (0.7, 3.6)
    ],
    # a square metre holds one rover in the middle; a second one would have to be 0.72 m away
    (
        {"robots": [group("r", 4, polygon=[[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]])]},
        "robots: group 'r' has count 4, but its spawn area holds only 1, each clear of the others,",
    ),
    (
        {"robots": [group("r", polygon=[[6, 6], [8, 6], [8, 8]])]},
        "robots: group 'r' has count 2, but its spawn area holds only 0, each clear of the others,",
    ),
    (
        {
            "robots": [
                group("l", 1, polygon=[[-5, -1], [-4, -1], [-4, 1], [-5, 1]]),
                group("r", 1, polygon=[[4, -1], [5, -1], [5, 1], [4, 1]]),
            ]
        },
        "robots: none of 60 starts drawn is connected at radio.range_m 4; make the areas smaller or bring them nearer",
    ),
]


@pytest.mark.parametrize(("parts", "sentence"), SHAPES + ROBOTS + RELATIONS + REFERENCES + MISSIONS + PLACES)
def test_what_does_not_hold_is_told_in_one_sentence(parts: dict[str, Any], sentence: str) -> None:
    (problem,) = check(scenario(**parts))
    assert problem.startswith(sentence), problem


def test_a_robot_on_another_one_is_refused_whatever_their_number() -> None:
    problems = check(scenario(robots=[rover(f"r{i}", 0, 0) for i in range(10)]))
    assert len(problems) == 21  # 45 pairs, of which 20 are spelled out
    assert problems[-1] == "robots: 25 more pairs are as near"


def test_problems_of_different_parts_are_told_together() -> None:
    problems = check(
        scenario(bounds_m=BOW_TIE, robots=[rover("a", 0, 0), rover("a", 1, 0)], expect={"by_s": 5}, duration_s=0.01)
    )
    assert [problem.split()[0] for problem in problems] == [
        "bounds_m",
        "robots[1]",
        "duration_s",
        "expect.by_s",
        "expect.by_s",
    ]


def test_an_obstacle_beyond_the_fence_is_fine() -> None:
    assert check(scenario(obstacles=[box(4, 4, 9, 9), box(20, 20, 21, 21)])) == []


def test_corners_given_twice_or_a_closed_ring_are_fine() -> None:
    ring = [[3, 3], [4, 3], [4, 3], [4, 4], [3, 4], [3, 3]]
    assert check(scenario(obstacles=[{"polygon_m": ring}])) == []


def test_starts_at_exactly_the_separation_are_fine() -> None:
    least = 2 * (VEHICLES["rover"].radius + VEHICLES["rover"].reach)
    assert check(scenario(robots=[rover("a", 0, 0), rover("b", 0, least)])) == []


def test_a_multirotor_may_start_and_end_above_an_obstacle() -> None:
    flat = box(-1, -1, 1, 1, height=0.5)
    assert check(scenario(robots=[drone("d", 0, 0, 1)], obstacles=[flat], mission={"goal_m": [0, 0, 1.0]})) == []


def test_a_robot_may_crash_again_once_it_is_back() -> None:
    again = [{"robot": "a", "crash_s": 5}, {"robot": "a", "crash_s": 1, "restart_s": 3}]
    assert check(scenario(faults=again)) == []
