"""One choice on one robot: offers in, a round, an offer out, whatever is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from msgspec import Raw

from swarm_consensus.arrays import Array
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.optimization.negotiator import Negotiator, Offer, offers_in
from swarm_consensus.robot.state import Odometry

_encoder = msgspec.msgpack.Encoder()
_offer_decoder = msgspec.msgpack.Decoder(Offer)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a robot knows in a tick, beside what it heard of choices."""

    tick: int
    near: Sequence[int]  # roster indexes of whom it heard of late
    odometry: Odometry | None
    readings: Sequence[float]
    charge: float | None = None  # share of the battery's capacity; None: not known


class Part(Protocol):
    """One choice on one robot."""

    name: str

    def hear(self, sender: int, entry: Raw) -> None:
        """Take in what a neighbour said of it."""

    def tick(self, now: Moment) -> Raw:
        """Do a round, and return what to say."""

    def forget(self, robot: int) -> None:
        """Take a robot for dead."""

    def value(self) -> Array:
        """Return what people are shown of the present choice, (d,)."""

    def spread(self) -> float:
        """Return how far the neighbours' newest choices are from the own one, in any coordinate."""


class Settling:
    """A choice that is settled by offers.

    Parameters
    ----------
    name
        Of the choice.
    negotiator
        What settles it.
    room
        Bytes for its entry.
    patience
        Ticks of silence after which a neighbour's offers count no more.
    beside
        Bytes that go with each offer.
    """

    def __init__(self, name: str, negotiator: Negotiator, room: int, patience: int, beside: int = 0) -> None:
        self.name = name
        self.negotiator = negotiator
        self.settled = False  # whether all were content, once: whoever hears of it goes on telling it
        self._patience = patience
        negotiator.most = max(offers_in(room, negotiator.term.size, negotiator.settings, beside), 1)

    def hear(self, sender: int, entry: Raw) -> None:
        """Take in an offer."""
        offer = read_offer(entry)
        if offer is not None:
            self.settled = self.settled or offer.settled
            self.negotiator.step(sender, offer)

    def tick(self, now: Moment) -> Raw:
        """Do a round."""
        return Raw(_encoder.encode(self.round(now)))

    def round(self, now: Moment) -> Offer:
        """Do a round, and return the offer."""
        self.negotiator.expire(now.tick - self._patience)
        said = self.negotiator.tick(now.tick, now.near)
        self.settled = self.settled or self.negotiator.done
        return msgspec.structs.replace(said, settled=True) if self.settled else said

    def forget(self, robot: int) -> None:
        """Take a robot for dead: the others go on to what is best for the rest."""
        self.negotiator.forget(robot)

    def value(self) -> Array:
        """Return the present choice."""
        return self.negotiator.point

    def spread(self) -> float:
        """Return how far the neighbours are from it."""
        return self.negotiator.apart


def read_offer(entry: Raw) -> Offer | None:
    """Return the offer in an entry, or None if it is none."""
    try:
        return _offer_decoder.decode(entry)
    except UNREADABLE:
        return None
