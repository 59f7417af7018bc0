"""The frame codec: what it carries, what it refuses, and that nothing a neighbour sends can raise anything else."""

from __future__ import annotations

import math
import struct

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swarm_consensus.network.frame import (
    FARTHEST,
    FASTEST,
    MAGIC,
    ROOM,
    VERSION,
    Claim,
    Claims,
    Frame,
    FrameError,
    Note,
    Sighting,
    Sightings,
    decode,
    encode,
    messages_of,
    pack_ids,
    packed,
    read,
    unpack_ids,
)

REASONS = {"garbage", "truncated", "oversized", "version", "value"}
NEWS = Sightings(
    (Sighting(robot=4, tick=1190, x=-2.0, y=0.5, z=0.06), Sighting(robot=7, tick=1180, x=3.0, y=1.0, z=2.0))
)
PLAIN = Frame(
    sender=3,
    sequence=1200,
    tick=1201,
    position=(1.5, -2.25, 0.75),
    velocity=(0.5, 0.0, -0.125),
    held=pack_ids([0, 1, 9]),
    pushing=False,
)
FULL = msgspec.structs.replace(PLAIN, pushing=True, messages=(packed(NEWS),))


def on_the_wire(payload: bytes, *, magic: bytes = MAGIC, version: int = VERSION) -> bytes:
    return magic + struct.pack(">BH", version, len(payload)) + payload


def altered(**fields: object) -> bytes:
    """A well-formed frame with other values, which `encode` lets through: the sender may be anybody."""
    return on_the_wire(msgspec.msgpack.encode(msgspec.structs.replace(PLAIN, **fields)))


def reason_of(data: bytes) -> str | None:
    try:
        messages_of(decode(data))
    except FrameError as error:
        return error.reason
    return None


coordinates = st.floats(-FARTHEST, FARTHEST)
speeds = st.floats(-FASTEST, FASTEST)
indexes = st.integers(0, 255)
ticks = st.integers(0, 2**53)
sightings = st.builds(Sighting, robot=indexes, tick=ticks, x=coordinates, y=coordinates, z=coordinates)
claims = st.builds(Claim, robot=indexes, epoch=ticks, held=st.binary(max_size=32))
messages = st.one_of(
    st.lists(sightings, max_size=4).map(lambda entries: Sightings(tuple(entries))),
    st.lists(claims, max_size=6).map(lambda entries: Claims(tuple(entries))),
)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    tick = draw(ticks)
    return Frame(
        sender=draw(indexes),
        sequence=draw(st.integers(0, tick)),
        tick=tick,
        position=draw(st.tuples(coordinates, coordinates, coordinates)),
        velocity=draw(st.tuples(speeds, speeds, speeds)),
        held=pack_ids(draw(st.frozensets(indexes))),
        pushing=draw(st.booleans()),
        messages=tuple(map(packed, draw(st.lists(messages, max_size=3)))),
    )


# --- degenerate


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "garbage"),
        (b"\x00", "garbage"),
        (b"hello, robot", "garbage"),
        (MAGIC, "truncated"),
        (MAGIC + b"\x01\x00", "truncated"),
        (encode(PLAIN)[:-1], "truncated"),
        (encode(PLAIN) + b"\x00", "oversized"),
        (bytes(ROOM + 1), "oversized"),
        (on_the_wire(b"", version=2), "version"),
        (on_the_wire(b"", version=0), "version"),
        (on_the_wire(b""), "garbage"),
        (on_the_wire(b"\xc1"), "garbage"),  # the one byte that msgpack never uses
        (on_the_wire(b"\xc0"), "value"),  # nil where an array is due
        (on_the_wire(b"\x90"), "value"),  # an array without fields
    ],
)
def test_what_is_no_frame_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1.01 * FARTHEST, -1.01 * FARTHEST])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("field", ["position", "velocity"])
def test_a_place_or_velocity_that_is_none_is_refused(field: str, axis: int, wrong: float) -> None:
    vector = [0.0, 0.0, 0.0]
    vector[axis] = wrong
    assert reason_of(altered(**{field: tuple(vector)})) == "value"


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": -1},
        {"sender": 256},
        {"sender": 1.5},
        {"sender": True},
        {"sequence": -1},
        {"tick": 2**64 - 1},
        {"tick": -5},
        {"sequence": 1202},  # above the tick 1201: would lock out the true sender
        {"held": bytes(33)},
        {"held": "0"},
        {"pushing": 1},
        {"position": (0.0, 0.0)},
        {"messages": 7},
    ],
)
def test_a_value_out_of_its_range_is_refused(fields: dict[str, object]) -> None:
    assert reason_of(altered(**fields)) == "value"


