r"""Learning a field together: a gas plume or a radio map, from measurements that stay on the robots.

.. math:: g(p) = \sum_k x_k\, e^{-|p - c_k|^2 / (2 s^2)}

with centres c_k and a width s that all know. Bumps overlap, so that coefficients of neighbouring ones can hardly be told
apart, and methods take their time. `blended` makes shapes of them that are orthonormal over the area: where it is
measured evenly all directions then are known alike, and what no measurement could tell is left out. A robot sums up what it measures in a matrix and a vector, whatever their
number; of these its term is made, least squares with a share of the ridge, and the swarm agrees on x by `negotiator`
while it moves and measures on, or by averaging the `statistics`. At the end all have the same map.

References
----------
D. Broomhead, D. Lowe, "Multivariable functional interpolation and adaptive networks", Complex Systems 2, 1988.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError, checked_above
from swarm_consensus.optimization.terms import Quadratic

_FAINT = 1e-2  # of the power of the strongest shape: a fainter one is left out


@dataclass(frozen=True, slots=True)
class Basis:
    """The bumps of which a field is made, the same for all.

    Raises
    ------
    OptimizationError
        If the centres are not (m, d) finite numbers, or the width not above 0.
    """

    centres: Array  # (m, d) m
    width: float  # s, m
    blend: Array | None = None  # (m, k) bumps in each of k shapes; None: a shape is a bump

    def __post_init__(self) -> None:
        centres = np.asarray(self.centres, dtype=float)
        if centres.ndim != 2 or not len(centres) or not np.isfinite(centres).all():
            raise OptimizationError(f"centres have shape {centres.shape}, must be (m, d), m at least 1, all finite")
        checked_above("width", self.width)
        object.__setattr__(self, "centres", centres)

    @property
    def size(self) -> int:
        """Return the number of coefficients: of shapes, or of bumps."""
        return len(self.centres) if self.blend is None else self.blend.shape[1]

    def features(self, points: Array) -> Array:
        """Return each shape's height at points (..., d), shape (..., k)."""
        bumps = self._bumps(points)
        return bumps if self.blend is None else np.asarray(bumps @ self.blend)

    def _bumps(self, points: Array) -> Array:
        apart = points[..., None, :] - self.centres
        return np.asarray(np.exp(-0.5 / self.width**2 * (apart * apart).sum(axis=-1)))

    def value(self, coefficients: Array, points: Array) -> Array:
        """Return the field at points (..., d), shape (...)."""
        return np.asarray(self.features(points) @ coefficients)

    def slope(self, coefficients: Array, point: Array) -> Array:
        """Return the field's gradient at a point (d,), per m: the way up, to a source."""
        bumps = coefficients if self.blend is None else self.blend @ coefficients
        heights = self._bumps(point) * bumps
        return np.asarray(heights @ (self.centres - point)) / self.width**2

    def peak(self, coefficients: Array, steps: int = 200) -> Array:
        """Return the place (d,) of the field's maximum, climbed to from the centre that is highest."""
        point: Array = self.centres[int(self.value(coefficients, self.centres).argmax())]
        length = 0.5 * self.width
        for _ in range(steps):
            slope = self.slope(coefficients, point)
            norm = float(np.linalg.norm(slope))
            if norm == 0.0:
                break
            there = point + length / norm * slope
            if self.value(coefficients, there) > self.value(coefficients, point):
                point = there
            else:
                length *= 0.5
        return point


def grid(corners: ArrayLike, spacing: float) -> Basis:
    """Return bumps on a square grid over a rectangle, with the width at which they blend: the spacing.

    Parameters
    ----------
    corners
        Two opposite ones, shape (2, d), m.
    spacing
        m, above 0.
    """
    low, high = np.sort(np.asarray(corners, dtype=float), axis=0)
    checked_above("spacing", spacing)
    lines = [np.linspace(a, b, max(round((b - a) / spacing), 1) + 1) for a, b in zip(low, high, strict=True)]
    return Basis(np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, len(lines)), spacing)


def blended(basis: Basis, places: ArrayLike) -> Basis:
    """Return a basis of shapes that are orthonormal over places: their mean square is 1, and no two are alike.

    Parameters
    ----------
    basis
        Of bumps.
    places
        Shape (p, d), m, spread evenly over the area. Combinations of bumps that hardly show there are left out.
    """
    heights = basis.features(np.asarray(places, dtype=float))
    powers, ways = np.linalg.eigh(heights.T @ heights / len(heights))
    shown = powers > _FAINT * powers[-1]
    ways = ways * np.sign(ways[abs(ways).argmax(axis=0), np.arange(len(powers))])  # one sign on all machines
    return Basis(basis.centres, basis.width, ways[:, shown] / np.sqrt(powers[shown]))


@dataclass(slots=True)
class Survey:
    """What one robot has measured, summed up.

    Parameters
    ----------
    basis
        The bumps.
    ridge
        Of this robot, above 0: it keeps x small where nobody measured. The swarm's is the sum.
    """

    basis: Basis
    ridge: float = 1e-3
    count: int = 0
    _matrix: Array = field(init=False)  # (m, m)
    _vector: Array = field(init=False)  # (m,)

    def __post_init__(self) -> None:
        checked_above("ridge", self.ridge)
        size = self.basis.size
        self._matrix, self._vector = np.zeros((size, size)), np.zeros(size)

    def add(self, points: ArrayLike, values: ArrayLike, memory: float = 1.0) -> None:
        """Take in measurements.

        Parameters
        ----------
        points, values
            Where and what, shapes (k, d) m and (k,).
        memory
            What older ones still count for, in [0, 1]; below 1 for a field that changes.

        Raises
        ------
        OptimizationError
            If sizes do not fit, or the memory is not in [0, 1]. Measurements that are not finite are left out.
        """
        places, found = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
        if places.shape != (*found.shape, self.basis.centres.shape[1]) or found.ndim != 1:
            raise OptimizationError(
                f"points have shape {places.shape} and values {found.shape}, must be (k, d) and (k,)"
            )
        if not 0.0 <= memory <= 1.0:
            raise OptimizationError(f"memory is {memory:g}, must be from 0 to 1")
        sound = np.isfinite(found) & np.isfinite(places).all(axis=1)
        heights = self.basis.features(places[sound])
        self._matrix = memory * self._matrix + heights.T @ heights
        self._vector = memory * self._vector + heights.T @ found[sound]
        self.count += int(sound.sum())

    def term(self) -> Quadratic:
        """Return the robot's term of x, for `Negotiator` or `statistics.pack_term`."""
        return Quadratic(self._matrix + self.ridge * np.eye(len(self._vector)), -self._vector)
