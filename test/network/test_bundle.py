"""Bundles: what one simulated robot hears in one tick."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.network.bundle import MAGIC, bundle, is_bundle, unbundle
from swarm_consensus.network.frame import MAGIC as FRAME_MAGIC
from swarm_consensus.network.frame import FrameError, decode


def reason_of(data: bytes) -> str | None:
    try:
        unbundle(data)
    except FrameError as error:
        return error.reason
    return None


def test_a_silent_tick_is_a_bundle_too() -> None:
    assert unbundle(bundle(7, [])) == (7, ())


def test_a_frame_is_no_bundle_and_a_bundle_is_no_frame() -> None:
    assert not is_bundle(FRAME_MAGIC + b"\x01\x00\x00")
    assert is_bundle(bundle(0, []))
    with pytest.raises(FrameError):
        decode(bundle(0, [b"frame"]))


@pytest.mark.parametrize("data", [b"", b"S", b"SC", b"\x00" * 10])
def test_what_has_another_magic_is_refused(data: bytes) -> None:
    assert not is_bundle(data)
    with pytest.raises(FrameError):
        unbundle(data)


@pytest.mark.parametrize(
    "wire", [[-1, []], [2**64 - 1, []], ["1", []], [1.5, []], [1], [1, "ab"], [1, [7]], {"tick": 1}, None]
)
def test_damaged_values_are_refused(wire: object) -> None:
    with pytest.raises(FrameError):
        unbundle(MAGIC + msgspec.msgpack.encode(wire))


@pytest.mark.parametrize(
    "payload", [b"\x92\x01\xdd\xff\xff\xff\xff", b"\x92\x01\x91\xc6\xff\xff\xff\xff", b"\x91" * 3000]
)
def test_claims_of_great_size_or_depth_cost_nothing(payload: bytes) -> None:
    with pytest.raises(FrameError):
        unbundle(MAGIC + payload)


@given(st.integers(0, 2**53), st.lists(st.binary(max_size=64), max_size=20))
def test_bundles_come_back_in_order(tick: int, frames: list[bytes]) -> None:
    data = bundle(tick, frames)
    assert unbundle(data) == unbundle(memoryview(data)) == (tick, tuple(frames))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_bundle_or_a_frame_error(data: bytes) -> None:
    for candidate in (data, MAGIC + data):
        assert reason_of(candidate) in {None, "garbage"}


def test_every_single_bit_flip_and_truncation_gives_a_bundle_or_a_frame_error() -> None:
    data = bundle(1234, [b"first", b"second"])
    damaged = [data[:size] for size in range(len(data))]
    damaged += [(int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big") for bit in range(8 * len(data))]
    for candidate in damaged:
        assert reason_of(candidate) in {None, "garbage"}
