"""The choices that a robot makes with the swarm: its own interest, what it hears, what it holds best, and what it says.

A choice is a part of one frame message, `swarm_consensus.network.frame.Choices`, an entry each in the order of the
scenario. All are settled by consensus ADMM (`swarm_consensus.optimization.negotiator`), a round a tick: a frame that is
lost or late costs time and nothing else, robots and links come and go, and what is damaged counts as not said. What does
not fit into a frame takes turns: a message makes offers to as many neighbours as there is room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from msgspec import Raw

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Choices, Frame, messages_of, packed
from swarm_consensus.optimization.field import Basis, Survey
from swarm_consensus.optimization.negotiator import Negotiator, Settings, point_of
from swarm_consensus.optimization.terms import Term
from swarm_consensus.robot.power import Power, PowerPart, read_share
from swarm_consensus.robot.settling import Moment, Part, Settling, read_offer
from swarm_consensus.robot.state import Odometry, Value

MOST = 2  # choices
ROOM = 600  # bytes of a frame for all choices
_AROUND = 12  # bytes of the message beside its entries


@dataclass(frozen=True, slots=True)
class Policy:
    """One number, or a few, that all are to choose alike, as one robot is told of it."""

    name: str
    term: Term  # what it wants; may have one unknown more than the policy, by which they are fair
    start: Array  # (d,) or (d + 1,) where it begins: its own wish
    size: int  # d
    settings: Settings


@dataclass(frozen=True, slots=True)
class Chart:
    """A field over the plane that all are to map together, as one robot is told of it."""

    name: str
    basis: Basis
    ridge: float  # of this robot
    every: float  # m, way between two measurements
    reading: int  # place among the readings of the stimulus
    settings: Settings


Choice: TypeAlias = Policy | Chart | Power


class Surveyor:
    """When a robot measures: at its first reading, and whenever it has gone some way since.

    So a robot that stands still says no more than it knows, and the map settles when all have arrived.

    Parameters
    ----------
    chart
        Which field.
    """

    def __init__(self, chart: Chart) -> None:
        self.survey = Survey(chart.basis, chart.ridge)
        self._chart = chart
        self._last: Array | None = None

    def look(self, odometry: Odometry | None, readings: Sequence[float]) -> bool:
        """Measure if it is time to, and tell whether it was."""
        at = self._chart.reading
        if odometry is None or at >= len(readings) or not np.isfinite(readings[at]):
            return False
        here = odometry.position[:2]
        if self._last is not None and float(np.hypot(*(here - self._last))) < self._chart.every:
            return False
        self._last = here.copy()
        self.survey.add(here[None], readings[at : at + 1])
        return True


class PolicyPart(Settling):
    """A policy on one robot."""

    def __init__(self, own: int, orders: Policy, room: int, patience: int) -> None:
        super().__init__(orders.name, Negotiator(own, orders.term, orders.start, orders.settings), room, patience)
        self._size = orders.size

    def value(self) -> Array:
        """Return the policy, without what makes it fair."""
        return self.negotiator.point[: self._size]


class ChartPart(Settling):
    """A map on one robot."""

    def __init__(self, own: int, orders: Chart, room: int, patience: int) -> None:
        self._surveyor = Surveyor(orders)
        self._basis = orders.basis
        self._peak: Array | None = None
        self._due = 0
        start = np.zeros(orders.basis.size)
        term = self._surveyor.survey.term()
        super().__init__(orders.name, Negotiator(own, term, start, orders.settings), room, patience)

    def tick(self, now: Moment) -> Raw:
        """Measure if it is time to, and do a round."""
        if self._surveyor.look(now.odometry, now.readings):
            self.negotiator.replace(self._surveyor.survey.term())
        said = super().tick(now)
        if self._peak is None or now.tick >= self._due:
            self._peak, self._due = self._basis.peak(self.negotiator.point, steps=_CLIMB), now.tick + _LOOK
        return said

    def value(self) -> Array:
        """Return the place of the map's maximum, (2,) m."""
        return np.full(2, np.nan) if self._peak is None else self._peak


