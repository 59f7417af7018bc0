"""What fuzzing calls, and valid inputs to begin from; `fuzz` runs it, and the tests replay what it kept."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Raw

from swarm_consensus.agreement.activation import Activations
from swarm_consensus.agreement.byzantine.broadcast import Broadcast, Say
from swarm_consensus.agreement.byzantine.decision import Decider
from swarm_consensus.agreement.byzantine.messages import Message, Saved
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.roles import PURPOSE, Grant, Order, Person, Request, Revoke, Roles, ruling_of
from swarm_consensus.agreement.roles import sign as roles_sign
from swarm_consensus.agreement.simulator.notary import Notary
from swarm_consensus.network import seal
from swarm_consensus.network.bundle_file import BundleFile
from swarm_consensus.network.frame import Frame, FrameError, Note, encode, read
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.manifest import BundleFault, sign
from swarm_consensus.network.mesh import Mesh, MeshSettings
from swarm_consensus.network.replay import Marks
from swarm_consensus.network.seal import Identity, Kind, Opener, Sealer, SealError
from swarm_consensus.network.spreading import Offer, Pace, Transfer, Want, identifier, pack, unpack
from swarm_consensus.robot.bundles import TOPIC, BundleOrders, Bundles
from swarm_consensus.robot.decisions import DecisionOrders, Decisions, Keys, Part, read_ballot
from swarm_consensus.robot.disk import MemoryDisk
from swarm_consensus.robot.letters import cut
from swarm_consensus.robot.seats import COMMIT, Ask, Ballot, Question, Word

CORPUS = Path(__file__).resolve().parents[1] / "test" / "data" / "fuzz"
KEY = PrivateKey(bytes(range(32)))
MANIFEST = sign("map", 1, bytes(range(256)) * 8, KEY, 64)
NOTARY = Notary(4)
SECRET = bytes(16)


class _Nowhere:
    def load(self) -> dict[bytes, tuple[int, int]]:
        return {}

    def save(self, marks: object) -> None:
        pass


def frame(data: bytes) -> None:
    """Decode a frame and its messages."""
    with contextlib.suppress(FrameError):
        read(data)


def sealed(data: bytes) -> None:
    """Open a sealed frame as it is, and one that seals these bytes."""
    kinds: tuple[Kind, ...] = ("identity", "group")
    for kind in kinds:
        check = seal.checks_identity(b"x") if kind == "identity" else seal.checks_group(SECRET, b"x")
        opener = Opener(0, kind, {1: Identity(KEY.public)}, check, Marks(_Nowhere()))
        prove = seal.by_identity(KEY, b"x") if kind == "identity" else seal.by_group(SECRET, b"x")
        for candidate in (data, Sealer(1, 1, kind, prove).seal(data[: seal.ROOM["identity"]])):
            with contextlib.suppress(SealError, FrameError):
                opener.frame(candidate, 0)


def bundle(data: bytes) -> None:
    """Hear a message about a bundle, and read a file of chunks."""
    transfer = Transfer(9, MANIFEST)
    try:
        transfer.hear(1, unpack(data))
        transfer.tick()
    except BundleFault:
        pass
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        path.write_bytes(data)
        Transfer(9, MANIFEST, shelf=BundleFile(path))


def request(data: bytes) -> None:
    """Apply a request to the roles, and one that an administrator signed around these bytes."""
    people = {KEY.public.raw: Person("alice", "administrator", 0, 0)}
    roles = Roles(people, b"x")
    assert not ruling_of(roles.apply(1, data)).allowed
    covered = msgspec.msgpack.encode((b"x", 1, data))
    signed = Request(KEY.public.raw, 1, data, KEY.sign(PURPOSE, covered))
    ruling_of(roles.apply(2, msgspec.msgpack.encode(signed)))
    assert any(person.role == "administrator" for person in roles.people.values())


def vote(data: bytes) -> None:
    """Step a decision and a broadcast with any message."""
    decider = Decider(1, 4, 1, b"x", b"v", bool, NOTARY.signer(1), NOTARY)
    member = Broadcast(1, 4, 1, 0, b"x", NOTARY.signer(1), NOTARY)
    with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
        decider.step(msgspec.msgpack.decode(data, type=Message))
    with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
        member.step(msgspec.msgpack.decode(data, type=Say))


def letter(data: bytes) -> None:
    """Hear a message of the mesh as a member and as an outsider, as it is and as a letter; read a decision's file."""
    for own in (1, 5):
        mesh = Mesh(own, 6, MeshSettings(), 20)
        part = Part(Question("q", "mission", b"x", (0, 1, 2, 3), 1), value=COMMIT)
        keys = Keys(KEY, (KEY.public,) * 6)
        robot = Decisions(own, DecisionOrders((part,)), keys, mesh, MemoryDisk(), np.zeros((0, 2)), ())
        robot.start(np.zeros(3))
        robot.hear(0, data)
        for sheet in cut(data) if data else ():
            assert robot.hear(0, sheet)
        robot.act()
    with contextlib.suppress(StorageError):
        read_ballot(data)


