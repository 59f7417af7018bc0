"""What a rover and a multirotor are, and how each follows its reference with a velocity command."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.robot.state import Command, Odometry

FOLLOW_GAIN = 2.5  # 1/s, on the distance between vehicle and reference
RESERVE = 1.3  # the command may exceed the speed limit by so much, so that a vehicle that fell behind catches up


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """The facts about a vehicle that safety rests on."""

    kind: str  # "multirotor" or "rover"
    radius: float  # m, of the sphere about the body's centre that holds the body
    speed: float  # m/s, greatest speed limit that a scenario may set, and the default
    tracking: float  # m, the followed point of the vehicle stays this near its reference
    lookahead: float  # m, from the body's centre to the followed point, forward
    yaw_rate: float  # rad/s, greatest
    height: float  # m, of the body's centre above ground when it rests there

    @property
    def reach(self) -> float:
        """Greatest distance from the reference to the body's centre, m."""
        return self.tracking + self.lookahead

    @property
    def dims(self) -> int:
        """Dimensions it moves in: 2 on the ground, 3 in the air."""
        return 3 if self.kind == "multirotor" else 2


VEHICLES = {
    "multirotor": VehicleModel(
        kind="multirotor", radius=0.07, speed=1.0, tracking=0.2, lookahead=0.0, yaw_rate=2.0, height=0.02
    ),
    "rover": VehicleModel(
        kind="rover", radius=0.18, speed=0.6, tracking=0.08, lookahead=0.1, yaw_rate=6.0, height=0.06
    ),
}


def heading_of(orientation: Array) -> float:
    """Return the yaw of a quaternion (x, y, z, w), rad, counter-clockwise from east."""
    x, y, z, w = orientation.tolist()
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def followed_point(model: VehicleModel, odometry: Odometry) -> Array:
    """Return the point of the vehicle that follows the reference, shape (3,), m.

    A multirotor's is its centre. A rover's lies ahead of its axle, since that point, unlike the axle, can move in any
    direction at once.
    """
    if not model.lookahead:
        return odometry.position
    heading = heading_of(odometry.orientation)
    x, y, z = odometry.position.tolist()
    return np.array([x + model.lookahead * math.cos(heading), y + model.lookahead * math.sin(heading), z])


def admit(start: Array, velocity: Array, point: Array, period: float, tracking: float) -> float:
    r"""Share of a reference's step that leaves it within the tracking bound of the vehicle.

    The largest s in [0, 1] with ``|r + s v T - h| <= max(tracking, |r - h|)``: a vehicle that falls behind (a wheel
    slips, a gust) holds its reference back. Every safety row holds for s v if it holds for v, since all
    bounds are at least zero.

    Parameters
    ----------
    start
        Reference r, shape (3,), m.
    velocity
        v, shape (3,), m/s.
    point
        Followed point h, shape (3,), m.
    period
        T, s.
    tracking
        Bound, m.
    """
    gap = start - point
    step = velocity * period
    away = float(gap @ step)
    length2 = float(step @ step)
    slack = max(tracking * tracking - float(gap @ gap), 0.0)
    if length2 + 2.0 * away <= slack or length2 == 0.0:
        return 1.0
    share = (-away + math.sqrt(away * away + length2 * slack)) / length2
    return min(max(share, 0.0), 1.0)  # steps near the smallest numbers there are lose the digits of their squares


def follow(model: VehicleModel, odometry: Odometry, reference: Array, velocity: Array, speed: float) -> Command:
    r"""Velocity command that keeps the followed point h at the moving reference r, u = v + k (r - h).

    For a rover u is turned into v = u.e, w = u.e' / l with e its heading and e' the normal to the left of it (Novel,
    Campion, Bastin, "Control of nonholonomic wheeled mobile robots by state feedback linearization", 1995), both
    scaled down together where one exceeds its limit.

    Parameters
    ----------
    model
        The vehicle.
    odometry
        Where it is.
    reference, velocity
        r, shape (3,), m, and how fast it moves during the coming period, shape (3,), m/s, world frame.
    speed
        The robot's speed limit, m/s.

    Returns
    -------
    Command
        In the heading frame.
    """
    ux, uy, uz = (velocity + FOLLOW_GAIN * (reference - followed_point(model, odometry))).tolist()
    heading = heading_of(odometry.orientation)
    cosine, sine = math.cos(heading), math.sin(heading)
    forward, left = cosine * ux + sine * uy, -sine * ux + cosine * uy
    most = RESERVE * speed
    if model.dims == 3:
        scale = min(1.0, most / max(math.sqrt(ux * ux + uy * uy + uz * uz), 1e-9))
        return Command(linear=np.array([forward * scale, left * scale, uz * scale]), yaw_rate=0.0)
    turn = left / model.lookahead
    scale = min(1.0, most / max(abs(forward), 1e-9), model.yaw_rate / max(abs(turn), 1e-9))
    return Command(linear=np.array([forward * scale, 0.0, 0.0]), yaw_rate=turn * scale)
