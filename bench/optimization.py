"""Choices: rounds to 1e-9 by method, rates against theory by graph, radios that lose, the penalty, us per robot."""

from __future__ import annotations

import itertools
import statistics as stats
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import networkx as nx
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import root

from swarm_consensus.arrays import Array
from swarm_consensus.consensus import chebyshev
from swarm_consensus.graph.weights import fastest, metropolis
from swarm_consensus.optimization import admm, descent, extra, statistics, tracking
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.negotiator import Negotiator, Settings
from swarm_consensus.optimization.price import Unit, dispatched, settings_for
from swarm_consensus.optimization.pursuit import Pursuer
from swarm_consensus.optimization.smooth import Logistic
from swarm_consensus.optimization.terms import Quadratic, least_squares

TOLERANCE = 1e-9
MOST = 1500
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "optimization_rates.png"
INSTANCES = [(seed, rows) for rows in (3, 10) for seed in range(4)]


def squares(seed: int, nodes: int, dims: int, rows: int) -> Quadratic:
    """Least squares with noise; with fewer rows than unknowns no node could solve it alone."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(nodes, rows, dims))
    return least_squares(inputs, inputs @ rng.normal(size=dims) + 0.1 * rng.normal(size=(nodes, rows)))


def error(points: Array, terms: Quadratic) -> float:
    """Relative distance to the central solution."""
    best = np.linalg.solve(terms.hessian.sum(axis=0), -terms.linear.sum(axis=0))
    return float(np.linalg.norm(points - best) / np.linalg.norm(np.broadcast_to(best, points.shape)))


def admm_points(links: Array, terms: Quadratic, penalty: float, relaxation: float) -> Iterator[Array]:
    """Points after each round, as `admm.run` forms them."""
    mask = links > 0
    weights = penalty * mask.sum(axis=1)
    edges = np.zeros((*links.shape, terms.size))
    while True:
        points = terms.prox(admm.centre(edges, mask), weights)
        edges = admm.renew(edges, np.swapaxes(admm.offer(points, edges), 0, 1), mask, relaxation)
        yield points


def descent_points(weights: Array, terms: Quadratic, size: float) -> Iterator[Array]:
    """Points after each round of gradient descent."""
    points = np.zeros_like(terms.linear)
    while True:
        points = descent.step(weights @ points, terms.gradient(points), size)
        yield points


def extra_points(weights: Array, terms: Quadratic, size: float) -> Iterator[Array]:
    """Points after each round of EXTRA."""
    begin = np.zeros_like(terms.linear)
    points = extra.start(begin, weights @ begin, terms.gradient(begin), size)
    while True:
        yield points.current
        points = extra.step(points, weights @ points.current, terms.gradient(points.current), size)


def tracking_points(weights: Array, terms: Quadratic, size: float) -> Iterator[Array]:
    """Points after each round of gradient tracking."""
    begin = np.zeros_like(terms.linear)
    trail = tracking.start(begin, terms.gradient(begin))
    while True:
        point = weights @ tracking.ahead(trail, size)
        slopes = terms.gradient(point)
        trail = tracking.Trail(point, weights @ tracking.updated(trail, slopes), slopes)
        yield point


def rounds_until(points: Iterable[Array], terms: Quadratic, tolerance: float = TOLERANCE) -> int:
    """Rounds until the error is below the tolerance, at most `MOST`."""
    return next((k for k, now in enumerate(itertools.islice(points, MOST), 1) if error(now, terms) < tolerance), MOST)


def lazy(weights: Array, part: float = 0.2) -> Array:
    """Weights with no eigenvalue near -1, which bear larger steps."""
    return (1.0 - part) * weights + part * np.eye(len(weights))


def fifty() -> dict[str, list[int | str]]:
    """Rounds of each method, 50 nodes, 200 edges, 5 unknowns, over the instances."""
    found: dict[str, list[int | str]] = {}
    for seed, rows in INSTANCES:
        links = nx.to_numpy_array(nx.gnm_random_graph(50, 200, seed=seed))
        terms, quick, plain = squares(seed, 50, 5, rows), fastest(links), metropolis(links)
        most, mean = terms.curvature()[1], float(np.linalg.eigvalsh(terms.hessian.mean(axis=0))[-1])
        rho = float(abs(np.linalg.eigvalsh(quick - 1.0 / 50)).max())
        slow = lazy(quick)
        averaged = next(
            k
            for k in range(15, 200)  # before, too little of the others' has come for a solution
            if error(statistics.solve(chebyshev.run(quick, statistics.pack_term(terms), k, rho)), terms) < TOLERANCE
        )
        size = 0.5 * descent.largest_step(plain, most)
        stalled = error(next(itertools.islice(descent_points(plain, terms, size), 3000, None)), terms)
        row: dict[str, int | str] = {
            "gradient tracking, Metropolis, 1.2/M": rounds_until(tracking_points(plain, terms, 1.2 / most), terms),
            "EXTRA, 0.8 fastest + 0.2 I, 0.98 of the bound": rounds_until(
                extra_points(slow, terms, 0.98 * extra.largest_step(slow, most)), terms
            ),
            "ADMM, alpha 0.7, rho 0.3 of the mean curvature": rounds_until(
                admm_points(links, terms, 0.3 * mean, 0.7), terms
            ),
            "averaged statistics, fastest, Chebyshev": averaged,
            "gradient descent: where it stalls": f"{stalled:.2e}",
            "and its prediction": f"{error(descent.limit(plain, terms, size), terms):.2e}",
        }
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def measured_rate(points: Iterator[Array], terms: Quadratic) -> float:
    """Factor a round by which the error falls, once the start is forgotten and before rounding."""
    errors = []
    for now in itertools.islice(points, 4000):
        errors.append(error(now, terms))
        if errors[-1] < 1e-11:
            break
    half = len(errors) // 2
    return float((errors[-1] / errors[half]) ** (1.0 / (len(errors) - 1 - half)))


def exact_rate(round_of: Callable[[Array], Array], size: int) -> float:
    """Largest modulus below 1 of the eigenvalues of an affine round, (size,) in and out: the rate for quadratics."""
    fixed = round_of(np.zeros(size))
    matrix = np.array([round_of(row) - fixed for row in np.eye(size)]).T
    moduli = abs(np.linalg.eigvals(matrix))
    return float(moduli[moduli < 1.0 - 1e-7].max())


def admm_round(links: Array, terms: Quadratic, penalty: float) -> tuple[Callable[[Array], Array], int]:
    """One round of ADMM, alpha 1/2, as a function of all u of the links."""
    mask = links > 0
    weights, shape = penalty * mask.sum(axis=1), (int(mask.sum()), terms.size)

    def step(state: Array) -> Array:
        edges = np.zeros((*links.shape, terms.size))
        edges[mask] = state.reshape(shape)
        points = terms.prox(admm.centre(edges, mask), weights)
        return admm.renew(edges, np.swapaxes(admm.offer(points, edges), 0, 1), mask, 0.5)[mask].ravel()

    return step, shape[0] * shape[1]


def extra_round(weights: Array, terms: Quadratic, size: float) -> tuple[Callable[[Array], Array], int]:
    """One round of EXTRA as a function of two rounds' points."""
    shape = (2, *terms.linear.shape)

    def step(state: Array) -> Array:
        before, now = state.reshape(shape)
        points = extra.Points(now, 0.5 * (before + weights @ before), terms.gradient(before))
        return np.concatenate((now, extra.step(points, weights @ now, terms.gradient(now), size).current)).ravel()

    return step, int(np.prod(shape))


