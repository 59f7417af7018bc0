"""What the spectrum of a graph says: how fast averaging converges under each rule, and which link is missing most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.graph.laplacian import laplacian
from swarm_consensus.graph.topology import GraphError
from swarm_consensus.graph.weights import best_constant, fastest, local_degree, max_degree, metropolis
from swarm_consensus.graph.weights.links import connected_links

RULES: dict[str, Callable[[ArrayLike], Array]] = {
    "max degree": max_degree,
    "best constant": best_constant,
    "local degree": local_degree,
    "Metropolis": metropolis,
    "fastest": fastest,
}

_NEVER = 1e-12  # a factor nearer to 1 is 1 but for rounding
_NO_GAIN = 1e-9  # of lambda_n: what rounding makes of an eigenvalue that stays
_CHUNK = 2000  # candidates for a link looked at together
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Convergence:
    """How fast averaging with some weights W converges; None where it never does."""

    rule: str
    rho: float  # |W - 11'/n|, the factor by which the error shrinks in each round
    plain: int | None  # rounds of x(k+1) = W x(k)
    two_register: (
        int | None
    )  # rounds until q^k (1 + k sqrt(1 - rho^2)) is small enough, q = rho / (1 + sqrt(1 - rho^2))
    chebyshev: int | None  # rounds until 1 / T_k(1/rho) is small enough


@dataclass(frozen=True, slots=True)
class AddedLink:
    """A link that is not there, and what the graph would be with it."""

    first: int
    second: int
    connectivity: float  # lambda_2 with this link, of weight 1, in the unit of the weights


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Spectral report of a connected graph."""

    eigenvalues: Array  # (n,) of the Laplacian, ascending, in the unit of the link weights
    links: int
    tolerance: float  # of the initial error, that the rounds are for
    convergence: tuple[Convergence, ...]  # for each weight rule
    best_link: AddedLink | None  # None: no single link would raise lambda_2

    @property
    def nodes(self) -> int:
        """Number of nodes n."""
        return len(self.eigenvalues)

    @property
    def connectivity(self) -> float:
        """Algebraic connectivity lambda_2; 0 for fewer than two nodes."""
        return float(self.eigenvalues[1]) if self.nodes > 1 else 0.0

    @property
    def condition(self) -> float:
        """Condition number lambda_n / lambda_2; the nearer to 1, the faster averaging. 1 for fewer than two nodes."""
        return float(self.eigenvalues[-1] / self.eigenvalues[1]) if self.nodes > 1 else 1.0


def spectrum(adjacency: ArrayLike, tolerance: float = 1e-3) -> Spectrum:
    """Report on a graph.

    Parameters
    ----------
    adjacency
        Link weights, shape (n, n), symmetric, non-negative, zero diagonal, connected. The eigenvalues are those of
        the weighted graph; the averaging rules only look at which links there are.
    tolerance
        What is left of the initial error when averaging is called done, in (0, 1).

    Raises
    ------
    GraphError
        If it is no adjacency, the graph is split, or the tolerance is not between 0 and 1.
    """
    if not 0.0 < tolerance < 1.0:
        raise GraphError(f"tolerance is {tolerance:g}, must be between 0 and 1")
    links = connected_links(adjacency)
    reports = tuple(convergence(name, rule(adjacency), tolerance) for name, rule in RULES.items())
    eigenvalues = np.asarray(np.linalg.eigvalsh(laplacian(adjacency)), dtype=float)
    eigenvalues[:1] = 0.0  # but for rounding
    return Spectrum(eigenvalues, len(links.first), tolerance, reports, best_added_link(adjacency))


