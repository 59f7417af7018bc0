"""Polygons in plain arithmetic, held against a geometry library; and what a robot makes of an ordered fence."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from robot.desks import CONFIG, FENCE

from swarm_consensus.agreement.roles import Order, Standing
from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.limits import linear_rows
from swarm_consensus.robot import fences
from swarm_consensus.robot.enclosure import Enclosure
from swarm_consensus.robot.mission import MOST_CORNERS, Fence, Goto, Sense, order

WHOLE = st.integers(-6, 6).map(float)
CORNERS = st.lists(st.tuples(WHOLE, WHOLE), min_size=3, max_size=7)  # on a grid: touching and folding are common
BOUNDS = [(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (0.0, 5.0), (0.0, 0.0), (-5.0, 0.0)]  # with a corner inwards
CLEAR = 0.38  # m: radius, reach and clearance of a rover


@settings(max_examples=500)
@given(CORNERS)
def test_a_polygon_crosses_itself_where_the_library_says_so(corners: list[fences.Corner]) -> None:
    repeated = any(start == end for start, end in fences.sides(corners))  # which the library passes over
    assert (fences.crossing(corners) is None) == (shapely.LinearRing(corners).is_simple and not repeated)


@settings(max_examples=500)
@given(CORNERS, st.sampled_from([BOUNDS, [(x, y) for x, y in FENCE.tolist()]]))
def test_a_polygon_leaves_the_bounds_where_the_library_says_so(
    corners: list[fences.Corner], bounds: list[fences.Corner]
) -> None:
    assume(fences.crossing(corners) is None)
    left = shapely.Polygon(corners).difference(shapely.Polygon(bounds)).area
    assert fences.within(corners, bounds) == (left < 1e-9)


@given(CORNERS, st.floats(-7, 7), st.floats(-7, 7))
def test_distances_are_those_of_the_library(corners: list[fences.Corner], x: float, y: float) -> None:
    assume(fences.crossing(corners) is None)
    polygon, point = shapely.Polygon(corners), shapely.Point(x, y)
    away = polygon.exterior.distance(point)
    assert fences.distance(corners, x, y) == pytest.approx(away, abs=1e-9)
    if away > 1e-9:
        assert fences.inside(corners, x, y) == polygon.contains(point)


@given(CORNERS, st.floats(0.01, 1.0))
def test_room_is_never_more_than_there_is(corners: list[fences.Corner], clearance: float) -> None:
    assume(fences.crossing(corners) is None)
    free = shapely.Polygon(corners).buffer(-clearance, quad_segs=64).area
    assert fences.room(corners, clearance) <= free + 1e-2 * clearance


SQUARE = [(-3.0, -3.0), (3.0, -3.0), (3.0, 3.0), (-3.0, 3.0)]


@pytest.mark.parametrize(
    ("corners", "band", "why"),
    [
        ([(0, 0), (1, 1)], None, "a fence of 2 corners, must have 3 to 16"),
        ([(0, 0)] * (MOST_CORNERS + 1), None, "a fence of 17 corners, must have 3 to 16"),
        ([(-3, -3), (3, 3), (3, -3), (-3, 3)], None, "sides 2 and 4 of the fence touch or cross each other"),
        ([(-3, -3), (3, -3), (3, -3), (3, 3)], None, "sides 3 and 3 of the fence touch or cross each other"),
        ([(-3, -3), (6, -3), (3, 3)], None, "the fence leaves the bounds of the scenario"),
        ([(-1, -1), (1, -1), (0, 1)], None, "the fence has 0.00 m^2 of room, 3 robots take 1.56"),
        ([(-3, -3), (3, -3), (3, 0.5), (-3, 0.5)], None, "the fence leaves out the goal [1, 2]"),
        ([(-3, -3), (3, -3), (3, 2.3), (-3, 2.3)], None, "the goal [1, 2] is 0.30 m from the fence, must be 0.38"),
        ([(-1, -3), (3, -3), (3, 3), (-1, 3)], None, "the fence leaves out the place [-2, 2]"),
        (SQUARE, (0.1, 2.0), "altitudes from 0.1 to 2 m leave the scenario's, 0.3 to 3"),
        (SQUARE, (1.0, 1.2), "altitudes from 1 to 1.2 m are 0.20 m, must be at least 0.5"),
        (SQUARE, (0.5, 2.0), ""),
    ],
)
def test_a_fence_that_robots_could_not_keep_to_is_denied(
    corners: list[fences.Corner], band: tuple[float, float] | None, why: str
) -> None:
    from dataclasses import replace

    sense = Sense(replace(CONFIG, goals=np.array([[1.0, 2.0]]), sites=np.array([[-2.0, 2.0]])))
    given_order = order("fence", Fence([(float(x), float(y)) for x, y in corners], band))
    assert sense(given_order) == why


def test_what_is_in_force_counts_and_not_what_the_mission_said_before() -> None:
    from dataclasses import replace

    def stands(given_order: Order) -> Standing:
        return Standing(3, bytes(32), given_order)

    sense = Sense(replace(CONFIG, goals=np.array([[4.0, 4.0]])))
    square = order("fence", Fence(SQUARE))
    assert sense(square) == "the fence leaves out the goal [4, 4]"
    assert sense(square, {"goal": stands(order("goto", Goto([1.0, 1.0])))}) == ""
    assert sense(square, {"goal": stands(order("goto", Goto([4.0, -4.0])))}) == "the fence leaves out the goal [4, -4]"
    away = order("goto", Goto([4.0, 4.0]))
    assert sense(away) == ""
    assert sense(away, {"fence": stands(square)}) == "the goal [4, 4] is outside of the fence"


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x92\x90\xc0", b"\x92\x91\x91\xcb\x7f\xf8\0\0\0\0\0\0\xc0"])
def test_a_fence_that_can_not_be_read_is_denied(data: bytes) -> None:
    assert Sense(CONFIG)(Order("fence", data)) != ""


# on a robot


def walled(corners: list[fences.Corner], place: tuple[float, float]) -> Enclosure:
    found = Enclosure(CONFIG, CLEAR)
    found.order((7, Fence(corners)))
    found.look(np.array([*place, 0.06]))
    return found


@settings(max_examples=100, deadline=None)
@given(CORNERS, st.data())
def test_who_is_inside_stays_inside_whatever_it_wishes(corners: list[fences.Corner], data: st.DataObject) -> None:
    assume(fences.crossing(corners) is None)
    free = shapely.Polygon(corners).buffer(-CLEAR)
    assume(not free.is_empty)
    here = np.array([*shapely.get_coordinates(free.representative_point())[0], 0.06])
    enclosure = walled(corners, (here[0], here[1]))
    assert enclosure.told == "inside"
    assert enclosure.wall is not None
    for _ in range(40):
        wish = np.array(data.draw(st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))))
        found = enclosure.wall.limits(here, CLEAR, 0.2, 3.0, 2)
        if found is not None:
            rows = linear_rows(found[0], 0.6)
            wish = np.zeros(2) if rows is None else barrier_filter(wish, rows[0], rows[1]).velocity
        here[:2] += wish / 20.0
    reach = shapely.Polygon(corners).exterior.distance(shapely.Point(here[:2]))
    assert shapely.Polygon(corners).contains(shapely.Point(here[:2]))
    assert reach >= CLEAR - 5e-3  # a corner that points inwards is rounded by short straight pieces


def test_who_is_outside_has_no_wall_until_it_has_come_in() -> None:
    enclosure = walled(SQUARE, (4.5, 0.0))
    assert (enclosure.told, enclosure.wall) == ("outside", None)
    aim = enclosure.aim(np.array([4.5, 0.0, 0.06]), 0)
    assert aim[:2] == pytest.approx([3.0 - CLEAR - 0.3, 0.0])  # 0.3 m farther in than it must be
    enclosure.look(np.array([2.7, 0.0, 0.06]))
    assert enclosure.told == "outside"  # its body would reach out
    enclosure.look(np.array([2.6, 0.0, 0.06]))
    assert enclosure.told == "inside"
    enclosure.look(np.array([2.7, 0.0, 0.06]))
    assert enclosure.told == "inside"  # the wall stays up
    enclosure.order((7, Fence(SQUARE)))  # the same again changes nothing
    assert enclosure.told == "inside"
    enclosure.order((9, Fence([(-4.0, -4.0), (0.0, -4.0), (0.0, 4.0), (-4.0, 4.0)])))
    enclosure.look(np.array([2.6, 0.0, 0.06]))
    assert (enclosure.told, enclosure.wall) == ("outside", None)


def test_what_behaviours_say_goes_by_a_topic_that_a_frame_takes_with_any_fence() -> None:
    from swarm_consensus.motion.behaviour import Task
    from swarm_consensus.motion.behaviours import BEHAVIOURS
    from swarm_consensus.robot.agent import Agent

    agent = Agent(CONFIG)
    agent._enclosure.order((2**40 + 999, Fence(SQUARE)))
    for name in BEHAVIOURS:
        agent._conduct.take_up(Task(name, leader=1, base=1, slots=np.zeros((3, 3)), spread=1.0))
        assert len(agent._conduct.topic) <= 16
        assert agent._conduct.topic.startswith(f"{name} ")