def tracking_round(weights: Array, terms: Quadratic, size: float) -> tuple[Callable[[Array], Array], int]:
    """One round of gradient tracking as a function of points and tracked slopes."""
    shape = (2, *terms.linear.shape)

    def step(state: Array) -> Array:
        point, slope = state.reshape(shape)
        trail = tracking.Trail(point, slope, terms.gradient(point))
        after = weights @ tracking.ahead(trail, size)
        return np.concatenate((after, weights @ tracking.updated(trail, terms.gradient(after)))).ravel()

    return step, int(np.prod(shape))


FAMILIES = {
    "path 10": nx.path_graph(10),
    "ring 16": nx.cycle_graph(16),
    "star 10": nx.star_graph(9),
    "grid 4 x 4": nx.grid_2d_graph(4, 4),
    "hypercube 4": nx.hypercube_graph(4),
    "complete 10": nx.complete_graph(10),
    "disc 20": nx.random_geometric_graph(20, 0.4, seed=1),
}


def rates(graph: nx.Graph) -> dict[str, tuple[float, float, float]]:
    """Measured rate, exact one, and proven bound (nan: none is known) of each method on a graph."""
    links = nx.to_numpy_array(graph, weight=None)
    terms, weights = squares(1, len(links), 2, 6), lazy(metropolis(links))
    curvature = terms.curvature()
    rho = float(abs(np.linalg.eigvalsh(weights - 1.0 / len(links))).max())
    penalty, size, small = 0.3 * curvature[1], 0.9 / curvature[1], (1.0 - rho) ** 2 * 0.05 / curvature[1]
    return {
        "ADMM": (
            measured_rate(admm_points(links, terms, penalty, 0.5), terms),
            exact_rate(*admm_round(links, terms, penalty)),
            admm.rate_bound(links, penalty, curvature),
        ),
        "EXTRA": (
            measured_rate(extra_points(weights, terms, size), terms),
            exact_rate(*extra_round(weights, terms, size)),
            float("nan"),
        ),
        "tracking": (
            measured_rate(tracking_points(weights, terms, size), terms),
            exact_rate(*tracking_round(weights, terms, size)),
            float("nan"),
        ),
        "tracking, small step": (
            measured_rate(tracking_points(weights, terms, small), terms),
            exact_rate(*tracking_round(weights, terms, small)),
            tracking.rate_bound(rho, small, curvature),
        ),
    }