def note(data: bytes) -> None:
    """Hear what a neighbour says of a bundle."""
    orders = BundleOrders(Pace(), 8000)
    robot = Bundles(9, 12, orders, 20, MemoryDisk(), Activations(lambda: (KEY.public,)), lambda _: True)
    robot.hear(1, Note(TOPIC, Raw(pack(Offer(MANIFEST, 32)))))
    robot.hear(1, Note(TOPIC, Raw(data)))
    robot.act(5)
    robot.take(1000)


_EACH = (frame, sealed, bundle, request, vote, letter, note)
TARGETS: dict[str, Callable[[bytes], None]] = {each.__name__: each for each in _EACH}


def seeds(name: str) -> list[bytes]:
    """Return valid inputs of a target."""
    own = Frame(1, 5, 5, (0.0, 1.0, 2.0), (0.0, 0.0, 0.0), b"\x03", False)
    if name == "frame":
        return [encode(own)]
    if name == "sealed":
        proofs = {"identity": seal.by_identity(KEY, b"x"), "group": seal.by_group(SECRET, b"x")}
        sealers = [Sealer(1, 1, kind, proofs[kind]) for kind in ("identity", "group")]  # type: ignore[arg-type]
        return [encode(own), *(each.seal(encode(own)) for each in sealers)]
    if name == "letter":
        words: list[Word] = [Ask(), *(msgspec.msgpack.decode(each, type=Message) for each in seeds("vote")[:2])]
        letters = [msgspec.msgpack.encode((0, word)) for word in words]
        return [*letters, *(sheet for each in letters for sheet in cut(each)), msgspec.msgpack.encode(Ballot(Saved()))]
    if name in ("bundle", "note"):
        source, asker = Transfer(0, MANIFEST, data=bytes(range(256)) * 8), Transfer(9, MANIFEST)
        source.hear(9, Want(identifier(MANIFEST), 0, ((0, 5),)))
        asker.hear(0, Offer(MANIFEST, 32))
        return [pack(message) for message in (*source.tick(), *asker.tick(), Offer(MANIFEST, 3))]
    if name == "request":
        bodies = (Order("goto", b"x"), Grant(bytes(32), "bob", "viewer"), Revoke(KEY.public.raw))
        return [msgspec.msgpack.encode(body) for body in bodies] + [roles_sign(KEY, 1, bodies[0], b"y")]
    primary = Decider(0, 4, 1, b"x", b"v", bool, NOTARY.signer(0), NOTARY)
    said = [letter.message for letter in primary.ready()[1][:1]]
    backup = Decider(2, 4, 1, b"x", b"v", bool, NOTARY.signer(2), NOTARY)
    backup.step(said[0])
    said += [letter.message for letter in backup.ready()[1][:1]]
    begun = Broadcast(0, 4, 1, 0, b"x", NOTARY.signer(0), NOTARY).begin(b"v")
    return [msgspec.msgpack.encode(message) for message in (*said, *begun)]
