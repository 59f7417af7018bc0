"""How many liars a graph bears: (r, s)-robustness, exactly where that can be counted, else between bounds.

Resilient consensus (W-MSR) needs more than connectivity: of any two groups of nodes at least one must have a node, or
enough of them, with enough neighbours *outside* its group, since those are the only ones that can move it when the
extremes are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.graph.laplacian import laplacian
from swarm_consensus.graph.subsets import Groups, SubsetCounts
from swarm_consensus.graph.topology import GraphError, checked, components

EXACT_UP_TO = 20  # nodes: 2^20 subsets take about half a second; each node more doubles that

_ROUNDING = 1e-9
_VECTORS = 6  # eigenvectors along which groups are looked for in a large graph


@dataclass(frozen=True, slots=True)
class Robustness:
    """What is proved of a graph.

    W-MSR with parameter F keeps honest values within their initial interval always; it also brings them together if
    the graph is (F + 1, F + 1)-robust and at most F nodes lie, or if it is (2 F + 1)-robust and at most F neighbours
    of each node lie.
    """

    r: int  # the graph is r-robust; the greatest such r if `r_at_most` says the same
    r_at_most: int  # it is not (r_at_most + 1)-robust
    s: tuple[int, ...]  # s[k - 1]: it is (k, s)-robust, for k from 1 to r; the greatest such s if `exact`
    exact: bool  # every number here is the true one, and not only a bound
    weakest: (
        Groups | None
    )  # two groups that show `r_at_most`: each of their nodes has at most so many neighbours outside its own

    @property
    def liars(self) -> int:
        """Most liars F in the whole swarm that are proved to be borne: (F + 1, F + 1)-robust."""
        return max((k - 1 for k, s in enumerate(self.s, start=1) if s >= k), default=0)

    @property
    def liars_per_neighbourhood(self) -> int:
        """Most liars F among each node's neighbours that are proved to be borne: (2 F + 1)-robust."""
        return max((self.r - 1) // 2, 0)


def robustness(adjacency: ArrayLike) -> Robustness:
    r"""Return how robust a graph is against nodes that lie.

    A node set S is *r-reachable* if one of its nodes has at least r neighbours outside S. A graph is r-robust if of
    any two disjoint non-empty sets one is r-reachable. It is (r, s)-robust if for any two such sets S and T, with
    X(S) those nodes of S that have at least r neighbours outside S, one of these holds: X(S) = S, X(T) = T, or
    ``|X(S)| + |X(T)| >= s``. So r-robust is (r, 1)-robust.

    Exact up to 20 nodes, over all 2^n subsets. Beyond, r is a lower bound: a set of k <= n/2 nodes has a node with at
    least ``max(lambda_2 (n - k) / n, d_min - k + 1)`` neighbours outside, by the cut inequality and by counting; and
    s comes from the fact that (r + s - 1)-robust implies (r, s)-robust. `r_at_most` comes from two groups that were
    found.

    Parameters
    ----------
    adjacency
        Shape (n, n), symmetric, non-negative, zero diagonal. A link is a positive entry; its size does not matter.

    Returns
    -------
    Robustness
        A split graph is 0-robust, a single node by convention (1, 1)-robust.

    Raises
    ------
    GraphError
        If it is no adjacency of one graph.

    References
    ----------
    H. LeBlanc, H. Zhang, X. Koutsoukos and S. Sundaram, "Resilient asymptotic consensus in robust networks", IEEE
    JSAC 31, 2013.

    Examples
    --------
    >>> from swarm_consensus.graph.families import complete, twin_cliques
    >>> robustness(complete(5)).s  # (3, 5)-robust: bears two liars in all
    (5, 5, 5)
    >>> robustness(twin_cliques(4)).r  # although it takes four nodes to split it
    1
    """
    matrix = checked(adjacency)
    if matrix.ndim != 2:
        raise GraphError(f"adjacency has shape {matrix.shape}, must be (n, n)")
    linked = matrix > 0.0
    count = len(linked)
    if count < 2:
        return Robustness(count, count, (1,) * count, True, None)
    if components(linked).any():
        part = components(linked) == 0
        return Robustness(0, 0, (), True, (_nodes(part), _nodes(~part)))
    return _counted(linked) if count <= EXACT_UP_TO else _bounded(linked)


def _counted(linked: NDArray[np.bool_]) -> Robustness:
    counts = SubsetCounts(linked)
    r, weakest = counts.reachability()
    return Robustness(r, r, tuple(counts.most_s(k) for k in range(1, r + 1)), True, weakest)


def _bounded(linked: NDArray[np.bool_]) -> Robustness:
    count, degree = len(linked), int(linked.sum(axis=1).min())
    half = count // 2
    eigenvalues, vectors = np.linalg.eigh(laplacian(linked))
    size = np.arange(1, half + 1)
    by_cut = np.ceil(float(eigenvalues[1]) * (count - size) / count - _ROUNDING)
    low = max(int(np.maximum(by_cut, degree - size + 1).min()), 1)
    high, weakest = _weak_groups(linked, vectors[:, 1 : 1 + _VECTORS])
    whole = degree - half + 1  # up to here every node of the smaller set has enough neighbours outside: X(S) = S
    s = tuple(count if k <= whole else low - k + 1 for k in range(1, low + 1))
    return Robustness(low, high, s, False, weakest)


def _weak_groups(linked: NDArray[np.bool_], vectors: Array) -> tuple[int, Groups]:
    """Look for two groups whose nodes have few neighbours outside their own; return how few, and the groups.

    Along an eigenvector, and by the distance from each node, nodes come in an order; it is cut in two in every place,
    and each half is peeled: nodes with more neighbours outside are dropped until none is left. What stays is the
    largest such group of that half.
    """
    count, links = len(linked), linked.astype(np.float32)
    lonely = int(linked.sum(axis=1).argmin())
    most = int(linked[lonely].sum())
    found: Groups = ((lonely,), tuple(node for node in range(count) if node != lonely))
    for order in [
        *np.argsort(vectors, axis=0, kind="stable").T,
        *np.argsort(_distances(linked), axis=1, kind="stable"),
    ]:
        place = np.empty(count, dtype=int)
        place[order] = np.arange(count)
        halves = place < np.arange(1, count)[:, None]  # (n - 1, n), a row for every place to cut
        while most > 1:
            first, second = _peeled(links, halves, most - 1), _peeled(links, ~halves, most - 1)
            both = first.any(axis=1) & second.any(axis=1)
            if not both.any():
                break
            cut, most = int(both.argmax()), most - 1
            found = (_nodes(first[cut]), _nodes(second[cut]))
    return most, found


def _peeled(links: NDArray[np.float32], groups: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Return the largest part of each group (..., n) whose nodes have at most so many neighbours outside that part."""
    while True:
        kept = groups & ((~groups).astype(np.float32) @ links <= most)
        if np.array_equal(kept, groups):
            return kept
        groups = kept


def _distances(linked: NDArray[np.bool_]) -> NDArray[np.int_]:
    """Return how many links apart all nodes of a connected graph are, shape (n, n)."""
    links = linked.astype(np.float32)
    reached = np.eye(len(linked), dtype=bool)
    distance = np.zeros(linked.shape, dtype=int)
    while not reached.all():
        distance += ~reached
        reached |= reached.astype(np.float32) @ links > 0.0
    return distance


def _nodes(group: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(map(int, np.flatnonzero(group)))
