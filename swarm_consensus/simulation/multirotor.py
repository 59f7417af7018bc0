r"""A Crazyflie 2.x: four rotors on a rigid body, and the cascade that flies it, for all multirotors at once.

Velocity -> attitude -> body rate -> motors, at the physics rate. The attitude loop is the geometric one of Lee, Leok
and McClamroch, "Geometric tracking control of a quadrotor UAV on SE(3)", CDC 2010, with its rate loop split off as on
the real autopilot. It is fed the true state: on the real robot the autopilot's own estimator stands there.

Parameters: J. Foerster, "System identification of the Crazyflie 2.0 nano quadrocopter", ETH Zurich 2015 (thrust,
torque, drag); B. Landry, "Planning and control for quadrotor flight through cluttered environments", MIT 2015
(inertia); Bitcraze's data sheet (mass, size).
"""

from __future__ import annotations

import math

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.simulation.rotation import from_heading

GRAVITY = 9.81  # m/s^2
MASS = 0.027  # kg
ARM = 0.0397  # m, from the centre to each rotor's axis
INERTIA = np.array([1.4e-5, 1.4e-5, 2.17e-5])  # kg m^2, about the body's axes
THRUST = 3.16e-10 * (60.0 / (2.0 * math.pi)) ** 2  # N per (rad/s)^2, of one rotor
TORQUE = 7.94e-12 * (60.0 / (2.0 * math.pi)) ** 2  # N m per (rad/s)^2
THRUST_TO_WEIGHT = 2.25
DRAG = np.array([9.1785e-7, 9.1785e-7, 10.311e-7])  # N per m/s and per rad/s of all rotors together, body axes
MOST_THRUST = THRUST_TO_WEIGHT * MASS * GRAVITY / 4.0  # N, of one rotor

_TILT = 5.5  # m/s^2, greatest horizontal acceleration asked for: a tilt of 29 degrees
_CLIMB = 5.0  # m/s^2, greatest vertical one
_VELOCITY_GAIN = 7.0  # 1/s
_DRIFT_GAIN = 3.0  # 1/s^2, integral of the velocity error: drag and a wrong mass leave no steady error
_DRIFT_ERROR = 0.2  # m/s, a larger error is a manoeuvre, not drift
_DRIFT_MOST = 1.5  # m/s^2
_ATTITUDE_GAIN = 14.0  # 1/s
_RATE_GAIN = 35.0  # 1/s

# rotors front left, back left, back right, front right (X layout), alternately turning
_SIDE = ARM / math.sqrt(2.0)
_KAPPA = TORQUE / THRUST  # m
_MIX = np.array(  # from rotor thrusts to total thrust and body torques
    [
        [1.0, 1.0, 1.0, 1.0],
        [_SIDE, _SIDE, -_SIDE, -_SIDE],
        [-_SIDE, _SIDE, _SIDE, -_SIDE],
        [-_KAPPA, _KAPPA, -_KAPPA, _KAPPA],
    ]
)
_UNMIX = np.linalg.inv(_MIX)
_INERTIA = INERTIA[:, None]
_GYROSCOPIC = (np.roll(INERTIA, -2) - np.roll(INERTIA, -1))[:, None]  # of w x I w
_DRAG = -DRAG[:, None]
_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])


