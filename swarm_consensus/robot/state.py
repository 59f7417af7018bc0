"""What goes into and comes out of one tick of one robot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from swarm_consensus.arrays import Array


@dataclass(frozen=True, slots=True)
class Odometry:
    """Where the robot believes it is, as in nav_msgs/Odometry."""

    tick: int  # tick at which it was measured
    position: Array  # (3,) m, world frame (ENU)
    orientation: Array  # (4,) quaternion x, y, z, w, body to world
    velocity: Array  # (3,) m/s, body frame (forward, left, up)
    angular_velocity: Array  # (3,) rad/s, body frame


@dataclass(frozen=True, slots=True)
class Command:
    """What the vehicle is told to do until the next tick, as in geometry_msgs/Twist."""

    linear: Array  # (3,) m/s, forward, left, up in the robot's heading frame; a rover uses the first only
    yaw_rate: float  # rad/s, counter-clockwise seen from above


STOP = Command(linear=np.zeros(3), yaw_rate=0.0)


@dataclass(frozen=True, slots=True)
class Value:
    """What a robot believes of a quantity on which the swarm agrees."""

    name: str
    value: Array  # (d,) in the quantity's unit; NaN before the first input
    spread: float  # largest difference, in any coordinate, between two of its own value and those it heard this tick


@dataclass(frozen=True, slots=True)
class Standing:
    """How the log that the swarm shares stands, as one robot knows it."""

    leader: str  # who leads in the present term; '': not known
    term: int  # grows with each election
    commit: int  # index up to which the log is settled
    index: int  # of the last command that was carried out
    digest: str  # of all commands up to there, hexadecimal: equal only if all of them are
    stopped: str = ""  # why this robot takes no part any more


@dataclass(frozen=True, slots=True)
class Obeyed:
    """An order that a robot began to carry out."""

    index: int  # of its entry in the log
    author: str
    action: str
    tick: int  # of the robot's clock


@dataclass(frozen=True, slots=True)
class OrdersStatus:
    """How orders of people stand on one robot."""

    denied: str  # the last one that it denied since it obeyed one, and why; ''
    obeyed: tuple[Obeyed, ...]  # the newest of each kind, in the order of the log
    lines: int  # of the journal
    armed: str = "armed"  # or "disarming": it comes to rest; or "disarmed": it is at rest, and told to move no more
    fence: str = ""  # that was ordered: "inside" or "outside" of it, on the way back in; "": there is none


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit for a dock that a robot has, as far as it knows."""

    queue: str
    token: int
    slot: int  # which of the queue's equal permits
    left: int  # ticks for which it may still use it, by its own clock; 0: not now


@dataclass(frozen=True, slots=True)
class Decided:
    """How a decision among liars stands, as one robot knows it."""

    name: str
    value: str = ""  # "x y" in m, "commit" or "abort"; "": not decided so far
    view: int = 0  # grows each time that a primary is replaced
    liars: tuple[str, ...] = ()  # members of whose lies this robot has a proof


@dataclass(frozen=True, slots=True)
class Cargo:
    """How a mission bundle stands on one robot."""

    name: str
    number: int
    chunks: int  # that are here, and verified
    of: int  # that there are
    digest: str = ""  # of all its bytes, hexadecimal, once they are here
    index: int = 0  # of the log, from which on it counts; 0: it does not
    resumed: int = 0  # chunks that were on the disk when this robot began with it
    named: tuple[str, ...] = ()  # neighbours that handed on something altered


@dataclass(frozen=True, slots=True)
class Status:
    """What a person asks of a robot: is it well, and what slows it."""

    mode: str  # "moving", or why it does not: "halted", "odometry stale", "alone", ...
    reference: Array  # (3,) m, world frame: the point that the vehicle follows, at the next tick
    desired: Array  # (3,) m/s, world frame: what the behaviour asked for
    velocity: Array  # (3,) m/s, world frame: what the barrier filter let through
    held: tuple[str, ...]  # robots whose link to this one it holds
    lost: tuple[str, ...]  # robots presumed dead
    active: tuple[str, ...]  # constraints that shaped the velocity: "link rover_2", "fence", ...
    dropped: int  # frames refused since the start: garbage, replayed, wrong version, ...
    lambda2: float | None = None  # algebraic connectivity of the living by links that both ends hold; None: not known
    values: tuple[Value, ...] = ()  # of the quantities on which the swarm agrees
    facts: Standing | None = None  # of the log that the swarm shares, if it does
    orders: OrdersStatus | None = None  # of people, if there are any who may give some
    decisions: tuple[Decided, ...] = ()  # among liars, in the scenario's order
    cargo: Cargo | None = None  # the bundle that this robot knows of
    refused: tuple[tuple[str, int], ...] = ()  # the dropped frames by cause, without causes that there were none of
    charge: float | None = None  # share of its battery's capacity; None: no battery is sensed
    errand: str = ""  # what it does instead of what its behaviour says: "waits for west", "charges at west", ...
    permits: tuple[Permit, ...] = ()  # for docks
    out: tuple[int, ...] = ()  # tokens of all permits that are out, by its copy of the log


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Everything that reaches one robot for one tick."""

    tick: int  # tick of the swarm's clock
    odometry: Odometry | None  # none when the sensor is silent
    frames: tuple[bytes, ...]  # frames heard since the last tick, in order of arrival
    readings: tuple[float, ...] = ()  # of the sensors of quantities, in the scenario's order; NaN: silent
    charge: float | None = None  # share of its battery's capacity; None: no battery is sensed


@dataclass(frozen=True, slots=True)
class Response:
    """Everything that one robot answers to one stimulus."""

    command: Command
    frame: bytes  # one frame for the radio
    status: Status | None  # None: not told; over the air it comes twice a second
