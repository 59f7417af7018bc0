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

from swarm_consensus.arrays import Array, length
from swarm_consensus.simulation.rotation import cross, from_heading

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


class MultirotorControl:
    """Autopilots of n multirotors.

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
        self._drift = np.zeros((len(heading), 3))
        self._velocity = np.zeros((len(heading), 3))
        self._turn = np.zeros(len(heading))

    def command(self, commands: Array) -> None:
        """Take commands, shape (n, 4): forward, left, up in m/s in the heading frame, yaw rate in rad/s."""
        cosine, sine = np.cos(self._heading), np.sin(self._heading)
        forward, left = commands[:, 0], commands[:, 1]
        self._velocity = np.stack(
            (cosine * forward - sine * left, sine * forward + cosine * left, commands[:, 2]), axis=-1
        )
        self._turn = commands[:, 3]

    def reset(self, index: int, heading: float) -> None:
        """Start one autopilot anew, after a crash."""
        self._drift[index] = 0.0
        self._heading[index] = heading

    def wrench(self, matrix: Array, velocity: Array, spin: Array, power: Array) -> tuple[Array, Array]:
        """Force and torque of the rotors and of drag on each body, in the world frame.

        Parameters
        ----------
        matrix
            Orientations as rotation matrices, body to world, shape (n, 3, 3).
        velocity, spin
            True linear and angular velocity, world frame, shape (n, 3), m/s and rad/s.
        power
            1.0 or 0.0 for each, shape (n,): rotors without power stand still.

        Returns
        -------
        tuple of arrays
            Force (n, 3) in N and torque (n, 3) in N m.
        """
        wished = self._acceleration(velocity)
        wished[:, 2] += GRAVITY
        up = matrix[:, :, 2]
        thrust = MASS * np.einsum("nd,nd->n", wished, up)
        rate = np.einsum("nij,ni->nj", matrix, spin)
        angular = _RATE_GAIN * (self._wished_rate(matrix, wished) - rate)
        torque = INERTIA * angular + cross(rate, INERTIA * rate)
        rotors = np.empty((len(up), 4))
        rotors[:, 0], rotors[:, 1:] = thrust, torque
        rotors = np.minimum(np.maximum(rotors @ _UNMIX.T, 0.0), MOST_THRUST) * power[:, None]
        return self._to_world(matrix, velocity, rotors)

    def _acceleration(self, velocity: Array) -> Array:
        """Velocity loop: proportional and integral, within what the airframe can do."""
        error = self._velocity - velocity
        self._drift += (_DRIFT_GAIN * self._step) * np.clip(error, -_DRIFT_ERROR, _DRIFT_ERROR)
        np.clip(self._drift, -_DRIFT_MOST, _DRIFT_MOST, out=self._drift)
        wished = _VELOCITY_GAIN * error + self._drift
        across = length(wished[:, :2])
        wished[:, :2] *= np.minimum(1.0, _TILT / np.maximum(across, 1e-9))[:, None]
        np.clip(wished[:, 2], -_CLIMB, _CLIMB, out=wished[:, 2])
        return wished

    def _wished_rate(self, matrix: Array, wished: Array) -> Array:
        """Attitude loop: thrust along the wished acceleration, nose along the heading; rates in the body frame."""
        self._heading += self._step * self._turn
        up = wished / length(wished)[:, None]
        nose = np.stack((np.cos(self._heading), np.sin(self._heading), np.zeros(len(up))), axis=-1)
        left = cross(up, nose)
        left /= length(left)[:, None]
        target = np.stack((cross(left, up), left, up), axis=-1)
        error = np.einsum("nji,njk->nik", target, matrix)  # target' R; its skew part is the attitude error
        rate = np.stack(
            (error[:, 2, 1] - error[:, 1, 2], error[:, 0, 2] - error[:, 2, 0], error[:, 1, 0] - error[:, 0, 1]), axis=-1
        )
        rate *= -0.5 * _ATTITUDE_GAIN
        rate[:, 2] += self._turn
        return rate

    @staticmethod
    def _to_world(matrix: Array, velocity: Array, rotors: Array) -> tuple[Array, Array]:
        total = rotors @ _MIX.T
        speeds = np.sqrt(rotors / THRUST).sum(axis=1)  # rad/s, of the four rotors together
        moving = np.einsum("nij,ni->nj", matrix, velocity)
        force = -DRAG * speeds[:, None] * moving
        force[:, 2] += total[:, 0]
        return np.einsum("nij,nj->ni", matrix, force), np.einsum("nij,nj->ni", matrix, total[:, 1:])


def rotation_matrices(orientation: Array) -> Array:
    """Turn quaternions (x, y, z, w), shape (n, 4), into rotation matrices (n, 3, 3)."""
    x, y, z, w = orientation.T
    matrix = np.empty((len(orientation), 3, 3))
    matrix[:, 0, 0] = 1.0 - 2.0 * (y * y + z * z)
    matrix[:, 1, 1] = 1.0 - 2.0 * (x * x + z * z)
    matrix[:, 2, 2] = 1.0 - 2.0 * (x * x + y * y)
    xy, xz, yz, wx, wy, wz = x * y, x * z, y * z, w * x, w * y, w * z
    matrix[:, 0, 1], matrix[:, 1, 0] = 2.0 * (xy - wz), 2.0 * (xy + wz)
    matrix[:, 0, 2], matrix[:, 2, 0] = 2.0 * (xz + wy), 2.0 * (xz - wy)
    matrix[:, 1, 2], matrix[:, 2, 1] = 2.0 * (yz - wx), 2.0 * (yz + wx)
    return matrix


def upright(heading: float) -> list[float]:
    """Return the quaternion of a body that stands upright."""
    return [float(value) for value in from_heading(np.array([heading]))[0]]
