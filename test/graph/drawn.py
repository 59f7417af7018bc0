"""Graphs that tests of averaging weights draw, and how fast weights are."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


def norm(weights: np.ndarray) -> float:
    """Spectral norm of W - 11'/n: the factor of each round."""
    return float(np.linalg.norm(weights - 1.0 / len(weights), 2))


@st.composite
def networks(draw: st.DrawFn, least: int = 1) -> np.ndarray:
    """Connected: a random tree, and any other links."""
    size = draw(st.integers(least, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    upper = np.triu(rng.random((size, size)) < draw(st.floats(0, 1)), 1)
    for node in range(1, size):
        upper[rng.integers(node), node] = True
    return (upper | upper.T).astype(float)
