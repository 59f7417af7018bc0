r"""Safety limits on a velocity, and their reduction to linear rows for the filter.

Every limit of this package has one form, a second-order cone in the velocity v,

.. math:: a \cdot v + \kappa |v| \le b, \qquad |a| = 1, \; \kappa \ge 0, \; b \ge 0.

With kappa = 0 it is a half-space: "not faster than b along a". With b = 0 and 0 < kappa < 1 it is a cone of
directions about -a with half-angle acos(kappa): "away from a, and so clearly that what is not known about the
other robot can't make it wrong". With kappa >= 1 only v = 0 is left. Zero always satisfies it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length

_SQUARE = math.cos(math.pi / 4)  # a pyramid of four faces inscribed in a cone: tan of its half-angle shrinks by this


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on one robot's velocity, one for each other robot or wall; batch axes may lead."""

    axis: Array  # (..., k, d) unit vectors; zero where the limit says nothing
    slope: Array  # (..., k) kappa: 0 half-space, in (0, 1) cone, >= 1 hold still
    bound: Array  # (..., k) m/s, not negative; 0 where slope > 0


def linear_rows(limits: Limits, speed: float) -> tuple[Array, Array, NDArray[np.intp]] | None:
    """Turn the limits that can bind at this speed into rows A v <= b, each row of A a unit vector.

    A cone becomes the pyramid inscribed in it (exact in the plane, four faces in space), so that every v that
    satisfies the rows satisfies the limits.

    Parameters
    ----------
    limits
        For one robot: axis (k, d) with d 2 or 3, slope (k,), bound (k,) in m/s.
    speed
        Greatest speed of the robot, m/s: a half-space with a bound above it can't bind and is left out.

    Returns
    -------
    tuple of arrays or None
        A (m, d), b (m,) in m/s and the index in 0..k-1 of the limit behind each row (m,); None if some limit
        leaves only v = 0.
    """
    binding = (limits.bound < speed).nonzero()[0]
    slope = limits.slope[binding]
    if not slope.any():
        return limits.axis[binding], limits.bound[binding], binding
    if slope.max() >= 1.0:
        return None
    flat = binding[slope == 0.0]
    cone = binding[slope > 0.0]
    faces = pyramid_faces(limits.axis[cone], limits.slope[cone])
    count = faces.shape[1]
    rows = np.concatenate((limits.axis[flat], faces.reshape(-1, faces.shape[-1])))
    bounds = np.concatenate((limits.bound[flat], np.zeros(cone.size * count)))
    return rows, bounds, np.concatenate((flat, np.repeat(cone, count)))


def pyramid_faces(axis: Array, slope: Array) -> Array:
    """Return unit normals (k, m, d) of the faces of a pyramid inside each cone: m = 2 in the plane, 4 in space."""
    if axis.shape[-1] == 2:
        side = np.stack((-axis[:, 1], axis[:, 0]), axis=-1)
        sides, shrink = np.stack((side, -side), axis=1), 1.0
    else:
        first = _perpendicular(axis)
        second = np.cross(axis, first)
        sides, shrink = np.stack((first, -first, second, -second), axis=1), _SQUARE
    faces = slope[:, None, None] * sides + (shrink * np.sqrt(1.0 - slope**2))[:, None, None] * axis[:, None, :]
    return np.asarray(faces / length(faces)[..., None])


def _perpendicular(axis: Array) -> Array:
    """Return a unit vector (k, 3) at right angles to each axis."""
    helper = np.zeros_like(axis)
    helper[np.arange(len(axis)), np.argmin(np.abs(axis), axis=1)] = 1.0
    across = np.cross(axis, helper)
    return np.asarray(across / length(across)[:, None])
