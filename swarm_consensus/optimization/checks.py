"""What every method asks of its input, said in one place; what is wrong is said in a sentence with the inequality."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.errors import SwarmError

_ROUNDING = 1e-9  # of the largest eigenvalue or entry: by so much rounding may miss


class OptimizationError(SwarmError):
    """A problem, or a setting, with which a method can't keep its promise."""


def checked_vector(name: str, values: ArrayLike, size: int | None = None) -> Array:
    """Return one number for each unknown, shape (..., d), all finite.

    Raises
    ------
    OptimizationError
        If it is a bare number, of another size than asked for, or not finite.
    """
    array = np.asarray(values, dtype=float)
    if not array.ndim or not array.shape[-1] or (size is not None and array.shape[-1] != size):
        asked = "at least one number" if size is None else f"{size} numbers, one for each unknown"
        raise OptimizationError(f"{name} has shape {array.shape}, must be {asked}")
    if not np.isfinite(array).all():
        raise OptimizationError(f"{name} has {array[~np.isfinite(array)][0]}, must be finite")
    return array


def checked_bounds(low: ArrayLike | None, high: ArrayLike | None, size: int) -> tuple[Array, Array]:
    """Return limits as arrays of shape (..., d); None is no limit, and so is an infinite number.

    Raises
    ------
    OptimizationError
        If a lower limit is above its upper one, is NaN, or the sizes do not fit.
    """
    least = np.full(size, -np.inf) if low is None else np.asarray(low, dtype=float)
    most = np.full(size, np.inf) if high is None else np.asarray(high, dtype=float)
    for name, array in (("low", least), ("high", most)):
        if array.shape[-1:] != (size,):
            raise OptimizationError(f"{name} has shape {array.shape}, must be {size} numbers, one for each unknown")
    crossed = np.argwhere(~(least <= most))
    if crossed.size:
        place = tuple(crossed[0].tolist())
        where = ", ".join(str(number) for number in place)
        raise OptimizationError(
            f"low[{where}] is {least[place]:g}, must be at most high[{where}], which is {most[place]:g}"
        )
    return least, most


def checked_above(name: str, value: float, least: float = 0.0) -> float:
    """Return a finite number above a bound.

    Raises
    ------
    OptimizationError
        If it is not.
    """
    if not least < value < np.inf:
        raise OptimizationError(f"{name} is {value:g}, must be above {least:g} and finite")
    return float(value)


def checked_convex(name: str, eigenvalues: Array) -> Array:
    """Return eigenvalues of a Hessian, shape (..., d), of which rounding made none negative.

    Raises
    ------
    OptimizationError
        If one is negative: the term is not convex.
    """
    if (eigenvalues.min(axis=-1) < -_ROUNDING * abs(eigenvalues).max(axis=-1)).any():
        raise OptimizationError(
            f"{name} has the eigenvalue {eigenvalues.min():g}, must be at least 0: the term is not convex"
        )
    return np.asarray(np.maximum(eigenvalues, 0.0))


def checked_links(adjacency: ArrayLike, nodes: int) -> Array:
    """Return who hears whom, shape (n, n) of 0 and 1, entry [i, j] whether i hears j.

    Raises
    ------
    OptimizationError
        If it is not square or not of as many nodes as there are terms.
    """
    links = np.asarray(adjacency, dtype=float)
    if links.shape != (nodes, nodes):
        raise OptimizationError(f"adjacency has shape {links.shape}, must be ({nodes}, {nodes}): a row for each term")
    return np.asarray((links != 0.0) & ~np.eye(nodes, dtype=bool), dtype=float)
