"""One run from the scenario file to the verdict: ``swarm run``, and the same in Python."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from swarm_consensus.errors import InputError, SwarmError
from swarm_consensus.run.dds import check_ros, run_dds
from swarm_consensus.run.disks import FOLDER, Disks
from swarm_consensus.run.folder import create_folder, logging_to, while_there_is_room
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.options import Options
from swarm_consensus.run.orders import dismissals_table
from swarm_consensus.run.progress import ProgressLine
from swarm_consensus.run.recorder import Recorder
from swarm_consensus.run.report import write_report
from swarm_consensus.run.series import save_series
from swarm_consensus.run.verdict import Verdict, judge, table, to_json
from swarm_consensus.run.video import Film
from swarm_consensus.run.worlds import find_world, load
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.loading import dump
from swarm_consensus.simulation.overrides import with_duration, with_robots
from swarm_consensus.simulation.placement import PlacedRobot, as_placed, place
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.world import World

logger = logging.getLogger(__name__)

Drive = Callable[[Options, Simulation, Path], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Run:
    """What is left of a run."""

    verdict: Verdict
    folder: Path


def run(options: Options, console: Console | None = None, drive: Drive | None = None) -> Run:
    """Run a world and judge it.

    Parameters
    ----------
    options
        As of ``swarm run``.
    console
        Where progress is shown; None: nowhere.
    drive
        Takes the options, the simulation and the run folder, runs the robots to the end, and returns what is to be
        told of them; None: as the options say.

    Returns
    -------
    Run
        Verdict and run folder: ``verdict.json``, ``recording.mcap`` with ``metadata.yaml``, ``report.html``,
        ``world.yaml``, ``series.npz`` and ``log.txt``.

    Raises
    ------
    InputError
        If the world or an option is not valid; nothing has run then.
    SwarmError
        If ROS is asked for and not there, before anything is written; if the run was given up; or if the disk is full.
    KeyboardInterrupt
        If the run was interrupted; its folder is complete up to there, its verdict says so.
    """
    scenario = resolve(options)
    if options.transport == "dds" and drive is None:
        check_ros()
    place_rng, run_rng = np.random.default_rng(options.seed).spawn(2)
    robots = place(scenario, place_rng)
    world = make_world(options, scenario, robots)
    try:
        folder = create_folder(options.out, scenario.name, options.seed)
        simulation, disks = Simulation(scenario, robots, world, run_rng), Disks()
        with while_there_is_room(folder):
            (folder / "world.yaml").write_text(dump(as_placed(scenario, robots)), encoding="utf-8")
            with logging_to(folder / "log.txt"):
                told, driven = console or Console(quiet=True), drive or _drive_with(disks)
                return _run(options, simulation, folder, told, driven, disks)
    finally:
        world.close()


def resolve(options: Options) -> Scenario:
    """Read the world and apply what the options change in it.

    Raises
    ------
    InputError
        For everything that is wrong with the file or the changes.
    """
    if options.seed < 0:
        raise InputError([f"--seed is {options.seed}, must be at least 0"])
    scenario = load(find_world(options.world))
    if options.robots is not None:
        scenario = with_robots(scenario, options.robots)
    return scenario if options.duration is None else with_duration(scenario, options.duration)


def make_world(options: Options, scenario: Scenario, robots: tuple[PlacedRobot, ...]) -> World:
    """Build the world that the options ask for.

    Raises
    ------
    InputError
        If it needs PyBullet, which is missing, or should be shown and can't be.
    """
    if options.physics == "kinematic":
        if options.gui or options.video:
            raise InputError(["--gui and --video show the PyBullet world; leave out --physics kinematic"])
        return KinematicWorld(scenario, robots)
    if options.gui and sys.platform == "linux" and not os.environ.get("DISPLAY"):
        # PyBullet would end the process without a word to us
        raise InputError(["--gui needs a screen, and DISPLAY is not set; --video films the world without one"])
    from swarm_consensus.simulation.bullet import BulletWorld  # noqa: PLC0415 - PyBullet is an extra

    return BulletWorld(scenario, robots, gui=options.gui)


def show(result: Run, console: Console) -> None:
    """Tell the verdict of a run, what is to be told of its robots, and where to find the rest."""
    console.print(table(result.verdict))
    dismissals = dismissals_table(result.verdict.metrics)
    if dismissals is not None:
        console.print(dismissals)
    for note in result.verdict.notes:
        console.print(f"note: {note}", highlight=False, soft_wrap=True)
    console.print(f"Report: {result.folder / 'report.html'}", highlight=False, soft_wrap=True)
    console.print(f"Run folder: {result.folder}", highlight=False, soft_wrap=True)


def _run(options: Options, simulation: Simulation, folder: Path, console: Console, drive: Drive, disks: Disks) -> Run:
    scenario, world = simulation.scenario, simulation.world
    names = [robot.name for robot in simulation.robots]
    monitor = Monitor(scenario, simulation.robots, world.substeps)
    recorder = Recorder(names, scenario.control.rate_hz)
    film = Film(world, folder, scenario.control.rate_hz, moving=options.video)
    simulation.observers += [monitor, recorder, film]
    notes: list[str] = []
    stopped: BaseException | None = None
    progress = ProgressLine(monitor, console)
    simulation.observers.append(progress)
    try:
        with progress:
            notes += drive(options, simulation, folder)
    except KeyboardInterrupt as error:
        stopped = error
        notes.append(f"interrupted at {simulation.time:.2f} s of {scenario.duration_s:g} s")
    except SwarmError as error:
        stopped = error
        notes.append(f"given up at {simulation.time:.2f} s of {scenario.duration_s:g} s: {error}")
    wall = progress.elapsed
    metrics = {
        "ticks": simulation.tick,
        "wall_s": round(wall, 3),
        "real_time_factor": round(simulation.time / max(wall, 1e-9), 3),
        "transport": options.transport,
        "processes": options.processes if options.transport == "dds" else "one",
        "physics": options.physics,
        "trajectory_sha256": recorder.digest,
    }
    verdict = judge(monitor, world.contacts, options.seed, metrics, notes, complete=stopped is None)
    (folder / "verdict.json").write_bytes(to_json(verdict))
    save_series(folder, monitor, recorder.paths(), world.contacts)
    film.finish()
    disks.keep(folder / FOLDER, names)
    recorder.write(folder)
    write_report(folder)
    for note in notes:
        logger.warning(note)
    if stopped is not None:
        raise stopped
    return Run(verdict, folder)


def _drive_with(disks: Disks) -> Drive:
    """Return what runs the robots the way the options say, and says what is to be told of them."""

    def drive(options: Options, simulation: Simulation, folder: Path) -> tuple[str, ...]:
        if options.transport == "memory":
            run_in_memory(simulation, realtime=options.pace == "realtime", disks=disks)
            return ()
        world = folder / "world.yaml"
        return run_dds(simulation, world, processes=options.processes, pace=options.pace, disks=disks)

    return drive
