"""Deadlock broken from one side: a blocked robot turns its wish to the right until it gets on.

Robots blocked by each other never negotiate, since no answer may come (the two generals). Each turns clockwise by
itself, the same way for all, as in traffic: two that meet head on then pass left shoulder to left shoulder, and many in
one place form a roundabout. One that finds no way to the right looks to the left, and so on, as long as it is blocked.
How fast it turns differs from robot to robot, which breaks what symmetry is left. The barrier filter comes after it, so
that a turned wish is as safe as any other.
"""

from __future__ import annotations

import math

import numpy as np

from swarm_consensus.arrays import Array

_BLOCKED = 0.4  # of the wished speed: slower than this counts as blocked
_TURN = 1.2  # rad/s, while blocked
_RETURN = 0.6  # rad/s, while getting on
_MOST = 2.0  # rad, a little beyond a right angle: backing off helps where turning aside does not


class Slip:
    """The angle by which one robot's wish is turned.

    Parameters
    ----------
    index
        The robot's place in the roster; makes its turning rate its own.
    period
        Duration of a tick, s.
    """

    def __init__(self, index: int, period: float) -> None:
        spread = 0.75 + 0.5 * ((index * 0.618034) % 1.0)  # golden ratio: neighbours in the roster differ most
        self._step = _TURN * spread * period
        self._back = _RETURN * period
        self._angle = 0.0  # rad, clockwise
        self._side = 1.0  # towards which it turns while blocked: 1 right, -1 left

    def turn(self, wish: Array) -> Array:
        """Return the wish (d,) turned clockwise in the horizontal plane by the present angle."""
        if self._angle == 0.0:
            return wish
        cosine, sine = math.cos(self._angle), math.sin(self._angle)
        turned = wish.copy()
        turned[0] = cosine * wish[0] + sine * wish[1]
        turned[1] = -sine * wish[0] + cosine * wish[1]
        return turned

    def learn(self, asked: Array, velocity: Array, aside: bool) -> bool:
        """Adapt the angle to what the filter let through, and return whether the robot is blocked.

        Parameters
        ----------
        asked
            The turned wish that went into the filter, shape (d,), m/s.
        velocity
            What it let through, shape (d,), m/s.
        aside
            Whether stepping aside could help: it doesn't where the robot is where it should be, nor where only its
            links hold it back, since whoever it waits for is behind it, nor along walls alone, where the wish already
            leads round them.
        """
        wished = float(np.dot(asked, asked))
        blocked = wished > 1e-4 and float(np.dot(asked, velocity)) < _BLOCKED * wished
        if blocked and aside:
            self._angle += self._side * self._step
            if abs(self._angle) >= _MOST:
                self._angle, self._side = self._side * _MOST, -self._side
        else:
            self._angle = math.copysign(max(abs(self._angle) - self._back, 0.0), self._angle)
            if self._angle == 0.0:
                self._side = 1.0
        return blocked
