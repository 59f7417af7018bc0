"""Parcels: messages cut into parts that find room in a frame, and put together again from what arrives.

A check over the whole message rides on each part. It finds parts that belong to different messages of one number, by
accident or forged; it is no signature: who forges a whole message is believed until frames are signed.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Bitmap, Count, Index, unpack_ids

FRAGMENT = 140  # bytes of a message in one part: it finds room beside three quantities and a note of 600 bytes
PARTS = 8  # of one message at most
LARGEST = FRAGMENT * PARTS  # bytes of one message
PER_TICK = 64  # messages that a robot may begin in one tick
UNKNOWN = 255  # hops: nobody knows how far
UNFINISHED = 4  # messages of one origin that may wait for their other parts
WIDEST = 70  # bytes of a parcel beside its data, at most
AROUND = 9  # bytes of the message of a frame beside its parcels


class Parcel(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One part of a message, as one robot says it to its neighbours."""

    origin: Index  # who wrote the message
    number: Count  # of the message: the tick in which it was written times `PER_TICK`, plus its place in that tick
    to: Bitmap  # robots for whom it is
    hops: Index  # robots that have passed it on before
    nearness: Index  # hops from who says it to the one robot it is for; `UNKNOWN`: whoever hears it passes it on
    part: Annotated[int, Meta(ge=0, lt=PARTS)]
    parts: Annotated[int, Meta(ge=1, le=PARTS)]
    check: Annotated[bytes, Meta(min_length=4, max_length=4)]
    data: Annotated[bytes, Meta(max_length=FRAGMENT)]  # empty: it has arrived, nobody need pass it on


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Parcel)


def read(raw: Raw | bytes) -> Parcel | None:
    """Return a parcel, or None if it is none."""
    try:
        parcel = _decoder.decode(raw)
    except UNREADABLE:
        return None
    return parcel if parcel.part < parcel.parts else None


def write(parcel: Parcel) -> Raw:
    """Return a parcel as it rides on a frame."""
    return Raw(_encoder.encode(parcel))


def only_goal(parcel: Parcel) -> int | None:
    """Return the robot that a parcel is for, if it is one."""
    ids = unpack_ids(parcel.to)
    return next(iter(ids)) if len(ids) == 1 else None


def check_of(origin: int, number: int, to: bytes, payload: bytes) -> bytes:
    """Return what parts of one message have in common."""
    head = b"%d %d %d " % (origin, number, len(to))
    return blake2b(head + to + payload, digest_size=4).digest()


def split(origin: int, number: int, to: bytes, payload: bytes, nearness: int) -> list[Parcel]:
    """Cut a message of 1 to `LARGEST` bytes into parcels."""
    check = check_of(origin, number, to, payload)
    pieces = [payload[start : start + FRAGMENT] for start in range(0, len(payload), FRAGMENT)]
    return [Parcel(origin, number, to, 0, nearness, k, len(pieces), check, piece) for k, piece in enumerate(pieces)]


class Reassembly:
    """Messages of which not all parts are here yet.

    Of each origin at most `UNFINISHED`, of `LARGEST` bytes each: a new one pushes out the one that began first. So
    whatever is sent, the memory is bounded by roster size x `UNFINISHED` x `LARGEST`.
    """

    def __init__(self) -> None:
        self.unfinished = 0  # messages pushed out or forgotten before all parts were here
        self.forged = 0  # messages whose parts did not fit together
        self._waiting: dict[int, dict[tuple[int, bytes], dict[int, bytes]]] = {}  # by origin, then number and check

    def add(self, parcel: Parcel) -> bytes | None:
        """Take in a part that was not here before; return the message once it is whole."""
        if parcel.parts == 1:
            return self._checked(parcel, parcel.data)
        mine = self._waiting.setdefault(parcel.origin, {})
        key = (parcel.number, parcel.check)
        parts = mine.setdefault(key, {})
        parts[parcel.part] = parcel.data
        if len(parts) == parcel.parts:
            del mine[key]
            return self._checked(parcel, b"".join([data for _, data in sorted(parts.items())]))
        if len(mine) > UNFINISHED:
            del mine[next(iter(mine))]
            self.unfinished += 1
        return None

    def forget(self, number: int) -> None:
        """Forget what was written before a number."""
        for mine in self._waiting.values():
            for key in [key for key in mine if key[0] < number]:
                del mine[key]
                self.unfinished += 1

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return sum(len(data) for mine in self._waiting.values() for parts in mine.values() for data in parts.values())

    def _checked(self, parcel: Parcel, payload: bytes) -> bytes | None:
        if check_of(parcel.origin, parcel.number, parcel.to, payload) == parcel.check:
            return payload
        self.forged += 1
        return None
