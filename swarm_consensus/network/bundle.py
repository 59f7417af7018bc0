"""A bundle: all frames that a simulated robot hears in one tick, in one message, with the tick it belongs to.

In lockstep a robot must know when it has heard everything of a tick; one bundle a tick, empty or not, says so. On the
air there are no bundles: each packet is one frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Count, FrameError

MAGIC = b"SB"


class _Wire(msgspec.Struct, array_like=True, frozen=True):
    tick: Count
    frames: tuple[bytes, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Wire)


def bundle(tick: int, frames: Sequence[bytes]) -> bytes:
    """Return the bytes of a bundle."""
    return MAGIC + _encoder.encode(_Wire(tick, tuple(frames)))


def is_bundle(data: bytes | memoryview) -> bool:
    """Tell a bundle from a bare frame."""
    return bytes(data[:2]) == MAGIC


def unbundle(data: bytes | memoryview) -> tuple[int, tuple[bytes, ...]]:
    """Return tick and frames of a bundle.

    Raises
    ------
    FrameError
        'garbage' if it is none or is damaged.
    """
    if not is_bundle(data):
        raise FrameError("garbage")
    try:
        wire = _decoder.decode(data[len(MAGIC) :])
    except UNREADABLE:
        raise FrameError("garbage") from None
    return wire.tick, wire.frames
