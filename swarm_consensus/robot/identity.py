"""Who a robot is, and whom it trusts: what it is told with its orders, and what it alone knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from swarm_consensus.agreement.authority import Freshness
from swarm_consensus.agreement.roles import Person
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.replay import Shelf
from swarm_consensus.network.seal import Identity

Sealing: TypeAlias = Literal["identity", "group", "none"]


@dataclass(frozen=True, slots=True)
class Trust:
    """What every robot knows of all; nothing here is secret."""

    swarm: bytes  # the name that signatures are for, which no other swarm with the same keys has
    seal: Sealing  # of frames
    roster: tuple[Identity, ...]  # of all robots, in the order of the roster: the key ring
    people: tuple[tuple[bytes, Person], ...] = ()  # who had which role at the beginning, by public key; (): no orders
    freshness: Freshness = Freshness()  # for how long a view of the roles counts
    devices: tuple[tuple[str, Identity], ...] = ()  # by name: what is no robot and answers robots


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one robot alone knows, and what must outlive its crashes. Never recorded, never sent."""

    key: PrivateKey
    epoch: int  # of this start: larger than that of any earlier one, and stored already
    shelf: Shelf  # of its replay marks
    group: bytes = field(default=b"", repr=False)  # key of the group, where frames are sealed for it
