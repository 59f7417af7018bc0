"""The frame: everything a robot says in one tick, in at most one radio packet. Bytes in docs/frames.md.

A five-byte header (magic, version, length) stands before a msgpack array. Decoding gives a `Frame` or raises
`FrameError` with a reason, and nothing else, whatever the bytes are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Raw

from swarm_consensus.errors import UNREADABLE

MAGIC = b"SC"
VERSION = 1
MTU = 1400  # bytes of a packet: one UDP datagram without fragments on any network
SEAL = 81  # bytes that may be put around a frame: who it is from, and the proof (`network.seal`)
ROOM = MTU - SEAL  # bytes of a frame, header included
FARTHEST = 1e7  # m, in each axis; a position beyond it is no position
FASTEST = 1e4  # m/s, in each axis
_HEADER = struct.Struct(">2sBH")
HEADER = _HEADER.size  # bytes before a payload

Reason = Literal["garbage", "truncated", "oversized", "version", "value"]
ROBOTS = 256  # in a roster, at most
Index: TypeAlias = Annotated[int, Meta(ge=0, lt=ROBOTS)]  # place in it
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Metres: TypeAlias = Annotated[float, Meta(ge=-FARTHEST, le=FARTHEST)]  # bounds keep out NaN as well
Millimetres: TypeAlias = Annotated[int, Meta(ge=-(10**10), le=10**10)]
Speed: TypeAlias = Annotated[float, Meta(ge=-FASTEST, le=FASTEST)]  # m/s
Bitmap: TypeAlias = Annotated[bytes, Meta(max_length=32)]  # of roster indexes, least significant bit first
Anchor: TypeAlias = tuple[Millimetres, Millimetres, Millimetres]  # world frame: a reference as an epoch of links began


class FrameError(Exception):
    """Bytes that are no frame; `reason` says why, and is what an inbox counts by."""

    def __init__(self, reason: Reason) -> None:
        self.reason: Reason = reason
        super().__init__(reason)


class Sighting(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Second-hand news: where the sender last knew a third robot's reference."""

    robot: Index
    tick: Count  # at which the position held
    x: Metres  # world frame
    y: Metres
    z: Metres


class Sightings(msgspec.Struct, array_like=True, frozen=True, tag="sightings"):
    """Second-hand news of a few robots."""

    entries: tuple[Sighting, ...]


