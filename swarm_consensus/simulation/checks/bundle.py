"""The bundle: that it has a source and a log, and that its pieces fit into frames."""

from __future__ import annotations

import re
from collections.abc import Iterator

from swarm_consensus.agreement import activation, machines
from swarm_consensus.agreement.activation import Announce
from swarm_consensus.errors import nearest
from swarm_consensus.network.manifest import HASH, Manifest
from swarm_consensus.robot.bundles import TOPIC
from swarm_consensus.robot.facts import SESSION
from swarm_consensus.simulation.cargo import AROUND, SIGNING
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.decisions import named
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Bundle, Scenario

ROOM = 1000  # bytes of a frame that the message of a chunk may need, the rest is for the beacon
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def announcement(bundle: Bundle, count: int) -> int:
    """Return the bytes of the entry by which the log is told of a bundle for so many robots."""
    manifest = Manifest(bundle.name, 1, bundle.bytes, bundle.chunk_bytes, bytes(32), bytes(32), bytes(64))
    return len(machines.pack(TOPIC, activation.pack(Announce(manifest, tuple(range(count)), count, 2**40)))) + SESSION


def bundle_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the bundle, and with what is expected of it."""
    bundle, expect, names = scenario.bundle, scenario.expect, robot_names(scenario)
    if bundle is None:
        if expect.active_by_s is not None:
            yield "expect.active_by_s is given, but bundle is missing: there is nothing to go by"
        return
    if expect.active_by_s is not None and expect.active_by_s > scenario.duration_s:
        yield f"expect.active_by_s is {expect.active_by_s:g}, must be at most duration_s, {scenario.duration_s:g}"
    if not _NAME.fullmatch(bundle.name):
        yield f"bundle.name is {bundle.name!r}, must be up to 32 lower-case letters, digits and _, a letter first"
    if bundle.source not in names:
        yield f"bundle.source is {bundle.source!r}, there is no such robot{nearest(bundle.source, names)}"
    yield from _signature_problems(scenario, bundle)
    for label in bundle.corrupting:
        yield from label_problems("bundle.corrupting", label, names)
    if bundle.source in named(bundle.corrupting, names):
        yield f"bundle.corrupting has '{bundle.source}', which is the source: nobody would ever get a true piece"
    if scenario.agreement is None:
        yield "bundle is given, but agreement is missing: the log says from when on a bundle counts"
    elif announcement(bundle, len(names)) > scenario.agreement.message_bytes:
        yield (
            f"agreement.message_bytes is {scenario.agreement.message_bytes}, must be at least "
            f"{announcement(bundle, len(names))}: the log has to hold what vouches for the bundle, and whom it is for"
        )
    chunks = -(-bundle.bytes // bundle.chunk_bytes)
    hashes = (chunks - 1).bit_length()
    needs = bundle.chunk_bytes + hashes * HASH + AROUND
    if needs > ROOM:
        yield (
            f"bundle.chunk_bytes is {bundle.chunk_bytes}: of {chunks} chunks one needs up to {hashes} hashes beside "
            f"it, {needs} bytes in all, must be at most {ROOM} to find room in a frame"
        )


def _signature_problems(scenario: Scenario, bundle: Bundle) -> Iterator[str]:
    """A bundle whose root no commander signed is taken by nobody."""
    roles = {operator.name: operator.role for operator in scenario.operators}
    if bundle.signed_by is None:
        yield "bundle.signed_by is missing: nobody takes a bundle whose root no commander signed"
    elif bundle.signed_by not in roles:
        yield f"bundle.signed_by is {bundle.signed_by!r}, there is no such operator{nearest(bundle.signed_by, roles)}"
    elif roles[bundle.signed_by] not in SIGNING:
        yield (
            f"bundle.signed_by is {bundle.signed_by!r}, whose role is {roles[bundle.signed_by] or 'none'}, must be "
            f"{' or '.join(SIGNING)}"
        )
