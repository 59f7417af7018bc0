"""One simulation in lockstep: the world, the radio and the sensors, one control period at a time.

`begin` says what reaches each robot at this tick; whoever runs the robots (in memory, over DDS) brings their
answers to `finish`. The engine never sees how a robot decides, and a robot never sees the world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.network.channel import Channel
from swarm_consensus.network.frame import FrameError, read, unpack_ids
from swarm_consensus.network.seal import inside
from swarm_consensus.robot.choices import Choice, chosen_in
from swarm_consensus.robot.devices import EXECUTOR
from swarm_consensus.robot.quantities import values_in
from swarm_consensus.robot.state import Odometry, Response, Stimulus
from swarm_consensus.simulation.arbiters import Arbiters
from swarm_consensus.simulation.attackers import Attackers
from swarm_consensus.simulation.batteries import Batteries
from swarm_consensus.simulation.charger import charger_of
from swarm_consensus.simulation.choices import choices_of
from swarm_consensus.simulation.docks import Docks, Sight
from swarm_consensus.simulation.fleet import channel_model
from swarm_consensus.simulation.identities import ears_of, voice_of
from swarm_consensus.simulation.liars import Liars
from swarm_consensus.simulation.office import Effect, Office
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.quantities import Readings, sizes
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.sensors import OdometrySensor
from swarm_consensus.simulation.stations import Stations, Told
from swarm_consensus.simulation.world import Truth, World


@dataclass(frozen=True, slots=True)
class PowerEvent:
    """A robot loses power at this tick, or gets it back."""

    robot: int  # index in the roster
    on: bool


class Observer(Protocol):
    """Whoever watches a run: it may look, and changes nothing."""

    def observe(self, position: Array) -> None:
        """Take the true positions (n, 3), m, after one physics step."""
        ...

    def record(self, record: TickRecord) -> None:
        """Take everything about one tick, before the physics advances."""
        ...


class Simulation:
    """A scenario in a world, tick by tick.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster, as `place` returns it.
    world
        Holds the same robots.
    rng
        Source of the radio's and the sensors' randomness; nothing else draws from it.
    """

    def __init__(
        self, scenario: Scenario, robots: Sequence[PlacedRobot], world: World, rng: np.random.Generator
    ) -> None:
        radio_rng, sensor_rng, reading_rng, lie_rng, attack_rng, answer_rng = rng.spawn(6)
        self.scenario = scenario
        self.robots = tuple(robots)
        self.world = world
        self.tick = 0
        self.last_tick = round(scenario.duration_s * scenario.control.rate_hz)
        self.alive = np.ones(len(robots), dtype=bool)
        self.events: tuple[PowerEvent, ...] = ()
        self.observers: list[Observer] = []
        self._channel = Channel(channel_model(scenario, robots), radio_rng)
        self._sensor = OdometrySensor(robots, sensor_rng)
        self._readings = Readings(scenario, robots, reading_rng)
        self._liars = Liars(scenario, robots, lie_rng) if scenario.lies else None
        self._attackers = Attackers(scenario, robots, attack_rng) if scenario.attackers else None
        self._stations = Stations(scenario) if scenario.commands else None
        self._sizes = sizes(scenario)
        self._choices = choices_of(scenario, robots[0], len(robots)) if scenario.choices else ()
        self._read: tuple[tuple[float, ...], ...] = ()
        jobs = scenario.agreement is not None and bool(scenario.agreement.jobs)
        self.office: Office | None = None
        if jobs:
            voice = voice_of(scenario, EXECUTOR)
            self.office = Office(ears_of(scenario), answer_rng, scenario.radio.loss, voice)
        battery = scenario.battery
        self.batteries = None if battery is None else Batteries(battery, robots, 1.0 / scenario.control.rate_hz)
        self.given: Array = np.zeros(len(robots))  # (n,) W, power to each robot's battery in the present period
        self._arbiters = Arbiters(scenario)
        self._asked: list[list[bytes]] = []  # what reaches each dock that arbitrates
        arbiters = self._arbiters.stations
        self.docks = Docks(scenario.docks, len(robots), ears_of(scenario), arbiters) if scenario.docks else None
        self._charger = charger_of(scenario)
        self._drawn: Array | None = None  # (n,) W, from the charger
        self._plan = _power_plan(scenario, robots)
        self._odometry: tuple[Odometry, ...] = ()
        self._truth: Truth = world.truth()

    @property
    def time(self) -> float:
        """Simulated time at the start of the present tick, s."""
        return self.tick / self.scenario.control.rate_hz

    @property
    def done(self) -> bool:
        """True once the scenario's duration is over."""
        return self.tick >= self.last_tick

    def begin(self) -> tuple[Stimulus | None, ...]:
        """Switch robots on and off as the faults say, then sense and deliver.

        Returns
        -------
        tuple
            One stimulus for each robot; None for one without power. Robots switched at this tick are in ``events``.
        """
        self.events = self._power_events()
        for event in self.events:
            self.set_power(event.robot, event.on)
        self._truth = self.world.truth()
        self._odometry = self._sensor.measure(self._truth, self.tick)
        readings = self._read = self._readings.measure(self._truth)
        heard = self._channel.deliver(self.time, self._on_air)
        heard, self._asked = heard[: len(self.robots)], heard[len(self.robots) :]
        if self._liars is not None:
            heard = self._liars.spoil(heard)
        if self._stations is not None:
            self._stations.speak(self.tick, heard, self.alive)
        if self._attackers is not None:
            self._attackers.speak(self.time, self.tick, heard, self._truth.position, self.alive)
        charge = [None] * len(self.robots) if self.batteries is None else self.batteries.sensed()
        if self.office is not None:
            answers = self.office.answers(len(self.robots))
            heard = [[*frames, *mine] for frames, mine in zip(heard, answers, strict=True)]
        return tuple(
            Stimulus(self.tick, odometry, tuple(frames), read, left) if alive else None
            for odometry, frames, read, left, alive in zip(
                self._odometry, heard, readings, charge, self.alive, strict=True
            )
        )

    def _power_events(self) -> tuple[PowerEvent, ...]:
        """Return who is switched at this tick: as the faults say, and off where a battery has come to its end."""
        planned = self._plan.get(self.tick, ())
        if self.batteries is None:
            return planned
        empty = self.batteries.empty
        dry = [PowerEvent(robot, on=False) for robot in np.flatnonzero(empty & self.alive).tolist()]
        return (*(event for event in planned if not empty[event.robot]), *dry)

    def set_power(self, robot: int, on: bool) -> None:
        """Switch a robot off or on, in the world and on the air; also for a process that died by itself."""
        self.alive[robot] = on
        self.world.set_power(robot, on)

    def finish(self, responses: Sequence[Response | None]) -> None:
        """Send the frames, record the tick and advance the physics by one period.

        Parameters
        ----------
        responses
            One for each robot; None for one that did not answer: it sends nothing and stops.
        """
        frames = [response.frame or None if response else None for response in responses]
        commands = np.zeros((len(self.robots), 4))
        for row, response in zip(commands, responses, strict=True):
            if response:
                row[:3] = response.command.linear
                row[3] = response.command.yaw_rate
        stands = np.concatenate((self._truth.position, self._arbiters.position))
        self._channel.send(self.time, [*frames, *self._arbiters.step(self._asked)], stands, self._on_air)
        if self._attackers is not None:
            self._attackers.listen(frames, self._truth.position)
        effects = self.office.hear(frames) if self.office is not None else ()
        told = self._stations.listen(self.tick, frames) if self._stations is not None else ()
        sights: tuple[Sight, ...] = ()
        self.given = np.zeros(len(self.robots))
        if self.docks is not None:
            sights = self.docks.look(frames, self._truth.position, self.alive)
            self.given += self.docks.given
        if self._charger is not None:
            self._drawn = self._charger.give(frames, self._truth.position)
            self.given += self._drawn
        self._record(responses, frames, commands, effects, told, sights)
        if self.batteries is not None:
            self.batteries.step(self._truth.velocity, self.alive, self.given)
        self.world.step(commands, self._observe)
        self.tick += 1

    @property
    def _on_air(self) -> NDArray[np.bool_]:
        """Who has power: robots, and after them docks that arbitrate."""
        return np.concatenate((self.alive, np.ones(len(self._arbiters.stations), dtype=bool)))

    def _observe(self, position: Array) -> None:
        for observer in self.observers:
            observer.observe(position)

    def _record(
        self,
        responses: Sequence[Response | None],
        frames: Sequence[bytes | None],
        commands: Array,
        effects: tuple[Effect, ...],
        told: tuple[Told, ...],
        sights: tuple[Sight, ...],
    ) -> None:
        if not self.observers:
            return
        record = TickRecord(
            tick=self.tick,
            time=self.time,
            truth=self._truth,
            odometry=self._odometry,
            command=commands,
            alive=self.alive.copy(),
            held=tuple(_held(frame) for frame in frames),
            status=tuple(response.status if response else None for response in responses),
            radio=self.radio_counts,
            effects=effects,
            told=told,
            charge=None if self.batteries is None else self.batteries.share,
            docks=sights,
            values=tuple(_values(frame, self._sizes) for frame in frames) if self._sizes else (),
            readings=self._read,
            drawn=self._drawn,
            choices=tuple(_chosen(frame, self._choices) for frame in frames) if self._choices else (),
        )
        for observer in self.observers:
            observer.record(record)

    @property
    def radio_counts(self) -> Mapping[str, int]:
        """Frames so far by what became of them."""
        return self._channel.counts


