"""What a robot shows in RViz: its reference, what it wishes and what it may, and the links that it holds."""

from __future__ import annotations

import math

from geometry_msgs.msg import Point
from visualization_msgs.msg import Marker, MarkerArray

from swarm_consensus.arrays import Array
from swarm_consensus.nodes.conversions import WORLD_FRAME
from swarm_consensus.nodes.ticks import write_stamp
from swarm_consensus.robot.state import Status

_LINE = 0.03  # m
_ARROW = 1.0  # s, how far ahead an arrow shows the motion


def motion_markers(status: Status, tick: int, rate: int) -> MarkerArray:
    """Show the reference (white), the desired velocity (yellow) and the permitted one (green).

    Parameters
    ----------
    status
        The robot's status.
    tick
        Tick that it was the status of.
    rate
        Ticks a second.

    Returns
    -------
    MarkerArray
        What was shown before is deleted if the robot does not know where it is.
    """
    at = status.reference
    if not _known(at):
        return MarkerArray(markers=[Marker(action=Marker.DELETEALL)])
    sphere = _marker(Marker.SPHERE, "reference", 4 * _LINE, (1.0, 1.0, 1.0), tick, rate)
    sphere.pose.position = _point(at)
    wish = _marker(Marker.ARROW, "desired", _LINE, (1.0, 0.8, 0.0), tick, rate)
    wish.points = [_point(at), _point(at + _ARROW * status.desired)]
    may = _marker(Marker.ARROW, "permitted", _LINE, (0.0, 0.8, 0.2), tick, rate)
    may.points = [_point(at), _point(at + _ARROW * status.velocity)]
    return MarkerArray(markers=[sphere, wish, may])


def link_markers(reference: Array, held: Array, tick: int, rate: int) -> MarkerArray:
    """Show each held link as a line (blue).

    Parameters
    ----------
    reference
        The robot's own reference, shape (3,), m.
    held
        Last known references of the robots at the other ends, shape (k, 3), m.
    tick
        Tick of this knowledge.
    rate
        Ticks a second.
    """
    lines = _marker(Marker.LINE_LIST, "links", _LINE, (0.2, 0.4, 1.0), tick, rate)
    if len(held) and _known(reference):
        lines.points = [_point(end) for other in held for end in (reference, other)]
    else:  # RViz refuses lines without points, and would go on showing the old ones
        lines.action = Marker.DELETE
    return MarkerArray(markers=[lines])


def _marker(kind: int, name: str, size: float, color: tuple[float, float, float], tick: int, rate: int) -> Marker:
    marker = Marker(type=kind, ns=name, action=Marker.ADD)
    marker.header.frame_id = WORLD_FRAME
    write_stamp(marker.header.stamp, tick, rate)
    marker.pose.orientation.w = 1.0
    marker.scale.x = marker.scale.y = marker.scale.z = size
    marker.color.r, marker.color.g, marker.color.b = color
    marker.color.a = 1.0
    return marker


def _known(vector: Array) -> bool:
    return all(map(math.isfinite, vector.tolist()))


def _point(vector: Array) -> Point:
    x, y, z = map(float, vector.tolist())
    return Point(x=x, y=y, z=z)
