"""One robot's tick: from what it heard and where it is to a velocity command and one frame for the radio.

The robot steers a *reference*, a point without inertia that obeys every safety limit exactly; its vehicle follows the
reference within a bound that the distances between references allow for. So the guarantees need no model of the
vehicle beyond that bound, and noise of the odometry never enters them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from msgspec import Raw

from swarm_consensus.agreement.replica import Storage
from swarm_consensus.arrays import Array
from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.behaviour import Briefing, Situation, Task, Wish
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.potential import saturate
from swarm_consensus.motion.slip import Slip
from swarm_consensus.network.frame import Frame, Note, messages_of
from swarm_consensus.network.inbox import Inbox
from swarm_consensus.robot.air import Air, refusals
from swarm_consensus.robot.beliefs import Beliefs
from swarm_consensus.robot.charging import TOPIC as DOCK
from swarm_consensus.robot.charging import Charging, Errand, packed_token
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.disk import Disk
from swarm_consensus.robot.identity import Secrets
from swarm_consensus.robot.mission import landing
from swarm_consensus.robot.neighbours import Neighbours, View
from swarm_consensus.robot.safety import Blocked, Closed, Safety
from swarm_consensus.robot.sharing import Sharing
from swarm_consensus.robot.speech import note, say
from swarm_consensus.robot.state import STOP, Command, Odometry, Response, Status, Stimulus
from swarm_consensus.robot.supervisor import reason_to_hold
from swarm_consensus.robot.vehicle import admit, follow, followed_point

LEASH = 0.6  # of the tracking bound: so far a reference may run ahead; the rest is for noise and for what swings out
_STILL = np.zeros(3)
_NOWHERE = np.full(3, np.nan)


def _still() -> Array:
    return _STILL


@dataclass(frozen=True, slots=True)
class Decision:
    """What one tick came to."""

    mode: str  # "moving", or why not
    desired: Array = field(default_factory=_still)  # (3,) m/s, what the behaviour asked for
    velocity: Array = field(default_factory=_still)  # (3,) m/s, what the filter let through
    active: tuple[str, ...] = ()  # what shaped it
    pushing: bool = False  # blocked, and asking those who have arrived to make way
    note: bytes | None = None  # what the behaviour says to its like


_SOLID = {"obstacle", "fence", "floor", "ceiling"}  # first words of the names of limits that don't move


class Agent:
    """One robot, from the tick at which it is switched on.

    Parameters
    ----------
    config
        Its orders. The first `tick` sets the reference to where the robot then is.
    storage
        Its disk, for the log that the swarm shares; None: one in memory.
    secrets
        What it alone knows; it is needed where `config.trust` is given.
    disk
        Its disk, for all else; None: one in memory.

    Raises
    ------
    KeyFault
        If they are needed and missing.
    """

    def __init__(
        self,
        config: AgentConfig,
        storage: Storage | None = None,
        secrets: Secrets | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.config = config
        self._air = Air(config.index, config.trust, secrets)
        self.names = tuple(peer.name for peer in config.roster)
        me = config.roster[config.index]
        self._dims = config.vehicle.dims
        self._task = config.task
        self._speed = me.speed
        self._safety = Safety(config)
        guidance = self._take_up(config.task)
        self._slip = Slip(config.index, config.period)
        self._beliefs = Beliefs(config)
        self._sharing = Sharing(config, storage, disk, secrets)
        permits = self._sharing.permits
        self._charging = Charging(config, permits, guidance) if permits is not None and config.battery else None
        self._errand = Errand()
        self._inbox = Inbox(
            own=config.index,
            roster_size=len(config.roster),
            future_ticks=2,  # the end of the sender's period, and one tick of clock error
            oldest_ticks=config.lost_after,
        )
        self._halted = False
        self._charge: float | None = None
        self._sequence = 0
        self._reference: Array | None = None
        self._velocity = _STILL
        self.neighbours: Neighbours | None = None

    def halt(self) -> None:
        """Stop, and stay so: obeyed always, from the next tick on."""
        self._halted = True

    def close(self) -> None:
        """Let go of the disk, as the last thing that this robot does."""
        self._sharing.close()

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
        self._charge = stimulus.charge
        odometry = _usable(stimulus.odometry)
        neighbours = self._wake(tick, odometry)
        notes = self._hear(neighbours, stimulus.frames, tick)
        if self._sharing.act(self._reference, self._beliefs.value):
            self._take_up(self._sharing.task)
        if self._reference is None:
            return Response(STOP, b"", self._status(neighbours, Decision("odometry stale")))
        view = neighbours.look(self._reference, tick)
        values, choices = self._beliefs.tick(stimulus, odometry, self._reference, neighbours.lost)
        if self._charging is not None:
            self._errand = self._charging.tick(tick, self._reference, stimulus.charge, neighbours, view)
        hold = self._reason_to_hold(odometry, neighbours, tick)
        if hold is None:
            decision = self._steer(self._wish(neighbours, view, notes, tick), neighbours, view)
        else:
            decision = Decision(hold)
        command, velocity = self._move(odometry, decision)
        self._velocity = velocity
        frame = self._beacon(tick, neighbours, velocity, decision, values, choices)
        return Response(command, frame, self._status(neighbours, decision))

    def _hear(self, neighbours: Neighbours, frames: Sequence[bytes], tick: int) -> tuple[tuple[int, Raw], ...]:
        """Take in frames; return the notes for this robot's behaviour, each with its sender."""
        notes, sharing = [], self._sharing
        sharing.begin(tick)
        frames = sharing.hear_others(frames)
        opened, senders = self._air.open(frames, tick // self.config.rate)
        for frame in self._inbox.accept(opened, tick, senders):
            messages = messages_of(frame)
            neighbours.hear(frame, messages)
            sharing.meet(frame.sender)
            for message in messages:
                if isinstance(message, Note) and message.topic == self._topic:
                    notes.append((frame.sender, message.words))
                else:
                    self._beliefs.hear(frame.sender, frame.tick, message)
                    sharing.hear(frame.sender, message)
        return tuple(notes)

    def _take_up(self, task: Task) -> Guidance:
        """Go on with a task; return what knows the ways."""
        config = self.config
        self._task = task
        guidance = _guidance(config, task, self._safety.clearance)
        self._goal = None if task.goal is None else task.goal[: self._dims]
        self._waypoint = guidance.waypoint if config.obstacles and task.goal is not None else None
        self._topic = task.behaviour
        self._law = BEHAVIOURS[task.behaviour](self._briefing(guidance))
        return guidance

    def _pace(self) -> float:
        """Return the speed limit, m/s; if the swarm agrees on it, what this robot believes of it now."""
        name = self._task.agreed_speed
        agreed = None if name is None else self._beliefs.value(name)
        return self._speed if agreed is None else min(max(float(agreed[0]), 0.0), self._speed)

    def _present_goal(self) -> Array | None:
        """Return the goal, (d,) m; if the swarm agrees on it, what this robot believes of it now."""
        place = self._sharing.place()
        if place is not None and self._reference is not None:
            return np.concatenate((place, self._reference[2 : self._dims]))
        name = self._task.agreed_goal
        if name is None or self._reference is None:
            return self._goal
        agreed = self._beliefs.value(name)
        return None if agreed is None else np.concatenate((agreed, self._reference[2 : self._dims]))

    def _wake(self, tick: int, odometry: Odometry | None) -> Neighbours:
        """Set up what depends on when and where the robot was switched on."""
        if self.neighbours is None:
            self.neighbours = Neighbours(self.config, boot=tick)
            self._sequence = tick  # one frame a tick: never below a number that was used before a restart
        if self._reference is None and odometry is not None:
            self._reference = odometry.position.copy()
        return self.neighbours

    def _reason_to_hold(self, odometry: Odometry | None, neighbours: Neighbours, tick: int) -> str | None:
        """Return why the robot must hold still, or None."""
        if self._halted:
            return "halted"
        if odometry is None:
            return "odometry stale"
        reason = self._sharing.reason_to_hold() or reason_to_hold(neighbours, self.names, tick)
        speed = self._task.agreed_speed
        return reason or (None if speed is None or self._beliefs.settled(speed) else f"settling {speed}")

    def _steer(self, wish: Wish, neighbours: Neighbours, view: View) -> Decision:
        """Behaviour, then slip, then filter."""
        assert self._reference is not None
        if self._task.agreed_speed is not None:
            wish = replace(wish, velocity=saturate(wish.velocity, self._pace()))
        desired = self._spatial(wish.velocity)
        rows = self._safety.rows(self._reference, neighbours, view, self._closed())
        if isinstance(rows, Blocked):
            return Decision("held", desired=desired, active=(rows.name,), pushing=wish.pushing, note=wish.note)
        asked = self._slip.turn(wish.velocity)
        filtered = barrier_filter(asked, rows.matrix, rows.bounds)
        active = rows.named(filtered.active)
        aside = _can_step_aside(active, wish.guided) and not wish.arrived
        blocked = self._slip.learn(asked, filtered.velocity, aside)
        return Decision(
            mode="moving" if filtered.feasible else "infeasible",
            desired=desired,
            velocity=self._spatial(filtered.velocity),
            active=active,
            pushing=blocked and wish.pushing,
            note=wish.note,
        )

    def _wish(self, neighbours: Neighbours, view: View, notes: tuple[tuple[int, Raw], ...], tick: int) -> Wish:
        """Ask the behaviour."""
        assert self._reference is not None
        dims, living = self._dims, neighbours.living
        if self._sharing.lands:
            return landing(dims, self._speed)
        situation = Situation(
            tick=tick,
            position=self._reference[:dims],
            velocity=self._velocity[:dims],
            goal=self._present_goal(),
            waypoint=self._waypoint,
            others=living,
            offset=view.offset[living, :dims],
            distance=view.distance[living],
            separation=neighbours.living_separation,
            other_velocity=neighbours.velocities()[:, :dims],
            linked=neighbours.links(),
            pushing=neighbours.pushing(),
            speed=self._pace(),
            count=len(self.names),
            notes=notes,
        )
        wish = self._law(situation)
        if self._charging is None or not self._errand.what:
            return wish
        return self._charging.wish(self._errand, situation, wish.note)

    def _closed(self) -> list[Closed]:
        """Return the docks onto which this robot must not go now."""
        charging = self._charging
        if charging is None:
            return []
        return [charging.closed[dock] for dock in self._errand.closed]

    def _move(self, odometry: Odometry | None, decision: Decision) -> tuple[Command, Array]:
        """Advance the reference as the vehicle can follow; return the command and the reference's velocity (3,)."""
        if odometry is None or self._halted:
            return STOP, _STILL
        assert self._reference is not None
        config, start, velocity = self.config, self._reference, decision.velocity
        if velocity.any():
            point = followed_point(config.vehicle, odometry)
            share = admit(
                start[: self._dims],
                velocity[: self._dims],
                point[: self._dims],
                config.period,
                LEASH * config.vehicle.tracking,
            )
            velocity = velocity * share
            self._reference = start + velocity * config.period
        return follow(config.vehicle, odometry, start, velocity, self._speed), velocity

    def _refused(self) -> tuple[tuple[str, int], ...]:
        """Return what was refused since the start, by cause."""
        orders = self._sharing.refused
        if not (self._inbox.dropped or self._air.refused or orders):
            return ()
        return refusals(self._inbox.counts, self._air.counts, orders)

    def _status(self, neighbours: Neighbours, decision: Decision) -> Status:
        refused = self._refused()
        return Status(
            mode=decision.mode,
            reference=_NOWHERE if self._reference is None else self._reference,
            desired=decision.desired,
            velocity=decision.velocity,
            held=tuple([self.names[j] for j in neighbours.held]),
            lost=tuple([self.names[j] for j in neighbours.lost]),
            active=decision.active,
            dropped=sum(count for _, count in refused),
            values=self._beliefs.status(),
            lambda2=neighbours.link_state.lambda2,
            facts=self._sharing.standing(self.names),
            orders=self._sharing.orders(),
            decisions=self._sharing.decided(self.names),
            cargo=self._sharing.cargo(self.names),
            refused=refused,
            charge=self._charge,
            errand=self._errand.what,
            permits=() if self._charging is None else self._charging.told(),
        )

    def _beacon(
        self,
        tick: int,
        neighbours: Neighbours,
        velocity: Array,
        decision: Decision,
        values: tuple[Raw, ...],
        choices: tuple[Raw, ...],
    ) -> bytes:
        """Build this tick's frame."""
        assert self._reference is not None
        self._sequence += 1
        x, y, z = self._reference.tolist()
        beacon = Frame(
            sender=self.config.index,
            sequence=self._sequence,
            tick=tick + 1,
            position=(x, y, z),
            velocity=tuple(velocity.tolist()),
            anchor=neighbours.anchor,
            held=neighbours.beacon,
            pushing=decision.pushing,
        )
        token = self._errand.token
        shown = () if token is None else note(DOCK, packed_token(token))
        turns = note(self._topic, decision.note), choices
        return self._air.seal(say(beacon, (*values, *shown), turns, neighbours, self._sharing))

    def _briefing(self, guidance: Guidance) -> Briefing:
        """Tell the behaviour all that does not change."""
        config, safety = self.config, self._safety
        return Briefing(
            task=self._task,
            index=config.index,
            count=len(config.roster),
            dims=self._dims,
            period=config.period,
            speed=self._speed,
            link=config.radio_range - config.margin - 2.0 * config.vehicle.reach,
            clearance=safety.clearance,
            fence=config.fence,
            obstacles=config.obstacles,
            guidance=guidance,
        )

    def _spatial(self, velocity: Array) -> Array:
        padded = np.zeros(3)
        padded[: self._dims] = velocity
        return padded


def _can_step_aside(active: Iterable[str], guided: bool) -> bool:
    """Tell whether stepping aside could help: not with links alone, nor with walls alone if guidance knows the way."""
    kinds = {name.partition(" ")[0] for name in active}
    return bool(kinds) and kinds != {"link"} and not (guided and kinds <= _SOLID)


def _usable(odometry: Odometry | None) -> Odometry | None:
    """Odometry that isn't finite is none: a robot that doesn't know where it is stops."""
    if odometry is None:
        return None
    return odometry if math.isfinite(sum(odometry.position.tolist()) + sum(odometry.orientation.tolist())) else None


def _guidance(config: AgentConfig, task: Task, clearance: float) -> Guidance:
    """Prepare the shortest ways round what blocks this robot: for one that flies, what reaches up to its altitude."""
    goal = task.goal
    altitude = goal[2] if goal is not None and config.vehicle.dims == 3 else 0.0
    blocking = [shapely.Polygon(p.polygon) for p in config.obstacles if p.height + clearance > altitude]
    guidance = Guidance(shapely.union_all(blocking), config.fence, clearance)
    if goal is not None:
        guidance.waypoint(goal, goal)  # computed now, so that no tick has to
    return guidance
