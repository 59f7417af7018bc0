"""One simulation in lockstep: the world, the radio and the sensors, one control period at a time.

`begin` says what reaches each robot at this tick; whoever runs the robots (in memory, over DDS) brings their
answers to `finish`. The engine never sees how a robot decides, and a robot never sees the world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.network.channel import Channel
from swarm_consensus.network.frame import FrameError, decode, unpack_ids
from swarm_consensus.robot.quantities import values_in
from swarm_consensus.robot.state import Odometry, Response, Stimulus
from swarm_consensus.simulation.fleet import channel_model
from swarm_consensus.simulation.liars import Liars
from swarm_consensus.simulation.office import Effect, Office
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.quantities import Readings, sizes
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.sensors import OdometrySensor
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
        radio_rng, sensor_rng, reading_rng, lie_rng, answer_rng = rng.spawn(5)
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
        self._sizes = sizes(scenario)
        jobs = scenario.agreement is not None and bool(scenario.agreement.jobs)
        self.office = Office(answer_rng, scenario.radio.loss) if jobs else None
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
        self.events = self._plan.get(self.tick, ())
        for event in self.events:
            self.set_power(event.robot, event.on)
        self._truth = self.world.truth()
        self._odometry = self._sensor.measure(self._truth, self.tick)
        readings = self._readings.measure(self._truth)
        heard = self._channel.deliver(self.time, self.alive)
        if self._liars is not None:
            heard = self._liars.spoil(heard)
        if self.office is not None:
            answers = self.office.answers(len(self.robots))
            heard = [[*frames, *mine] for frames, mine in zip(heard, answers, strict=True)]
        return tuple(
            Stimulus(tick=self.tick, odometry=odometry, frames=tuple(frames), readings=read) if alive else None
            for odometry, frames, read, alive in zip(self._odometry, heard, readings, self.alive, strict=True)
        )

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
        self._channel.send(self.time, frames, self._truth.position, self.alive)
        effects = self.office.hear(frames) if self.office is not None else ()
        self._record(responses, frames, commands, effects)
        self.world.step(commands, self._observe)
        self.tick += 1

    def _observe(self, position: Array) -> None:
        for observer in self.observers:
            observer.observe(position)

    def _record(
        self,
        responses: Sequence[Response | None],
        frames: Sequence[bytes | None],
        commands: Array,
        effects: tuple[Effect, ...],
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
            values=tuple(_values(frame, self._sizes) for frame in frames) if self._sizes else (),
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
        return unpack_ids(decode(frame).held)
    except FrameError:
        return None


def _values(frame: bytes | None, of: Sequence[int]) -> tuple[tuple[float, ...], ...] | None:
    """Values that a robot tells in its own frame, before the air is lied into."""
    try:
        return None if frame is None else values_in(decode(frame), of)
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
