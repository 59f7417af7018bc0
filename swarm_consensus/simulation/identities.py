"""Who is who in a simulated swarm: the keys of its robots and operators, the same in every process that reads the file.

They follow from the name of the scenario, so that nothing secret has to be stored anywhere: no private key is in a
recording, a log or a run folder. Whoever has the scenario can derive them all. They prove nothing to anybody outside of
the simulation, and a robot's node takes them only if it is told so aloud (``seal:=simulated``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from swarm_consensus.agreement.authority import Freshness
from swarm_consensus.agreement.roles import Person
from swarm_consensus.network.keys import SEED, PrivateKey, PublicKey
from swarm_consensus.network.replay import MemoryMarks, Shelf
from swarm_consensus.network.seal import Identity, by_group, by_identity
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.claims import device
from swarm_consensus.robot.devices import EXECUTOR, Voice, plain, voice
from swarm_consensus.robot.identity import Secrets, Trust
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Agreement, Scenario

ASK_S = 0.25  # between two reads of the log, while there is something to be judged
TRIPS = 4  # one-way delays of the mesh, from asking the log to its answer
SPARE_S = 0.5
Kin = Literal["robot", "operator", "group", "stranger", "device"]


def swarm_of(scenario: Scenario) -> bytes:
    """Return the name that all signatures of a scenario's swarm are for."""
    return scenario.name.encode()


def _seed(swarm: bytes, kin: Kin, name: str) -> bytes:
    return blake2b(swarm + b"\0" + name.encode(), digest_size=SEED, person=b"swarm " + kin.encode()).digest()


@lru_cache(maxsize=4096)
def simulated_key(swarm: bytes, kin: Kin, name: str) -> PrivateKey:
    """Return the key of a simulated robot, operator or stranger."""
    return PrivateKey(_seed(swarm, kin, name))


def group_secret(swarm: bytes) -> bytes:
    """Return what all robots of a simulated swarm share where frames are sealed for the group."""
    return _seed(swarm, "group", "")


def secrets_of(scenario: Scenario) -> list[bytes]:
    """Return everything that must not stand in a recording or a log: what private keys are made of."""
    swarm = swarm_of(scenario)
    found = [_seed(swarm, "robot", name) for name in robot_names(scenario)]
    found += [_seed(swarm, "operator", each.name) for each in scenario.operators]
    return [*found, *(_seed(swarm, "device", name) for name in devices_of(scenario)), group_secret(swarm)]


def key_ring(swarm: bytes, names: Sequence[str]) -> tuple[PublicKey, ...]:
    """Return the public keys of robots, in the order of their names."""
    return tuple(simulated_key(swarm, "robot", name).public for name in names)


def founders(scenario: Scenario) -> dict[bytes, Person]:
    """Return who has which role at the beginning, by public key."""
    swarm = swarm_of(scenario)
    return {
        simulated_key(swarm, "operator", each.name).public.raw: Person(each.name, each.role, each.expires_s or 0, 0)
        for each in scenario.operators
        if each.role is not None
    }


def trust_of(scenario: Scenario) -> Trust | None:
    """Return what every robot is told of whom to trust; None if the scenario has no section `security`."""
    if scenario.security is None:
        return None
    swarm = swarm_of(scenario)
    roster = tuple(Identity(key) for key in key_ring(swarm, robot_names(scenario)))
    return Trust(
        swarm=swarm,
        seal=scenario.security.seal,
        roster=roster,
        people=tuple(founders(scenario).items()),
        freshness=freshness_of(scenario),
        devices=tuple((name, Identity(simulated_key(swarm, "device", name).public)) for name in devices_of(scenario)),
    )


def devices_of(scenario: Scenario) -> list[str]:
    """Return the names of what answers robots and is none: each has a key."""
    has_jobs = scenario.agreement is not None and bool(scenario.agreement.jobs)
    docks = [device(dock.name) for dock in scenario.docks] if scenario.claims is not None else []
    return [EXECUTOR, *docks] if has_jobs else docks


def voice_of(scenario: Scenario, name: str) -> Voice:
    """Return by what a device of a scenario signs its answers: by nothing, if frames are not sealed."""
    if scenario.security is None or scenario.security.seal == "none":
        return plain
    return voice(simulated_key(swarm_of(scenario), "device", name), swarm_of(scenario))


def freshness_of(scenario: Scenario) -> Freshness:
    """Return for how long a view of the roles counts: as long as asking the log takes, and half a second."""
    agreement, rate = scenario.agreement or Agreement(), scenario.control.rate_hz
    ask, delay = max(round(ASK_S * rate), 1), round(TRIPS * agreement.delay_s * rate)
    fresh = ask + delay + max(round(SPARE_S * rate), 1)
    return Freshness(fresh, ask, delay, agreement.clock_drift)


def simulated_secrets(trust: Trust, name: str, epoch: int, shelf: Shelf) -> Secrets:
    """Return what a simulated robot alone knows.

    Parameters
    ----------
    trust
        Its orders.
    name
        The robot's.
    epoch
        Of this start.
    shelf
        Of its replay marks; it outlives the robot's crashes.
    """
    return Secrets(simulated_key(trust.swarm, "robot", name), epoch, shelf, group_secret(trust.swarm))


def proof_of(scenario: Scenario, name: str) -> Callable[[bytes], bytes] | None:
    """Return by what a robot of a scenario proves its frames; None: by nothing."""
    trust = trust_of(scenario)
    if trust is None or trust.seal == "none":
        return None
    if trust.seal == "group":
        return by_group(group_secret(trust.swarm), trust.swarm)
    return by_identity(simulated_key(trust.swarm, "robot", name), trust.swarm)


def ears_of(scenario: Scenario) -> Ears:
    """Return what opens the frames of a scenario's robots on the ground."""
    return Ears(trust_of(scenario), group_secret(swarm_of(scenario)), MemoryMarks())
