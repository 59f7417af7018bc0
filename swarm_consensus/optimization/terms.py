r"""Local terms: what one robot wants, as methods ask for it.

A method of proximal steps asks for the nearest good point,

.. math:: \mathrm{prox}(v, w) = \arg\min_x f(x) + \tfrac{w}{2} |x - v|^2,

which needs no derivative and bears limits; a gradient method asks for the gradient and the range of the curvature. The
forms here have their step in closed form; `smooth` has those that take a few iterations of their own.

References
----------
N. Parikh, S. Boyd, "Proximal algorithms", Found. Trends Optim. 1(3), 2014.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import daqp
import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array, inner
from swarm_consensus.optimization.checks import (
    OptimizationError,
    checked_above,
    checked_bounds,
    checked_convex,
    checked_vector,
)

_SYMMETRIC = 1e-9  # of the largest entry


class Term(Protocol):
    """A convex function of d unknowns, known to one robot."""

    @property
    def size(self) -> int:
        """Return d."""

    def value(self, point: Array) -> float:
        """Return f at a point (d,)."""

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the point (d,) of the least f + weight/2 ``|x - centre|^2``; the weight is above 0."""


@dataclass(slots=True)
class Quadratic:
    r""":math:`\tfrac12 x'Px + q'x` within limits, of one robot or, with leading batch axes, of many.

    The Hessian is taken apart once, so that a step costs two products whatever its weight. With limits the step is
    clipping where P is diagonal, and otherwise a small programme that DAQP solves exactly.

    Parameters
    ----------
    matrix
        P, shape (..., d, d), symmetric, positive semidefinite.
    vector
        q, shape (..., d).
    low, high
        Limits, shape (..., d); None: none.

    Raises
    ------
    OptimizationError
        If sizes do not fit, a number is not finite, P is not symmetric or has a negative eigenvalue, or limits cross.

    Examples
    --------
    >>> term = Quadratic([[2.0]], [-6.0], high=[2.0])
    >>> term.prox(np.array([0.0]), 1.0).tolist(), Quadratic([[2.0]], [-6.0]).prox(np.array([0.0]), 1.0).tolist()
    ([2.0], [2.0])
    """

    matrix: ArrayLike
    vector: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    size: int = field(init=False)
    hessian: Array = field(init=False)  # (..., d, d)
    linear: Array = field(init=False)  # (..., d)
    _modes: Array = field(init=False)  # (..., d, d), columns
    _bends: Array = field(init=False)  # (..., d)
    _limits: tuple[Array, Array] | None = field(init=False, default=None)
    _diagonal: bool = field(init=False)

    def __post_init__(self) -> None:
        self.linear = checked_vector("vector", self.vector)
        self.size = self.linear.shape[-1]
        self.hessian = _symmetric(self.matrix, self.size)
        bends, self._modes = np.linalg.eigh(self.hessian)
        self._bends = checked_convex("matrix", bends)
        diagonal = np.eye(self.size) * self.hessian
        self._diagonal = bool((diagonal == self.hessian).all())
        if self.low is not None or self.high is not None:
            self._limits = checked_bounds(self.low, self.high, self.size)

    def value(self, point: Array) -> float:
        """Return 1/2 x'Px + q'x, for batches their sum; limits are not looked at."""
        bent = (self.hessian @ point[..., None])[..., 0]
        return float(np.sum(inner(0.5 * bent + self.linear, point)))

    def gradient(self, point: Array) -> Array:
        """Return Px + q, shape (..., d)."""
        return np.asarray((self.hessian @ point[..., None])[..., 0] + self.linear)

    def curvature(self) -> tuple[float, float]:
        """Return the least and the largest eigenvalue of P, over a batch those of the flattest and the steepest."""
        return float(self._bends.min()), float(self._bends.max())

    def prox(self, centre: Array, weight: float | Array) -> Array:
        """Return the nearest good point; the weight is a number or, for batches, of shape (...)."""
        heavy = np.asarray(weight, dtype=float)[..., None]
        aim = heavy * centre - self.linear
        if self._limits is None or not self._diagonal:
            rotated = (aim[..., None, :] @ self._modes)[..., 0, :] / (self._bends + heavy)
            free = np.asarray((self._modes @ rotated[..., None])[..., 0])
            return free if self._limits is None else self._within(free, aim, heavy)
        low, high = self._limits
        bends = np.diagonal(self.hessian, axis1=-2, axis2=-1)
        return np.asarray(np.minimum(np.maximum(aim / (bends + heavy), low), high))

    def _within(self, free: Array, aim: Array, heavy: Array) -> Array:
        """Return the minimiser within limits where the one without limits is known."""
        assert self._limits is not None
        low, high = np.broadcast_arrays(*self._limits)
        low, high = np.broadcast_to(low, free.shape), np.broadcast_to(high, free.shape)
        if ((free >= low) & (free <= high)).all():
            return free
        hessian = self.hessian + heavy[..., None] * np.eye(self.size)
        if free.ndim == 1:
            return _boxed(hessian, -aim, low, high)
        each = [_boxed(hessian[at], -aim[at], low[at], high[at]) for at in np.ndindex(*free.shape[:-1])]
        return np.array(each).reshape(free.shape)


