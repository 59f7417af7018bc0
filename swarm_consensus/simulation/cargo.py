"""The bundle of a scenario: what is in it, who vouches for it, and what each robot is told."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from swarm_consensus.network.keys import PublicKey
from swarm_consensus.network.manifest import Manifest, sign
from swarm_consensus.network.spreading import Pace, Transfer
from swarm_consensus.robot.bundles import BundleOrders
from swarm_consensus.simulation.captured import Corrupter
from swarm_consensus.simulation.decisions import named
from swarm_consensus.simulation.identities import founders, simulated_key, swarm_of
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Bundle, Scenario

AROUND = 150  # bytes of the message of a chunk beside it, about
SIGNING = ("commander", "administrator")  # roles whose signature vouches for a bundle
WINDOW = 8  # chunks that a robot asks for at a time


def data_of(bundle: Bundle) -> bytes:
    """Return what is in a bundle: bytes that follow from its name alone, and that nothing compresses."""
    seed = int.from_bytes(blake2b(bundle.name.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).bytes(bundle.bytes)


def commanders_of(scenario: Scenario) -> tuple[PublicKey, ...]:
    """Return the keys of those who may vouch for a bundle."""
    people = founders(scenario)
    return tuple(PublicKey(raw) for raw, person in people.items() if person.role in SIGNING)


def manifest_of(scenario: Scenario) -> Manifest | None:
    """Return what vouches for the bundle of a scenario; None if it has none."""
    bundle = scenario.bundle
    if bundle is None:
        return None
    key = simulated_key(swarm_of(scenario), "operator", bundle.signed_by or "")
    return sign(bundle.name, 1, data_of(bundle), key, bundle.chunk_bytes)


def pace_of(bundle: Bundle, rate: int) -> Pace:
    """Return how fast robots ask, so that what is asked can be served within the budget, twice over."""
    ticks = (bundle.chunk_bytes + AROUND) * rate / bundle.budget_bytes_s  # that one chunk takes
    return Pace(window=WINDOW, patience=round(2 * WINDOW * ticks) + 8, offer=rate)


def bundle_of(scenario: Scenario, robot: str) -> BundleOrders | None:
    """Return what one robot is told of the bundle; None if there is none."""
    bundle = scenario.bundle
    if bundle is None:
        return None
    is_source = robot == bundle.source
    return BundleOrders(
        commanders=commanders_of(scenario),
        pace=pace_of(bundle, scenario.control.rate_hz),
        bytes_s=bundle.budget_bytes_s,
        manifest=manifest_of(scenario) if is_source else None,
        data=data_of(bundle) if is_source else None,
        transfer=Corrupter if robot in named(bundle.corrupting, robot_names(scenario)) else Transfer,
    )
