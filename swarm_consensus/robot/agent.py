"""One robot's tick: from what it heard and where it is to a velocity command and one frame for the radio.

The robot steers a *reference*, a point without inertia that obeys every safety limit exactly; its vehicle follows the
reference within a bound that the distances between references allow for. So the guarantees need no model of the
vehicle beyond that bound, and noise of the odometry never enters them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import Raw

from swarm_consensus.agreement.replica import Storage
from swarm_consensus.arrays import Array
from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.behaviour import Wish
from swarm_consensus.motion.slip import Slip
from swarm_consensus.network.frame import Frame, Note
from swarm_consensus.network.inbox import Inbox
from swarm_consensus.robot.air import Air, refusals
from swarm_consensus.robot.arming import Arming
from swarm_consensus.robot.beliefs import Beliefs
from swarm_consensus.robot.conduct import Conduct, Moment
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.disk import Disk
from swarm_consensus.robot.enclosure import Enclosure
from swarm_consensus.robot.identity import Secrets
from swarm_consensus.robot.neighbours import Neighbours, View
from swarm_consensus.robot.safety import Blocked, Safety
from swarm_consensus.robot.sharing import Sharing
from swarm_consensus.robot.speech import note, say
from swarm_consensus.robot.state import STOP, Command, Odometry, Response, Status, Stimulus
from swarm_consensus.robot.supervisor import reason_to_hold
from swarm_consensus.robot.teller import Teller
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
        self._speed = me.speed
        self._safety = Safety(config)
        self._slip = Slip(config.index, config.period)
        self._beliefs = Beliefs(config)
        self._sharing = Sharing(config, storage, disk, secrets)
        self._enclosure = Enclosure(config, self._safety.clearance)
        self._arming = Arming(config)
        self._conduct = Conduct(
            config, self._safety.clearance, self._beliefs, self._sharing, self._enclosure, self._arming
        )
        self._inbox = Inbox(
            own=config.index,
            roster_size=len(config.roster),
            future_ticks=2,  # the end of the sender's period, and one tick of clock error
            oldest_ticks=config.lost_after,
        )
        self._halted = False
        self._charge: float | None = None
        self._sequence = 0
        self._told: tuple[int, tuple[tuple[str, int], ...]] = (0, ())  # what was refused: how many, and by cause
        self._reference: Array | None = None
        self._velocity = _STILL
        self.neighbours: Neighbours | None = None

    def halt(self) -> None:
        """Stop, and stay so: obeyed always, from the next tick on."""
        self._halted = True

    @property
    def teller(self) -> Teller | None:
        """What answers who asks for its log and its journal, between two ticks; None: it shares no log."""
        return self._sharing.teller

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
            self._enclosure.order(self._sharing.fence)
            self._conduct.take_up(self._sharing.task)
        if self._reference is None:
            return Response(STOP, b"", self._status(neighbours, Decision("odometry stale")))
        self._restrain(self._reference, odometry)
        view = neighbours.look(self._reference, tick)
        values, choices = self._beliefs.tick(stimulus, odometry, self._reference, neighbours.lost)
        moment = Moment(tick, self._reference, self._velocity, neighbours, view, notes)
        self._conduct.attend(moment, stimulus.charge)
        hold = self._reason_to_hold(odometry, neighbours, tick)
        decision = self._steer(self._wish(moment), neighbours, view) if hold is None else Decision(hold)
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
        for heard in self._inbox.accept(opened, tick, senders):
            frame = heard.frame
            neighbours.hear(heard)
            sharing.meet(frame.sender)
            for message in heard.others:
                if isinstance(message, Note) and message.topic == self._conduct.topic:
                    notes.append((frame.sender, message.words))
                else:
                    self._beliefs.hear(frame.sender, frame.tick, message)
                    sharing.hear(frame.sender, message)
        return tuple(notes)

    def _wake(self, tick: int, odometry: Odometry | None) -> Neighbours:
        """Set up what depends on when and where the robot was switched on."""
        if self.neighbours is None:
            self.neighbours = Neighbours(self.config, boot=tick)
            self._sequence = tick  # one frame a tick: never below a number that was used before a restart
        if self._reference is None and odometry is not None:
            self._reference = odometry.position.copy()
        return self.neighbours

    def _restrain(self, reference: Array, odometry: Odometry | None) -> None:
        """Look at what people ordered about where and whether the robot may move."""
        self._enclosure.look(reference)
        self._safety.keep(self._enclosure.wall, self._enclosure.band)
        self._arming.look(self._sharing.disarmed, reference, odometry, self._enclosure.band[0])

    def _reason_to_hold(self, odometry: Odometry | None, neighbours: Neighbours, tick: int) -> str | None:
        """Return why the robot must hold still, or None."""
        if self._halted:
            return "halted"
        if odometry is None:
            return "odometry stale"
        waits = self._arming.reason_to_hold or self._sharing.reason_to_hold()
        waits = waits or reason_to_hold(neighbours, self.names, tick)
        return waits or self._conduct.reason_to_hold()

    def _wish(self, moment: Moment) -> Wish:
        """Ask what the robot is to do; baselines of benchmarks ask for something else."""
        return self._conduct.wish(moment)

    def _steer(self, wish: Wish, neighbours: Neighbours, view: View) -> Decision:
        """Behaviour, then slip, then filter."""
        assert self._reference is not None
        desired = self._spatial(wish.velocity)
        rows = self._safety.rows(self._reference, neighbours, view, self._conduct.closed)
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

    def _move(self, odometry: Odometry | None, decision: Decision) -> tuple[Command, Array]:
        """Advance the reference as the vehicle can follow; return the command and the reference's velocity (3,)."""
        if odometry is None or self._halted or self._sharing.behind or self._arming.stage == "disarmed":
            return STOP, _STILL
        assert self._reference is not None
        config, start, velocity = self.config, self._reference, decision.velocity
        if any(velocity.tolist()):
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
        total = self._inbox.dropped + self._air.refused + sum(orders.values())
        if total != self._told[0]:
            self._told = total, refusals(self._inbox.counts, self._air.counts, orders)
        return self._told[1]

    def _status(self, neighbours: Neighbours, decision: Decision) -> Status:
        refused = self._refused()
        return Status(
            mode=decision.mode,
            reference=_NOWHERE if self._reference is None else self._reference,
            desired=decision.desired,
            velocity=decision.velocity,
            held=neighbours.held_names,
            lost=neighbours.lost_names,
            active=decision.active,
            dropped=sum(count for _, count in refused),
            values=self._beliefs.status(),
            lambda2=neighbours.link_state.lambda2,
            facts=self._sharing.standing(self.names),
            orders=self._sharing.orders(self._arming.stage, self._enclosure.told),
            decisions=self._sharing.decided(self.names),
            cargo=self._sharing.cargo(self.names),
            refused=refused,
            charge=self._charge,
            errand=self._conduct.errand,
            permits=self._conduct.permits(),
            out=self._conduct.out(),
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
        turns = note(self._conduct.topic, decision.note), choices
        return self._air.seal(say(beacon, (*values, *self._conduct.shown()), turns, neighbours, self._sharing))

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
