"""The state machine of the simulations: counters. Adding is not idempotent, so that a command done twice shows."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Add(msgspec.Struct, array_like=True, frozen=True):
    """Adds to one counter; the answer is what it amounts to then."""

    key: Annotated[int, Meta(ge=0)]
    amount: int


_add_decoder = msgspec.msgpack.Decoder(Add)
_state_decoder = msgspec.msgpack.Decoder(dict[int, int])
_encoder = msgspec.msgpack.Encoder()


def pack_add(key: int, amount: int) -> bytes:
    """Return the command."""
    return _encoder.encode(Add(key, amount))


def answer_of(data: bytes) -> int:
    """Return the number in an answer."""
    return msgspec.msgpack.decode(data, type=int)


class Counters:
    """Counters, zero at first."""

    def __init__(self) -> None:
        self._values: dict[int, int] = {}

    def value(self, key: int) -> int:
        """Return one counter."""
        return self._values.get(key, 0)

    def apply(self, index: int, command: bytes) -> bytes:
        """Add."""
        add = _add_decoder.decode(command)
        self._values[add.key] = self.value(add.key) + add.amount
        return _encoder.encode(self._values[add.key])

    def snapshot(self) -> bytes:
        """Return all counters."""
        return _encoder.encode(dict(sorted(self._values.items())))

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        self._values = _state_decoder.decode(state)
