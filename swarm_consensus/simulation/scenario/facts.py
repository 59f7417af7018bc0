"""The log that the robots of a scenario share, what stands on it, and docks and batteries."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from swarm_consensus.simulation.scenario.basics import NotNegative, Number, Point, Positive, Share, Strict


class When(Strict, frozen=True):
    """A condition that each robot looks at in its own value of a quantity."""

    quantity: str
    above: Number  # in the quantity's unit
    quiet_s: Positive  # after it was noticed, not again for so long


class Job(Strict, frozen=True):
    """Something that one robot is to do, whichever leads, each time that it is due."""

    name: str
    every_s: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None  # due at each multiple of so many seconds
    schedule: str | None = None  # or as in crontab, in a world that begins at midnight UTC
    when: When | None = None  # or while a condition holds


class Permits(Strict, frozen=True):
    """Who may go onto a dock is decided in the log: first come first served, for as long as a lease lasts."""

    per: Literal["dock", "swarm"] = "dock"  # a queue for each dock, or one for all docks together
    count: Annotated[int, Meta(ge=1, le=64)] | None = None  # K, permits of each queue; None: as many as places
    lease_s: Positive = 12.0  # without a renewal a permit goes to another after so long
    renew_s: Positive = 1.0  # between renewals
    delay_s: Positive = 1.5  # largest usual time until a renewal is known to be settled
    tours: dict[str, list[str]] = {}  # by robot: docks it takes one after the other, keeping each until it has the next


class Claims(Strict, frozen=True):
    """Who may go onto a dock is decided by the dock alone, which robots ask over the radio: without a log."""

    lease_s: Positive = 12.0  # without a word of its holder a place is free again after so long
    renew_s: Positive = 1.0  # between two words of a holder, and between two questions of who waits
    delay_s: Positive = 0.3  # without an answer it asks again after so long
    clock_drift: Annotated[float, Meta(ge=0, le=0.4)] = 0.01  # share by which any clock, a dock's too, may be off


class Agreement(Strict, frozen=True):
    """A log that all robots share, and what stands on it: docs/agreement.md explains it."""

    voters: list[str] | None = None  # robots or groups that decide, 1 to 7; None: the first five, or three, or one
    election_s: Positive = 1.5  # silence of the leader after which another one stands for election
    heartbeat_s: Positive = 0.4  # the leader is heard at least so often
    delay_s: NotNegative = 0.3  # usual one-way delay through the mesh
    clock_drift: Annotated[float, Meta(ge=0, le=0.4)] = 0.01  # share by which any robot's clock may be off
    message_bytes: Annotated[int, Meta(ge=64, le=1000)] = 480  # of entries in one message
    budget_bytes_s: Annotated[int, Meta(ge=500, le=1_000_000)] = 8000  # that a robot may send for the mesh, a second
    report_s: Positive | None = None  # each robot writes a line into the log so often; None: never
    jobs: list[Job] = []
    replace_s: Positive | None = None  # a voter that the leader hasn't heard for so long makes room; None: voters stay
    permits: Permits | None = None  # for docks


class Battery(Strict, frozen=True):
    """Of each robot, all alike; an empty one leaves its robot without power for good."""

    capacity_j: Positive
    idle_w: NotNegative = 2.0  # drains while the robot has power
    motion_j_m: NotNegative = 5.0  # drains beside that, for each metre moved
    charge_w: Positive = 50.0  # the most that it takes
    start: dict[str, Share] = {}  # charge at the start, by robot or group; the others are full


class Dock(Strict, frozen=True):
    """A place on the ground where batteries are charged; robots on it are those whose middle is within its reach."""

    name: str
    position_m: Point  # [x, y], its middle
    reach_m: Positive = 1.0
    places: Annotated[int, Meta(ge=1, le=8)] = 1  # so many robots may be on it
    power_w: Positive = 40.0  # to each of them
