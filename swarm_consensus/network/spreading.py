"""A bundle spreads from neighbour to neighbour: offers, requests, chunks; who hands on a false one is named.

Each robot *offers* what it has: the manifest, and how many chunks from the first on. Who lacks some *wants* them of
one neighbour, a few at a time, in order. Chunks go over the air for all to hear: whoever can verify one takes it, so
that a relay with four listeners sends it once.

An honest robot hands on only what it has verified. So a chunk that fails convicts the neighbour it came from, if
frames are signed by identity: it is **named**, never asked again, and its chunks are not looked at any more. Who only
keeps silent is asked last: radios lose, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.manifest import LARGEST_CHUNK, BundleFault, Manifest, Nodes, split
from swarm_consensus.network.merkle import MerkleTree

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Identifier: TypeAlias = Annotated[bytes, Meta(min_length=8, max_length=8)]
Hash: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]


class Offer(msgspec.Struct, array_like=True, frozen=True, tag="mo"):
    """What the sender has."""

    manifest: Manifest
    upto: Count  # chunks from the first on, without a gap


class Want(msgspec.Struct, array_like=True, frozen=True, tag="mw"):
    """What the sender lacks of somebody."""

    bundle: Identifier
    of: Annotated[int, Meta(ge=0, le=255)]
    chunks: Annotated[tuple[tuple[Count, Count], ...], Meta(max_length=64)]  # index, and hashes of its path


class Chunk(msgspec.Struct, array_like=True, frozen=True, tag="mc"):
    """A piece, with as much of its path as was asked for."""

    bundle: Identifier
    index: Count
    data: Annotated[bytes, Meta(max_length=LARGEST_CHUNK)]
    path: Annotated[tuple[Hash, ...], Meta(max_length=32)]


Message: TypeAlias = Offer | Want | Chunk
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class Shelf(Protocol):
    """Where chunks survive a crash; those written last may be lost."""

    def load(self) -> Iterable[Chunk]:
        """Return the chunks, in the order in which they were kept."""

    def keep(self, chunk: Chunk) -> None:
        """Keep a chunk."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Ticks and numbers of a transfer."""

    window: int = 16  # chunks that are wanted at a time
    patience: int = 8  # ticks after which a chunk is wanted again
    offer: int = 20  # ticks between offers
    serve: int = 1  # chunks sent in one tick: one frame holds one


@dataclass(slots=True)
class Peer:
    """What is known of a neighbour."""

    upto: int = 0
    strikes: int = 0  # requests in a row that were not answered in time


@dataclass(slots=True)
class _Request:
    peer: int
    since: int


@dataclass(slots=True)
class Counters:
    """What happened."""

    false_chunks: int = 0
    doubles: int = 0  # chunks heard that were there already
    repeats: int = 0  # requests that had to be repeated
    kept_false: int = 0  # chunks on the shelf that are not true
    faults: dict[int, str] = field(default_factory=dict)  # who handed on something false, and what, in a sentence


def identifier(manifest: Manifest) -> bytes:
    """Return the name of a bundle in messages: the beginning of its root."""
    return manifest.root[:8]


def pack(message: Message) -> bytes:
    """Return the bytes of a message."""
    return _encoder.encode(message)


def unpack(data: bytes) -> Message:
    """Return the message in the bytes.

    Raises
    ------
    BundleFault
        If there is none.
    """
    try:
        return _decoder.decode(data)
    except UNREADABLE:
        raise BundleFault("bytes that are no message about a bundle") from None


