"""One robot's tick: from what it heard and where it is to a velocity command and one frame for the radio.

The robot steers a *reference*, a point without inertia that obeys every safety limit exactly; its vehicle follows the
reference within a bound that the distances between references allow for. So the guarantees need no model of the
vehicle beyond that bound, and noise of the odometry never enters them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.behaviour import Situation, Wish
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.motion.limits import Limits, linear_rows
from swarm_consensus.motion.links import link_limits
from swarm_consensus.motion.obstacles import FreeSpace
from swarm_consensus.motion.separation import separation_limits
from swarm_consensus.motion.slip import Slip
from swarm_consensus.network.frame import Frame, encode
from swarm_consensus.network.inbox import Inbox
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.neighbours import Neighbours
from swarm_consensus.robot.state import STOP, Command, Odometry, Response, Status, Stimulus
from swarm_consensus.robot.supervisor import reason_to_hold
from swarm_consensus.robot.vehicle import admit, follow, followed_point

CLEARANCE = 0.02  # m, between a body that strays as far as it may and a wall


class Agent:
    """One robot, from the tick at which it is switched on.

    Parameters
    ----------
    config
        Its orders. The first `tick` sets the reference to where the robot then is.
    """

    def __init__(self, config: AgentConfig) -> None:
        self.config = config
        self.names = tuple(peer.name for peer in config.roster)
        me = config.roster[config.index]
        self._dims = config.vehicle.dims
        self._speed = me.speed
        self._clearance = me.radius + me.reach + CLEARANCE
        self._space = FreeSpace(config.obstacles, config.fence)
        self._law = BEHAVIOURS[config.behaviour]
        self._slip = Slip(config.index, config.period)
        self._inbox = Inbox(
            own=config.index,
            roster_size=len(config.roster),
            future_ticks=2,  # the end of the sender's period, and one tick of clock error
            oldest_ticks=config.lost_after,
        )
        self._halted = False
        self._sequence = 0
        self._reference: Array | None = None
        self.neighbours: Neighbours | None = None

    def halt(self) -> None:
        """Stop, and stay so: obeyed always, from the next tick on."""
        self._halted = True

    def tick(self, stimulus: Stimulus) -> Response:
        """Decide for one period.

        Parameters
        ----------
        stimulus
            Tick, odometry and frames; frames may hold anything at all.

        Returns
        -------
        Response
            A command, a frame and the status. The frame tells the reference at the end of the period, which is certain
            already, so that it is news until then.
        """
        tick = stimulus.tick
        neighbours = self._wake(tick, stimulus.odometry)
        for frame in self._inbox.accept(stimulus.frames, tick):
            neighbours.hear(frame)
        if self._reference is None:
            return self._answer(tick, neighbours, "odometry stale", STOP, np.zeros(3), np.zeros(3), ())
        offset = self._reference - neighbours.position
        distance = np.sqrt(np.einsum("kd,kd->k", offset, offset))
        uncertainty = neighbours.uncertainty(tick)
        neighbours.update_links(tick, distance, uncertainty)
        mode = self._mode(stimulus, neighbours)
        desired = velocity = np.zeros(3)
        active: tuple[str, ...] = ()
        if mode is None:
            desired, velocity, active, mode = self._steer(neighbours, offset, uncertainty)
        return self._move(tick, stimulus.odometry, neighbours, mode, desired, velocity, active)

    def _wake(self, tick: int, odometry: Odometry | None) -> Neighbours:
        """Set up what depends on when and where the robot was switched on."""
        if self.neighbours is None:
            self.neighbours = Neighbours(self.config, boot=tick)
            self._sequence = tick  # one frame a tick: never below a number that was used before a restart
        if self._reference is None and odometry is not None:
            self._reference = odometry.position.copy()
        return self.neighbours

    def _mode(self, stimulus: Stimulus, neighbours: Neighbours) -> str | None:
        """Return why the robot must hold still, or None."""
        if self._halted:
            return "halted"
        if stimulus.odometry is None:
            return "odometry stale"
        return reason_to_hold(neighbours, self.names, stimulus.tick)

    def _steer(
        self, neighbours: Neighbours, offset: Array, uncertainty: Array
    ) -> tuple[Array, Array, tuple[str, ...], str]:
        """Behaviour, then slip, then filter: desired and permitted velocity (3,), what shaped it, and the mode."""
        wish = self._wish(neighbours)
        asked = self._slip.turn(wish.velocity)
        rows = self._rows(neighbours, offset, uncertainty)
        velocity = np.zeros(3)
        if isinstance(rows, str):
            return self._spatial(wish.velocity), velocity, (rows,), f"held by {rows}"
        matrix, bounds, names = rows
        filtered = barrier_filter(asked, matrix, bounds)
        self._slip.learn(wish.velocity, filtered.velocity, wish.arrived)
        velocity[: self._dims] = filtered.velocity
        active = tuple(dict.fromkeys(names[i] for i in filtered.active))
        return self._spatial(wish.velocity), velocity, active, "moving" if filtered.feasible else "infeasible"

    def _wish(self, neighbours: Neighbours) -> Wish:
        """Ask the behaviour."""
        assert self._reference is not None
        dims = self._dims
        living = neighbours.others & (neighbours.tick >= 0) & ~neighbours.lost
        goal = self.config.goal
        return self._law(
            Situation(
                position=self._reference[:dims],
                goal=None if goal is None else goal[:dims],
                waypoint=lambda _, target: target,
                others=neighbours.position[living, :dims],
                separation=neighbours.separation[living],
                speed=self._speed,
                count=len(self.names),
            )
        )

    def _rows(self, neighbours: Neighbours, offset: Array, uncertainty: Array) -> tuple[Array, Array, list[str]] | str:
        """Collect the rows that can bind and what each stands for; or the name of what leaves no move at all."""
        config, dims, names = self.config, self._dims, self.names
        assert self._reference is not None
        apart = separation_limits(offset, neighbours.separation, uncertainty, config.gain, dims)
        held = np.flatnonzero(neighbours.held)
        links = link_limits(
            offset[held], neighbours.range[held], uncertainty[held], self._speed, config.period, config.gain, dims
        )
        horizon = self._speed / config.gain
        walls, wall_names = self._space.limits(self._reference, self._clearance, horizon, config.gain, dims)
        kinds: list[tuple[Limits, Sequence[str]]] = [
            (apart, [f"near {name}" for name in names]),
            (links, [f"link {names[j]}" for j in held]),
            (walls, wall_names),
        ]
        if dims == 3:
            kinds.append((self._band(), ("floor", "ceiling")))
        matrices, bounds, labels = [], [], []
        for limits, what in kinds:
            rows = linear_rows(limits, self._speed)
            if rows is None:
                return what[int(np.argmax(limits.slope))]
            matrices.append(rows[0])
            bounds.append(rows[1])
            labels += [what[i] for i in rows[2]]
        return np.concatenate(matrices), np.concatenate(bounds), labels

    def _band(self) -> Limits:
        """Altitude band of a multirotor."""
        assert self._reference is not None
        low, high = self.config.altitude
        reach, z = self.config.vehicle.reach, float(self._reference[2])
        slack = np.array([z - low - reach, high - reach - z])
        return Limits(axis=_VERTICAL, slope=np.zeros(2), bound=self.config.gain * np.maximum(slack, 0.0))

    def _move(
        self,
        tick: int,
        odometry: Odometry | None,
        neighbours: Neighbours,
        mode: str,
        desired: Array,
        velocity: Array,
        active: tuple[str, ...],
    ) -> Response:
        """Advance the reference by what the vehicle can follow, and tell vehicle and swarm."""
        assert self._reference is not None
        if odometry is None or self._halted:
            return self._answer(tick, neighbours, mode, STOP, desired, np.zeros(3), active)
        config, start = self.config, self._reference
        if velocity.any():
            point = followed_point(config.vehicle, odometry)
            point[2] = point[2] if self._dims == 3 else start[2]
            velocity = velocity * admit(start, velocity, point, config.period, config.vehicle.tracking)
            self._reference = start + velocity * config.period
        command = follow(config.vehicle, odometry, start, velocity, self._speed)
        return self._answer(tick, neighbours, mode, command, desired, velocity, active)

    def _answer(
        self,
        tick: int,
        neighbours: Neighbours,
        mode: str,
        command: Command,
        desired: Array,
        velocity: Array,
        active: tuple[str, ...],
    ) -> Response:
        reference = self._reference if self._reference is not None else np.full(3, np.nan)
        return Response(
            command=command,
            frame=self._beacon(tick, neighbours, velocity),
            status=Status(
                mode=mode,
                reference=reference,
                desired=desired,
                velocity=velocity,
                held=tuple(self.names[j] for j in np.flatnonzero(neighbours.held)),
                lost=tuple(self.names[j] for j in np.flatnonzero(neighbours.lost)),
                active=active,
                dropped=self._inbox.dropped,
            ),
        )

    def _beacon(self, tick: int, neighbours: Neighbours, velocity: Array) -> bytes:
        """Build this tick's frame; a robot that does not know where it is sends none."""
        if self._reference is None:
            return b""
        self._sequence += 1
        x, y, z = self._reference.tolist()
        return encode(
            Frame(
                sender=self.config.index,
                sequence=self._sequence,
                tick=tick + 1,
                position=(x, y, z),
                velocity=tuple(velocity.tolist()),
                held=neighbours.beacon(),
                messages=neighbours.sightings(),
            )
        )

    def _spatial(self, velocity: Array) -> Array:
        padded = np.zeros(3)
        padded[: self._dims] = velocity
        return padded


_VERTICAL = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