def logistic_rounds(loss: float, delay: int) -> dict[str, str]:
    """Rounds to 1e-6 of the central solution, logistic regression on 20 nodes, with 50 links."""
    rng = np.random.default_rng(0)
    links = nx.to_numpy_array(nx.gnm_random_graph(20, 50, seed=0))
    features = rng.normal(size=(20, 10, 4))
    labels = np.sign(features @ rng.normal(size=4) + rng.normal(size=(20, 10)))
    terms = [Logistic(x, y, 0.05) for x, y in zip(features, labels, strict=True)]
    central = root(lambda at: np.sum([term.gradient(at) for term in terms], axis=0), np.zeros(4), tol=1e-13).x
    size = 1.5 / max(term.curvature()[1] for term in terms)
    settings = Settings(penalty=1.0, windows=0)
    swarms = {
        "negotiator (ADMM)": {i: Negotiator(i, term, np.zeros(4), settings) for i, term in enumerate(terms)},
        "pursuit (tracking)": {i: Pursuer(i, term, np.zeros(4), size) for i, term in enumerate(terms)},
    }
    found = {}
    for name, nodes in swarms.items():
        exchange = Exchange(nodes, links, loss, delay, np.random.default_rng(1))
        most = 4000 if "tracking" in name else 1000
        done = next((k for k in range(1, most) if exchange.round() or gap(exchange, central) < 1e-6), None)
        found[name] = str(done) if done else f"{gap(exchange, central):.0e} left after {most}"
    return found


def gap(exchange: Exchange, solution: Array) -> float:
    """Largest difference of any node's unknown to the solution."""
    return float(abs(exchange.points() - solution).max())


