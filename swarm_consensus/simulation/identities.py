"""Who is who in a simulated swarm: the keys of its robots and operators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from swarm_consensus.network.keys import SEED, PrivateKey, PublicKey
from swarm_consensus.simulation.scenario import Scenario

Kin = Literal["robot", "operator", "group", "stranger"]


def swarm_of(scenario: Scenario) -> bytes:
    """Return the name that all signatures of a scenario's swarm are for."""
    return scenario.name.encode()


def _seed(swarm: bytes, kin: Kin, name: str) -> bytes:
    return blake2b(swarm + b"\0" + name.encode(), digest_size=SEED, person=b"swarm " + kin.encode()).digest()


@lru_cache(maxsize=4096)
def simulated_key(swarm: bytes, kin: Kin, name: str) -> PrivateKey:
    """Return the key of a simulated robot, operator or stranger."""
    return PrivateKey(_seed(swarm, kin, name))


def key_ring(swarm: bytes, names: Sequence[str]) -> tuple[PublicKey, ...]:
    """Return the public keys of robots, in the order of their names."""
    return tuple(simulated_key(swarm, "robot", name).public for name in names)
