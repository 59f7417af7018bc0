"""The rover: a small box on two driven wheels and two casters that slide."""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array

CHASSIS = (0.11, 0.09, 0.025)  # m, half extents
CHASSIS_MASS = 1.5  # kg
WHEEL_RADIUS = 0.05  # m
WHEEL_WIDTH = 0.02  # m
WHEEL_MASS = 0.1  # kg
TRACK = 0.22  # m, between the wheels
WHEEL_DROP = 0.01  # m, of the axle below the centre of the chassis
CASTER_RADIUS = 0.02  # m
CASTER_LIFT = 0.001  # m, of the casters above the ground when it stands level: the wheels carry the weight, and grip
CASTER_AHEAD = 0.085  # m, in front of and behind the axle
TORQUE = 0.4  # N m, greatest of one wheel's motor
GEAR_FRICTION = 0.06  # N m, of a motor without power: the rover rolls out in a fraction of a metre
WHEEL_SPEED = 30.0  # rad/s, greatest


def wheel_speeds(commands: Array) -> Array:
    """Speeds of left and right wheel for a forward speed and a yaw rate, (v -+ w b / 2) / r.

    Parameters
    ----------
    commands
        Shape (n, 4): forward in m/s first, yaw rate in rad/s last.

    Returns
    -------
    Array
        Shape (n, 2), rad/s. Where a wheel would be too fast both are slowed down alike, which keeps the curve.
    """
    turn = 0.5 * TRACK * commands[:, 3]
    speeds = np.stack((commands[:, 0] - turn, commands[:, 0] + turn), axis=-1) / WHEEL_RADIUS
    most = np.abs(speeds).max(axis=1, initial=0.0)
    return np.asarray(speeds * np.minimum(1.0, WHEEL_SPEED / np.maximum(most, 1e-9))[:, None])
