"""Averaging: microseconds per robot and round, a network of 10,000, and rounds to 1e-9 against theory."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import msgspec
import networkx as nx
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import sparse
from timing import timed

from swarm_consensus.arrays import Array
from swarm_consensus.consensus import average, chebyshev, exact, extremes, integral, resilient, tracking, two_register
from swarm_consensus.consensus.neighbourhood import neighbourhoods
from swarm_consensus.consensus.running_sums import RunningSums
from swarm_consensus.network.frame import Values
from swarm_consensus.robot.quantities import Quantities
from swarm_consensus.robot.rounds import LAWS, Quantity

NEIGHBOURS = 10
NODES = 10_000
ROUNDS = 100
TOLERANCE = 1e-9


def running_sums_time(dims: int, rounds: int = 2000) -> float:
    """Median time of one robot's round with ten neighbours who all hear each other, us."""
    robots = [RunningSums(i, np.full(dims, float(i))) for i in range(NEIGHBOURS + 1)]
    others = [[j for j in range(NEIGHBOURS + 1) if j != i] for i in range(NEIGHBOURS + 1)]
    messages = [robot.tick(0, others[i]) for i, robot in enumerate(robots)]
    times = []
    for tick in range(1, rounds):
        said = []
        for i, robot in enumerate(robots):
            begin = time.perf_counter_ns()
            for j in others[i]:
                robot.step(j, messages[j])
            said.append(robot.tick(tick, others[i]))
            if not i:
                times.append((time.perf_counter_ns() - begin) / 1e3)
        messages = said
    return statistics.median(times)


def robot_times(dims: int) -> dict[str, float]:
    """Time of each law for one robot, us."""
    rng = np.random.default_rng(0)
    own, near = np.zeros(dims), rng.normal(size=(NEIGHBOURS, dims))
    weights, mask = np.full(NEIGHBOURS, 0.05), np.ones(NEIGHBOURS, dtype=bool)
    registers, gains = two_register.start(own), integral.Gains(1.0, 0.5, 0.05)

    def mixed() -> Array:
        return average.mix(own, near, weights, mask)

    def integrated() -> Array:
        pulled = average.pull(own, near, weights, mask)
        return integral.command(gains, pulled, own) + integral.learn(gains, pulled, own)

    return {
        "plain": timed(mixed),
        "two registers, Chebyshev": timed(lambda: two_register.step(registers, mixed(), chebyshev.weight(0.9, 7))),
        "integral": timed(integrated),
        "tracking": timed(lambda: tracking.step(mixed(), own, own)),
        "maximum": timed(lambda: extremes.maximum(own, near, mask)),
        "W-MSR, F = 2": timed(lambda: resilient.step(own, near, mask, 2)),
        "running sums": running_sums_time(dims),
    }


def tick_times(rounds: int = 600) -> dict[str, float]:
    """Median time of a robot's tick of one quantity, reading ten entries and writing its own included, by law, us."""
    gains, nowhere = integral.Gains(1.0, 0.5, 0.05, 0.1), np.zeros(3)
    found = {}
    for law in LAWS:
        orders = [Quantity("x", law, 1, constant=np.array([float(i)]), liars=2, gains=gains) for i in range(11)]
        robots = [Quantities(i, [order], 20) for i, order in enumerate(orders)]
        times = []
        for tick in range(rounds):
            said = []
            for robot in robots:
                begin = time.perf_counter_ns()
                message = robot.tick(tick, (), nowhere, ())
                robot.status()
                times.append((time.perf_counter_ns() - begin) / 1e3)
                said.append(msgspec.msgpack.decode(message, type=Values))
            for i, robot in enumerate(robots):
                for j, words in enumerate(said):
                    if i != j:
                        robot.hear(j, tick + 1, words)
        found[law] = statistics.median(times)
    return found


def metropolis(links: sparse.csr_array) -> sparse.csr_array:
    """Metropolis weights, 1 / (1 + max degree), of a sparse adjacency."""
    degree = links.sum(axis=1)
    pairs = links.tocoo()
    weight = 1.0 / (1.0 + np.maximum(degree[pairs.row], degree[pairs.col]))
    matrix = sparse.csr_array((weight, (pairs.row, pairs.col)), shape=links.shape)
    return sparse.csr_array(matrix + sparse.diags_array(1.0 - matrix.sum(axis=1)))


def network_times() -> dict[str, float]:
    """Time of 100 rounds of 10,000 nodes with ten neighbours each, checks included, s."""
    links = sparse.csr_array(nx.to_scipy_sparse_array(nx.random_regular_graph(NEIGHBOURS, NODES, seed=0), dtype=float))
    weights = metropolis(links)
    first = np.random.default_rng(0).normal(size=(NODES, 1))
    near = neighbourhoods(weights)

    def rounds(law: Callable[[Array, Array], Array]) -> None:
        values = first
        for _ in range(ROUNDS):
            values = law(values, values[near.index])

    calls = {
        "plain, sparse": lambda: average.run(weights, first, ROUNDS),
        "Chebyshev, sparse": lambda: chebyshev.run(weights, first, ROUNDS, 0.7),
        "plain, each robot's own law": lambda: rounds(lambda x, said: average.mix(x, said, near.weight, near.mask)),
        "W-MSR, F = 2": lambda: rounds(lambda x, said: resilient.step(x, said, near.mask, 2)),
    }
    return {name: timed(call, 3) / 1e6 for name, call in calls.items()}