def penalty_rounds(penalty: float, loss: float, delay: int) -> list[str]:
    """Rounds to 1e-6, 20 nodes and 50 links, with a penalty that stays, and with one that changes."""
    terms = squares(0, 20, 3, 3)
    links = nx.to_numpy_array(nx.gnm_random_graph(20, 50, seed=0))
    found = []
    for windows in (0, 20):
        settings = Settings(penalty=penalty, windows=windows)
        nodes = {i: Negotiator(i, Quadratic(p, q), np.zeros(3), settings) for i, (p, q) in enumerate(pairs(terms))}
        exchange = Exchange(nodes, links, loss, delay, np.random.default_rng(0))
        done = next((k for k in range(1, MOST) if exchange.round() or error(exchange.points(), terms) < 1e-6), MOST)
        found.append(str(done) if done < MOST else f"over {MOST}")
    return found


def quotients(penalty: float) -> list[str]:
    """Largest r over largest s/rho at some rounds, and rounds to 1e-6: by what the penalty is adapted."""
    terms = squares(0, 20, 3, 3)
    links = nx.to_numpy_array(nx.gnm_random_graph(20, 50, seed=0))
    nodes = {
        i: Negotiator(i, Quadratic(p, q), np.zeros(3), Settings(penalty=penalty, windows=0))
        for i, (p, q) in enumerate(pairs(terms))
    }
    exchange, seen, done = Exchange(nodes, links), [], 0
    for k in range(1, 601):
        exchange.round()
        if k in (16, 64):
            primal, dual = (max(node.residuals[which] for node in nodes.values()) for which in (0, 1))
            seen.append(f"{primal / dual * penalty:.2f}")
        if not done and error(exchange.points(), terms) < 1e-6:
            done = k
    return [*seen, str(done or "over 600")]


def pairs(terms: Quadratic) -> Iterable[tuple[Array, Array]]:
    """P and q of each node."""
    return zip(terms.hessian, terms.linear, strict=True)


def dispatch_rounds() -> list[str]:
    """Wood and Wollenberg's three units at 850 MW on a line: rounds to 1e-6 in price and balance, and the price."""
    units = [
        Unit(0.001562, 7.92, 150.0, 600.0, demand=850.0),
        Unit(0.00194, 7.85, 100.0, 400.0),
        Unit(0.00482, 7.97, 50.0, 200.0),
    ]
    row = []
    for loss, delay in ((0.0, 0), (0.3, 5)):
        nodes = {i: Negotiator(i, unit, np.zeros(1), settings_for(units)) for i, unit in enumerate(units)}
        exchange = Exchange(nodes, nx.to_numpy_array(nx.path_graph(3)), loss, delay, np.random.default_rng(0))
        for _ in range(3000):
            exchange.round()
            result = dispatched(units, nodes)
            if abs(result.price - 9.14826257) < 1e-6 and abs(result.output.sum() - 850.0) < 1e-6:
                break
        row += [str(exchange.rounds), f"{result.price:.6f}"]
    return row


class Free:
    """A term without a cost and without a step: what is left is the protocol."""

    size = 5

    def value(self, point: Array) -> float:
        """Return nothing."""
        return 0.0

    def prox(self, centre: Array, weight: float) -> Array:
        """Return the centre."""
        return centre

    def gradient(self, point: Array) -> Array:
        """Return the point."""
        return point

    def curvature(self) -> tuple[float, float]:
        """Return that of 1/2 ``|x|^2``."""
        return 1.0, 1.0


def node_time(make: Callable[[int, Free], Negotiator | Pursuer], rounds: int = 3000) -> float:
    """Median time of one robot's round, 8 messages heard and one said, us."""
    nodes = [make(i, Free()) for i in range(9)]
    others = [[j for j in range(9) if j != i] for i in range(9)]
    messages = [node.tick(0, others[i]) for i, node in enumerate(nodes)]
    times = []
    for tick in range(1, rounds):
        said = []
        for i, node in enumerate(nodes):
            begin = time.perf_counter_ns()
            for j in others[i]:
                node.step(j, messages[j])  # type: ignore[arg-type]
            said.append(node.tick(tick, others[i]))
            if not i:
                times.append((time.perf_counter_ns() - begin) / 1e3)
        messages = said
    return stats.median(times)