@pytest.mark.parametrize(
    "payload",
    [
        b"\xdd\xff\xff\xff\xff",  # an array of 2^32 - 1 fields
        b"\xdf\xff\xff\xff\xff",  # a map as large
        b"\xc6\xff\xff\xff\xff",  # 4 GiB of bytes
        b"\x98" + msgspec.msgpack.encode(PLAIN)[1:-1] + b"\xdd\x7f\xff\xff\xff",  # as many messages
        b"\x98" + msgspec.msgpack.encode(PLAIN)[1:-1] + b"\x91\xdd\x7f\xff\xff\xff",  # one message of so many fields
        b"\x91" * (ROOM - 5),  # nested as deep as a frame holds
        b"\x98" + msgspec.msgpack.encode(PLAIN)[1:-1] + b"\x91" * 1000 + b"\xc0",  # nested inside a message
    ],
)
def test_claims_of_great_size_or_depth_cost_nothing(payload: bytes) -> None:
    assert reason_of(on_the_wire(payload)) in {"garbage", "value"}


# --- properties


@given(frames())
@settings(deadline=None)
def test_what_is_encoded_is_decoded(frame: Frame) -> None:
    data = encode(frame)
    again = decode(data)
    assert messages_of(again) == messages_of(frame)
    assert msgspec.structs.replace(again, messages=()) == msgspec.structs.replace(frame, messages=())
    assert messages_of(decode(memoryview(data))) == messages_of(frame)


@given(st.binary(max_size=200))
@example(b"\xc7" * 64)
def test_any_payload_gives_a_frame_or_a_reason(payload: bytes) -> None:
    assert reason_of(payload) in {None, *REASONS}
    assert reason_of(on_the_wire(payload)) in {None, *REASONS}


@given(st.binary(max_size=120))
def test_any_message_leaves_the_beacon_alone_or_gives_a_reason(message: bytes) -> None:
    payload = bytearray(msgspec.msgpack.encode(PLAIN))
    payload[-1:] = b"\x91" + message
    if reason_of(on_the_wire(bytes(payload))) is None:
        assert decode(on_the_wire(bytes(payload))).position == PLAIN.position


def test_every_single_bit_flip_gives_a_frame_or_a_reason() -> None:
    data = encode(FULL)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert reason_of(bytes(flipped)) in {None, *REASONS}


def test_every_truncation_is_refused() -> None:
    data = encode(FULL)
    for size in range(len(data)):
        assert reason_of(data[:size]) in {"garbage", "truncated"}


def test_every_inner_truncation_is_refused() -> None:
    """The header's length is right, the array inside ends early."""
    payload = encode(FULL)[5:]
    for size in range(len(payload)):
        assert reason_of(on_the_wire(payload[:size])) == "garbage"


# --- compatibility


def test_a_message_of_an_unknown_kind_is_passed_over() -> None:
    newer = msgspec.Raw(msgspec.msgpack.encode(["gossip", {"depth": [1, 2]}]))
    frame = decode(encode(msgspec.structs.replace(PLAIN, messages=(newer, packed(NEWS)))))
    assert messages_of(frame) == (NEWS,)