def _held(frame: bytes | None) -> frozenset[int] | None:
    """Links that a robot says it holds in its own frame: what the verdict goes by is what went over the air."""
    if frame is None:
        return None
    try:
        return unpack_ids(read(inside(frame)).frame.held)
    except FrameError:
        return None


def _values(frame: bytes | None, of: Sequence[int]) -> tuple[tuple[float, ...], ...] | None:
    """Values that a robot tells in its own frame, before the air is lied into."""
    try:
        return None if frame is None else values_in(read(inside(frame)).frame, of)
    except FrameError:
        return None


def _chosen(frame: bytes | None, of: Sequence[Choice]) -> tuple[tuple[float, ...], ...] | None:
    """Choices that a robot tells in its own frame."""
    try:
        return None if frame is None else chosen_in(read(inside(frame)).frame, of)
    except FrameError:
        return None


def _power_plan(scenario: Scenario, robots: Sequence[PlacedRobot]) -> dict[int, tuple[PowerEvent, ...]]:
    """Ticks at which robots are switched, from the scenario's faults."""
    index = {robot.name: i for i, robot in enumerate(robots)}
    rate = scenario.control.rate_hz
    plan: dict[int, tuple[PowerEvent, ...]] = {}
    for fault in scenario.faults:
        switches = [(fault.crash_s, False)] + ([(fault.restart_s, True)] if fault.restart_s is not None else [])
        for time, on in switches:
            tick = round(time * rate)
            plan[tick] = (*plan.get(tick, ()), PowerEvent(index[fault.robot], on))
    return plan
