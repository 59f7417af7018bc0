"""The PyBullet world: control steps a second at 48 Hz velocity control over 240 Hz physics.

Ours does more for each step than is compared: its autopilots run at every physics step, and contacts are looked for at
every one. *Bare* is the upper bound that the engine and its Python binding leave: the same bodies, weightless, of which
only the state is read. gym-pybullet-drones runs its VelocityAviary with the same physics and control rate, the same
starts and the same commands, if it is installed. All take turns in one process; each number is the median of the turns.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import statistics
import time
from collections.abc import Callable

import numpy as np
import pybullet
from rich.console import Console
from rich.table import Table

from swarm_consensus.arrays import Array
from swarm_consensus.simulation.bullet import PHYSICS_HZ, BulletWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Radio, Robot, Scenario, Vehicle

CONTROL_HZ = 48
COUNTS = (20, 50)
TURNS, SECONDS = 5, 0.5  # how often each takes its turn, and how long one lasts
SPEED = 0.2  # m/s, on circles of all robots alike, so that none ever meets another
RIVAL = "gym-pybullet-drones"
TARGET = 5.0  # times as fast as the rival
Step = Callable[[], object]


def starts(count: int) -> Array:
    """Places 1 m apart, shape (count, 3), m."""
    side = int(np.ceil(np.sqrt(count)))
    return np.array([[k % side, k // side, 1.0] for k in range(count)], dtype=float)


def world(vehicle: Vehicle, count: int) -> BulletWorld:
    """Our world with so many robots of one kind."""
    dims = 3 if vehicle == "multirotor" else 2
    scenario = Scenario(
        file_version=1,
        name="physics",
        bounds_m=[[-10, -10], [20, 20]],
        radio=Radio(range_m=50.0),
        robots=[
            Robot(vehicle=vehicle, name=f"r{k}", position_m=spot[:dims].tolist(), heading_rad=0.0)
            for k, spot in enumerate(starts(count))
        ],
        duration_s=1.0,
    )
    return BulletWorld(scenario, place(scenario, np.random.default_rng(0)), control_hz=CONTROL_HZ)


def ours(vehicle: Vehicle, count: int) -> Step:
    """One control step of our world: commands in, ground truth out."""
    here, commands = world(vehicle, count), np.zeros((count, 4))
    tick = 0

    def step() -> None:
        nonlocal tick
        angle = tick / CONTROL_HZ
        if vehicle == "multirotor":
            commands[:, :2] = SPEED * np.cos(angle), SPEED * np.sin(angle)
        else:
            commands[:, [0, 3]] = SPEED, 1.0
        here.step(commands, lambda position: None)
        here.truth()
        tick += 1

    return step


def bare(vehicle: Vehicle, count: int) -> Step:
    """Nothing but the engine's step and the calls that read the state."""
    here = world(vehicle, count)
    client, bodies = here._client, here._body
    if vehicle == "multirotor":
        pybullet.setGravity(0, 0, 0, physicsClientId=client)

    def step() -> None:
        for _ in range(PHYSICS_HZ // CONTROL_HZ):
            pybullet.stepSimulation(client)
            for body in bodies:
                pybullet.getBasePositionAndOrientation(body, client)
                pybullet.getBaseVelocity(body, client)

    return step


def rival(count: int) -> Step:
    """One control step of gym-pybullet-drones."""
    from gym_pybullet_drones.envs.VelocityAviary import VelocityAviary  # noqa: PLC0415

    with contextlib.redirect_stdout(io.StringIO()):  # it prints its parameters
        aviary = VelocityAviary(num_drones=count, initial_xyzs=starts(count), pyb_freq=PHYSICS_HZ, ctrl_freq=CONTROL_HZ)
        aviary.reset()
    action = np.zeros((count, 4))
    action[:, 3] = SPEED / aviary.SPEED_LIMIT
    tick = 0

    def step() -> None:
        nonlocal tick
        angle = tick / CONTROL_HZ
        action[:, :2] = np.cos(angle), np.sin(angle)
        aviary.step(action)
        tick += 1

    return step


def steps_a_second(step: Step) -> float:
    """Take one turn."""
    done, begin = 0, time.perf_counter()
    while (took := time.perf_counter() - begin) < SECONDS:
        step()
        done += 1
    return done / took


def medians(steps: dict[str, Step]) -> dict[str, float]:
    """Let all take turns, so that a busy machine slows all of them alike."""
    for step in steps.values():
        step()
    turns = [{name: steps_a_second(step) for name, step in steps.items()} for _ in range(TURNS)]
    return {name: statistics.median(turn[name] for turn in turns) for name in steps}


def main() -> None:
    """Print the table."""
    table = Table(
        "robots", "bare", "ours", "of bare", RIVAL, "ours to it", "target", title="PyBullet: control steps a second"
    )
    installed = importlib.util.find_spec("gym_pybullet_drones") is not None
    kinds: tuple[Vehicle, ...] = ("multirotor", "rover")
    for vehicle in kinds:
        for count in COUNTS:
            steps = {"bare": bare(vehicle, count), "ours": ours(vehicle, count)}
            if installed and vehicle == "multirotor":
                steps[RIVAL] = rival(count)
            found = medians(steps)
            row = [f"{found['bare']:.0f}", f"{found['ours']:.0f}", f"{found['ours'] / found['bare']:.0%}"]
            if RIVAL in found:
                row += [f"{found[RIVAL]:.0f}", f"{found['ours'] / found[RIVAL]:.1f} times", f"{TARGET:g} times"]
            elif vehicle == "multirotor":
                row += ["not installed", "", f"{TARGET:g} times"]
            table.add_row(f"{count} {vehicle}s", *row)
    console = Console()
    console.print(table)
    if not installed:
        console.print(f"{RIVAL} is on GitHub: pip install a checkout of it to see it beside ours")


if __name__ == "__main__":
    main()