def node_times() -> dict[str, float]:
    """Time of each node's round, us."""
    start = np.ones(5)
    return {
        "negotiator (ADMM)": node_time(lambda i, free: Negotiator(i, free, start * i, Settings())),
        "pursuit (tracking)": node_time(lambda i, free: Pursuer(i, free, start * i, 0.5)),
    }


def draw(found: dict[str, dict[str, tuple[float, float, float]]], path: Path) -> None:
    """Draw the rates: measured as dots, exact theory as rings, proven bounds as bars."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    methods = list(next(iter(found.values())))
    figure, axes = plt.subplots(1, len(methods), figsize=(3.4 * len(methods), 3.4), sharey=True, layout="constrained")
    places = np.arange(len(found))
    for axis, method in zip(axes, methods, strict=True):
        measured, exact, bound = np.array([row[method] for row in found.values()]).T
        axis.bar(places, np.nan_to_num(1.0 - bound), color="0.85", label="proven bound")
        axis.plot(places, 1.0 - exact, "o", mfc="none", ms=10, color="tab:blue", label="theory for these quadratics")
        axis.plot(places, 1.0 - measured, ".", color="tab:red", label="measured")
        axis.set(title=method, yscale="log", xticks=places)
        axis.set_xticklabels(found, rotation=60, ha="right")
    axes[0].set_ylabel("1 - factor a round")
    axes[1].legend(fontsize="small", loc="lower left")
    axes[1].set_ylim(bottom=1e-6)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print the tables, and draw the rates."""
    console = Console(width=150)
    columns = [f"{rows} rows, seed {seed}" for seed, rows in INSTANCES]
    table = Table("method", *columns, title="50 nodes, 200 edges, 5 unknowns: rounds to a relative error of 1e-9")
    for name, counts in fifty().items():
        table.add_row(name, *map(str, counts))
    console.print(table)
    found = {name: rates(graph) for name, graph in FAMILIES.items()}
    table = Table("graph", *next(iter(found.values())), title="Factor a round: measured / theory / proven bound")
    for name, row in found.items():
        table.add_row(name, *(f"{m:.5f} / {e:.5f} / {'-' if np.isnan(b) else f'{b:.6f}'}" for m, e, b in row.values()))
    console.print(table)
    table = Table("radio", "negotiator (ADMM)", "pursuit (tracking)", title="Logistic regression on 20 nodes to 1e-6")
    for loss, delay in ((0.0, 0), (0.3, 0), (0.3, 5)):
        table.add_row(f"loss {loss:.0%}, delay 0 to {delay}", *logistic_rounds(loss, delay).values())
    console.print(table)
    table = Table(
        "penalty", "r rho/s at 16", "at 64", "rounds to 1e-6", title="What the penalty is adapted by, 20 nodes"
    )
    for penalty in (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0):
        table.add_row(f"{penalty:g}", *quotients(penalty))
    console.print(table)
    table = Table("first penalty", "radio", "it stays", "it changes", title="Rounds to 1e-6, 20 nodes")
    for penalty, (loss, delay) in itertools.product((0.01, 1.0, 100.0), ((0.0, 0), (0.3, 5))):
        table.add_row(f"{penalty:g}", f"loss {loss:.0%}, delay 0 to {delay}", *penalty_rounds(penalty, loss, delay))
    console.print(table)
    table = Table("rounds", "price", "rounds, loss 30 %, delay 0 to 5", "price", title="Three units at 850 MW, to 1e-6")
    table.add_row(*dispatch_rounds())
    console.print(table)
    table = Table("node", "us", "target", title="One robot's round, 8 neighbours, 5 unknowns, local step excluded")
    for name, value in node_times().items():
        table.add_row(name, f"{value:.0f}", "50")
    console.print(table)
    draw(found, PICTURE)
    console.print(f"The rates are drawn in {PICTURE}")


if __name__ == "__main__":
    main()
