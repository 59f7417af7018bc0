"""The quantities that a robot agrees on with the swarm: its own input, what it hears, its value, and what it says.

Values ride on the frame, one entry for each quantity in the order of the scenario. Nothing that a neighbour says can
stop a tick or leave a number that is none: an entry that can't be a value counts as NaN, the word of a proven liar,
and laws pass over it (W-MSR counts its sender among the F). A number may be false all the same; only the law
``resilient`` bears that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta, Raw

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.running_sums import Sums
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Frame, Index, Values, messages_of, packed
from swarm_consensus.robot.rounds import LAWS, News, Quantity, Rounds
from swarm_consensus.robot.state import Value

LARGEST = 1e6  # of any number of a value, in its own unit, as in a scenario: a larger one is none
MOST = 3  # quantities
ROOM = 296  # bytes of a frame for all quantities: beacon, sightings and the longest note leave that
SOON = 4  # running sums: who was not heard for this part of `fresh` is given nothing
_AROUND = 9  # bytes of the message beside its entries
_ENTRY = 22  # bytes of an entry beside its value and what neighbours are given, at most
_GIVEN = 13  # bytes of what one neighbour is given beside its numbers, at most
_NUMBER = 9  # bytes
Amount: TypeAlias = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]  # bounds keep out NaN as well
_NOTHING = Raw(b"\xc0")  # nil: no value yet


class Told(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a robot says of one quantity."""

    value: tuple[Amount, ...]
    degree: Index  # how many others the sender heard of late: of it weights are made that both ends agree on
    sums: Sums | None = None  # law running_sums


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Told | None] = msgspec.msgpack.Decoder(Told | None)


def read(raw: Raw, size: int) -> Told | None:
    """Return what an entry says, with a value of NaN if that can't be one; None if it says nothing."""
    try:
        entry = _decoder.decode(raw)
    except UNREADABLE:
        return Told((math.nan,) * size, 0)
    return entry if entry is None or len(entry.value) == size else Told((math.nan,) * size, 0)


def write(told: Told) -> Raw:
    """Return an entry as it rides in `Values`."""
    return Raw(_encoder.encode(told))


def values_in(frame: Frame, sizes: Sequence[int]) -> tuple[tuple[float, ...], ...]:
    """Return the values that a frame tells, one for each quantity of the given size, NaN where it tells none."""
    spoken = [message.entries for message in messages_of(frame) if isinstance(message, Values)]
    entries = spoken[0] if spoken and len(spoken[0]) == len(sizes) else (_NOTHING,) * len(sizes)
    found = [read(raw, size) for raw, size in zip(entries, sizes, strict=True)]
    return tuple((math.nan,) * size if one is None else one.value for one, size in zip(found, sizes, strict=True))


def _sound(value: Sequence[float]) -> bool:
    return all(-LARGEST <= number <= LARGEST for number in value)  # a NaN is not


@dataclass(slots=True)
class _One:
    """One quantity on this robot."""

    orders: Quantity
    most: int  # running sums: so many neighbours are given their share in one frame
    source: Array | None = None  # (d,) newest input that was sound
    rounds: Rounds | None = None  # from the first input on
    degree: int = 0  # as told last
    turn: int = 0  # running sums: place among the neighbours of who is given the next share
    spread: float = 0.0  # largest difference of two values, in any coordinate, among the robot and whom it heard