class Transfer:
    """One robot's side of the spreading of one bundle.

    Parameters
    ----------
    own
        Its place in the roster.
    manifest
        Checked already: see `manifest.check`.
    pace
        The same for all.
    shelf
        What it had before a crash is there, and verified anew.
    data
        The whole bundle, on the robot where it comes from.

    Raises
    ------
    BundleFault
        If the data are not those of the manifest.
    """

    def __init__(
        self,
        own: int,
        manifest: Manifest,
        pace: Pace | None = None,
        shelf: Shelf | None = None,
        data: bytes | None = None,
    ) -> None:
        self.manifest = manifest
        self.counters = Counters()
        self.upto = 0
        self._own, self._pace, self._shelf = own, pace or Pace(), shelf
        self._id = identifier(manifest)
        self._chunks: dict[int, bytes] = {}
        self._nodes = Nodes(manifest.chunks, manifest.root)
        self._peers: dict[int, Peer] = {}
        self._requests: dict[int, _Request] = {}
        self._serving: dict[int, int] = {}  # wanted by others: index, hashes of its path
        self._now = 0
        self._favourite: int | None = None
        if data is not None:
            self._fill(data)
        for chunk in shelf.load() if shelf and data is None else ():
            if self._is_right(chunk) and self._nodes.verify(chunk.index, chunk.data, chunk.path):
                self._take(chunk)
            else:
                self.counters.kept_false += 1

    @property
    def is_whole(self) -> bool:
        """Tell whether everything is there."""
        return self.upto == self.manifest.chunks

    def data(self) -> bytes:
        """Return the bundle.

        Raises
        ------
        BundleFault
            If it is not whole: there is no half of a bundle.
        """
        if not self.is_whole:
            raise BundleFault(f"bundle '{self.manifest.name}' has {len(self._chunks)} of {self.manifest.chunks} chunks")
        return b"".join(self._chunks[index] for index in range(self.manifest.chunks))

    def hear(self, peer: int, message: Message) -> None:
        """Take in a message of a neighbour whom the seal has proven."""
        if peer == self._own or (peer in self.counters.faults and not isinstance(message, Want)):
            return  # who was named is believed nothing, and served all the same: it may be one of those who need it
        if isinstance(message, Offer):
            if identifier(message.manifest) == self._id:
                known = self._peers.setdefault(peer, Peer())
                known.upto = max(known.upto, min(message.upto, self.manifest.chunks))
        elif message.bundle != self._id:
            return
        elif isinstance(message, Want):
            self._on_want(message)
        else:
            self._on_chunk(peer, message)

    def forget(self, peer: int) -> None:
        """Let go of a neighbour that is out of reach."""
        self._peers.pop(peer, None)
        self._requests = {index: each for index, each in self._requests.items() if each.peer != peer}

    @property
    def chunks(self) -> int:
        """How many chunks are here."""
        return len(self._chunks)

    def tick(self, serves: bool = True) -> list[Message]:
        """Let a tick pass; return what is to be sent for all neighbours to hear.

        Parameters
        ----------
        serves
            False: there is no room for chunks now; who waits for one waits on.
        """
        self._now += 1
        out: list[Message] = []
        if self.upto and (self._now + self._own) % self._pace.offer == 0:
            out.append(Offer(self.manifest, self.upto))
        for index in list(self._serving)[: self._pace.serve if serves else 0]:
            depth = self._serving.pop(index)
            out.append(Chunk(self._id, index, self._chunks[index], self._nodes.path(index, depth)))
        want = None if self.is_whole else self._want()
        return [*out, want] if want else out

    # asking

    def _want(self) -> Want | None:
        self._give_up()
        peer = self._choose()
        if peer is None:
            return None
        free = self._pace.window - len(self._requests)
        # half a window at a time: a request for each chunk by itself would cost a header for each
        if free < self._pace.window // 2 and self._requests:
            return None
        end = min(self._peers[peer].upto, self.upto + 4 * self._pace.window)
        missing = [i for i in range(self.upto, end) if i not in self._chunks and i not in self._requests][:free]
        if not missing:
            return None
        for index in missing:
            self._requests[index] = _Request(peer, self._now)
        return Want(self._id, peer, tuple((index, self._nodes.depth(index)) for index in missing))

    def _give_up(self) -> None:
        """Forget requests that were not answered."""
        for index, request in list(self._requests.items()):
            waited = self._now - request.since
            # who serves one chunk a tick takes a window to serve a window
            if waited > self._pace.patience + self._pace.window // self._pace.serve:
                del self._requests[index]
                self.counters.repeats += 1
                if request.peer in self._peers:
                    self._peers[request.peer].strikes += 1

    def _choose(self) -> int | None:
        """Return whom to ask: the last one as long as it serves, else who has failed least and has most to give."""
        useful = {
            number: peer for number, peer in self._peers.items()
            if peer.upto > self.upto and number not in self.counters.faults
        }  # fmt: skip
        if self._favourite in useful and useful[self._favourite].strikes < 2 * self._pace.window:
            return self._favourite
        # The lowest number of several: so neighbours ask the same one, and hear each other's chunks.
        rank = {number: (peer.strikes // self._pace.window, number) for number, peer in useful.items()}
        self._favourite = min(rank, key=lambda number: rank[number], default=None)
        return self._favourite

    # answering

    def _on_want(self, want: Want) -> None:
        if want.of != self._own:
            return
        for index, depth in want.chunks:
            if index in self._chunks and len(self._serving) < 4 * self._pace.window:
                self._serving[index] = max(depth, self._serving.get(index, 0))

    def _on_chunk(self, peer: int, chunk: Chunk) -> None:
        if chunk.index in self._chunks:
            self.counters.doubles += 1
            if chunk.data != self._chunks[chunk.index]:  # what is here was verified
                self._name(peer, chunk)
            return
        verdict = self._nodes.verify(chunk.index, chunk.data, chunk.path) if self._is_right(chunk) else False
        if verdict is None:
            return
        if not verdict:
            self._name(peer, chunk)
            return
        self._take(chunk)
        if peer in self._peers:
            self._peers[peer].strikes = 0
        if self._shelf:
            self._shelf.keep(chunk)

    def _is_right(self, chunk: Chunk) -> bool:
        return chunk.index < self.manifest.chunks and len(chunk.data) == self.manifest.length(chunk.index)

    def _name(self, peer: int, chunk: Chunk) -> None:
        self.counters.false_chunks += 1
        words = f"robot {peer} handed on chunk {chunk.index} of bundle '{self.manifest.name}' altered"
        self.counters.faults[peer] = words
        self.forget(peer)

    def _take(self, chunk: Chunk) -> None:
        self._chunks[chunk.index] = chunk.data
        self._requests.pop(chunk.index, None)
        while self.upto in self._chunks:
            self.upto += 1

    def _fill(self, data: bytes) -> None:
        chunks = split(data, self.manifest.chunk)
        tree = MerkleTree(chunks)
        if len(data) != self.manifest.size or tree.root() != self.manifest.root:
            raise BundleFault(f"bundle '{self.manifest.name}': these are not the data that its manifest vouches for")
        for index, piece in enumerate(chunks):
            self._nodes.verify(index, piece, tree.inclusion(index))
            self._chunks[index] = piece
        self.upto = len(chunks)
