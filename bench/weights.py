"""The fastest weights against an SDP solver: norms, and times in one thread of this process.

The solver is Clarabel through cvxpy, as anybody would write the programme down; without cvxpy only our times are shown.
For graphs too large for it, *minus bound* says how far our norm is above one that the multipliers prove to be least.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import statistics
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core, before numpy is loaded

import numpy as np
from rich.console import Console
from rich.table import Table

from swarm_consensus.graph.families import complete, cycle, path, petersen, random_geometric, star
from swarm_consensus.graph.robustness import robustness
from swarm_consensus.graph.weights import fastest
from swarm_consensus.graph.weights.links import connected_links
from swarm_consensus.graph.weights.projection import Projection

solver = importlib.import_module("swarm_consensus.graph.weights.fastest")  # the module, not its function
SOLVER = importlib.util.find_spec("cvxpy") is not None
LARGEST = 50  # nodes the solver is asked for: a hundred take it minutes


def graphs() -> dict[str, np.ndarray]:
    """Known graphs, and random ones of about the density of a swarm."""
    rng = np.random.default_rng(0)
    return {
        "path of 10": path(10),
        "ring of 10": cycle(10),
        "star of 10": star(10),
        "Petersen": petersen(),
        "complete of 10": complete(10),
        "random, 20": random_geometric(20, 0.4, rng),
        "random, 50": random_geometric(50, 0.25, rng),
        "random, 100": random_geometric(100, 0.2, rng),
        "random, 100, dense": random_geometric(100, 0.35, rng),
        "random, 200": random_geometric(200, 0.13, rng),
        "random, 100, denser": random_geometric(100, 0.45, rng),
        "random, 200, dense": random_geometric(200, 0.28, rng),
        "random, 100, 55 links a node": random_geometric(100, 0.55, rng),
        "random, 100, 83 links a node": random_geometric(100, 0.8, rng),
        **{f"random, 100, radius {radius:g}": random_geometric(100, radius, rng) for radius in (0.3, 0.5, 0.6, 0.7)},
        "random, 200, denser": random_geometric(200, 0.5, rng),
    }


def norm(weights: np.ndarray) -> float:
    """Return |W - 11'/n|."""
    return float(np.linalg.norm(weights - 1.0 / len(weights), 2))


def solved(links: np.ndarray) -> tuple[float, float]:
    """Return the least norm by the SDP solver, and the time it took, s."""
    import cvxpy as cp  # noqa: PLC0415 - of the extra `test`

    count = len(links)
    begin = time.perf_counter()
    weights = cp.Variable((count, count), symmetric=True)
    absent = ((links == 0) & ~np.eye(count, dtype=bool)).astype(float)
    rules = [cp.sum(weights, axis=1) == 1, cp.multiply(absent, weights) == 0]
    problem = cp.Problem(cp.Minimize(cp.sigma_max(weights - np.ones((count, count)) / count)), rules)
    value = float(problem.solve(solver=cp.CLARABEL))
    return value, time.perf_counter() - begin


def above(links: np.ndarray) -> float:
    """Return by how much the norm is above what is proved to be least."""
    edges = connected_links(links)
    weight, multiplier = solver.solved(edges)
    return norm(edges.averaging(weight)) - Projection(edges).least_norm(multiplier)


def timed(links: np.ndarray) -> tuple[float, float]:
    """Return the norm of the fastest weights, and the median time of three, s."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        weights = fastest(links)
        times.append(time.perf_counter() - begin)
    return norm(weights), statistics.median(times)


def main() -> None:
    """Print the tables."""
    table = Table(
        "graph", "links", "norm", "time, s", "minus bound", "minus SDP", "SDP / ours, time", title="Fastest weights"
    )
    for name, links in graphs().items():
        value, seconds = timed(links)
        row = [name, f"{int(links.sum()) // 2}", f"{value:.6f}", f"{seconds:.3f}", f"{above(links):.1e}"]
        if SOLVER and len(links) <= LARGEST:
            least, other = solved(links)
            row += [f"{value - least:+.1e}", f"{other / seconds:.0f}"]
        table.add_row(*row)
    Console().print(table)
    table = Table("nodes", "r", "time, s", title="Robustness, random graphs of radius 0.4")
    for count in (12, 16, 20, 50, 100):
        links = random_geometric(count, 0.4, np.random.default_rng(count))
        begin = time.perf_counter()
        report = robustness(links)
        seconds = time.perf_counter() - begin
        table.add_row(f"{count}", f"{report.r} to {report.r_at_most}", f"{seconds:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