def rounds_to_tolerance(law: Callable[[int, Array], Array], first: Array) -> int:
    """Rounds until the distance to the mean is below the tolerance, as a share of the first one."""
    values, k = law(0, first), 1
    while np.linalg.norm(values - first.mean()) > TOLERANCE * np.linalg.norm(first - first.mean()):
        values, k = law(k, values), k + 1
    return k


def convergence(graph: nx.Graph) -> list[str]:
    """Rounds of the three rules from a start on the slowest mode, each over what theory says, best constant weights."""
    links = nx.to_numpy_array(graph, weight=None)
    matrix = np.diag(links.sum(axis=1)) - links
    spectrum = np.linalg.eigvalsh(matrix)
    weights = np.eye(len(links)) - 2 / (spectrum[1] + spectrum[-1]) * matrix
    values, modes = np.linalg.eigh(weights - 1.0 / len(links))
    rho = float(abs(values).max())
    first = modes[:, abs(values).argmax()]

    def accelerated(weight: Callable[[float, int], float]) -> int:
        registers = two_register.start(first)

        def law(k: int, _: Array) -> Array:
            nonlocal registers
            registers = two_register.step(registers, weights @ registers.current, weight(rho, k))
            return registers.current

        return rounds_to_tolerance(law, first)

    theory = next(k for k in range(10**6) if two_register.bound(rho, k) <= TOLERANCE)
    plain = rounds_to_tolerance(lambda _, x: weights @ x, first)
    return [
        f"{rho:.6f}",
        f"{plain} / {average.rounds_needed(rho, TOLERANCE)}",
        f"{accelerated(two_register.weight)} / {theory}",
        f"{accelerated(chebyshev.weight)} / {chebyshev.rounds_needed(rho, TOLERANCE)}",
        *exactness(links),
    ]


def exactness(links: Array) -> list[str]:
    """Rounds of the exact rule and the relative error that rounding leaves."""
    first = np.random.default_rng(0).normal(size=len(links))
    left = np.linalg.norm(exact.run(links, first) - first.mean()) / np.linalg.norm(first - first.mean())
    return [str(len(exact.schedule(links))), f"{left:.0e}"]


def lossy_rounds(loss: float, robots: int = 10) -> int:
    """Rounds of running sums to 1e-9 of the first error, on a ring with every second link there and delay up to 5."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-10, 10, robots)
    swarm = [RunningSums(i, np.array([value])) for i, value in enumerate(values)]
    due: dict[int, list[tuple[int, int, object]]] = {}
    calm = tick = 0
    while calm < 50:
        tick += 1
        for receiver, sender, message in due.pop(tick, []):
            swarm[receiver].step(sender, message)  # type: ignore[arg-type]
        up = rng.random(robots) < 0.5  # link i to i + 1
        for i, robot in enumerate(swarm):
            near = [j % robots for j, there in ((i + 1, up[i]), (i - 1, up[i - 1])) if there]
            message = robot.tick(tick, near)
            for j in near:
                if rng.random() >= loss:
                    due.setdefault(tick + 1 + int(rng.integers(6)), []).append((j, i, message))
        error = max(abs(robot.estimate[0] - values.mean()) for robot in swarm)
        calm = calm + 1 if error < TOLERANCE * np.ptp(values) else 0
    return tick - calm


def main() -> None:
    """Print the tables."""
    console = Console()
    table = Table("law", "1 value", "3 values", "target", title="One robot, one round, 10 neighbours: median us")
    one, three = robot_times(1), robot_times(3)
    for name, value in one.items():
        table.add_row(name, f"{value:.1f}", f"{three[name]:.1f}", "20")
    console.print(table)
    table = Table("law", "us", title="The same on a robot, messages read and written: median us")
    for name, value in tick_times().items():
        table.add_row(name, f"{value:.0f}")
    console.print(table)
    table = Table("law", "s", "target", title="10,000 nodes, 100 rounds")
    for name, value in network_times().items():
        table.add_row(name, f"{value:.2f}", "1")
    console.print(table)
    columns = ("graph", "rho", "plain", "two registers", "Chebyshev", "exact", "error left")
    table = Table(*columns, title="Rounds to 1e-9, measured / theory")
    families = {
        "path 10": nx.path_graph(10),
        "path 50": nx.path_graph(50),
        "path 100": nx.path_graph(100),
        "ring 50": nx.cycle_graph(50),
        "grid 7 x 7": nx.grid_2d_graph(7, 7),
        "hypercube 6": nx.hypercube_graph(6),
        "Petersen": nx.petersen_graph(),
        "star 10": nx.star_graph(9),
        "disc 50": nx.random_geometric_graph(50, 0.3, seed=1),
    }
    for name, graph in families.items():
        table.add_row(name, *convergence(graph))
    console.print(table)
    table = Table("loss", "rounds", title="Running sums to 1e-9: ring of 10, links there half the time, delay 0 to 5")
    for loss in (0.0, 0.2, 0.5):
        table.add_row(f"{math.floor(loss * 100)} %", str(lossy_rounds(loss)))
    console.print(table)


if __name__ == "__main__":
    main()
