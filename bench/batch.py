"""One step of a whole swarm: neighbours, law, limits and filter; milliseconds, median of many runs in this process.

Beside it, on the same positions and with the same radius of sight: ORCA in C++ (pyrvo, if it is installed), and a flock
as one writes it by hand in numpy, all pairs, without any safety. About nine neighbours a robot; every pair within
sight is a held link, so each robot has two limits for each neighbour.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from swarm_consensus.arrays import Array
from swarm_consensus.motion.batch import compiled, kernels, step
from swarm_consensus.motion.batch.neighbours import Near, padded, pairs_within

SIGHT, NEIGHBOURS, SETTLING = 2.0, 9, 20
TARGETS = {("numpy", 50): "1", ("numba", 1000): "2", ("numba", 10_000): "20"}
ORCA_NEIGHBOURS, ORCA_HORIZON = 10, 2.0


def flock(dims: int) -> step.Flock:
    """Return the numbers of all runs."""
    return step.Flock(
        cruise=0.5 * np.eye(dims)[0],
        separation=0.5,
        reach=SIGHT,
        sight=SIGHT,
        speed=1.0,
        period=0.05,
        gain=3.0,
        cohesion=0.5,
        width=0.5,
    )


def scene(robots: int, dims: int) -> tuple[Array, Near]:
    """Scatter robots, let them settle for a second so that limits bind, and return the links of the start."""
    ball = np.pi * SIGHT**2 if dims == 2 else 4.0 / 3.0 * np.pi * SIGHT**3
    side = (robots * ball / NEIGHBOURS) ** (1.0 / dims)
    position = np.random.default_rng(robots).uniform(0.0, side, (robots, dims))
    swarm, links = flock(dims), padded(pairs_within(position, SIGHT), robots)
    walk = compiled.swarm_step if kernels.COMPILES else step.swarm_step
    for _ in range(SETTLING):
        position = position + swarm.period * walk(swarm, position, links).velocity
    return position, links


def by_hand(position: Array) -> Array:
    """Return the velocities of a flock over all pairs: cohesion and repulsion, no limits."""
    offset = position[:, None] - position[None]
    distance = np.linalg.norm(offset, axis=2)
    near = (distance < SIGHT) & (distance > 0.0)
    count = near.sum(axis=1)[:, None] + 1
    pull = -(offset * near[..., None]).sum(axis=1) / count
    share = np.clip((1.0 - distance) / 0.5, 0.0, 1.0) * near / np.maximum(distance, 1e-9)
    velocity = 0.5 * pull + (share[..., None] * offset).sum(axis=1) + 0.5 * np.eye(position.shape[1])[0]
    return np.asarray(velocity / np.maximum(np.linalg.norm(velocity, axis=1, keepdims=True), 1.0))


def orca(position: Array) -> Callable[[], object]:
    """Return a step of ORCA with the positions given; it moves its agents a little, as any step does."""
    import pyrvo  # noqa: PLC0415  not a part of the package: only for this comparison

    simulator = pyrvo.RVOSimulator(1e-6, SIGHT, ORCA_NEIGHBOURS, ORCA_HORIZON, ORCA_HORIZON, 0.25, 1.0)
    for spot in position:
        agent = simulator.add_agent(tuple(spot.tolist()))
        simulator.set_agent_pref_velocity(agent, (0.5, 0.0))
    return simulator.do_step  # type: ignore[no-any-return]


def medians(calls: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Time the calls in turn, so that whatever else the machine does falls on all of them; medians in ms."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeat):
        for name, call in calls.items():
            begin = time.perf_counter_ns()
            call()
            times[name].append((time.perf_counter_ns() - begin) / 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def measured(robots: int, dims: int, *, with_orca: bool) -> dict[str, float]:
    """Return the medians of one scene."""
    position, links = scene(robots, dims)
    swarm = flock(dims)
    calls: dict[str, Callable[[], object]] = {"numpy": lambda: step.swarm_step(swarm, position, links)}
    if kernels.COMPILES:
        calls["numba"] = lambda: compiled.swarm_step(swarm, position, links)
    if with_orca and dims == 2:
        calls["pyrvo"] = orca(position)
    if robots <= 1000:  # 10,000 all pairs would take 5 GB
        calls["by hand"] = lambda: by_hand(position)
    return medians(calls, {50: 300, 1000: 30}.get(robots, 12))


def main() -> None:
    """Print the table."""
    with_orca = importlib.util.find_spec("pyrvo") is not None
    table = Table("robots", "space", "path", "ms", "target ms", "times pyrvo", title="One step of a swarm")
    for robots in (50, 1000, 10_000):
        for dims in (2, 3):
            found = measured(robots, dims, with_orca=with_orca)
            for path, taken in found.items():
                ratio = f"{taken / found['pyrvo']:.2f}" if "pyrvo" in found else ""
                table.add_row(f"{robots:,}", f"{dims}-D", path, f"{taken:.2f}", TARGETS.get((path, robots), ""), ratio)
    console = Console()
    console.print(table)
    if not with_orca:
        console.print("pyrvo is not installed, so there is no ORCA to compare with: pip install pyrvo")
    if not kernels.COMPILES:
        console.print(
            "numba is not installed, so the compiled step is not measured: pip install 'swarm_consensus[fast]'"
        )


if __name__ == "__main__":
    main()
