"""Local terms whose proximal step takes a few iterations: logistic regression, and any convex function of a user's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds, minimize

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError, checked_bounds

_NEWTON = 60  # steps at most; five to ten are usual
_HALVINGS = 40
_STEEP = 1e-12  # gradient, as a share of what its parts cancel, at which a step ends
_PROBES = 12  # pairs of points at which convexity is tried
_SLACK = 1e-7  # of both sides: rounding of a user's function


@dataclass(slots=True)
class Logistic:
    r""":math:`\sum_k \log(1 + e^{-y_k a_k'x}) + \tfrac r2 |x|^2`: which side of a plane a measurement lies on.

    The step is Newton's with halving, safe as the proximal weight makes it strongly convex.

    Parameters
    ----------
    features
        a, shape (m, d).
    labels
        y, shape (m,), -1 or 1.
    ridge
        r, at least 0. With 0 data that a plane can part have no finite optimum.

    Raises
    ------
    OptimizationError
        If sizes do not fit, a feature is not finite, a label another number, or the ridge negative.
    """

    features: Array
    labels: Array
    ridge: float = 0.0
    size: int = field(init=False)
    _signed: Array = field(init=False)  # (m, d), y a

    def __post_init__(self) -> None:
        features, labels = np.asarray(self.features, dtype=float), np.asarray(self.labels, dtype=float)
        if features.ndim != 2 or labels.shape != features.shape[:1]:
            raise OptimizationError(
                f"features have shape {features.shape} and labels {labels.shape}, must be (m, d) and (m,)"
            )
        if not np.isfinite(features).all():
            raise OptimizationError("features have an entry that is not finite")
        odd = labels[abs(labels) != 1.0]
        if odd.size:
            raise OptimizationError(f"labels have {odd[0]:g}, must be -1 or 1")
        if not 0.0 <= self.ridge < np.inf:
            raise OptimizationError(f"ridge is {self.ridge:g}, must be at least 0")
        self.size = features.shape[1]
        self._signed = features * labels[:, None]

    def value(self, point: Array) -> float:
        """Return the negative log likelihood and the ridge."""
        return float(np.logaddexp(0.0, -self._signed @ point).sum() + 0.5 * self.ridge * point @ point)

    def gradient(self, point: Array) -> Array:
        """Return the gradient, shape (d,)."""
        return np.asarray(self.ridge * point - self._doubt(point) @ self._signed)

    def curvature(self) -> tuple[float, float]:
        """Return the ridge, and the ridge plus a quarter of the largest eigenvalue of the sum of a a'."""
        steepest = float(np.linalg.norm(self._signed, 2)) ** 2 if len(self._signed) else 0.0
        return self.ridge, self.ridge + 0.25 * steepest

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the nearest good point."""
        point = centre.copy()
        for _ in range(_NEWTON):
            doubt = self._doubt(point)
            pulls = np.vstack((-doubt @ self._signed, self.ridge * point, weight * (point - centre)))
            slope = pulls.sum(axis=0)
            if abs(slope).max() <= _STEEP * (abs(pulls).max() + self.ridge + weight):
                break
            bend = (self._signed.T * (doubt * (1.0 - doubt))) @ self._signed
            bend[np.diag_indices(self.size)] += self.ridge + weight
            point = self._descended(point, np.linalg.solve(bend, -slope), slope, centre, weight)
        return point

    def _doubt(self, point: Array) -> Array:
        """Return the probability given to the wrong label, (m,)."""
        return np.asarray(0.5 * (1.0 - np.tanh(0.5 * (self._signed @ point))))

    def _descended(self, point: Array, way: Array, slope: Array, centre: Array, weight: float) -> Array:
        def cost(at: Array) -> float:
            return self.value(at) + 0.5 * weight * float((at - centre) @ (at - centre))

        before, part = cost(point), 1.0
        gain = 1e-4 * float(slope @ way)
        for _ in range(_HALVINGS):
            after = cost(point + part * way)
            if after <= before + part * gain + 1e-13 * abs(before):
                break
            part *= 0.5
        return point + part * way


@dataclass(slots=True)
class Smooth:
    """A convex function of a user's, with its gradient, within limits; the step is L-BFGS-B's, to about 1e-8.

    It is tried when the object is made: whether the gradient has the shape of a point, is the slope of the function,
    and grows along every line tried. That finds a mistake, and proves nothing.

    Parameters
    ----------
    function, slope
        f of a point (d,), and its gradient (d,).
    size
        d.
    low, high
        Limits, shape (d,); None: none.
    largest_curvature
        L, a bound on the second derivative in any direction; only gradient methods need it.

    Raises
    ------
    OptimizationError
        If limits cross, or a trial shows the term is not convex or the gradient not its own.
    """

    function: Callable[[Array], float]
    slope: Callable[[Array], Array]
    size: int
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    largest_curvature: float = np.inf
    _limits: tuple[Array, Array] = field(init=False)

    def __post_init__(self) -> None:
        self._limits = checked_bounds(self.low, self.high, self.size)
        self._try()

    def value(self, point: Array) -> float:
        """Return f."""
        return float(self.function(point))

    def gradient(self, point: Array) -> Array:
        """Return the gradient, shape (d,)."""
        return np.asarray(self.slope(point), dtype=float)

    def curvature(self) -> tuple[float, float]:
        """Return 0 and the bound given."""
        return 0.0, self.largest_curvature

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the nearest good point."""
        low, high = self._limits

        def cost(at: Array) -> tuple[float, Array]:
            offset = at - centre
            return self.value(at) + 0.5 * weight * float(offset @ offset), self.gradient(at) + weight * offset

        start = np.minimum(np.maximum(centre, low), high)
        found = minimize(
            cost,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(low, high),
            options={"ftol": 0.0, "gtol": 1e-11, "maxiter": 500, "maxcor": 20},
        )
        return np.asarray(found.x)

    def _try(self) -> None:
        """Try the function at fixed pairs of points within the limits."""
        rng = np.random.default_rng(0)
        low, high = np.maximum(self._limits[0], -10.0), np.minimum(self._limits[1], 10.0)
        low, high = np.minimum(low, high), np.maximum(low, high)
        for _ in range(_PROBES):
            first, second = rng.uniform(low, high), rng.uniform(low, high)
            ends = self.gradient(first), self.gradient(second)
            if any(each.shape != (self.size,) or not np.isfinite(each).all() for each in ends):
                raise OptimizationError(f"slope at {first.tolist()} must be {self.size} finite numbers, is {ends[0]}")
            way = second - first
            rise, steep = self.value(second) - self.value(first), float(max(abs(end @ way) for end in ends))
            slack = _SLACK * (steep + abs(rise) + 1e-12)
            if (ends[1] - ends[0]) @ way < -slack:
                raise OptimizationError(
                    f"the slope from {first.tolist()} to {second.tolist()} falls by {(ends[0] - ends[1]) @ way:g}, "
                    "must not fall: the term is not convex"
                )
            if not ends[0] @ way - slack <= rise <= ends[1] @ way + slack:
                raise OptimizationError(
                    f"function rises by {rise:g} from {first.tolist()} to {second.tolist()}, must be from "
                    f"{ends[0] @ way:g} to {ends[1] @ way:g} by its slope at both: slope is not the gradient"
                )
