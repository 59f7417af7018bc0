"""Problems, networks and their central solutions for tests of the optimization room."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from swarm_consensus.optimization.negotiator import Negotiator, Settings
from swarm_consensus.optimization.terms import Quadratic, least_squares


def network(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a random tree with some links more: always connected."""
    links = np.zeros((size, size))
    for node in range(1, size):
        links[node, rng.integers(node)] = 1.0
    links += np.triu(rng.random((size, size)) < 0.3, 1)
    return ((links + links.T) > 0).astype(float)


def ring(size: int) -> np.ndarray:
    return np.roll(np.eye(size), 1, axis=1) + np.roll(np.eye(size), -1, axis=1)


def squares(rng: np.random.Generator, nodes: int, dims: int, rows: int = 3) -> Quadratic:
    """Return least squares with noise, a batch of n: no node knows enough alone where rows < dims."""
    inputs = rng.normal(size=(nodes, rows, dims))
    return least_squares(inputs, inputs @ rng.normal(size=dims) + 0.1 * rng.normal(size=(nodes, rows)))


def best(terms: Quadratic) -> np.ndarray:
    return np.linalg.solve(terms.hessian.sum(axis=0), -terms.linear.sum(axis=0))


def each(terms: Quadratic) -> list[Quadratic]:
    return [Quadratic(p, q) for p, q in zip(terms.hessian, terms.linear, strict=True)]


def negotiators(terms: list, settings: Settings, start: np.ndarray | None = None) -> dict[int, Negotiator]:
    begin = np.zeros(terms[0].size) if start is None else start
    return {i: Negotiator(i, term, begin, settings) for i, term in enumerate(terms)}


def oracle(cost: cp.Expression, *constraints: cp.Constraint) -> float:
    return float(cp.Problem(cp.Minimize(cost), list(constraints)).solve(solver=cp.CLARABEL))


def relative_error(points: np.ndarray, solution: np.ndarray) -> float:
    return float(np.linalg.norm(points - solution) / np.linalg.norm(np.broadcast_to(solution, points.shape)))