def _symmetric(matrix: ArrayLike, size: int) -> Array:
    array = np.asarray(matrix, dtype=float)
    if array.shape[-2:] != (size, size):
        raise OptimizationError(f"matrix has shape {array.shape}, must be ({size}, {size}), as vector has {size}")
    if not np.isfinite(array).all():
        raise OptimizationError("matrix has an entry that is not finite")
    turned = np.swapaxes(array, -1, -2)
    if (abs(array - turned) > _SYMMETRIC * abs(array).max()).any():
        raise OptimizationError(
            f"matrix differs by {abs(array - turned).max():g} from its transpose, must be symmetric"
        )
    return np.asarray(0.5 * (array + turned))


def _boxed(hessian: Array, linear: Array, low: Array, high: Array) -> Array:
    """Return the minimiser of a strictly convex quadratic within limits, (d,)."""
    rows, sense = np.zeros((0, len(linear))), np.zeros(len(linear), dtype=np.int32)
    point, _, flag, _ = daqp.solve(
        np.ascontiguousarray(hessian), linear.copy(), rows, high.copy(), low.copy(), sense, primal_tol=1e-12
    )
    if flag != 1:  # strictly convex, and limits that do not cross: there is one
        raise OptimizationError(f"the step within limits was not found, DAQP says {flag}: scale the unknowns alike")
    return np.asarray(np.minimum(np.maximum(np.asarray(point), low), high))


def box(low: ArrayLike, high: ArrayLike) -> Quadratic:
    """Limits and nothing else: the step is to the nearest point of the box.

    Examples
    --------
    >>> box([0.0, 0.0], [1.0, 1.0]).prox(np.array([2.0, 0.5]), 1.0).tolist()
    [1.0, 0.5]
    """
    size = np.asarray(low, dtype=float).shape[-1]
    return Quadratic(np.zeros((size, size)), np.zeros(size), low, high)


def least_squares(inputs: ArrayLike, outputs: ArrayLike, ridge: float = 0.0) -> Quadratic:
    r""":math:`\tfrac12 |Ax - b|^2 + \tfrac r2 |x|^2`, but for the constant 1/2 ``|b|^2``.

    Parameters
    ----------
    inputs
        A, shape (..., m, d): m measurements.
    outputs
        b, shape (..., m).
    ridge
        r, at least 0.

    Raises
    ------
    OptimizationError
        If sizes do not fit, a number is not finite or the ridge is negative.
    """
    design, aims = np.asarray(inputs, dtype=float), np.asarray(outputs, dtype=float)
    if design.ndim < 2 or design.shape[:-1] != aims.shape:
        raise OptimizationError(
            f"inputs have shape {design.shape} and outputs {aims.shape}, must be (..., m, d) and (..., m)"
        )
    if not ridge >= 0.0:
        raise OptimizationError(f"ridge is {ridge:g}, must be at least 0")
    turned = np.swapaxes(design, -1, -2)
    return Quadratic(turned @ design + ridge * np.eye(design.shape[-1]), -(turned @ aims[..., None])[..., 0])


@dataclass(slots=True)
class Absolute:
    """Weight times the sum of ``|x - centre|``: the step is soft thresholding, and moves few unknowns at a time.

    Raises
    ------
    OptimizationError
        If the weight is not above 0 or the centre not finite.

    Examples
    --------
    >>> Absolute(1.0, np.zeros(2)).prox(np.array([3.0, 0.5]), 1.0).tolist()
    [2.0, 0.0]
    """

    weight: float
    centre: Array  # (d,)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        checked_above("weight", self.weight)
        self.centre = checked_vector("centre", self.centre)
        self.size = self.centre.shape[-1]

    def value(self, point: Array) -> float:
        """Return the weighted distance."""
        return self.weight * float(abs(point - self.centre).sum())

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the point drawn to the centre by weight / weight at most."""
        offset = centre - self.centre
        drawn = np.sign(offset) * np.maximum(abs(offset) - self.weight / weight, 0.0)
        return np.asarray(self.centre + drawn)


@dataclass(slots=True)
class Scaled:
    """A term counted so many times: a voice that weighs more.

    Raises
    ------
    OptimizationError
        If the factor is not above 0.
    """

    term: Term
    factor: float
    size: int = field(init=False)

    def __post_init__(self) -> None:
        checked_above("factor", self.factor)
        self.size = self.term.size

    def value(self, point: Array) -> float:
        """Return the factor times the term."""
        return self.factor * self.term.value(point)

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the nearest good point of the scaled term."""
        return self.term.prox(centre, weight / self.factor)
