"""What RViz gets: whole markers, and none for what is not known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from visualization_msgs.msg import Marker, MarkerArray

from swarm_consensus.nodes.conversions import WORLD_FRAME
from swarm_consensus.nodes.markers import link_markers, motion_markers
from swarm_consensus.robot.state import Status

RATE = 20
HERE = np.array([1.0, 2.0, 3.0])


def status(reference: np.ndarray = HERE) -> Status:
    return Status("moving", reference, np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.5, 0.0]), (), (), (), 0)


def numbers(array: MarkerArray) -> list[float]:
    return [x for marker in array.markers for point in [marker.pose.position, *marker.points] for x in place(point)]


def place(point: object) -> list[float]:
    return [point.x, point.y, point.z]  # type: ignore[attr-defined]


def whole(array: MarkerArray) -> bool:
    for marker in array.markers:
        assert marker.header.frame_id == WORLD_FRAME
        assert (marker.header.stamp.sec, marker.header.stamp.nanosec) == (2, 50_000_000)  # tick 41 at 20 Hz
        assert marker.color.a == 1.0
        assert min(marker.scale.x, marker.scale.y, marker.scale.z) > 0.0
        assert marker.pose.orientation.w == 1.0
    identities = [(marker.ns, marker.id) for marker in array.markers]
    assert len(set(identities)) == len(identities)
    assert all(map(math.isfinite, numbers(array)))
    serialize_message(array)  # the types of all fields are right
    return True


def test_reference_wish_and_permitted_velocity() -> None:
    array = motion_markers(status(), 41, RATE)
    assert whole(array)
    sphere, wish, may = array.markers
    assert place(sphere.pose.position) == [1.0, 2.0, 3.0]
    assert [place(point) for point in wish.points] == [[1.0, 2.0, 3.0], [2.0, 2.0, 3.0]]  # one second ahead
    assert [place(point) for point in may.points] == [[1.0, 2.0, 3.0], [1.0, 2.5, 3.0]]


def test_a_robot_that_does_not_know_where_it_is_takes_its_markers_away() -> None:
    array = motion_markers(status(np.full(3, np.nan)), 41, RATE)
    assert [marker.action for marker in array.markers] == [Marker.DELETEALL]
    assert not any(map(math.isnan, numbers(array)))


def test_each_held_link_is_a_line() -> None:
    array = link_markers(HERE, np.array([[0.0, 0.0, 0.0], [4.0, 5.0, 6.0]]), 41, RATE)
    assert whole(array)
    (lines,) = array.markers
    assert (lines.type, lines.action) == (Marker.LINE_LIST, Marker.ADD)
    ends = [place(point) for point in lines.points]
    assert ends == [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize(
    ("reference", "held"), [(HERE, np.zeros((0, 3))), (np.full(3, np.nan), np.zeros((1, 3)))], ids=["none", "nowhere"]
)
def test_links_that_are_no_more_are_taken_away(reference: np.ndarray, held: np.ndarray) -> None:
    (lines,) = link_markers(reference, held, 41, RATE).markers
    (shown,) = link_markers(HERE, np.zeros((1, 3)), 41, RATE).markers
    assert lines.action == Marker.DELETE
    assert (lines.ns, lines.id) == (shown.ns, shown.id)
    assert lines.points == []