_CLIMB = 40  # steps to the peak of a map
_LOOK = 10  # ticks between two looks for it


class Chooser:
    """All choices of one robot.

    Parameters
    ----------
    own
        Roster index.
    orders
        The choices, in the same order in the whole swarm.
    fresh
        Ticks for which one who was heard counts as a neighbour.
    patience
        Ticks of silence after which a neighbour's last word counts no more.
    """

    def __init__(self, own: int, orders: Sequence[Choice], fresh: int, patience: int) -> None:
        self._parts = [_part(own, each, room_for(len(orders)), patience) for each in orders]
        self._by_name = {part.name: part for part in self._parts}
        self._fresh = fresh
        self._heard: dict[int, int] = {}  # tick at which each was last heard
        self._lost: tuple[int, ...] = ()
        self._news: list[int] = []

    def hear(self, sender: int, message: Choices) -> None:
        """Take in what the newest frame of a sender says."""
        self._news.append(sender)
        for part, entry in zip(self._parts, message.entries, strict=False):
            part.hear(sender, entry)

    def tick(
        self,
        tick: int,
        odometry: Odometry | None,
        readings: Sequence[float],
        lost: tuple[int, ...],
        charge: float | None = None,
    ) -> Raw:
        """Do a round of all choices, and return the message for the frame.

        Parameters
        ----------
        tick
            The present one.
        odometry
            Own place.
        readings
            What the sensors say, NaN or missing where one is silent.
        lost
            Roster indexes of those presumed dead.
        charge
            Of the battery, as a share of its capacity; None: it is not known.
        """
        self._heard.update(dict.fromkeys(self._news, tick))
        self._news.clear()
        if lost != self._lost:
            for robot in set(lost) - set(self._lost):
                self._heard.pop(robot, None)
                for part in self._parts:
                    part.forget(robot)
            self._lost = lost
        near = sorted([robot for robot, at in self._heard.items() if at >= tick - self._fresh])
        now = Moment(tick, near, odometry, readings, charge)
        return packed(Choices(tuple([part.tick(now) for part in self._parts])))

    def value(self, name: str) -> Array | None:
        """Return the robot's present choice, (d,), of a field the place of its peak, m; None if there is none yet."""
        part = self._by_name.get(name)
        if part is None:
            return None
        value = part.value()
        return value if np.isfinite(value).all() else None

    def settled(self, name: str) -> bool:
        """Tell whether all robots agreed on a choice once; they may go on from there when somebody comes or goes."""
        part = self._by_name.get(name)
        return isinstance(part, Settling) and part.settled

    def status(self) -> tuple[Value, ...]:
        """Return the robot's choices, and how far those about it are from them."""
        return tuple([Value(part.name, part.value(), part.spread()) for part in self._parts])


def room_for(count: int) -> int:
    """Return how many bytes of a frame each of so many choices has."""
    return (ROOM - _AROUND) // max(count, 1)


def _part(own: int, orders: Choice, room: int, patience: int) -> Part:
    if isinstance(orders, Policy):
        return PolicyPart(own, orders, room, patience)
    if isinstance(orders, Power):
        return PowerPart(own, orders, room, patience)
    return ChartPart(own, orders, room, patience)


def chosen_in(frame: Frame, orders: Sequence[Choice]) -> tuple[tuple[float, ...], ...] | None:
    """Return the points that a frame tells, one for each choice, empty where it tells none; None if nothing of them."""
    for message in messages_of(frame):
        if isinstance(message, Choices):
            return tuple(_told(entry, each) for entry, each in zip(message.entries, orders, strict=False))
    return None


def _told(entry: Raw, orders: Choice) -> tuple[float, ...]:
    if isinstance(orders, Power):
        share = read_share(entry)
        return () if share is None else (share.draw,)
    offer = read_offer(entry)
    if offer is None:
        return ()
    size = orders.term.size if isinstance(orders, Policy) else orders.basis.size
    point = point_of(offer, size, orders.settings)
    return () if point is None else tuple(point.tolist())
