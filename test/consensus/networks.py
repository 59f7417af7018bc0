"""Networks and weights for tests of the consensus room."""

from __future__ import annotations

import networkx as nx
import numpy as np


def adjacency(graph: nx.Graph) -> np.ndarray:
    return nx.to_numpy_array(graph, nodelist=sorted(graph), weight=None)


def metropolis(links: np.ndarray) -> np.ndarray:
    degree = links.sum(axis=1)
    weights = links / (1.0 + np.maximum(degree[:, None], degree))
    return weights + np.diag(1.0 - weights.sum(axis=1))


def contraction(weights: np.ndarray) -> float:
    return float(abs(np.linalg.eigvalsh(weights - 1.0 / len(weights))).max())


def random_network(rng: np.random.Generator, size: int | None = None) -> np.ndarray:
    """Return a random tree with some links more: always connected."""
    size = size or int(rng.integers(2, 25))
    links = np.zeros((size, size))
    for node in range(1, size):
        links[node, rng.integers(node)] = 1.0
    links += np.triu(rng.random((size, size)) < rng.random() * 0.5, 1)
    return ((links + links.T) > 0).astype(float)


def distance(values: np.ndarray) -> float:
    return float(np.linalg.norm(values - values.mean(axis=0)))