def test_a_damaged_message_is_passed_over() -> None:
    bad = Sightings((Sighting(robot=4, tick=1, x=math.nan, y=0.0, z=0.0),))
    frame = decode(encode(msgspec.structs.replace(PLAIN, messages=(packed(bad), packed(NEWS)))))
    assert messages_of(frame) == (NEWS,)


def test_fields_that_a_newer_version_appends_are_passed_over() -> None:
    fields = [*msgspec.msgpack.decode(encode(FULL)[5:]), "appended", {"by": 2}]
    frame = decode(on_the_wire(msgspec.msgpack.encode(fields)))
    assert (frame.sender, messages_of(frame)) == (3, (NEWS,))


# --- as hearers use it


def test_messages_are_sorted_by_what_takes_them_in() -> None:
    claims, note = Claims((Claim(5, 7, b"\x02"),)), Note("dock", msgspec.Raw(b"\x01"))
    told = tuple([packed(message) for message in (note, NEWS, claims, NEWS)])
    heard = read(encode(msgspec.structs.replace(PLAIN, messages=told)))
    assert (heard.sightings, heard.claims, heard.others) == (NEWS.entries * 2, claims.entries, (note,))
    assert heard.frame == decode(encode(msgspec.structs.replace(PLAIN, messages=told)))


def test_the_same_bytes_are_read_once() -> None:
    assert read(encode(FULL)) is read(encode(FULL))
    assert read(encode(FULL)) is not read(encode(PLAIN))


def test_what_is_no_frame_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(FrameError, match="truncated"):
            read(encode(FULL)[:-1])


# --- sizes


def test_the_beacon_of_a_hundred_robots_fits_128_bytes() -> None:
    # 5 header + 1 array + 2 sender + 9 + 9 counters + 28 position + 28 velocity + 15 bitmap + 1 flag + 1 messages = 99,
    # and an anchor of 1 + 3 x 5 bytes: whole millimetres up to 2,000 km
    beacon = Frame(
        sender=200,
        sequence=2**40,
        tick=2**40,
        position=(123.4, -56.7, 8.9),
        velocity=(0.1, 0.2, 0.3),
        held=pack_ids(range(100)),
        pushing=False,
        anchor=(123_456_789, -123_456_789, 123_456_789),
    )
    assert len(encode(beacon)) == 115


def test_what_does_not_fit_one_packet_is_not_sent() -> None:
    heavy = msgspec.structs.replace(PLAIN, messages=(msgspec.Raw(msgspec.msgpack.encode(bytes(ROOM))),))
    with pytest.raises(FrameError) as caught:
        encode(heavy)
    assert caught.value.reason == "oversized"


def test_the_largest_frame_that_fits_comes_through() -> None:
    room = ROOM - len(encode(PLAIN)) - 3  # msgpack's bin 16 takes three bytes beside its content
    full = msgspec.structs.replace(PLAIN, messages=(msgspec.Raw(msgspec.msgpack.encode(bytes(room))),))
    assert len(encode(full)) == ROOM
    assert decode(encode(full)).sender == PLAIN.sender


# --- bitmaps


def test_nobody_is_an_empty_bitmap() -> None:
    assert pack_ids([]) == b""
    assert unpack_ids(b"") == frozenset()


def test_the_least_bit_is_the_first_robot() -> None:
    # robots 0 and 9: bit 0 of the first byte, bit 1 of the second
    assert pack_ids([0, 9]) == b"\x01\x02"


@given(st.frozensets(indexes))
def test_bitmaps_come_back(ids: frozenset[int]) -> None:
    assert len(pack_ids(ids)) <= 32
    assert unpack_ids(pack_ids(ids)) == ids


# --- a baseline that breaks


def test_a_codec_without_bounds_lets_nan_through() -> None:
    class Naive(msgspec.Struct, array_like=True):
        sender: int
        sequence: int
        tick: int
        position: tuple[float, float, float]

    payload = altered(position=(math.nan, 0.0, 0.0))[5:]
    assert math.isnan(msgspec.msgpack.decode(payload, type=Naive).position[0])