def convergence(rule: str, weights: Array, tolerance: float) -> Convergence:
    """Return how many rounds of averaging shrink the error (2-norm, from the mean) to a part of what it was.

    Parameters
    ----------
    rule
        Name of the weights.
    weights
        W, shape (n, n), symmetric, rows that sum to one.
    tolerance
        That part, in (0, 1).

    References
    ----------
    G. Golub and R. Varga, "Chebyshev semi-iterative methods, successive overrelaxation iterative methods, and second
    order Richardson iterative methods", Numer. Math. 3, 1961: both accelerated bounds, which hold in every round.
    """
    rho = float(np.abs(np.linalg.eigvalsh(weights - 1.0 / len(weights))).max()) if len(weights) else 0.0
    if rho >= 1.0 - _NEVER:
        return Convergence(rule, rho, None, None, None)
    if rho <= _NEVER:
        return Convergence(rule, rho, 1, 1, 1)
    rounds = (
        math.log(tolerance) / math.log(rho),
        _two_register(rho, tolerance),
        math.acosh(1.0 / tolerance) / math.acosh(1.0 / rho),
    )
    plain, two_register, chebyshev = (max(math.ceil(each - _NEVER * each), 1) for each in rounds)
    return Convergence(rule, rho, plain, two_register, chebyshev)


def _two_register(rho: float, tolerance: float) -> float:
    """Solve q^k (1 + k c) = tolerance for k by fixed point iteration; c = sqrt(1 - rho^2), q = rho / (1 + c)."""
    slowness = math.sqrt(1.0 - rho * rho)
    rate = math.log(rho / (1.0 + slowness))
    rounds = math.log(tolerance) / rate
    for _ in range(_HALVINGS):
        rounds = (math.log(tolerance) - math.log1p(rounds * slowness)) / rate
    return rounds


def best_added_link(adjacency: ArrayLike) -> AddedLink | None:
    r"""Return the link that would raise lambda_2 most; the first of several, None if none would.

    With v the eigenvector of lambda_2 (Fiedler's), a link (i, j) of weight 1 raises lambda_2 by at most ``(v_i -
    v_j)^2``: this is what it adds to the Rayleigh quotient of v. Candidates are looked at in the order of that bound,
    until it is below the best gain found; the answer is exact. With the link, lambda_2 is the root between lambda_2
    and lambda_3 of ``1 + sum_k c_k^2 / (lambda_k - x)``, where c_k is the difference of the k-th eigenvector across
    the link. If lambda_2 is a double eigenvalue no single link raises it.

    Parameters
    ----------
    adjacency
        As for `spectrum`.

    References
    ----------
    A. Ghosh and S. Boyd, "Growing well-connected graphs", CDC 2006 (the bound); G. Golub, SIAM Review 15, 1973 (the
    equation).
    """
    matrix = laplacian(adjacency)
    if len(matrix) < 3:
        return None
    eigenvalues, vectors = np.linalg.eigh(matrix)
    first, second = np.nonzero(np.triu(matrix == 0.0, 1))
    bound = (vectors[first, 1] - vectors[second, 1]) ** 2
    order = np.lexsort((second, first, -np.round(bound, 9)))
    least = _NO_GAIN * float(eigenvalues[-1])
    best: AddedLink | None = None
    gain = least
    for start in range(0, len(order), _CHUNK):
        chunk = order[start : start + _CHUNK]
        chunk = chunk[bound[chunk] > gain]
        if not len(chunk):
            break
        raised = _raised(eigenvalues, vectors[first[chunk]] - vectors[second[chunk]])
        top = int(np.argmax(raised >= raised.max() - least))
        if raised[top] > gain + least * (best is not None):
            gain = float(raised[top])
            best = AddedLink(int(first[chunk[top]]), int(second[chunk[top]]), float(eigenvalues[1]) + gain)
    return best


def _raised(eigenvalues: Array, across: Array) -> NDArray[np.float64]:
    """Return by how much links raise lambda_2, (c,), from the differences (c, n) of the eigenvectors across them."""
    square = across[:, 1:] ** 2
    poles = eigenvalues[1:] - eigenvalues[1]
    low, high = np.zeros(len(across)), np.full(len(across), poles[1])
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        with np.errstate(divide="ignore", invalid="ignore"):
            above = 1.0 + (square / (poles - middle[:, None])).sum(axis=1) > 0.0
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return np.asarray(np.minimum(low, square[:, 0]))