class MultirotorControl:
    """Autopilots of n multirotors. Arrays have the robots last: each call of numpy then works on whole rows.

    Parameters
    ----------
    heading
        At the start, shape (n,), rad; it is held unless a yaw rate is commanded.
    step
        Time between two calls of `wrench`, s.
    """

    def __init__(self, heading: Array, step: float) -> None:
        self._step = step
        self._heading = heading.astype(float)
        self._drift = np.zeros((3, len(heading)))
        self._velocity = np.zeros((3, len(heading)))
        self._turn = np.zeros(len(heading))

    def command(self, commands: Array) -> None:
        """Take commands, shape (n, 4): forward, left, up in m/s in the heading frame, yaw rate in rad/s."""
        cosine, sine = np.cos(self._heading), np.sin(self._heading)
        forward, left, up, self._turn = commands.T
        self._velocity = np.stack((cosine * forward - sine * left, sine * forward + cosine * left, up))

    def reset(self, index: int, heading: float) -> None:
        """Start one autopilot anew, after a crash."""
        self._drift[:, index] = 0.0
        self._heading[index] = heading

    def wrench(self, matrix: Array, velocity: Array, spin: Array, power: Array) -> tuple[Array, Array]:
        """Force and torque of the rotors and of drag on each body, in the world frame.

        Parameters
        ----------
        matrix
            Orientations as rotation matrices, body to world, shape (3, 3, n).
        velocity, spin
            True linear and angular velocity, world frame, shape (3, n), m/s and rad/s.
        power
            1.0 or 0.0 for each, shape (n,): rotors without power stand still.

        Returns
        -------
        tuple of arrays
            Force (3, n) in N and torque (3, n) in N m.
        """
        wished = self._acceleration(velocity)
        wished[2] += GRAVITY
        angular = _RATE_GAIN * (self._wished_rate(matrix, wished) - spin)
        angular, rate, moving = _to_body(matrix, angular, spin, velocity)
        angular[2] += _RATE_GAIN * self._turn
        asked = np.empty((4, len(power)))
        asked[0] = MASS * _sum(wished * matrix[:, 2])
        asked[1:] = _INERTIA * angular + _GYROSCOPIC * (rate.take(_NEXT, axis=0) * rate.take(_LAST, axis=0))
        rotors = np.minimum(np.maximum(_UNMIX @ asked, 0.0), MOST_THRUST) * power
        total = _MIX @ rotors
        force = _DRAG * _sum(np.sqrt(rotors / THRUST)) * moving  # with the speeds of the four rotors together, rad/s
        force[2] += total[0]
        return _to_world(matrix, force), _to_world(matrix, total[1:])

    def _acceleration(self, velocity: Array) -> Array:
        """Velocity loop: proportional and integral, within what the airframe can do."""
        error = self._velocity - velocity
        self._drift += (_DRIFT_GAIN * self._step) * _within(error, _DRIFT_ERROR)
        self._drift = _within(self._drift, _DRIFT_MOST)
        wished = _VELOCITY_GAIN * error + self._drift
        across = wished[:2]
        across *= np.minimum(1.0, _TILT / np.maximum(_lengths(across), 1e-9))
        wished[2] = _within(wished[2], _CLIMB)
        return wished

    def _wished_rate(self, matrix: Array, wished: Array) -> Array:
        r"""Attitude loop: thrust along the wished acceleration, nose along the heading; rates in the world frame.

        With t_j the wished and b_j the present axes of the body the attitude error of Lee et al., the vee of
        (T' B - B' T) / 2, is in the world frame the sum of t_j x b_j / 2.
        """
        self._heading += self._step * self._turn
        cosine, sine = np.cos(self._heading), np.sin(self._heading)
        target = np.empty_like(matrix)
        nose, left, up = target[:, 0], target[:, 1], target[:, 2]
        up[:] = wished / _lengths(wished)
        left[0], left[1] = -up[2] * sine, up[2] * cosine  # up x (cosine, sine, 0)
        left[2] = up[0] * sine - up[1] * cosine
        left /= _lengths(left)
        nose[:] = _cross(left, up)
        return np.asarray((-0.5 * _ATTITUDE_GAIN) * np.add.reduce(_cross(target, matrix), axis=1))


def rotation_matrices(orientation: Array) -> Array:
    """Turn quaternions (x, y, z, w), shape (4, n), into rotation matrices, body to world, shape (3, 3, n)."""
    products = (orientation[:, None] * orientation).reshape(16, -1)
    return (_UNIT + _FROM_PRODUCTS @ products).reshape(3, 3, -1)


def upright(heading: float) -> list[float]:
    """Return the quaternion of a body that stands upright."""
    return [float(value) for value in from_heading(np.array([heading]))[0]]


def _from_products() -> Array:
    """Coefficients of a rotation matrix less the unit matrix, (9, 16), in the products of a quaternion's parts."""
    table = np.zeros((3, 3, 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        table[i, i, j, j] = table[i, i, k, k] = -2.0  # 1 - 2 (y y + z z) and so on
        table[i, j, i, j] = table[j, i, i, j] = 2.0  # 2 (x y - w z) above the diagonal, 2 (x y + w z) below it
        table[i, j, k, 3], table[j, i, k, 3] = -2.0, 2.0
    return table.reshape(9, 16)


_FROM_PRODUCTS = _from_products()
_UNIT = np.eye(3).reshape(9, 1)


def _sum(rows: Array) -> Array:
    return np.asarray(np.add.reduce(rows))


def _lengths(vectors: Array) -> Array:
    """Return the lengths (n,) of vectors (d, n)."""
    return np.asarray(np.sqrt(_sum(vectors * vectors)))


def _within(values: Array, most: float) -> Array:
    return np.asarray(np.minimum(np.maximum(values, -most), most))


def _cross(first: Array, second: Array) -> Array:
    """Cross product of vectors (3, ..., n)."""
    ahead = first.take(_NEXT, axis=0) * second.take(_LAST, axis=0)
    return np.asarray(ahead - first.take(_LAST, axis=0) * second.take(_NEXT, axis=0))


def _to_body(matrix: Array, *vectors: Array) -> Array:
    """Turn k vectors (3, n) from the world into the body frame, shape (k, 3, n)."""
    return np.asarray(np.add.reduce(matrix * np.stack(vectors)[:, :, None], axis=1))


def _to_world(matrix: Array, vector: Array) -> Array:
    """Turn vectors (3, n) from the body into the world frame."""
    return np.asarray(np.add.reduce(matrix * vector, axis=1))
