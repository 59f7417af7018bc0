"""Power that robots draw from one charger: a price says who should have how much, loans say who may take it.

The price is agreed on as any choice, and may be wrong at any time. What a robot draws never rests on it alone: it takes
what it wants at its price, and no more than is certainly its own by `swarm_consensus.optimization.loans`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Raw

from swarm_consensus.arrays import Array
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.optimization.charging import Charging
from swarm_consensus.optimization.loans import LARGEST, Loans, Purse, potential
from swarm_consensus.optimization.negotiator import Negotiator, Offer, Settings
from swarm_consensus.robot.settling import Moment, Settling
from swarm_consensus.robot.state import Odometry

RENEW = 4  # ticks between two rounds of promises
NEAR = 0.25  # m, so far inside the charger's reach a robot draws
_LOAN = 6  # bytes of a loan on the air
_DRAW = 130  # bytes beside the offers and the loans
_encoder = msgspec.msgpack.Encoder()


class Share(msgspec.Struct, array_like=True, frozen=True):
    """What a robot says of power."""

    draw: Annotated[float, Meta(ge=0.0, le=LARGEST)]  # W, in the present period: what the charger goes by
    potential: Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]  # W
    loans: Loans
    offer: Offer


_decoder = msgspec.msgpack.Decoder(Share)


@dataclass(frozen=True, slots=True)
class Power:
    """Power from one charger, as one robot is told of it."""

    name: str
    share: float  # W, what it owns of the charger's limit
    urgency: float  # gain per W and missing charge
    saturation: float  # gain per W squared
    most: float  # W, that its battery takes
    ramp: float  # W, by which its draw may change from tick to tick
    span: int  # ticks for which a loan holds
    charger: Array  # (2,) m
    reach: float  # m, of the charger
    settings: Settings

    def term(self, odometry: Odometry | None, charge: float | None) -> Charging:
        """Return what power is worth to it now: the more, the emptier; nothing, away from the charger."""
        missing = 1.0 if charge is None else min(max(1.0 - charge, 0.0), 1.0)
        there = odometry is not None and float(np.hypot(*(odometry.position[:2] - self.charger))) <= self.reach - NEAR
        return Charging(self.urgency * missing, self.saturation, self.most if there and missing else 0.0, self.share)


class PowerPart(Settling):
    """Power on one robot."""

    def __init__(self, own: int, orders: Power, room: int, patience: int) -> None:
        self._own = own
        self._orders = orders
        self._purse: Purse | None = None  # from the first tick on
        self._charging = orders.term(None, None)
        self._heard: list[tuple[int, Loans]] = []
        self._potential = 0.0
        self._potentials: dict[int, float] = {}  # newest heard
        negotiator = Negotiator(own, self._charging, np.zeros(1), orders.settings)
        super().__init__(orders.name, negotiator, room - _DRAW, patience, _LOAN)

    def hear(self, sender: int, entry: Raw) -> None:
        """Take in an offer, and promises."""
        share = read_share(entry)
        if share is not None:
            self.negotiator.step(sender, share.offer)
            self._heard.append((sender, share.loans))
            self._potentials[sender] = share.potential

    def tick(self, now: Moment) -> Raw:
        """Do a round, take what is wanted and certainly the own, and lend what is not needed."""
        orders = self._orders
        if self._purse is None:
            self._purse = Purse(self._own, orders.share, orders.span, orders.ramp, since=now.tick)
        purse = self._purse
        for sender, loans in self._heard:
            purse.hear(sender, now.tick, loans)
        self._heard.clear()
        charging = orders.term(now.odometry, now.charge)
        if charging != self._charging:
            self._charging = charging
            self.negotiator.replace(charging)
        offer = self.round(now)
        wanted = charging.drawn(self.negotiator.slope)
        draw = purse.use(now.tick, wanted)
        others = {robot: self._potentials[robot] for robot in now.near if robot in self._potentials}
        self._potential = potential(self._potential, float(self.negotiator.slope[0]), list(others.values()))
        if now.tick % RENEW == 0:
            wishes = {robot: self._potential - other for robot, other in others.items() if other < self._potential}
            largest = sorted(wishes, key=lambda robot: -wishes[robot])[: self.negotiator.most]
            purse.lend(now.tick, {robot: wishes[robot] for robot in largest}, wanted)
        return Raw(_encoder.encode(Share(draw, self._potential, purse.said, offer)))

    def value(self) -> Array:
        """Return what it draws, (1,) W."""
        return np.array([0.0 if self._purse is None else self._purse.used])


def read_share(entry: Raw) -> Share | None:
    """Return what an entry says of power, or None if it is nothing."""
    try:
        return _decoder.decode(entry)
    except UNREADABLE:
        return None