class Claim(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Second-hand news: whose links a third robot said it holds in an epoch."""

    robot: Index
    epoch: Count  # `control.max_age_s` long, counted from tick 0
    held: Bitmap
    anchor: Anchor | None = None  # its own, of that epoch; told where walls block the radio


class Claims(msgspec.Struct, array_like=True, frozen=True, tag="claims"):
    """What a few robots said that they hold."""

    entries: tuple[Claim, ...]


class Note(msgspec.Struct, array_like=True, frozen=True, tag="note"):
    """What a behaviour or a protocol says to its like on other robots; only these read the words."""

    topic: Annotated[str, Meta(max_length=16)]
    words: Raw


class Values(msgspec.Struct, array_like=True, frozen=True, tag="values"):
    """What the sender says of each quantity on which the swarm agrees, in the order of the scenario."""

    entries: tuple[Raw, ...]  # `swarm_consensus.robot.quantities` reads them; a damaged one harms no other


class Choices(msgspec.Struct, array_like=True, frozen=True, tag="choices"):
    """What the sender says of each choice that the swarm makes, in the order of the scenario."""

    entries: tuple[Raw, ...]  # `swarm_consensus.robot.choices` reads them; a damaged one harms no other


class Parcels(msgspec.Struct, array_like=True, frozen=True, tag="mesh"):
    """Parts of messages that travel from robot to robot, to some who are not neighbours."""

    entries: tuple[Raw, ...]  # `swarm_consensus.network.mesh` reads them; a damaged one harms no other


# later capabilities add to it: each message has its own tag
Message: TypeAlias = Sightings | Claims | Note | Values | Choices | Parcels


class Frame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A beacon and the messages that ride on it."""

    sender: Index
    sequence: Count  # grows with every frame of the sender, also across its restarts; never above `tick`
    tick: Count  # of the swarm's clock, at which the position holds: the end of the sender's present period
    position: tuple[Metres, Metres, Metres]  # world frame: the sender's reference
    velocity: tuple[Speed, Speed, Speed]  # world frame: of the reference in the present period
    held: Bitmap  # robots whose link the sender holds
    pushing: bool  # the sender is blocked, far from its goal: who has arrived makes way
    messages: tuple[Raw, ...] = ()  # see `messages_of`
    anchor: Anchor | None = None  # the sender's, of the present epoch


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A frame as its hearers use it: what this version can read of its messages, by what takes it in."""

    frame: Frame
    sightings: tuple[Sighting, ...]
    claims: tuple[Claim, ...]
    others: tuple[Message, ...]  # all other messages


KEPT = 1024  # frames that were read last: robots of one process hear the same bytes
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)
_message_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame.

    Raises
    ------
    FrameError
        'oversized' if there are more than `ROOM`.
    """
    return wrap(MAGIC, VERSION, _encoder.encode(frame), ROOM)


def decode(data: bytes | memoryview) -> Frame:
    """Return the frame in the bytes.

    Raises
    ------
    FrameError
        'garbage': not our format. 'truncated': shorter than it says. 'oversized': longer than it says or than `ROOM`.
        'version': of another version. 'value': a number that is not finite or out of its range, or a sequence above the
        tick: believed once, it would make every later frame of the true sender look replayed.
    """
    payload = unwrap(MAGIC, VERSION, data, ROOM)
    try:
        frame = _decoder.decode(payload)
    except msgspec.ValidationError:
        raise FrameError("value") from None
    except UNREADABLE:
        raise FrameError("garbage") from None
    if frame.sequence > frame.tick:
        raise FrameError("value")
    return frame


@lru_cache(maxsize=KEPT)
def read(data: bytes) -> Heard:
    """Return the frame in the bytes with its messages; the same object for the same bytes.

    Raises
    ------
    FrameError
        As `decode` does.
    """
    frame = decode(data)
    sightings: tuple[Sighting, ...] = ()
    claims: tuple[Claim, ...] = ()
    others: list[Message] = []
    for message in messages_of(frame):
        if isinstance(message, Sightings):
            sightings += message.entries
        elif isinstance(message, Claims):
            claims += message.entries
        else:
            others.append(message)
    return Heard(frame, sightings, claims, tuple(others))


def wrap(magic: bytes, version: int, payload: bytes, most: int) -> bytes:
    """Return a payload behind a header: magic, two bytes; version, one; length, two.

    Raises
    ------
    FrameError
        'oversized' if there are more than `most` bytes, header included.
    """
    if len(payload) + HEADER > most:
        raise FrameError("oversized")
    return _HEADER.pack(magic, version, len(payload)) + payload


def unwrap(magic: bytes, version: int, data: bytes | memoryview, most: int) -> bytes | memoryview:
    """Return the payload behind a header, whatever the bytes are.

    Raises
    ------
    FrameError
        'garbage', 'truncated', 'oversized' or 'version', as in `decode`.
    """
    size = len(data)
    if size > most:
        raise FrameError("oversized")
    if size < HEADER:
        raise FrameError("truncated" if size and bytes(data[:2]) == magic[: min(size, 2)] else "garbage")
    found, number, length = _HEADER.unpack_from(data)
    if found != magic:
        raise FrameError("garbage")
    if number != version:
        raise FrameError("version")
    if size != HEADER + length:
        raise FrameError("truncated" if size < HEADER + length else "oversized")
    return data[HEADER:]


def packed(message: Message) -> Raw:
    """Return a message as it rides on a frame."""
    return Raw(_encoder.encode(message))


def messages_of(frame: Frame) -> tuple[Message, ...]:
    """Return the messages that this version can read.

    One of a tag it does not know comes from a newer version and is passed over, as is a damaged one: the beacon is
    worth hearing all the same.
    """
    return tuple([message for message in map(_read, frame.messages) if message is not None])


def _read(raw: Raw) -> Message | None:
    try:
        return _message_decoder.decode(raw)
    except UNREADABLE:
        return None


def pack_ids(ids: Iterable[int]) -> bytes:
    """Return roster indexes as a bitmap, as short as it can be."""
    bits = 0
    for index in ids:
        bits |= 1 << index
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


@lru_cache(maxsize=4096)
def unpack_ids(bitmap: bytes) -> frozenset[int]:
    """Return the roster indexes in a bitmap."""
    bits = int.from_bytes(bitmap, "little")
    return frozenset(index for index in range(bits.bit_length()) if bits >> index & 1)