class Quantities:
    """All quantities of one robot.

    Parameters
    ----------
    own
        Roster index.
    orders
        The quantities, in the same order in the whole swarm.
    fresh
        Ticks for which one who was heard counts as a neighbour.
    """

    def __init__(self, own: int, orders: Sequence[Quantity], fresh: int) -> None:
        self._own = own
        self._fresh = fresh
        self._all = [_One(each, _shares(each.size, len(orders))) for each in orders]
        self._heard: dict[int, int] = {}  # tick at which each was last heard
        self._news: dict[int, tuple[int, Sequence[Raw]]] = {}  # of each frame's tick and entries, since the last tick
        self._lost: tuple[int, ...] = ()
        self._close: list[int] = []  # heard of so late that they surely still are in reach: who is given shares

    def hear(self, sender: int, tick: int, message: Values) -> None:
        """Take in what the newest frame of a sender, of a tick, says."""
        self._news[sender] = (tick, message.entries)

    def value(self, name: str) -> Array | None:
        """Return the robot's present value of a quantity, shape (d,); None before its first input."""
        return next((one.rounds.value for one in self._all if one.orders.name == name and one.rounds), None)

    def status(self) -> tuple[Value, ...]:
        """Return the robot's values, and how far those about it are from each other."""
        return tuple([Value(one.orders.name, _shown(one), one.spread) for one in self._all])

    def tick(self, tick: int, readings: Sequence[float], position: Array, lost: tuple[int, ...]) -> Raw:
        """Do a round of all quantities, and return the message for the frame.

        Parameters
        ----------
        tick
            The present one.
        readings
            What the sensors say, NaN or missing where one is silent.
        position
            Own place, shape (3,), m.
        lost
            Roster indexes of those presumed dead.
        """
        for robot in self._news:
            self._heard[robot] = tick
        if lost != self._lost:
            self._forget(lost)
        near = sorted([robot for robot, at in self._heard.items() if at >= tick - self._fresh])
        # who moves out of reach takes along what it is given until it is missed
        self._close = [robot for robot in near if self._heard[robot] >= tick - self._fresh // SOON]
        entries = []
        for place, one in enumerate(self._all):
            _sense(one, readings, position)
            entries.append(self._round(place, one, tick, near))
        self._news.clear()
        return packed(Values(tuple(entries)))

    def _forget(self, lost: tuple[int, ...]) -> None:
        for robot in set(lost) - set(self._lost):
            self._heard.pop(robot, None)
            for one in self._all:
                if one.rounds is not None:
                    one.rounds.forget(robot)
        self._lost = lost

    def _round(self, place: int, one: _One, tick: int, near: Sequence[int]) -> Raw:
        """Do a round of one quantity."""
        if one.source is None:
            return _NOTHING
        if one.rounds is None:
            one.rounds = LAWS[one.orders.law](self._own, one.orders, one.source)
        told, sums = self._told(place, one.orders.size)
        given = one.rounds.step(tick, one.source, self._news_of(one, told, sums))
        one.degree = len(near)
        value = one.rounds.value.tolist()
        if not _sound(value):  # the law ran away: it begins anew
            one.rounds = None
            return _NOTHING
        columns = zip(value, *[each.value for each in told if each.value[0] == each.value[0]], strict=True)
        one.spread = max([max(column) - min(column) for column in columns])
        return write(Told(tuple(value), one.degree, given))

    def _told(self, place: int, size: int) -> tuple[list[Told], list[tuple[int, Sums]]]:
        """Read what was heard of one quantity; running sums must be of the frame they came with."""
        told, sums = [], []
        for sender, (tick, entries) in self._news.items():
            entry = read(entries[place], size) if place < len(entries) else None
            if entry is not None:
                told.append(entry)
                if entry.sums is not None and entry.sums.tick == tick - 1:
                    sums.append((sender, entry.sums))
        return told, sums

    def _news_of(self, one: _One, told: Sequence[Told], sums: Sequence[tuple[int, Sums]]) -> News:
        receivers, turns = self._close, 1
        if len(receivers) > one.most:
            start, turns = one.turn % len(receivers), -(-len(receivers) // one.most)
            receivers = [*receivers[start:], *receivers[:start]][: one.most]
            one.turn = start + one.most
        return News(
            said=np.array([each.value for each in told]).reshape(-1, one.orders.size),
            degree=np.array([each.degree for each in told], dtype=float),
            mask=np.ones(len(told), dtype=bool),
            own_degree=one.degree,
            receivers=receivers,
            sums=sums,
            patience=self._fresh * turns,
        )


def _sense(one: _One, readings: Sequence[float], position: Array) -> None:
    """Take the newest input; one that can't be a value is none."""
    orders = one.orders
    if orders.reading is not None:
        if orders.reading < len(readings) and _sound(readings[orders.reading : orders.reading + 1]):
            one.source = np.array(readings[orders.reading : orders.reading + 1])
    elif orders.constant is not None:
        one.source = orders.constant
    else:
        one.source = position[:2].copy()


def _shown(one: _One) -> Array:
    return np.full(one.orders.size, np.nan) if one.rounds is None else one.rounds.value


def _shares(size: int, quantities: int) -> int:
    """Return how many neighbours can be given their share in a quantity's part of the room in a frame."""
    room = (ROOM - _AROUND) // quantities - _ENTRY - _NUMBER * size
    return room // (_GIVEN + _NUMBER * (size + 1))
