"""A robot's part in the spreading of a mission bundle, and when it begins to go by it.

Chunks ride on frames from neighbour to neighbour, within a budget of their own (`network.spreading`). The log says
from which entry on the bundle counts, for all (`agreement.activation`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from msgspec import Raw

from swarm_consensus.agreement.activation import Activations, Announce, Whole, pack
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.network.frame import MTU, Note, packed
from swarm_consensus.network.manifest import BundleFault, Manifest, check
from swarm_consensus.network.spreading import Chunk, Message, Offer, Pace, Transfer, unpack
from swarm_consensus.network.spreading import pack as pack_message
from swarm_consensus.robot.disk import Disk
from swarm_consensus.robot.state import Cargo

TOPIC = "bundle"  # of the notes that carry it; also the machine's name
REFUSED = 64  # manifests that were refused last, which are not looked at again
OUTBOX = 8  # messages that wait for room in a frame
DEAF = 40  # ticks of silence after which a neighbour is not asked any more
REPORT_S = 30  # s, between two reports of what was refused
WAITING = 8  # such reports that wait


@dataclass(frozen=True, slots=True)
class BundleOrders:
    """What one robot is told of bundles."""

    pace: Pace
    bytes_s: int  # that a robot may send for it, a second
    manifest: Manifest | None = None  # where it comes from: of what it has
    data: bytes | None = None  # and the whole of it
    transfer: Callable[..., Transfer] = Transfer  # what spreads it; a corrupting robot has something else


class Bundles:
    """One robot's bundle: what of it is here, and whether it counts.

    Each tick: `hear` for each note, `act`, then `take` for the own frame.

    Parameters
    ----------
    own, count
        Place in the roster, and its size.
    orders
        Its own.
    rate
        Ticks a second.
    disk
        Its disk.
    activations
        The machine behind the log on this robot.
    ask
        Takes what is to be said in the log.
    """

    def __init__(
        self,
        own: int,
        count: int,
        orders: BundleOrders,
        rate: int,
        disk: Disk,
        activations: Activations,
        ask: Callable[[bytes], bool],
    ) -> None:
        self.sent = 0  # bytes
        self.refusals: dict[Manifest, str] = {}  # the last ones that were not taken, and why
        self.transfer: Transfer | None = None
        self.resumed = 0  # chunks that were on the disk already
        self._own, self._count, self._orders, self._rate = own, count, orders, rate
        self._disk, self._activations, self._ask = disk, activations, ask
        self._credit = 0  # bytes times rate
        self._out: list[Message] = []
        self._heard: dict[int, int] = {}  # by neighbour: tick of its last word
        self._tick = 0
        self._asked = -rate
        self._reports: list[Manifest] = []  # for which nobody vouches, and that the log is to be told of
        self._reported = -REPORT_S * rate
        self._digest = ""
        if orders.manifest is not None:
            self._adopt(orders.manifest, orders.data)

    def _adopt(self, manifest: Manifest, data: bytes | None = None) -> None:
        """Begin with a bundle, with what of it is on the disk."""
        try:
            if not self._is_announced(manifest):
                check(manifest, self._activations.commanders())
            shelf = self._disk.shelf(f"bundle_{manifest.root.hex()}")
            self.transfer = self._orders.transfer(self._own, manifest, self._orders.pace, shelf, data)
        except (BundleFault, StorageError) as fault:
            self._refuse(manifest, str(fault))
            if isinstance(fault, BundleFault) and len(self._reports) < WAITING:
                self._reports.append(manifest)
            return
        self.resumed = 0 if data is not None else self.transfer.chunks
        self._out, self._digest = [], ""

    def _is_announced(self, manifest: Manifest) -> bool:
        """Tell whether the log took a bundle in, as it did if its commander was one then."""
        each = (self._activations.active.get(manifest.name), self._activations.coming.get(manifest.name))
        return manifest in [found.manifest for found in each if found is not None]

    def _refuse(self, manifest: Manifest, why: str) -> None:
        self.refusals[manifest] = why
        if len(self.refusals) > REFUSED:
            del self.refusals[next(iter(self.refusals))]

    def hear(self, sender: int, note: Note) -> None:
        """Take in what a neighbour says."""
        try:
            message = unpack(bytes(note.words))
        except BundleFault:
            return
        self._heard[sender] = self._tick
        if isinstance(message, Offer) and self._is_newer(message.manifest):
            self._adopt(message.manifest)
        if self.transfer is not None:
            try:
                self.transfer.hear(sender, message)
            except BundleFault as fault:  # the disk refuses: what is here is here, and goes with the process
                self._refuse(self.transfer.manifest, str(fault))

    def _is_newer(self, manifest: Manifest) -> bool:
        if manifest in self.refusals:
            return False
        own = None if self.transfer is None else self.transfer.manifest
        return own is None or (manifest.name == own.name and manifest.number > own.number)

    def act(self, tick: int) -> None:
        """Go on to a tick, and say in the log what is to be said there."""
        passed = max(tick - self._tick, 0)
        self._credit = min(self._credit + passed * self._orders.bytes_s, MTU * self._rate)
        self._tick = tick
        self._report()
        transfer = self.transfer
        if transfer is None:
            return
        for neighbour in [robot for robot, heard in self._heard.items() if heard < tick - DEAF]:
            del self._heard[neighbour]
            transfer.forget(neighbour)
        if transfer.is_whole and not self._digest:
            self._digest = digest_of(transfer.data())
        if tick - self._asked >= 2 * self._rate:
            request = self._request(transfer.manifest)
            if request is not None and self._ask(pack(request)):
                self._asked = tick

    def _report(self) -> None:
        """Have the log rule on a manifest that was refused, so that the journal tells of it; seldom, lest it fills."""
        if self._reports and self._tick - self._reported >= REPORT_S * self._rate:
            announced = Announce(self._reports.pop(0), (), self._own, self._tick)
            if self._ask(pack(announced)):
                self._reported = self._tick

    def _request(self, manifest: Manifest) -> Announce | Whole | None:
        """Return what the log lacks: that there is a bundle, or that this robot has the whole of it."""
        machine, name = self._activations, manifest.name
        known = [each[name].manifest.number for each in (machine.active, machine.coming) if name in each]
        if self._orders.manifest == manifest and max(known, default=-1) < manifest.number:
            return Announce(manifest, tuple(range(self._count)), self._own, self._tick)
        coming = machine.coming.get(name)
        if coming is None or coming.manifest.number != manifest.number or self._own not in coming.missing:
            return None
        return Whole(name, manifest.number, self._own) if self._digest else None

    def take(self, room: int) -> tuple[Raw, ...]:
        """Return what is to be said in this tick's frame as messages, in at most `room` bytes, within the budget."""
        if self.transfer is None:
            return ()
        serves = not any(isinstance(message, Chunk) for message in self._out)
        self._out = [*self._out, *self.transfer.tick(serves)][-OUTBOX:]
        room = min(room, self._credit // self._rate)
        said: list[Raw] = []
        for message in list(self._out):
            note = packed(Note(TOPIC, Raw(pack_message(message))))
            if len(note) <= room:
                room -= len(note)
                self._out.remove(message)
                self._credit -= len(note) * self._rate
                self.sent += len(note)
                said.append(note)
        return tuple(said)

    def status(self, names: Sequence[str]) -> Cargo | None:
        """Return how the bundle stands, in the names of the roster; None: this robot knows of none."""
        transfer = self.transfer
        if transfer is None:
            return None
        manifest = transfer.manifest
        active = self._activations.active.get(manifest.name)
        return Cargo(
            name=manifest.name,
            number=manifest.number,
            chunks=transfer.chunks,
            of=manifest.chunks,
            digest=self._digest,
            index=active.index if active is not None and active.manifest == manifest else 0,
            resumed=self.resumed,
            named=tuple(names[robot] for robot in sorted(transfer.counters.faults) if robot < len(names)),
        )


def digest_of(data: bytes) -> str:
    """Return by what bundles are compared from outside: BLAKE2b, hexadecimal."""
    return blake2b(data, digest_size=16).hexdigest()
